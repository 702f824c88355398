//! Clients that read slowly, not at all, or write what they should not.

use crate::crowd::{self, Member, acknowledged};
use crate::harness::{Server, Socket, Storage};
use crate::on_both_storages;
use crate::probes::metric;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

on_both_storages!(clients_that_read_late_get_everything_once_in_order_and_cost_little);

const MIB: f64 = 1_048_576.0;
/// What is posted while nobody reads: far more than a session may hold.
const MESSAGES: usize = 400;
const BODY_BYTES: usize = 30_000;
const READERS: usize = 12;

/// Posts so many long texts to the group, a few at a time. Their ids.
async fn flood(server: &Server, member: &Member, group: i64, messages: usize) -> Vec<i64> {
    let posts = futures_util::stream::iter(0..messages).map(|n| async move {
        let body = format!("{n} {}", "x".repeat(BODY_BYTES));
        let answer = member.saying(server, group, &body).send().await;
        acknowledged(&answer).expect("the post is taken")
    });
    posts.buffer_unordered(8).collect().await
}

/// The ids of so many messages as they come.
async fn ids(socket: &mut Socket, messages: usize) -> Vec<i64> {
    let mut ids = Vec::with_capacity(messages);
    while ids.len() < messages {
        let frame = socket.next_json().await;
        if frame["type"] == "text" {
            ids.push(frame["id"].as_i64().expect("an id"));
        }
    }
    ids
}

async fn clients_that_read_late_get_everything_once_in_order_and_cost_little(server: Server) {
    let token = std::fs::read_to_string(server.data_dir().join("admin.token")).expect("a token was made");
    let wanted: Vec<_> = (0..=READERS)
        .map(|n| serde_json::json!({ "username": format!("reader{n}") }))
        .collect();
    let wanted = serde_json::json!({ "accounts": wanted, "tokens_for": "freeim" });
    let request = server
        .post("/admin/api/v1/accounts")
        .header("Authorization", &format!("Bearer {token}"));
    let made = request.json(&wanted).send().await.json();
    let members: Vec<Member> = made["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|account| Member {
            id: account["id"].as_i64().expect("an id"),
            token: account["token"].as_str().expect("a token").to_owned(),
        })
        .collect();
    let group = crowd::group(&server, &members).await;
    let mut late = Vec::new();
    for member in &members[1..] {
        late.push(member.open_narrow(&server).await);
    }
    let mut prompt = members[0].open(&server).await;
    let before = metric(&server, "process_resident_memory_bytes").await;
    let (mut sent, prompt_ids) = tokio::join!(
        flood(&server, &members[0], group, MESSAGES),
        ids(&mut prompt, MESSAGES)
    );
    let grown = metric(&server, "process_resident_memory_bytes").await - before;
    sent.sort_unstable();
    assert_eq!(prompt_ids, sent);
    // Held in full the unread would be over 130 MiB.
    assert!(grown < 60.0 * MIB, "the node grew by {} MiB", grown / MIB);
    assert!(metric(&server, "roost_catch_ups_total").await >= READERS as f64);
    for socket in &mut late {
        assert_eq!(ids(socket, MESSAGES).await, sent);
    }
    // All are live again.
    let last = acknowledged(&members[0].saying(&server, group, "last").send().await).expect("it is taken");
    for socket in late.iter_mut().chain([&mut prompt]) {
        assert_eq!(ids(socket, 1).await, [last]);
    }
}

#[tokio::test]
async fn a_revocation_is_heard_by_who_was_behind() {
    let server = Server::start_with(Storage::Sqlite, &crowd::SETTINGS).await;
    let members = crowd::make(&server, &["ann", "bob"]).await;
    let group = crowd::group(&server, &members).await;
    let mut late = members[1].open_narrow(&server).await;
    let first = acknowledged(&members[0].saying(&server, group, "oops").send().await).expect("it is taken");
    assert_eq!(ids(&mut late, 1).await, [first]);
    let mut sent = flood(&server, &members[0], group, 100).await;
    sent.sort_unstable();
    let (group, id) = (group.to_string(), first.to_string());
    let params = [("toId", group.as_str()), ("ope", "group"), ("id", id.as_str())];
    let revoked = members[0]
        .post(&server, "chat/revocation", &params)
        .send()
        .await
        .json();
    assert_eq!(revoked["code"], 0, "{revoked}");
    let (mut seen, mut heard) = (Vec::new(), false);
    while seen.len() < sent.len() || !heard {
        let frame = late.next_json().await;
        if frame["status"] == "revocation" {
            assert_eq!(frame["id"], first);
            heard = true;
        } else if frame["type"] == "text" {
            seen.push(frame["id"].as_i64().expect("an id"));
        }
    }
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn only_a_client_that_takes_nothing_is_closed_and_told_why() {
    let settings = [crowd::SETTINGS[0], ("ROOST__LIMITS__WS_STALL_SECONDS", "6")];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let members = crowd::make(&server, &["ann", "bob", "cid"]).await;
    let group = crowd::group(&server, &members).await;
    let (mut stuck, mut slow) = (
        members[1].open_narrow(&server).await,
        members[2].open_narrow(&server).await,
    );
    let mut sent = flood(&server, &members[0], group, 200).await;
    sent.sort_unstable();
    let started = Instant::now();
    let mut taken = Vec::new();
    while metric(&server, "roost_sessions").await > 1.0 {
        assert!(started.elapsed() < Duration::from_secs(40), "nobody was closed");
        taken.extend(ids(&mut slow, 2).await);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut seen = Vec::new();
    let reason = loop {
        match stuck.next().await {
            Message::Close(reason) => break reason.expect("a reason"),
            message => {
                let frame: serde_json::Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
                if frame["type"] == "text" {
                    seen.push(frame["id"].as_i64().expect("an id"));
                }
            }
        }
    };
    assert_eq!(u16::from(reason.code), 1013);
    assert!(reason.reason.contains("took nothing"), "{}", reason.reason);
    assert_eq!(seen, sent[..seen.len()]);
    assert!(seen.len() < sent.len());
    taken.extend(ids(&mut slow, sent.len() - taken.len()).await);
    assert_eq!(taken, sent);
}

/// A client's frame with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(len @ 0..126) => bytes.push(0x80 | len as u8),
        Ok(len) => {
            bytes.push(0x80 | 126);
            bytes.extend(len.to_be_bytes());
        }
        Err(_) => {
            bytes.push(0x80 | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

#[tokio::test]
async fn what_clients_must_not_send_closes_their_socket_with_the_fitting_code() {
    let settings = [
        crowd::SETTINGS[0],
        ("ROOST__LIMITS__FRAME_BYTES", "4096"),
        ("ROOST__FREEIM__PING_SECONDS", "0"),
    ];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let ann = crowd::make(&server, &["ann"]).await.remove(0);
    let parts = [frame(0x01, &[b'x'; 3_000]), frame(0x00, &[b'x'; 3_000])].concat();
    // Only the head: what it promises is too long.
    let promise = frame(0x82, &[0; 100_000])[..14].to_vec();
    for (what, bytes, code) in [
        ("a frame over the bound", frame(0x81, &[b'x'; 5_000]), 1009),
        ("a head that promises one", promise, 1009),
        ("a message over the bound in parts", parts, 1009),
        ("text that is not UTF-8", frame(0x81, &[0xc3, 0x28]), 1007),
        ("an unmasked frame", b"\x81\x02hi".to_vec(), 1002),
        ("an unknown kind of frame", frame(0x83, b""), 1002),
    ] {
        let mut socket = ann.open(&server).await;
        socket.send_raw(&bytes).await;
        assert_eq!(socket.close_code().await, Some(code), "{what}");
    }
    // What clients may send, in as many parts as they like.
    let mut socket = ann.open(&server).await;
    let (head, tail) = br#"{"type":"ping"}"#.split_at(5);
    socket.send_raw(&frame(0x01, head)).await;
    socket.send_raw(&frame(0x89, b"still here")).await;
    socket.send_raw(&frame(0x80, tail)).await;
    assert_eq!(socket.next_json().await["type"], "ping");
    socket.send_raw(&frame(0x88, &1000u16.to_be_bytes())).await;
    assert_eq!(socket.close_code().await, Some(1000));
    let waiting = async {
        while metric(&server, "roost_sessions").await > 0.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("every session ends");
}
