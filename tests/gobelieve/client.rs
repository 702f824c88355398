//! A client of the IM protocol, written from its description and not from the node's code.

use crate::app::Person;
use crate::harness::Socket;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// How long a frame may take. Generous: tests share the machine.
const FRAME: Duration = Duration::from_secs(20);
/// How long nothing must come for a client to count as left alone.
pub const QUIET: Duration = Duration::from_millis(300);

/// A stream of bytes: plain or over TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

enum Line {
    WebSocket(Socket),
    Stream(Box<dyn Stream>),
}

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub seq: i32,
    pub command: u8,
    pub version: u8,
    pub flag: u8,
    pub body: Vec<u8>,
}

/// One connection.
pub struct Client {
    line: Line,
    /// What this side and the other have counted.
    sent: i32,
    received: i32,
    pub version: u8,
}

/// Integers one after the other.
pub fn longs(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

impl Frame {
    pub fn long(&self, index: usize) -> i64 {
        i64::from_be_bytes(self.body[index * 8..][..8].try_into().unwrap())
    }

    pub fn int(&self, at: usize) -> i32 {
        i32::from_be_bytes(self.body[at..][..4].try_into().unwrap())
    }

    pub fn text(&self, at: usize) -> &str {
        std::str::from_utf8(&self.body[at..]).unwrap()
    }

    /// The frame in few words, keys left out where they are a client's to check.
    pub fn words(&self) -> String {
        let words = match self.command {
            3 => format!("AUTH_STATUS {}", self.int(0)),
            4 => format!(
                "IM {}>{} #{} {}",
                self.long(0),
                self.long(1),
                self.int(20),
                self.text(24)
            ),
            5 => format!("ACK {}", self.int(0)),
            7 => format!("GROUP_NOTIFICATION {}", self.text(0)),
            8 => format!("GROUP_IM {}>{} {}", self.long(0), self.long(1), self.text(24)),
            14 => "PONG".to_owned(),
            17 => format!("RT {}>{} {}", self.long(0), self.long(1), self.text(16)),
            20 => format!("ROOM_IM {}>{} {}", self.long(0), self.long(1), self.text(16)),
            21 => format!("SYSTEM {}", self.text(0)),
            27 => "SYNC_BEGIN".to_owned(),
            28 => "SYNC_END".to_owned(),
            29 => "SYNC_NOTIFY".to_owned(),
            31 => format!("SYNC_GROUP_BEGIN {} {}", self.long(0), self.long(1)),
            32 => format!("SYNC_GROUP_END {} {}", self.long(0), self.long(1)),
            33 => format!("SYNC_GROUP_NOTIFY {} {}", self.long(0), self.long(1)),
            36 => format!("NOTIFICATION {}", self.text(0)),
            37 => "METADATA".to_owned(),
            64 => format!("CUSTOMER {}>{} {}", self.long(1), self.long(3), self.text(36)),
            other => format!("command {other}"),
        };
        if self.flag == 0 {
            words
        } else {
            format!("{words} +{:x}", self.flag)
        }
    }
}

impl Client {
    /// Over a websocket.
    pub async fn open(address: SocketAddr) -> Client {
        let socket = Socket::open(address, "/ws", &[("Origin", "http://anywhere")]).await;
        Client::over(Line::WebSocket(socket.expect("a socket")))
    }

    pub async fn open_tcp(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Client::over_stream(Box::new(stream))
    }

    pub fn over_stream(stream: Box<dyn Stream>) -> Client {
        Client::over(Line::Stream(stream))
    }

    fn over(line: Line) -> Client {
        Client {
            line,
            sent: 0,
            received: 0,
            version: 1,
        }
    }

    /// Sends a frame. Its number.
    pub async fn send(&mut self, command: u8, body: &[u8]) -> i32 {
        self.sent += 1;
        let bytes = frame(self.sent, command, self.version, body);
        self.send_raw(&bytes).await;
        self.sent
    }

    pub async fn send_raw(&mut self, bytes: &[u8]) {
        match &mut self.line {
            Line::WebSocket(socket) => socket.send(Message::binary(bytes.to_vec())).await,
            Line::Stream(stream) => stream.write_all(bytes).await.expect("bytes can be sent"),
        }
    }

    pub async fn send_text(&mut self, text: &str) {
        if let Line::WebSocket(socket) = &mut self.line {
            socket.send(Message::text(text)).await;
        }
    }

    /// The next frame, or `None` when the node has closed.
    pub async fn try_next(&mut self) -> Option<Frame> {
        let bytes = tokio::time::timeout(FRAME, self.read())
            .await
            .expect("a frame in time")?;
        let length = i32::from_be_bytes(bytes[..4].try_into().unwrap());
        assert_eq!(
            bytes.len(),
            12 + usize::try_from(length).unwrap(),
            "one frame, to its end"
        );
        assert_eq!(bytes[11], 0);
        let frame = Frame {
            seq: i32::from_be_bytes(bytes[4..8].try_into().unwrap()),
            command: bytes[8],
            version: bytes[9],
            flag: bytes[10],
            body: bytes[12..].to_vec(),
        };
        self.received += 1;
        assert_eq!(frame.seq, self.received, "every frame is counted");
        Some(frame)
    }

    async fn read(&mut self) -> Option<Vec<u8>> {
        match &mut self.line {
            Line::WebSocket(socket) => match socket.next().await {
                Message::Binary(bytes) => Some(bytes.to_vec()),
                Message::Close(_) => None,
                other => panic!("not a frame: {other:?}"),
            },
            Line::Stream(stream) => {
                let mut bytes = vec![0; 12];
                stream.read_exact(&mut bytes).await.ok()?;
                let length = i32::from_be_bytes(bytes[..4].try_into().unwrap());
                bytes.resize(12 + usize::try_from(length).unwrap(), 0);
                stream.read_exact(&mut bytes[12..]).await.ok()?;
                Some(bytes)
            }
        }
    }

    pub async fn next(&mut self) -> Frame {
        self.try_next().await.expect("the connection lives")
    }

    /// Asserts what comes next, in few words.
    pub async fn expect(&mut self, words: &[&str]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for expected in words {
            let frame = self.next().await;
            assert_eq!(frame.words(), *expected, "after {frames:?}");
            frames.push(frame);
        }
        frames
    }

    /// Asserts that the node closes without another frame.
    pub async fn expect_close(&mut self) {
        assert_eq!(self.try_next().await, None);
    }

    /// Asserts that nothing comes for a while.
    pub async fn expect_nothing(&mut self) {
        match tokio::time::timeout(QUIET, self.read()).await {
            Err(_) => {}
            Ok(came) => panic!("something came: {came:?}"),
        }
    }

    pub async fn auth(&mut self, token: &str, platform: u8, device: &str) {
        let mut body = vec![platform, u8::try_from(token.len()).unwrap()];
        body.extend_from_slice(token.as_bytes());
        body.push(u8::try_from(device.len()).unwrap());
        body.extend_from_slice(device.as_bytes());
        self.send(15, &body).await;
    }

    pub async fn log_in(&mut self, person: &Person, platform: u8, device: &str) {
        self.auth(&person.token, platform, device).await;
        let status = self.expect(&["AUTH_STATUS 0"]).await;
        assert_eq!(status[0].version, self.version);
    }

    /// A message, to a person (command 4) or a group (8). Its number.
    pub async fn say(&mut self, command: u8, from: &Person, to: i64, content: &str) -> i32 {
        let mut body = longs(&[from.uid, to]);
        body.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 7]);
        body.extend_from_slice(content.as_bytes());
        self.send(command, &body).await
    }

    /// Something that is not kept: to a person (17) or a room (20).
    pub async fn signal(&mut self, command: u8, from: &Person, to: i64, content: &str) -> i32 {
        let mut body = longs(&[from.uid, to]);
        body.extend_from_slice(content.as_bytes());
        self.send(command, &body).await
    }

    /// Syncs from a key. What is stored after it, in few words, and the key at its end.
    pub async fn sync(&mut self, key: i64) -> (Vec<String>, i64) {
        self.send(26, &longs(&[key])).await;
        self.synced().await
    }

    /// The answer to a sync, notices of news before it passed over.
    pub async fn synced(&mut self) -> (Vec<String>, i64) {
        let begin = loop {
            let frame = self.next().await;
            if frame.command == 27 {
                break frame;
            }
            assert!([29, 37, 4, 8].contains(&frame.command), "{}", frame.words());
        };
        let mut stored = Vec::new();
        loop {
            let frame = self.next().await;
            if frame.command == 28 {
                assert_eq!(begin.long(0), frame.long(0), "both ends carry the last key");
                return (stored, frame.long(0));
            }
            stored.push(frame.words());
        }
    }
}

/// A frame as bytes.
pub fn frame(seq: i32, command: u8, version: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len()).unwrap();
    let mut bytes = [length.to_be_bytes(), seq.to_be_bytes()].concat();
    bytes.extend_from_slice(&[command, version, 0, 0]);
    bytes.extend_from_slice(body);
    bytes
}
