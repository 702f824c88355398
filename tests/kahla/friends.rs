//! Friends and the requests that lead there.

use crate::harness::Server;
use crate::on_both_storages;
use crate::person::{Person, column, text};

on_both_storages!(
    a_request_is_made_once_and_makes_friends_when_accepted,
    a_declined_request_can_be_made_again,
    requests_that_cross_make_friends_once,
    requests_are_listed_newest_first_with_the_answered_ones,
    friends_are_listed_by_time_or_by_name,
    a_friend_can_be_deleted_and_befriended_again_in_a_new_conversation,
    people_are_found_by_a_part_of_their_name,
    the_detail_of_a_user_tells_whether_we_are_friends,
);

const NOBODY: &str = "00000000-0000-0000-0000-0000000000ff";

async fn a_request_is_made_once_and_makes_friends_when_accepted(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let cid = Person::register(&server, "cid").await;
    let asked = ann.post(&format!("CreateRequest/{}", bob.id), &[]).await;
    assert_eq!(asked["message"], "Successfully created your request!");
    let request = asked["value"].to_string();
    let create = |id: &'static str| [("Id", id)];
    let pending = "There are some pending request hasn't been completed!";
    ann.refused("POST", "CreateRequest", &[("Id", &bob.id)], -6, pending)
        .await;
    ann.refused(
        "POST",
        "CreateRequest",
        &[("Id", &ann.id)],
        -3,
        "You can't request yourself!",
    )
    .await;
    let unknown = "We can not find your target user!";
    ann.refused("POST", "CreateRequest", &create(NOBODY), -4, unknown)
        .await;
    ann.refused("POST", "CreateRequest", &[], -4, unknown).await;

    let accept = [("accept", "true")];
    let path = format!("CompleteRequest/{request}");
    let other = "The target user of this request is not you.";
    cid.refused("POST", &path, &accept, -8, other).await;
    ann.refused("POST", &path, &accept, -8, other).await;
    bob.refused(
        "POST",
        "CompleteRequest/999999",
        &accept,
        -4,
        "We can not find target request.",
    )
    .await;
    let done = bob.post(&path, &accept).await;
    assert_eq!(done["message"], "You have successfully completed this request.");
    bob.refused(
        "POST",
        &path,
        &accept,
        -6,
        "The target request is already completed.",
    )
    .await;
    ann.refused(
        "POST",
        "CreateRequest",
        &[("Id", &bob.id)],
        -6,
        "You two are already friends!",
    )
    .await;
    let conversation = ann.conversation_with(&bob).await;
    assert_eq!(bob.conversation_with(&ann).await, conversation);
}

async fn a_declined_request_can_be_made_again(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let first = ann.post("CreateRequest", &[("Id", &bob.id)]).await["value"].to_string();
    bob.post(&format!("CompleteRequest/{first}"), &[("accept", "false")])
        .await;
    assert_eq!(
        ann.get(&format!("UserDetail/{}", bob.id), &[]).await["areFriends"],
        false
    );
    let second = ann.post("CreateRequest", &[("Id", &bob.id)]).await["value"].to_string();
    assert_ne!(first, second);
}

async fn requests_that_cross_make_friends_once(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let from_ann = ann.post("CreateRequest", &[("Id", &bob.id)]).await["value"].to_string();
    let from_bob = bob.post("CreateRequest", &[("Id", &ann.id)]).await["value"].to_string();
    bob.post(&format!("CompleteRequest/{from_ann}"), &[("accept", "true")])
        .await;
    let conversation = ann.conversation_with(&bob).await;
    let path = format!("CompleteRequest/{from_bob}");
    ann.refused(
        "POST",
        &path,
        &[("accept", "true")],
        -3,
        "You two are already friends.",
    )
    .await;
    assert_eq!(ann.conversation_with(&bob).await, conversation);
    ann.refused(
        "POST",
        &path,
        &[("accept", "true")],
        -6,
        "The target request is already completed.",
    )
    .await;
}

async fn requests_are_listed_newest_first_with_the_answered_ones(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let cid = Person::register(&server, "cid").await;
    let first = bob.post("CreateRequest", &[("Id", &ann.id)]).await["value"].clone();
    let second = cid.post("CreateRequest", &[("Id", &ann.id)]).await["value"].clone();
    ann.post(&format!("CompleteRequest/{first}"), &[("accept", "false")])
        .await;
    let requests = ann.get("MyRequests", &[]).await;
    assert_eq!(requests["message"], "Successfully get your requests list.");
    assert_eq!(column(&requests, "id"), [second, first]);
    assert_eq!(column(&requests, "completed"), [false, true]);
    let newest = &requests["items"][0];
    assert_eq!(
        (text(&newest["creatorId"]), text(&newest["targetId"])),
        (cid.id.clone(), ann.id.clone())
    );
    assert_eq!(newest["creator"]["nickName"], "cid");
    assert!(text(&newest["createTime"]).ends_with('Z'));
}

async fn friends_are_listed_by_time_or_by_name(server: Server) {
    let me = Person::register(&server, "me").await;
    let zoe = Person::register(&server, "zoe").await;
    let adam = Person::register(&server, "adam").await;
    let with_zoe = me.befriend(&zoe).await;
    let with_adam = me.befriend(&adam).await;
    zoe.say(with_zoe, "latest").await;
    let by_time = me.get("MyFriends", &[("orderByName", "false")]).await;
    assert_eq!(by_time["message"], "Successfully get all your friends.");
    assert_eq!(column(&by_time, "displayName"), ["zoe", "adam"]);
    let by_name = me.get("MyFriends", &[("orderByName", "true")]).await;
    assert_eq!(column(&by_name, "displayName"), ["adam", "zoe"]);
    let entry = &by_time["items"][0];
    let keys: Vec<&String> = entry.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "displayName",
            "displayImage",
            "displayImageKey",
            "latestMessage",
            "latestMessageTime",
            "unReadAmount",
            "conversationId",
            "discriminator",
            "userId",
            "aesKey"
        ]
    );
    assert_eq!(
        (entry["latestMessage"].as_str(), entry["unReadAmount"].as_i64()),
        (Some("latest"), Some(1))
    );
    assert_eq!(
        (&entry["conversationId"], text(&entry["userId"])),
        (&with_zoe.into(), zoe.id.clone())
    );
    assert_eq!(entry["discriminator"], "PrivateConversation");
    let silent = me.entry(with_adam).await.unwrap();
    assert!(silent["latestMessage"].is_null() && silent["unReadAmount"] == 0);
    me.invalid(
        "GET",
        "MyFriends",
        &[("orderByName", "unknown")],
        &["The value 'unknown' is not valid."],
    )
    .await;
}

async fn a_friend_can_be_deleted_and_befriended_again_in_a_new_conversation(server: Server) {
    let (ann, bob, old) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    ann.say(old, "before").await;
    let old_key = text(&ann.entry(old).await.unwrap()["aesKey"]);
    ann.refused(
        "POST",
        &format!("DeleteFriend/{NOBODY}"),
        &[],
        -4,
        "We can not find target user.",
    )
    .await;
    let stranger = format!("DeleteFriend/{}", cid.id);
    ann.refused("POST", &stranger, &[], -7, "He is not your friend at all.")
        .await;
    let deleted = ann.post(&format!("DeleteFriend/{}", bob.id), &[]).await;
    assert_eq!(
        deleted["message"],
        "Successfully deleted your friend relationship."
    );
    for person in [&ann, &bob] {
        assert!(person.entry(old).await.is_none());
        let words = "You don't have any relationship with that conversation.";
        person
            .refused("GET", &format!("GetMessage/{old}"), &[], -8, words)
            .await;
        person
            .refused(
                "POST",
                &format!("SendMessage/{old}"),
                &[("content", "x")],
                -8,
                words,
            )
            .await;
        let words = "Could not find target conversation in your friends.";
        person
            .refused("GET", &format!("ConversationDetail/{old}"), &[], -4, words)
            .await;
    }
    let again = bob.befriend(&ann).await;
    assert_ne!(again, old);
    assert!(ann.contents(again).await.is_empty());
    let entry = bob.entry(again).await.unwrap();
    assert_ne!(text(&entry["aesKey"]), old_key);
    assert!(entry["latestMessage"].is_null());
    let detail = ann.get(&format!("ConversationDetail/{again}"), &[]).await["value"].take();
    assert_eq!(
        (text(&detail["requesterId"]), text(&detail["targetId"])),
        (bob.id.clone(), ann.id.clone())
    );
    ann.say(again, "after").await;
    assert_eq!(bob.contents(again).await, ["after"]);
}

async fn people_are_found_by_a_part_of_their_name(server: Server) {
    let ann = Person::register(&server, "annabel").await;
    Person::register(&server, "hannah").await;
    Person::register(&server, "bob").await;
    let found = ann.get("SearchFriends/", &[("nickname", "ANN")]).await;
    assert_eq!(found["message"], "Search result is shown.");
    assert_eq!(column(&found, "nickName"), ["annabel", "hannah"]);
    let one = ann
        .get("SearchFriends", &[("NickName", "ann"), ("Take", "1")])
        .await;
    assert_eq!(column(&one, "nickName"), ["annabel"]);
    assert!(column(&ann.get("SearchFriends", &[("NickName", "%")]).await, "id").is_empty());
    assert!(
        column(
            &ann.get("SearchFriends", &[("NickName", "a"), ("Take", "-1")])
                .await,
            "id"
        )
        .is_empty()
    );
    ann.invalid("GET", "SearchFriends", &[], &["The NickName field is required."])
        .await;
    ann.invalid(
        "GET",
        "SearchFriends",
        &[("NickName", "a"), ("Take", "x")],
        &["The value 'x' is not valid for Take."],
    )
    .await;
}

async fn the_detail_of_a_user_tells_whether_we_are_friends(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let cid = Person::register(&server, "cid").await;
    let friend = ann.get(&format!("UserDetail/{}", bob.id), &[]).await;
    assert_eq!(friend["message"], "Found that user.");
    assert_eq!(
        (friend["areFriends"].as_bool(), &friend["conversationId"]),
        (Some(true), &conversation.into())
    );
    assert_eq!(friend["user"]["nickName"], "bob");
    let stranger = ann.get(&format!("userdetail/{}/", cid.id), &[]).await;
    assert_eq!(stranger["areFriends"], false);
    assert!(stranger["conversationId"].is_null());
    let nobody = ann.ask("GET", &format!("UserDetail/{NOBODY}"), &[]).await.json();
    assert_eq!(nobody["code"], -4);
    assert!(nobody["user"].is_null());
    assert_eq!(nobody["message"], "We can not find target user.");
}
