//! Sending and taking back, with every refusal.

use crate::harness::{Encoding, Server};
use crate::on_both_storages;
use crate::person::{Person, refusal, succeeded};

on_both_storages!(
    a_sent_message_is_answered_as_stored_in_every_encoding,
    every_type_is_kept_with_its_body,
    sending_is_refused_with_a_reason,
    a_repeated_key_answers_with_the_first_message_and_another_body_is_refused,
    a_message_is_taken_back_by_its_author_only,
    messages_survive_a_killed_node,
);

async fn a_sent_message_is_answered_as_stored_in_every_encoding(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    for (number, encoding) in (1..).zip(Encoding::ALL) {
        let body = format!("hello 你好 & = % by {encoding:?}");
        let params = [
            ("toId", to_bob.as_str()),
            ("ope", "friend"),
            ("type", "text"),
            ("isPrivate", "1"),
            ("body", body.as_str()),
        ];
        let answer = ann
            .request("POST", "chat/send")
            .params(encoding, &params)
            .send()
            .await;
        let json = succeeded(&answer);
        assert_eq!(json["message"], "发送成功");
        let sent = &json["result"];
        assert_eq!(sent["id"], number);
        assert_eq!((&sent["fromId"], &sent["toId"]), (&ann.id.into(), &bob.id.into()));
        assert_eq!(
            (sent["ope"].as_str(), sent["type"].as_str()),
            (Some("friend"), Some("text"))
        );
        assert_eq!(sent["body"], body);
        assert_eq!(
            (sent["isPrivate"].as_bool(), sent["isRead"].as_bool()),
            (Some(true), Some(false))
        );
        assert_eq!(sent["status"], "normal");
        assert!(sent["createdAt"].is_string() && sent["createdAt"] == sent["updatedAt"]);
    }
}

async fn every_type_is_kept_with_its_body(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    let body = r#"{"content":"","thumb":"aGk=","fileUrl":"http://a/b"}"#;
    let types = ["text", "pic", "voice", "video", "geo", "file", "sticker"];
    for kind in types {
        let params = [
            ("toId", to_bob.as_str()),
            ("ope", "friend"),
            ("type", kind),
            ("body", body),
        ];
        let sent = ann.post("chat/send", &params).await;
        assert_eq!(
            (sent["result"]["type"].as_str(), sent["result"]["body"].as_str()),
            (Some(kind), Some(body))
        );
        let found = bob
            .history(&[("toId", &ann.text_id()), ("messageType", kind)])
            .await;
        assert_eq!(
            (found["total"].as_i64(), &found["items"][0]["id"]),
            (Some(1), &sent["result"]["id"])
        );
    }
}

async fn sending_is_refused_with_a_reason(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let group = ann.group_with("group", &[]).await;
    let (to_bob, long) = (bob.text_id(), "x".repeat(65_536));
    let send = |to, ope, kind, body| [("toId", to), ("ope", ope), ("type", kind), ("body", body)];
    let cases = [
        (send("19999999", "friend", "text", "x"), "账号不存在"),
        (send("4711", "group", "text", "x"), "群聊不存在"),
        (send(&to_bob, "group", "text", "x"), "群聊不存在"),
        (send("0", "friend", "text", "x"), "参数不合法"),
        (send(&to_bob, "", "text", "x"), "参数不合法"),
        (send(&to_bob, "everybody", "text", "x"), "参数不合法"),
        (send(&to_bob, "friend", "", "x"), "参数不合法"),
        (send(&to_bob, "friend", "read", "x"), "参数不合法"),
        (
            send(&to_bob, "friend", "a type of many letters", "x"),
            "参数不合法",
        ),
        (send(&to_bob, "friend", "text", ""), "参数不合法"),
        (send(&to_bob, "friend", "text", &long), "参数不合法"),
    ];
    for (params, words) in cases {
        ann.refused("POST", "chat/send", &params, words).await;
    }
    cid.refused(
        "POST",
        "chat/send",
        &send(&group, "group", "text", "x"),
        "你不是是此群聊成员",
    )
    .await;
    // As in the original one may write to somebody who is no friend.
    cid.say("friend", &to_bob, "we share a group").await;
    let sent = ann.say("friend", &to_bob, &long[..65_535]).await;
    assert_eq!(sent["body"].as_str().map(str::len), Some(65_535));
}

async fn a_repeated_key_answers_with_the_first_message_and_another_body_is_refused(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    let send = |body: &'static str, key: String| {
        let params = [
            ("toId", to_bob.as_str()),
            ("ope", "friend"),
            ("type", "text"),
            ("body", body),
        ];
        let request = ann
            .request("POST", "chat/send")
            .params(Encoding::Multipart, &params);
        request.header("Idempotency-Key", &key).send()
    };
    let first = succeeded(&send("once", "key-1".to_owned()).await);
    let again = succeeded(&send("once", "key-1".to_owned()).await);
    assert_eq!(first["result"], again["result"]);
    let other = send("twice", "key-1".to_owned()).await;
    assert_eq!(refusal(&other), "此Idempotency-Key已用于其他请求");
    let second = succeeded(&send("once", "key-2".to_owned()).await);
    assert_ne!(first["result"]["id"], second["result"]["id"]);
    for bad in [String::new(), "k".repeat(129)] {
        assert_eq!(refusal(&send("once", bad).await), "参数不合法");
    }
    assert_eq!(ann.history(&[("toId", &to_bob)]).await["total"], 2);
}

async fn a_message_is_taken_back_by_its_author_only(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    let sent = ann.say("friend", &to_bob, "oops").await;
    let id = sent["id"].to_string();
    let by = |to, ope| [("toId", to), ("id", id.as_str()), ("ope", ope)];
    bob.refused(
        "POST",
        "chat/revocation",
        &by(&to_ann, "friend"),
        "只能撤回自己的消息",
    )
    .await;
    ann.refused(
        "POST",
        "chat/revocation",
        &by("19999999", "friend"),
        "只能撤回自己的消息",
    )
    .await;
    ann.refused("POST", "chat/revocation", &by(&to_bob, "nowhere"), "参数不合法")
        .await;
    let unknown = [("toId", to_bob.as_str()), ("id", "999999"), ("ope", "friend")];
    ann.refused("POST", "chat/revocation", &unknown, "只能撤回自己的消息")
        .await;
    let done = ann.post("chat/revocation", &by(&to_bob, "friend")).await;
    assert_eq!(done["message"], "成功");
    assert_eq!(
        done["result"],
        serde_json::json!({"ToID": bob.id, "Id": sent["id"], "Ope": "friend"})
    );
    ann.refused(
        "POST",
        "chat/revocation",
        &by(&to_bob, "friend"),
        "只能撤回自己的消息",
    )
    .await;
    for (one, other) in [(&ann, &to_bob), (&bob, &to_ann)] {
        let history = one.history(&[("toId", other)]).await;
        assert_eq!(
            (history["total"].as_i64(), history["unread"].as_i64()),
            (Some(0), Some(0))
        );
    }
}

async fn messages_survive_a_killed_node(mut server: Server) {
    let (group, token, id) = {
        let (ann, bob) = Person::two_friends(&server).await;
        let group = ann.group_with("group", &[&bob]).await;
        for number in 0..20 {
            ann.say("group", &group, &format!("line {number}")).await;
        }
        (group, bob.token, bob.id)
    };
    server.kill();
    server.run().await;
    let bob = Person {
        server: &server,
        id,
        token,
    };
    let history = bob.history(&[("toId", &group)]).await;
    let bodies: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
    assert_eq!(crate::person::column(&history, "body"), bodies);
    assert_eq!(history["unread"], 20);
    let sent = bob.say("group", &group, "after").await;
    assert_eq!(
        bob.history(&[("toId", &group)]).await["items"][20]["id"],
        sent["id"]
    );
}
