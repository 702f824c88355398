//! Groups by the names they claim.

use crate::harness::Server;
use crate::on_both_storages;
use crate::person::{Person, column, text};

on_both_storages!(
    a_group_is_made_with_a_name_of_its_own,
    a_group_is_found_and_joined_by_its_name,
    members_talk_and_read,
    the_detail_of_a_group_names_its_members,
    whoever_leaves_is_out_and_the_last_one_takes_the_group_along,
    an_account_makes_so_many_groups_a_day,
);

async fn make(person: &Person<'_>, name: &str) -> i64 {
    person
        .post("CreateGroupConversation", &[("GroupName", name)])
        .await["value"]
        .as_i64()
        .expect("an id")
}

async fn join(person: &Person<'_>, name: &str) {
    person.post("JoinGroup", &[("GroupName", name)]).await;
}

async fn a_group_is_made_with_a_name_of_its_own(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let made = ann
        .post("CreateGroupConversation", &[("GroupName", "  Dev Team ")])
        .await;
    assert_eq!(
        made["message"],
        "You have successfully created a new group and joined it!"
    );
    assert!(made["value"].as_i64().unwrap() < 10_000_000);
    let taken = "A group with name: DEV TEAM was already exists!";
    bob.refused(
        "POST",
        "CreateGroupConversation",
        &[("GroupName", "DEV TEAM")],
        -7,
        taken,
    )
    .await;
    let path = "CreateGroupConversation";
    ann.invalid("POST", path, &[], &["The GroupName field is required."])
        .await;
    let short = "The field GroupName must be a string or array type with a minimum length of '3'.";
    ann.invalid("POST", path, &[("GroupName", "ab")], &[short]).await;
    let long = "The field GroupName must be a string or array type with a maximum length of '25'.";
    ann.invalid("POST", path, &[("GroupName", &"x".repeat(26))], &[long])
        .await;
    make(&ann, &"x".repeat(25)).await;
    make(&ann, "三个字").await;
}

async fn a_group_is_found_and_joined_by_its_name(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let group = make(&ann, "devteam").await;
    make(&ann, "developers").await;
    make(&ann, "others").await;
    let found = bob.get("SearchGroup", &[("GroupName", "DEV")]).await;
    assert_eq!(found["message"], "Search result is shown.");
    assert_eq!(column(&found, "groupName"), ["devteam", "developers"]);
    let first = &found["items"][0];
    let keys: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "users",
            "groupImage",
            "groupImageKey",
            "groupName",
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
        (first["id"].as_i64(), first["discriminator"].as_str()),
        (Some(group), Some("GroupConversation"))
    );
    assert!(first["users"].is_null());
    assert_eq!(
        column(
            &bob.get("SearchGroup", &[("GroupName", "dev"), ("Take", "1")])
                .await,
            "id"
        )
        .len(),
        1
    );
    let short = "The field GroupName must be a string or array type with a minimum length of '3'.";
    bob.invalid("GET", "SearchGroup", &[("GroupName", "de")], &[short])
        .await;

    let joined = bob.post("JoinGroup", &[("GroupName", "DevTeam")]).await;
    assert_eq!(
        joined["message"],
        "You have successfully joint the group: DevTeam!"
    );
    let already = "You have already joined the group: devteam!";
    bob.refused("POST", "JoinGroup", &[("GroupName", "devteam")], -6, already)
        .await;
    let unknown = "We can not find a group with name: nothing!";
    bob.refused("POST", "JoinGroup", &[("GroupName", "nothing")], -4, unknown)
        .await;
    let entry = bob.entry(group).await.unwrap();
    assert_eq!(
        (text(&entry["displayName"]), entry["discriminator"].as_str()),
        ("devteam".to_owned(), Some("GroupConversation"))
    );
    assert!(entry["userId"].is_null());
}

async fn members_talk_and_read(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let group = make(&ann, "devteam").await;
    ann.say(group, "before bob").await;
    join(&bob, "devteam").await;
    let unread = async |person: &Person<'_>| person.entry(group).await.unwrap()["unReadAmount"].clone();
    // Who joins has nothing to catch up with, but may look back.
    assert_eq!(unread(&bob).await, 0);
    assert_eq!(bob.contents(group).await, ["before bob"]);
    bob.say(group, "hello").await;
    // In a group everything counts until it was fetched, one's own as well.
    assert_eq!((unread(&ann).await, unread(&bob).await), (2.into(), 1.into()));
    assert_eq!(ann.contents(group).await, ["before bob", "hello"]);
    assert_eq!(unread(&ann).await, 0);
    let page = ann.get(&format!("GetMessage/{group}"), &[]).await;
    assert_eq!(column(&page, "read"), [false, false]);
}

async fn the_detail_of_a_group_names_its_members(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let group = make(&ann, "devteam").await;
    join(&bob, "devteam").await;
    let detail = bob.get(&format!("ConversationDetail/{group}"), &[]).await["value"].take();
    let names: Vec<_> = detail["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| text(&u["user"]["nickName"]))
        .collect();
    assert_eq!(names, ["ann", "bob"]);
    let user = &detail["users"][1];
    let keys: Vec<&String> = user.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["id", "joinTime", "userId", "user", "groupId", "readTimeStamp"]
    );
    assert_eq!(
        (text(&user["userId"]), user["groupId"].as_i64()),
        (bob.id.clone(), Some(group))
    );
    assert_eq!(
        (text(&detail["displayName"]), text(&detail["groupName"])),
        ("devteam".to_owned(), "devteam".to_owned())
    );
    assert!(detail.get("anotherUserId").is_none());
    let cid = Person::register(&server, "cid").await;
    let words = "Could not find target conversation in your friends.";
    cid.refused("GET", &format!("ConversationDetail/{group}"), &[], -4, words)
        .await;
}

async fn whoever_leaves_is_out_and_the_last_one_takes_the_group_along(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let group = make(&ann, "devteam").await;
    let leave = [("GroupName", "devteam")];
    bob.refused(
        "POST",
        "LeaveGroup",
        &leave,
        -6,
        "You did not joined the group: devteam at all!",
    )
    .await;
    let unknown = "We can not find a group with name: nothing!";
    bob.refused("POST", "LeaveGroup", &[("GroupName", "nothing")], -4, unknown)
        .await;
    join(&bob, "devteam").await;
    // Whoever made it may go as well: the other keeps it.
    let left = ann.post("LeaveGroup", &leave).await;
    assert_eq!(
        left["message"],
        "You have successfully leaved the group: devteam!"
    );
    assert!(ann.entry(group).await.is_none());
    let words = "You don't have any relationship with that conversation.";
    ann.refused("GET", &format!("GetMessage/{group}"), &[], -8, words)
        .await;
    bob.say(group, "alone").await;
    bob.post("LeaveGroup", &leave).await;
    let gone = "We can not find a group with name: devteam!";
    ann.refused("POST", "JoinGroup", &leave, -4, gone).await;
    assert!(column(&ann.get("SearchGroup", &leave).await, "id").is_empty());
    // The name is free again.
    assert_ne!(make(&ann, "DevTeam").await, group);
}

async fn an_account_makes_so_many_groups_a_day(mut server: Server) {
    server.stop().await;
    server.set("ROOST__LIMITS__ENABLED", "true");
    server.run().await;
    let ann = Person::register(&server, "ann").await;
    for name in ["one1", "two2", "three3", "four4", "five5"] {
        make(&ann, name).await;
    }
    let words = "You have created too many groups today. Try it tomorrow!";
    let sixth = [("GroupName", "six6")];
    ann.refused("POST", "CreateGroupConversation", &sixth, -7, words)
        .await;
    let bob = Person::register(&server, "bob").await;
    make(&bob, "six6").await;
}
