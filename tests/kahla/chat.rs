//! What is said in conversations, and who has read it.

use crate::harness::Server;
use crate::on_both_storages;
use crate::person::{Person, column, succeeded, text};

on_both_storages!(
    messages_come_back_in_order_byte_for_byte,
    a_page_has_the_latest_messages,
    reading_marks_as_read,
    who_is_not_in_a_conversation_is_refused,
    the_detail_of_a_private_conversation,
    a_retry_with_a_key_is_no_second_message,
);

async fn messages_come_back_in_order_byte_for_byte(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let contents = [
        "U2FsdGVkX185RThnO1g63f8wBBPtQ8qCrboRiHB2jeVjoSxra+Nwr5TBGGl2cumSwczXj2490fpQIzhuhHi4Oy3gq9Tsk9YiuCXXtzPmlPM=",
        "plain 你好 & = %",
        "  blanks around  ",
        "[img]1",
        "U2FsdGVkX18=",
    ];
    let path = format!("SendMessage/{conversation}");
    for content in contents {
        let sent = ann.post(&path, &[("content", content)]).await;
        assert_eq!(sent["message"], "Your message has been sent.");
    }
    assert_eq!(bob.contents(conversation).await, contents);
    let page = ann.get(&format!("GetMessage/{conversation}"), &[]).await;
    assert_eq!(page["message"], "Successfully get all your messages.");
    let first = &page["items"][0];
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "conversationId",
            "senderId",
            "sender",
            "sendTime",
            "content",
            "read"
        ]
    );
    assert_eq!(
        (first["conversationId"].as_i64(), text(&first["senderId"])),
        (Some(conversation), ann.id.clone())
    );
    assert_eq!(first["sender"]["nickName"], "ann");
    assert!(text(&first["sendTime"]).ends_with('Z'));
    for blank in ["", "   ", "\n"] {
        let answer = ann.ask("POST", &path, &[("content", blank)]).await.json();
        assert_eq!(
            (answer["code"].as_i64(), answer["message"].as_str()),
            (Some(-10), Some("Can not send empty message."))
        );
    }
}

async fn a_page_has_the_latest_messages(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    for number in 1..=20 {
        ann.say(conversation, &number.to_string()).await;
    }
    let contents = async |params: &[(&str, &str)]| {
        let page = bob.get(&format!("GetMessage/{conversation}"), params).await;
        column(&page, "content").iter().map(text).collect::<Vec<_>>()
    };
    let numbers = |from: i32| (from..=20).map(|n| n.to_string()).collect::<Vec<_>>();
    assert_eq!(contents(&[]).await, numbers(6));
    assert_eq!(contents(&[("take", "3")]).await, numbers(18));
    assert_eq!(contents(&[("take", "100")]).await, numbers(1));
    assert!(contents(&[("take", "0")]).await.is_empty());
    assert!(contents(&[("take", "-5")]).await.is_empty());
    // The id in the query, in the path, and in a form.
    let by_query = bob
        .get("GetMessage", &[("Id", &conversation.to_string()), ("TAKE", "1")])
        .await;
    assert_eq!(column(&by_query, "content"), ["20"]);
    let by_form = bob
        .post("GetMessage", &[("id", &conversation.to_string()), ("take", "1")])
        .await;
    assert_eq!(column(&by_form, "content"), ["20"]);
}

async fn reading_marks_as_read(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let unread =
        async |person: &Person<'_>| person.entry(conversation).await.unwrap()["unReadAmount"].clone();
    let flags = async |person: &Person<'_>| {
        let page = person.get(&format!("GetMessage/{conversation}"), &[]).await;
        column(&page, "read")
    };
    ann.say(conversation, "one").await;
    ann.say(conversation, "two").await;
    assert_eq!((unread(&ann).await, unread(&bob).await), (0.into(), 2.into()));
    assert_eq!(flags(&ann).await, [false, false]);
    // The answer that marks them still shows how they were.
    assert_eq!(flags(&bob).await, [false, false]);
    assert_eq!(unread(&bob).await, 0);
    assert_eq!(flags(&ann).await, [true, true]);
    assert_eq!(flags(&bob).await, [true, true]);
    bob.say(conversation, "three").await;
    assert_eq!((unread(&ann).await, unread(&bob).await), (1.into(), 0.into()));
}

async fn who_is_not_in_a_conversation_is_refused(server: Server) {
    let (_, _, conversation) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let words = "You don't have any relationship with that conversation.";
    for id in [
        conversation,
        conversation + 1,
        1,
        9_999_999,
        10_000_000,
        0,
        -1,
        i64::MAX,
    ] {
        cid.refused("GET", &format!("GetMessage/{id}"), &[], -8, words)
            .await;
        cid.refused(
            "POST",
            &format!("SendMessage/{id}"),
            &[("content", "x")],
            -8,
            words,
        )
        .await;
        let detail = "Could not find target conversation in your friends.";
        cid.refused("GET", &format!("ConversationDetail/{id}"), &[], -4, detail)
            .await;
    }
    cid.invalid("GET", "GetMessage/x", &[], &["The value 'x' is not valid."])
        .await;
    cid.invalid(
        "GET",
        "GetMessage/1",
        &[("take", "")],
        &["The value '' is invalid."],
    )
    .await;
}

async fn the_detail_of_a_private_conversation(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let detail = bob.get(&format!("ConversationDetail/{conversation}"), &[]).await;
    assert_eq!(detail["message"], "Successfully get target conversation.");
    let detail = &detail["value"];
    let keys: Vec<&String> = detail.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "requesterId",
            "requestUser",
            "targetId",
            "targetUser",
            "anotherUserId",
            "id",
            "discriminator",
            "aesKey",
            "conversationCreateTime",
            "displayName",
            "displayImage",
            "displayImageKey"
        ]
    );
    assert_eq!(
        (text(&detail["requesterId"]), text(&detail["targetId"])),
        (ann.id.clone(), bob.id.clone())
    );
    assert_eq!(
        (text(&detail["anotherUserId"]), text(&detail["displayName"])),
        (ann.id.clone(), "ann".to_owned())
    );
    let key = text(&detail["aesKey"]);
    assert!(
        key.len() == 32
            && key
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
        "{key}"
    );
    assert_eq!(bob.entry(conversation).await.unwrap()["aesKey"], detail["aesKey"]);
}

async fn a_retry_with_a_key_is_no_second_message(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let send = |content: &'static str| {
        let request = ann
            .request("POST", &format!("SendMessage/{conversation}"))
            .header("Idempotency-Key", "k1");
        request
            .body("application/x-www-form-urlencoded", format!("content={content}&"))
            .send()
    };
    succeeded(&send("once").await);
    succeeded(&send("once").await);
    assert_eq!(send("other").await.json()["code"], -10);
    assert_eq!(bob.contents(conversation).await, ["once"]);
}
