//! The sockets of groups and private chats.

use crate::groups::let_in;
use crate::harness::{Server, Socket, Storage};
use crate::person::{Person, number, start};
use crate::room::{Chat, dismiss, group_of, remove};
use crate::with_logins;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

with_logins!(
    the_latest_twenty_come_first_and_then_what_is_said,
    history_is_paged_by_the_oldest_one_has,
    everybody_in_the_room_hears_and_nobody_else,
    frames_are_checked_strictly,
    members_are_mentioned_and_others_are_not,
    a_private_chat_is_kept_for_who_is_away,
    a_socket_that_cannot_be_opened_says_why,
    whoever_is_removed_or_dismissed_is_told_when_it_speaks,
    senders_are_shown_by_their_nickname_in_the_group,
);

async fn two(server: &Server) -> (Person<'_>, Person<'_>, i64) {
    let (ann, bob) = (
        Person::enter(server, "ann").await,
        Person::enter(server, "bob").await,
    );
    let group = group_of(&ann, &[&bob]).await;
    (ann, bob, group)
}

fn words(from: i64, to: i64) -> Vec<String> {
    (from..=to).map(|n| format!("{n}")).collect()
}

async fn the_latest_twenty_come_first_and_then_what_is_said(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let mut chat = Chat::group(&ann, group).await;
    for n in 1..=25 {
        chat.say(&n.to_string()).await;
    }
    let mut late = Chat::group(&bob, group).await;
    assert_eq!(late.contents(20, true).await, words(6, 25));
    let said = chat.say("26").await;
    let seen = late.next().await;
    assert_eq!(seen, said);
    assert_eq!(
        (&seen["user_id"], &seen["nickname"], &seen["history"]),
        (&json!(ann.id), &json!("ann"), &json!(false))
    );
    assert_eq!(
        seen["msg"],
        json!({ "msg_type": "text", "content": "26", "at": [] })
    );
    assert!(number(&seen["id"]) > 0 && seen["time"].as_str().is_some_and(|time| time.len() == 19));
    assert!(seen.get("room_id").is_none(), "{seen}");
}

async fn history_is_paged_by_the_oldest_one_has(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let mut chat = Chat::group(&ann, group).await;
    let mut ids = vec![0];
    for n in 1..=45 {
        ids.push(number(&chat.say(&n.to_string()).await["id"]));
    }
    let mut late = Chat::group(&bob, group).await;
    assert_eq!(late.contents(20, true).await, words(26, 45));
    late.send(json!({ "msg_type": "history", "msg_id": ids[26] }))
        .await;
    assert_eq!(late.contents(20, true).await, words(6, 25));
    late.send(json!({ "msg_type": "history", "msg_id": ids[6] }))
        .await;
    assert_eq!(late.contents(5, true).await, words(1, 5));
    // Nothing older: nothing comes.
    for id in [ids[1], 0, -1, i64::MIN] {
        late.send(json!({ "msg_type": "history", "msg_id": id })).await;
    }
    // Without an id, or with one of the future, the latest again.
    late.send(json!({ "msg_type": "history" })).await;
    assert_eq!(late.contents(20, true).await, words(26, 45));
    late.send(json!({ "msg_type": "history", "msg_id": i64::MAX }))
        .await;
    assert_eq!(late.contents(20, true).await, words(26, 45));
}

async fn everybody_in_the_room_hears_and_nobody_else(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let other = group_of(&ann, &[&bob]).await;
    let (mut one, mut two) = (Chat::group(&ann, group).await, Chat::group(&ann, group).await);
    let mut at_bob = Chat::group(&bob, group).await;
    let mut elsewhere = Chat::group(&bob, other).await;
    let mut private = Chat::private(&bob, &ann).await;
    let said = one.say("to all").await;
    assert_eq!(two.next().await, said);
    assert_eq!(at_bob.next().await, said);
    // The first thing that the others hear is their own.
    elsewhere.say("elsewhere").await;
    private.say("private").await;
    let said = at_bob.say("back").await;
    assert_eq!((one.next().await, two.next().await), (said.clone(), said));
}

async fn frames_are_checked_strictly(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let mut chat = Chat::group(&ann, group).await;
    for text in [
        "",
        "hi",
        "[]",
        "null",
        "5",
        "{",
        "{}",
        r#"{"content":"x"}"#,
        r#"{"msg_type":5}"#,
    ] {
        chat.refused_text(text, 409).await;
    }
    for (frame, code) in [
        (json!({ "msg_type": "sticker", "content": "x" }), 405),
        (json!({ "msg_type": "ping" }), 405),
        (json!({ "msg_type": "text" }), 409),
        (json!({ "msg_type": "text", "content": 5 }), 409),
        (json!({ "msg_type": "text", "content": "x", "more": 1 }), 409),
        (json!({ "msg_type": "text", "content": "x", "file_id": 1 }), 409),
        (
            json!({ "msg_type": "text", "content": "x", "at": "dev_bob" }),
            409,
        ),
        (json!({ "msg_type": "text", "content": "x", "at": [5] }), 409),
        (json!({ "msg_type": "text", "content": "a\u{0}b" }), 409),
        (json!({ "msg_type": "text", "content": "x".repeat(65_536) }), 409),
        (
            json!({ "msg_type": "text", "content": "x", "at": vec!["a"; 101] }),
            409,
        ),
        (json!({ "msg_type": "image" }), 409),
        (json!({ "msg_type": "image", "content": "x" }), 409),
        (json!({ "msg_type": "image", "file_id": "1" }), 409),
        (json!({ "msg_type": "voice", "file_id": 1.5 }), 409),
        (json!({ "msg_type": "history", "msg_id": "1" }), 409),
        (json!({ "msg_type": "history", "content": "x" }), 409),
        (json!({ "msg_type": "file", "file_id": 999_999 }), 406),
        (json!({ "msg_type": "video", "file_id": -1 }), 406),
    ] {
        chat.refused(frame, code).await;
    }
    chat.0.send(Message::binary(b"{}".to_vec())).await;
    assert_eq!(chat.next().await["code"], 409);
    let mut private = Chat::private(&ann, &bob).await;
    private
        .refused(json!({ "msg_type": "text", "content": "x", "at": [] }), 409)
        .await;
    // Whatever was refused, the socket is open, and nothing was said.
    assert_eq!(chat.say("still here").await["history"], false);
    let mut late = Chat::group(&bob, group).await;
    assert_eq!(late.contents(1, true).await, ["still here"]);
    private.say("here too").await;
}

async fn members_are_mentioned_and_others_are_not(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let eve = Person::enter(&server, "eve").await;
    let (mut chat, mut at_bob) = (Chat::group(&ann, group).await, Chat::group(&bob, group).await);
    let at = [
        &bob.id,
        &eve.id,
        &ann.id,
        &"nobody".to_owned(),
        &"0".to_owned(),
        &bob.id,
    ];
    chat.send(json!({ "msg_type": "text", "content": "you", "at": at }))
        .await;
    let seen = at_bob.next().await;
    assert_eq!(seen["msg"]["at"], json!([bob.id, ann.id]));
    let mut late = Chat::group(&bob, group).await;
    assert_eq!(late.next().await["msg"], seen["msg"]);
}

async fn a_private_chat_is_kept_for_who_is_away(server: Server) {
    let (ann, bob) = (
        Person::enter(&server, "ann").await,
        Person::enter(&server, "bob").await,
    );
    let mut at_ann = Chat::private(&ann, &bob).await;
    let said = at_ann.say("are you there?").await;
    assert_eq!(
        said["msg"],
        json!({ "msg_type": "text", "content": "are you there?" })
    );
    let mut at_bob = Chat::private(&bob, &ann).await;
    let seen = at_bob.next().await;
    assert_eq!(
        (&seen["id"], &seen["room_id"], &seen["user_id"], &seen["history"]),
        (&said["id"], &said["room_id"], &json!(ann.id), &json!(true))
    );
    let back = at_bob.say("now I am").await;
    assert_eq!(at_ann.next().await, back);
    let id = number(&back["id"]);
    at_ann.send(json!({ "msg_type": "history", "msg_id": id })).await;
    assert_eq!(at_ann.contents(1, true).await, ["are you there?"]);
}

async fn a_socket_that_cannot_be_opened_says_why(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let eve = Person::enter(&server, "eve").await;
    let ended = group_of(&ann, &[]).await;
    dismiss(&ann, ended).await;
    for (person, path, code) in [
        (&ann, "/chat/group".to_owned(), 101),
        (&ann, "/chat/group?group_id=x".to_owned(), 101),
        (&ann, "/chat/group?group_id=999999".to_owned(), 402),
        (&ann, "/chat/group?group_id=10000000".to_owned(), 402),
        (&ann, format!("/chat/group?group_id={}", 1_i64 << 40), 402),
        (&eve, format!("/chat/group?group_id={group}"), 403),
        (&ann, format!("/chat/group?group_id={ended}"), 404),
        (&ann, "/chat/private".to_owned(), 101),
        (&ann, "/chat/private?user_id=nobody".to_owned(), 401),
        (&ann, "/chat/private?user_id=0".to_owned(), 401),
        (&ann, format!("/chat/private?user_id={}", ann.id), 401),
    ] {
        Chat::open(person, &path).await.ends_with(code).await;
    }
    for (token, code) in [(None, 113), (Some("x"), 112)] {
        let headers: Vec<(&str, &str)> = token.iter().map(|token| ("token", *token)).collect();
        for path in [
            format!("/chat/group?group_id={group}"),
            format!("/chat/private?user_id={}", bob.id),
        ] {
            let opened = Socket::open(server.address, &path, &headers).await;
            Chat(opened.expect("a handshake")).ends_with(code).await;
        }
    }
    // A token in the query is as good as one in the header.
    let path = format!("/chat/group?group_id={group}&token={}", bob.token);
    let opened = Socket::open(server.address, &path, &[]).await;
    Chat(opened.expect("a handshake")).say("hi").await;
    // What is no socket at all is told as any request.
    for path in ["/chat/group?group_id=1", "/chat/private?user_id=x"] {
        let answer = ann.request("GET", path).send().await;
        assert_eq!((answer.status, answer.json()["code"].as_i64()), (400, Some(101)));
        assert_eq!(ann.request("POST", path).send().await.status, 405);
    }
}

async fn whoever_is_removed_or_dismissed_is_told_when_it_speaks(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let mut at_ann = Chat::group(&ann, group).await;
    let text = json!({ "msg_type": "text", "content": "still here?" });
    for frame in [text.clone(), json!({ "msg_type": "history" })] {
        let mut at_bob = Chat::group(&bob, group).await;
        remove(&ann, group, &bob).await;
        // What is said now is not for Bob.
        at_ann.say("without bob").await;
        at_bob.send(frame).await;
        // After what he was greeted with, nothing comes before the refusal.
        let mut shown = at_bob.next().await;
        while shown["history"] == true {
            shown = at_bob.next().await;
        }
        assert_eq!(shown["code"], 403, "{shown}");
        assert_eq!(at_bob.0.close_code().await, Some(1008));
        let_in(group, &ann, &bob).await;
    }
    let mut at_bob = Chat::group(&bob, group).await;
    at_ann.say("the last word").await;
    while at_bob.next().await["msg"]["content"] != "the last word" {}
    dismiss(&ann, group).await;
    for mut chat in [at_ann, at_bob] {
        chat.send(text.clone()).await;
        chat.ends_with(404).await;
    }
}

async fn senders_are_shown_by_their_nickname_in_the_group(server: Server) {
    let (ann, bob, group) = two(&server).await;
    let nick = json!({ "group_id": group, "nickname": "队长" });
    ann.post("/group/internal/member/setNickname", nick).await;
    let (mut at_ann, mut private) = (Chat::group(&ann, group).await, Chat::private(&ann, &bob).await);
    assert_eq!(at_ann.say("hi").await["nickname"], "队长");
    assert_eq!(private.say("hi").await["nickname"], "ann");
    // Who has left is still called something.
    let mut at_bob = Chat::group(&bob, group).await;
    at_bob.next().await;
    at_bob.say("bye").await;
    bob.post("/group/internal/setting/exit", json!({ "group_id": group }))
        .await;
    let mut late = Chat::group(&ann, group).await;
    let seen: Vec<Value> = vec![late.next().await, late.next().await];
    assert_eq!(
        (&seen[0]["nickname"], &seen[1]["nickname"]),
        (&json!("队长"), &json!("bob"))
    );
}

#[tokio::test]
async fn pings_are_sent_and_who_answers_none_is_dropped() {
    let server = start(Storage::Sqlite, &[("ROOST__TEAMUP__PING_SECONDS", "1")]).await;
    let (ann, bob, group) = two(&server).await;
    let mut answers = Chat::group(&ann, group).await;
    let mute = mute(&server, &bob, group);
    // A client answers pings while it reads.
    let (silent, heard) = tokio::join!(answers.0.is_silent(Duration::from_secs(8)), mute);
    assert!(silent);
    answers.say("still here").await;
    let pings = heard.windows(2).filter(|frame| frame == b"\x89\x00").count();
    assert_eq!(pings, 3);
    // The last frame says why: 1013, try again later.
    let closing = heard
        .windows(4)
        .any(|frame| frame[0] == 0x88 && frame[2..] == 1013_u16.to_be_bytes());
    assert!(closing, "{heard:?}");
}

/// What a client is sent that never says a word, until it is dropped.
async fn mute(server: &Server, person: &Person<'_>, group: i64) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let handshake = format!(
        "GET /chat/group?group_id={group} HTTP/1.1\r\nHost: x\r\ntoken: {}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        person.token
    );
    stream
        .write_all(handshake.as_bytes())
        .await
        .expect("the handshake goes out");
    let mut heard = Vec::new();
    let reading = stream.read_to_end(&mut heard);
    let ended = tokio::time::timeout(Duration::from_secs(20), reading).await;
    ended.expect("an end in time").expect("bytes");
    let head = heard
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head");
    heard.split_off(head + 4)
}

#[tokio::test]
async fn a_ping_that_pages_see_is_sent_where_it_is_wanted() {
    let settings = [
        ("ROOST__TEAMUP__PING_SECONDS", "1"),
        ("ROOST__TEAMUP__PING_TEXT", r#"{"msg_type":"ping"}"#),
    ];
    let server = start(Storage::Sqlite, &settings).await;
    let (ann, _, group) = two(&server).await;
    let mut chat = Chat::group(&ann, group).await;
    for _ in 0..3 {
        assert_eq!(chat.next().await, json!({ "msg_type": "ping" }));
    }
}
