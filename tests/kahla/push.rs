//! The push channel and its four events.

use crate::crypto;
use crate::harness::{Server, Socket};
use crate::on_both_storages;
use crate::person::{Person, text};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

on_both_storages!(
    a_channel_is_handed_out_again_while_it_is_valid,
    a_message_is_pushed_to_both_sides,
    a_group_message_is_pushed_to_every_member,
    friendships_are_pushed_as_they_come_and_go,
    a_new_friend_and_a_new_member_hear_the_next_message,
    a_channel_needs_its_key,
    a_new_password_ends_the_channel,
    what_a_client_says_is_passed_over,
);

const QUIET: Duration = Duration::from_millis(300);

async fn a_channel_is_handed_out_again_while_it_is_valid(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let first = ann.get("InitPusher", &[]).await;
    assert_eq!(first["message"], "Successfully get your channel.");
    let (id, key) = (first["channelId"].as_i64().unwrap(), text(&first["connectKey"]));
    let address = server.address;
    assert_eq!(
        first["serverPath"],
        format!("ws://{address}/Listen/Channel?Id={id}&Key={key}")
    );
    assert!(
        key.len() == 32
            && key
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
    );
    assert_eq!(ann.get("InitPusher", &[]).await, first);
    let bob = Person::register(&server, "bob").await;
    assert_ne!(bob.get("InitPusher", &[]).await["channelId"], first["channelId"]);
}

/// The next event, which must be a new message.
async fn next_message(socket: &mut Socket) -> Value {
    let event = socket.next_json().await;
    assert_eq!(event["type"], 0, "{event}");
    event
}

async fn a_message_is_pushed_to_both_sides(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let mut sockets = [
        ann.open_socket().await,
        bob.open_socket().await,
        bob.open_socket().await,
    ];
    let mut cids = cid.open_socket().await;
    let key = text(&ann.entry(conversation).await.unwrap()["aesKey"]);
    let content = crypto::encrypt("hello 你好", &key);
    ann.say(conversation, &content).await;
    for socket in &mut sockets {
        let event = next_message(socket).await;
        let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["conversationId", "sender", "content", "aesKey", "type"]);
        assert_eq!(
            (event["conversationId"].as_i64(), text(&event["content"])),
            (Some(conversation), content.clone())
        );
        assert_eq!(
            (text(&event["aesKey"]), text(&event["sender"]["id"])),
            (key.clone(), ann.id.clone())
        );
        assert_eq!(event["sender"]["nickName"], "ann");
    }
    assert!(cids.is_silent(QUIET).await);
}

async fn a_group_message_is_pushed_to_every_member(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let group = ann
        .post("CreateGroupConversation", &[("GroupName", "devteam")])
        .await["value"]
        .clone();
    let group = group.as_i64().unwrap();
    bob.post("JoinGroup", &[("GroupName", "devteam")]).await;
    let (mut anns, mut bobs) = (ann.open_socket().await, bob.open_socket().await);
    for content in ["one", "two"] {
        bob.say(group, content).await;
        for socket in [&mut anns, &mut bobs] {
            let event = next_message(socket).await;
            assert_eq!(
                (event["conversationId"].as_i64(), event["content"].as_str()),
                (Some(group), Some(content))
            );
        }
    }
    bob.post("LeaveGroup", &[("GroupName", "devteam")]).await;
    ann.say(group, "three").await;
    assert_eq!(next_message(&mut anns).await["content"], "three");
    assert!(bobs.is_silent(QUIET).await);
}

async fn friendships_are_pushed_as_they_come_and_go(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let (mut anns, mut bobs) = (ann.open_socket().await, bob.open_socket().await);
    let declined = ann.post("CreateRequest", &[("Id", &bob.id)]).await["value"].to_string();
    assert_eq!(bobs.next_json().await, json!({"requesterId": ann.id, "type": 1}));
    bob.post(&format!("CompleteRequest/{declined}"), &[("accept", "false")])
        .await;
    let accepted = ann.post("CreateRequest", &[("Id", &bob.id)]).await["value"].to_string();
    assert_eq!(bobs.next_json().await, json!({"requesterId": ann.id, "type": 1}));
    bob.post(&format!("CompleteRequest/{accepted}"), &[("accept", "true")])
        .await;
    // Nothing was said of the one that was declined.
    assert_eq!(anns.next_json().await, json!({"type": 3}));
    ann.post(&format!("DeleteFriend/{}", bob.id), &[]).await;
    assert_eq!(bobs.next_json().await, json!({"type": 2}));
    assert!(anns.is_silent(QUIET).await);
    assert!(bobs.is_silent(QUIET).await);
}

async fn a_new_friend_and_a_new_member_hear_the_next_message(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let mut bobs = bob.open_socket().await;
    let conversation = bob.befriend(&ann).await;
    assert_eq!(bobs.next_json().await, json!({"type": 3}));
    ann.say(conversation, "hello friend").await;
    assert_eq!(next_message(&mut bobs).await["content"], "hello friend");
    // A friendship that ended and began again is another conversation.
    bob.post(&format!("DeleteFriend/{}", ann.id), &[]).await;
    let again = bob.befriend(&ann).await;
    assert_eq!(bobs.next_json().await, json!({"type": 3}));
    ann.say(again, "again").await;
    let event = next_message(&mut bobs).await;
    assert_eq!(
        (event["conversationId"].as_i64(), event["content"].as_str()),
        (Some(again), Some("again"))
    );
    let group = ann
        .post("CreateGroupConversation", &[("GroupName", "devteam")])
        .await["value"]
        .clone();
    bob.post("JoinGroup", &[("GroupName", "devteam")]).await;
    ann.say(group.as_i64().unwrap(), "welcome").await;
    assert_eq!(next_message(&mut bobs).await["content"], "welcome");
}

async fn a_channel_needs_its_key(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let pusher = ann.get("InitPusher", &[]).await;
    let (id, key) = (pusher["channelId"].clone(), text(&pusher["connectKey"]));
    let wrong = key.replace(|c: char| c.is_ascii_digit(), "a");
    let upgrade = |path: String| {
        let request = server
            .get(&path)
            .header("Upgrade", "websocket")
            .header("Connection", "Upgrade");
        let request = request.header("Sec-WebSocket-Version", "13");
        request
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .send()
    };
    for path in [
        format!("/Listen/Channel?Id={id}&Key={wrong}"),
        format!("/Listen/Channel?Id={id}"),
        format!("/Listen/Channel?Id=999999&Key={key}"),
        "/Listen/Channel".to_owned(),
    ] {
        let answer = upgrade(path).await;
        assert_eq!(answer.text(), r#"{"code":-8,"message":"Wrong connection key!"}"#);
        assert_eq!(answer.status, 200);
    }
    let plain = server
        .get(&format!("/Listen/Channel?Id={id}&Key={key}"))
        .send()
        .await;
    assert_eq!(plain.text(), r#"{"code":-10,"message":"Wrong protocal!"}"#);
    // Names in any case; any origin.
    let path = format!("/listen/channel/?id={id}&key={key}");
    assert!(
        Socket::open(server.address, &path, &[("Origin", "http://elsewhere")])
            .await
            .is_ok()
    );
}

async fn a_new_password_ends_the_channel(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let old = ann.get("InitPusher", &[]).await;
    let form = [
        ("OldPassword", "secret1"),
        ("NewPassword", "secret2"),
        ("RepeatPassword", "secret2"),
    ];
    ann.post("ChangePassword", &form).await;
    let new = ann.get("InitPusher", &[]).await;
    assert_ne!(new["connectKey"], old["connectKey"]);
    let path = format!(
        "/Listen/Channel?Id={}&Key={}",
        old["channelId"],
        text(&old["connectKey"])
    );
    assert!(Socket::open(server.address, &path, &[]).await.is_err());
}

async fn what_a_client_says_is_passed_over(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let mut bobs = bob.open_socket().await;
    for text in ["", "{", r#"{"type":0}"#] {
        bobs.send(Message::text(text)).await;
    }
    bobs.send(Message::binary(vec![0xff, 0x00])).await;
    bobs.send(Message::Ping(Vec::new().into())).await;
    ann.say(conversation, "still here").await;
    assert_eq!(next_message(&mut bobs).await["content"], "still here");
}
