//! What comes and goes over `/ws`.

use crate::harness::{Server, Socket, Storage};
use crate::on_both_storages;
use crate::person::Person;
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

on_both_storages!(
    a_message_reaches_every_device_of_its_receiver_and_no_other,
    a_group_message_reaches_every_member_and_its_author,
    revocations_and_read_receipts_are_pushed,
    typing_is_relayed_and_stops_at_the_blacklist,
    requests_to_befriend_and_to_join_are_pushed,
    a_new_member_hears_the_next_message,
    a_handshake_needs_a_good_token,
    frames_that_make_no_sense_are_passed_over,
);

const QUIET: Duration = Duration::from_millis(300);

/// Opens a socket and takes the ping that greets.
async fn greeted(person: &Person<'_>) -> Socket {
    let mut socket = person.open_socket().await;
    assert_eq!(socket.next_json().await["type"], "ping");
    socket
}

/// The next frame that is no ping.
async fn next(socket: &mut Socket) -> serde_json::Value {
    loop {
        let frame = socket.next_json().await;
        if frame["type"] != "ping" {
            return frame;
        }
    }
}

async fn a_message_reaches_every_device_of_its_receiver_and_no_other(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let (mut anns, mut cids) = (greeted(&ann).await, greeted(&cid).await);
    let mut bobs = [greeted(&bob).await, greeted(&bob).await];
    for body in ["one", "two 你好"] {
        let sent = ann.say("friend", &bob.text_id(), body).await;
        for socket in &mut bobs {
            assert_eq!(next(socket).await, sent);
        }
    }
    assert!(anns.is_silent(QUIET).await);
    assert!(cids.is_silent(QUIET).await);
    // A device that closes leaves the others as they were.
    let [one, mut other] = bobs;
    one.close().await;
    let sent = ann.say("friend", &bob.text_id(), "three").await;
    assert_eq!(next(&mut other).await, sent);
}

async fn a_group_message_reaches_every_member_and_its_author(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let group = ann.group_with("group", &[&bob]).await;
    let (mut anns, mut bobs, mut cids) = (greeted(&ann).await, greeted(&bob).await, greeted(&cid).await);
    let sent = ann.say("group", &group, "hello all").await;
    assert_eq!(
        (sent["ope"].as_str(), sent["toId"].to_string()),
        (Some("group"), group.clone())
    );
    assert_eq!(next(&mut anns).await, sent);
    assert_eq!(next(&mut bobs).await, sent);
    assert!(cids.is_silent(QUIET).await);
    bob.post("chatGroups/exit", &[("groupId", &group)]).await;
    ann.say("group", &group, "without bob").await;
    assert_eq!(next(&mut anns).await["body"], "without bob");
    assert!(bobs.is_silent(QUIET).await);
}

async fn revocations_and_read_receipts_are_pushed(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (mut anns, mut bobs) = (greeted(&ann).await, greeted(&bob).await);
    let to_bob = bob.text_id();
    let sent = ann.say("friend", &to_bob, "oops").await;
    assert_eq!(next(&mut bobs).await, sent);
    let id = sent["id"].to_string();
    ann.post(
        "chat/revocation",
        &[("toId", &to_bob), ("id", &id), ("ope", "friend")],
    )
    .await;
    let revoked = next(&mut bobs).await;
    assert_eq!(
        (&revoked["id"], revoked["status"].as_str()),
        (&sent["id"], Some("revocation"))
    );
    assert_eq!(
        (&revoked["body"], &revoked["createdAt"]),
        (&sent["body"], &sent["createdAt"])
    );
    bob.post("chat/read", &[("toId", &ann.text_id())]).await;
    let read = json!({
        "fromId": bob.id, "toId": ann.id, "ope": "friend", "type": "read", "body": "", "isPrivate": false,
        "status": "", "isRead": true, "read": true
    });
    assert_eq!(next(&mut anns).await, read);
}

async fn typing_is_relayed_and_stops_at_the_blacklist(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (mut anns, mut bobs) = (greeted(&ann).await, greeted(&bob).await);
    for status in ["normal", "finish"] {
        let frame = json!({"toId": bob.id, "ope": "friend", "type": "input", "status": status});
        anns.send_json(&frame).await;
        let typing = json!({
            "fromId": ann.id, "toId": bob.id, "ope": "friend", "type": "input", "body": "", "isPrivate": false,
            "status": status, "isRead": false
        });
        assert_eq!(next(&mut bobs).await, typing);
    }
    bob.post("friends/blaklist", &[("toId", &ann.text_id())]).await;
    anns.send_json(&json!({"toId": bob.id, "ope": "friend", "type": "input", "status": "normal"}))
        .await;
    assert!(bobs.is_silent(QUIET).await);
}

async fn requests_to_befriend_and_to_join_are_pushed(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let group = ann.group_with("group", &[]).await;
    let mut anns = greeted(&ann).await;
    bob.post("friends/add", &[("toId", &ann.text_id())]).await;
    let asked = next(&mut anns).await;
    assert_eq!(
        (asked["ope"].as_str(), asked["type"].as_str()),
        (Some("system"), Some("addFriend"))
    );
    assert_eq!(
        (&asked["fromId"], &asked["toId"]),
        (&bob.id.into(), &ann.id.into())
    );
    bob.post("chatGroups/join", &[("groupId", &group)]).await;
    let asked = next(&mut anns).await;
    assert_eq!(
        (asked["ope"].as_str(), asked["type"].as_str()),
        (Some("system"), Some("joinGroup"))
    );
    assert_eq!(
        (asked["fromId"].to_string(), &asked["toId"]),
        (group, &ann.id.into())
    );
}

async fn a_new_member_hears_the_next_message(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let mut bobs = greeted(&bob).await;
    let group = ann.group_with("group", &[&bob]).await;
    let sent = ann.say("group", &group, "welcome").await;
    assert_eq!(next(&mut bobs).await, sent);
    // A first message between two who never spoke.
    let sent = ann.say("friend", &bob.text_id(), "and hello").await;
    assert_eq!(next(&mut bobs).await, sent);
}

async fn a_handshake_needs_a_good_token(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let address = server.address;
    for path in ["/api/v1/ws", "/api/v1/ws?t=rubbish"] {
        assert_eq!(Socket::open(address, path, &[]).await.err(), Some(401), "{path}");
    }
    let by_query = format!("/api/v1/ws?t={}", ann.token);
    assert!(
        Socket::open(address, &by_query, &[("Origin", "http://elsewhere")])
            .await
            .is_ok()
    );
    // No upgrade: the dialect's own refusal.
    ann.refused("GET", "ws", &[], "参数不合法").await;
}

async fn frames_that_make_no_sense_are_passed_over(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (mut anns, mut bobs) = (greeted(&ann).await, greeted(&bob).await);
    let nonsense = [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"type":5}"#,
        r#"{"type":"input","toId":"x","ope":"friend"}"#,
        r#"{"type":"text","toId":10000001,"ope":"friend","body":"posted?"}"#,
        r#"{"type":"input","toId":19999999,"ope":"friend"}"#,
        r#"{"type":"input","toId":-1,"ope":"friend"}"#,
        r#"{"type":"input","toId":10000001,"ope":"group"}"#,
    ];
    for text in nonsense {
        anns.send(Message::text(text)).await;
    }
    anns.send(Message::binary(vec![0xff, 0x00, 0x80])).await;
    anns.send_json(&json!({"type": "input", "toId": bob.id, "ope": "friend"}))
        .await;
    // The last one shows that the socket lives, and that nothing before it came through.
    let typing = next(&mut bobs).await;
    assert_eq!(
        (typing["type"].as_str(), &typing["fromId"]),
        (Some("input"), &ann.id.into())
    );
    assert!(anns.is_silent(QUIET).await);
    anns.send(Message::text("x".repeat(400 * 1024))).await;
    assert!(matches!(anns.next().await, Message::Close(Some(frame)) if u16::from(frame.code) == 1009));
}

#[tokio::test]
async fn a_client_ping_is_answered_and_the_node_pings_as_set() {
    let settings = [("ROOST__FREEIM__PING_SECONDS", "1")];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let ann = Person::register(&server, "ann").await;
    let mut socket = greeted(&ann).await;
    let ping = |from: i64| {
        json!({"fromId": from, "toId": 0, "ope": "", "type": "ping", "body": "", "isPrivate": false, "status": "",
            "isRead": false})
    };
    socket.send_json(&json!({"type": "ping"})).await;
    assert_eq!(socket.next_json().await, ping(ann.id));
    assert_eq!(socket.next_json().await, ping(0));
    drop(server);
    let settings = [("ROOST__FREEIM__PING_SECONDS", "0")];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let ann = Person::register(&server, "ann").await;
    let mut socket = ann.open_socket().await;
    assert!(socket.is_silent(QUIET).await);
}
