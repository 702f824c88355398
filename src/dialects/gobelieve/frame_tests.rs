//! Frames: every command to and fro, and bytes of any kind, from a corpus and at random.

use super::*;
use proptest::prelude::*;

/// A client's frame as bytes.
fn client(seq: i32, command: u8, version: u8, flag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&i32::try_from(body.len()).unwrap().to_be_bytes());
    out.extend_from_slice(&seq.to_be_bytes());
    out.extend_from_slice(&[command, version, flag, 0]);
    out.extend_from_slice(body);
    out
}

fn longs(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn asked(command: u8, version: u8, body: &[u8]) -> Result<ClientRequest, FrameError> {
    decode(&client(9, command, version, 0, body)).map(|frame| frame.request)
}

fn im(sender: i64, receiver: i64, time: i32, local_id: i32, content: &str) -> Im {
    Im {
        sender,
        receiver,
        time,
        local_id,
        content: content.into(),
    }
}

#[test]
fn every_command_of_a_client_is_read() {
    let with_time = [longs(&[1, 2]), vec![0, 0, 0, 5, 0, 0, 0, 7], b"hi".to_vec()].concat();
    let without = [longs(&[1, 2]), vec![0, 0, 0, 7], b"hi".to_vec()].concat();
    let rt = Rt {
        sender: 1,
        receiver: 2,
        content: "hi".into(),
    };
    let rt_body = [longs(&[1, 2]), b"hi".to_vec()].concat();
    let customer = [longs(&[7, 1, 7, 2]), vec![0, 0, 0, 5], b"hi".to_vec()].concat();
    let auth = [&[3, 3][..], b"tok", &[2], b"id"].concat();
    let cases = [
        (4, 1, with_time.clone(), ClientRequest::Im(im(1, 2, 5, 7, "hi"))),
        (4, 0, without, ClientRequest::Im(im(1, 2, 0, 7, "hi"))),
        (8, 2, with_time, ClientRequest::GroupIm(im(1, 2, 5, 7, "hi"))),
        (5, 1, vec![0, 0, 0, 3], ClientRequest::Ack(3)),
        (13, 0, vec![], ClientRequest::Ping),
        (17, 1, rt_body.clone(), ClientRequest::Rt(rt.clone())),
        (20, 1, rt_body, ClientRequest::RoomIm(rt)),
        (18, 1, longs(&[5]), ClientRequest::EnterRoom(5)),
        (19, 1, longs(&[5]), ClientRequest::LeaveRoom(5)),
        (26, 1, longs(&[5]), ClientRequest::Sync(5)),
        (
            30,
            1,
            longs(&[5, 6]),
            ClientRequest::SyncGroup { group: 5, key: 6 },
        ),
        (34, 1, longs(&[5]), ClientRequest::SyncKey(5)),
        (
            35,
            1,
            longs(&[5, 6]),
            ClientRequest::GroupSyncKey { group: 5, key: 6 },
        ),
        (22, 1, vec![0, 0, 0, 3], ClientRequest::Ignored),
        (24, 1, vec![], ClientRequest::Ignored),
        (25, 1, vec![1], ClientRequest::Ignored),
        (
            15,
            1,
            auth,
            ClientRequest::Auth(AuthToken {
                platform: 3,
                token: "tok".to_owned(),
                device: "id".to_owned(),
            }),
        ),
        (
            64,
            1,
            customer,
            ClientRequest::Customer(Customer {
                sender_app: 7,
                sender: 1,
                receiver_app: 7,
                receiver: 2,
                time: 5,
                content: "hi".into(),
            }),
        ),
    ];
    for (command, version, body, expected) in cases {
        assert_eq!(asked(command, version, &body), Ok(expected), "command {command}");
    }
}

#[test]
fn what_is_no_frame_is_refused_with_a_reason() {
    assert_eq!(decode(b""), Err(FrameError::Short));
    assert_eq!(decode(&[0; 11]), Err(FrameError::Short));
    let mut longer = client(1, 13, 1, 0, b"");
    longer[3] = 1;
    assert_eq!(decode(&longer), Err(FrameError::Short));
    for length in [-1, i32::MIN, 32_768, i32::MAX] {
        longer[..4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(decode(&longer), Err(FrameError::Length(length)));
        assert_eq!(
            split(&mut BytesMut::from(&longer[..])),
            Err(FrameError::Length(length))
        );
    }
    // What only servers send, and what nobody does.
    for command in [0, 1, 3, 6, 7, 9, 14, 21, 27, 28, 29, 31, 32, 33, 36, 37, 255] {
        assert_eq!(asked(command, 1, &[0; 64]), Err(FrameError::Command(command)));
    }
    assert_eq!(asked(26, 1, &[0; 7]), Err(FrameError::Body(26)));
    assert_eq!(asked(4, 1, &[0; 23]), Err(FrameError::Body(4)));
    assert_eq!(asked(15, 1, &[3, 9, b'x']), Err(FrameError::Body(15)));
    assert_eq!(
        asked(4, 1, &[[0; 24].as_slice(), b"\xff"].concat()),
        Err(FrameError::Text(4))
    );
    assert_eq!(
        asked(17, 1, &[[0; 16].as_slice(), b"a\0"].concat()),
        Err(FrameError::Text(17))
    );
}

#[test]
fn a_stream_is_cut_into_frames_wherever_it_was_cut_on_its_way() {
    let frames = [client(1, 13, 1, 0, b""), client(2, 26, 1, 0, &longs(&[5]))];
    let stream = frames.concat();
    for first in 0..stream.len() {
        let mut buffer = BytesMut::new();
        let mut found = Vec::new();
        for part in [&stream[..first], &stream[first..]] {
            buffer.extend_from_slice(part);
            while let Some(frame) = split(&mut buffer).unwrap() {
                found.push(frame.to_vec());
            }
        }
        assert_eq!(found, frames, "cut at {first}");
    }
}

#[test]
fn frames_of_the_node_are_as_clients_read_them() {
    let encoded = |frame: ServerFrame, version| frame.encode(5, version).to_vec();
    let head =
        |length, command, version, flag| [0, 0, 0, length, 0, 0, 0, 5, command, version, flag, 0].to_vec();
    let metadata = encoded(ServerFrame::Metadata { key: 3, previous: 2 }, 1);
    assert_eq!(
        metadata,
        [head(32, 37, 1, 0), longs(&[3, 2]), vec![0; 16]].concat()
    );
    let ack = |version| {
        let frame = ServerFrame::Ack {
            seq: 9,
            status: status::NOT_A_MEMBER,
            flag: flag::SUPER_GROUP,
        };
        encoded(frame, version)
    };
    assert_eq!(ack(1), [head(4, 5, 1, 0x20), vec![0, 0, 0, 9]].concat());
    assert_eq!(ack(2), [head(5, 5, 2, 0x20), vec![0, 0, 0, 9, 64]].concat());
    let message = |version| {
        let frame = ServerFrame::Message {
            message: Arc::new(Shown::Im(im(1, 2, 3, 4, "hi"))),
            flag: flag::PUSH,
        };
        encoded(frame, version)
    };
    let body = [longs(&[1, 2]), vec![0, 0, 0, 3, 0, 0, 0, 4], b"hi".to_vec()].concat();
    assert_eq!(message(1), [head(26, 4, 1, 0x10), body].concat());
    let without_time = [longs(&[1, 2]), vec![0, 0, 0, 4], b"hi".to_vec()].concat();
    assert_eq!(message(0), [head(22, 4, 0, 0x10), without_time].concat());
    assert_eq!(encoded(ServerFrame::Pong, 0), head(0, 14, 0, 0));
    assert_eq!(
        encoded(ServerFrame::AuthStatus(1), 0),
        [head(4, 3, 0, 0), vec![0, 0, 0, 1]].concat()
    );
    assert_eq!(
        encoded(ServerFrame::SyncGroupNotify { group: 6, key: 7 }, 1),
        [head(16, 33, 1, 0), longs(&[6, 7])].concat()
    );
}

/// Bytes that were worth keeping: each line of the corpus is one try, in hexadecimal.
#[test]
fn the_corpus_is_read_without_a_panic_and_as_it_says() {
    for line in include_str!("frame_corpus.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (outcome, hex) = line.split_once(' ').unwrap_or((line, ""));
        let bytes: Vec<u8> = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        assert_eq!(decode(&bytes).is_ok(), outcome == "frame", "{line}");
        let _ = split(&mut BytesMut::from(&bytes[..]));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(frame)) = split(&mut buffer) {
            prop_assert!(frame.len() >= HEADER_BYTES);
        }
    }

    #[test]
    fn any_body_behind_a_good_header_is_a_frame_or_an_error(
        command in 0u8..70,
        version in 0u8..4,
        body in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let bytes = client(1, command, version, 0, &body);
        let whole = decode(&bytes);
        // Trailing bytes change nothing.
        prop_assert_eq!(decode(&[&bytes[..], b"trailing"].concat()), whole.clone());
        if let Ok(frame) = whole {
            prop_assert_eq!((frame.seq, frame.version), (1, version));
        }
    }

    #[test]
    fn a_message_comes_back_as_it_was(
        sender: i64, receiver: i64, time: i32, local_id: i32, version in 0u8..3, content in "[^\0]{0,40}",
    ) {
        let shown = Shown::Im(im(sender, receiver, time, local_id, &content));
        let frame = ServerFrame::Message { message: Arc::new(shown), flag: 0 };
        let time = if version == 0 { 0 } else { time };
        let expected = ClientRequest::Im(im(sender, receiver, time, local_id, &content));
        prop_assert_eq!(decode(&frame.encode(1, version)).unwrap().request, expected);
    }
}
