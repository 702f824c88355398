//! Friend groups: names under which somebody gathers friends.

use crate::harness::{Encoding, Server};
use crate::on_both_storages;
use crate::person::{Person, column, succeeded};
use serde_json::{Value, json};

on_both_storages!(
    friend_groups_are_made_shown_renamed_and_removed,
    members_come_and_go_and_hang_on_the_friend,
    friend_groups_are_refused_in_the_documented_words,
    friend_groups_take_every_encoding,
    a_blocked_or_deleted_friend_is_in_no_group,
);

async fn groups(person: &Person<'_>) -> Value {
    person.get("friends/groups", &[]).await["result"].take()
}

/// The id of the group of this name, as text.
async fn id_of(person: &Person<'_>, name: &str) -> String {
    let groups = groups(person).await;
    let mut items = groups["items"].as_array().unwrap().iter();
    let found = items.find(|group| group["name"] == name);
    found.expect("a group of this name")["id"].to_string()
}

async fn friend_groups_are_made_shown_renamed_and_removed(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    assert_eq!(groups(&ann).await, json!({"items": [], "total": 0}));
    let made = ann
        .post("friends/groups", &[("name", "朋友"), ("members", &bob.text_id())])
        .await;
    assert_eq!(
        (made["message"].as_str(), made["result"].is_null()),
        (Some("添加成功"), true)
    );
    ann.post("friends/groups", &[("name", "empty"), ("members", "")])
        .await;
    let shown = groups(&ann).await;
    assert_eq!(shown["total"], 2);
    assert_eq!(column(&shown, "name"), ["朋友", "empty"]);
    let friend = &shown["items"][0]["friends"][0];
    assert_eq!(friend["account"]["id"], bob.id);
    assert!(friend["id"].as_i64().unwrap() > 0 && friend["friendGroups"].is_null());
    assert_eq!(
        (friend["remark"].as_str(), friend["label"].as_str()),
        (Some(""), Some(""))
    );
    assert_eq!(shown["items"][1]["friends"], json!([]));
    assert_eq!(groups(&bob).await["total"], 0, "they are their owner's own");

    let id = id_of(&ann, "朋友").await;
    let one = ann.get("friends/group", &[("groupId", &id)]).await["result"].take();
    assert_eq!(one, shown["items"][0]);
    let renamed = succeeded(
        &ann.ask(
            "PUT",
            "friends/groups/name",
            &[("groupId", &id), ("name", "家人")],
        )
        .await,
    );
    assert_eq!(renamed["message"], "设置成功");
    assert_eq!(renamed["result"]["name"], "家人");
    assert_eq!(renamed["result"]["friends"][0]["account"]["id"], bob.id);
    let removed = succeeded(&ann.ask("DELETE", "friends/groups", &[("groupId", &id)]).await);
    assert_eq!(
        (removed["message"].as_str(), removed["result"].is_null()),
        (Some("删除成功"), true)
    );
    assert_eq!(column(&groups(&ann).await, "name"), ["empty"]);
    assert_eq!(
        ann.get("friends", &[]).await["result"]["total"],
        1,
        "friends stay"
    );
}

async fn members_come_and_go_and_hang_on_the_friend(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let eve = Person::register(&server, "eve").await;
    ann.befriend(&eve).await;
    let (to_bob, to_eve) = (bob.text_id(), eve.text_id());
    for name in ["work", "play"] {
        ann.post("friends/groups", &[("name", name)]).await;
    }
    let (work, play) = (id_of(&ann, "work").await, id_of(&ann, "play").await);
    let both = [
        ("groupId", work.as_str()),
        ("members", to_bob.as_str()),
        ("members", to_eve.as_str()),
    ];
    let added = ann.post("friends/groups/members", &both).await;
    assert_eq!(added["message"], "添加成功");
    ann.post(
        "friends/groups/members",
        &[("groupId", &play), ("members", &to_bob)],
    )
    .await;
    ann.post("friends/groups/members", &both).await;

    let named = |names: &[(&str, &str)]| {
        let names = names
            .iter()
            .map(|(id, name)| json!({"id": id.parse::<i64>().unwrap(), "friends": null, "name": name}));
        Value::Array(names.collect())
    };
    let friends = ann.get("friends", &[]).await["result"].take();
    assert_eq!(
        column(&friends, "friendGroups"),
        [
            named(&[(&work, "work"), (&play, "play")]),
            named(&[(&work, "work")])
        ]
    );
    let info = ann.get("friends/info", &[("toId", &to_bob)]).await["result"].take();
    assert_eq!(info["friendGroups"], named(&[(&work, "work"), (&play, "play")]));
    assert_eq!(info["items"][0]["friendGroups"], info["friendGroups"]);

    let gone = [("groupId", work.as_str()), ("members", to_bob.as_str())];
    let removed = succeeded(&ann.ask("DELETE", "friends/groups/members", &gone).await);
    assert_eq!(removed["message"], "删除成功");
    succeeded(&ann.ask("DELETE", "friends/groups/members", &gone).await);
    let one = ann.get("friends/group", &[("groupId", &work)]).await["result"].take();
    assert_eq!(one["friends"].as_array().unwrap().len(), 1);
    assert_eq!(one["friends"][0]["account"]["id"], eve.id);
    // Nobody at all is no matter either.
    ann.post("friends/groups/members", &[("groupId", &work)]).await;
}

async fn friend_groups_are_refused_in_the_documented_words(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    ann.post("friends/groups", &[("name", "work")]).await;
    ann.post("friends/groups", &[("name", "play")]).await;
    let (work, play) = (id_of(&ann, "work").await, id_of(&ann, "play").await);
    ann.refused("POST", "friends/groups", &[("name", "work")], "分组已存在")
        .await;
    let taken = [("groupId", play.as_str()), ("name", "work")];
    ann.refused("PUT", "friends/groups/name", &taken, "分组已存在")
        .await;
    let own = [("groupId", play.as_str()), ("name", "play")];
    succeeded(&ann.ask("PUT", "friends/groups/name", &own).await);
    for group in ["99999", work.as_str()] {
        // An unknown one, and one of somebody else.
        let of_group = [("groupId", group), ("name", "x"), ("members", to_bob.as_str())];
        for (method, path) in [
            ("GET", "friends/group"),
            ("DELETE", "friends/groups"),
            ("POST", "friends/groups/members"),
            ("DELETE", "friends/groups/members"),
            ("PUT", "friends/groups/name"),
        ] {
            bob.refused(method, path, &of_group, "分组不存在").await;
        }
    }
    for (method, path) in [
        ("GET", "friends/group"),
        ("DELETE", "friends/groups"),
        ("POST", "friends/groups"),
        ("POST", "friends/groups/members"),
        ("DELETE", "friends/groups/members"),
        ("PUT", "friends/groups/name"),
    ] {
        ann.refused(method, path, &[], "参数不合法").await;
    }
    let long = "名".repeat(51);
    ann.refused("POST", "friends/groups", &[("name", &long)], "参数不合法")
        .await;
    let stranger = [("groupId", work.as_str()), ("members", "19999999")];
    ann.refused("POST", "friends/groups/members", &stranger, "对方还不是您的好友")
        .await;
    let with_stranger = [("name", "new"), ("members", "19999999")];
    ann.refused("POST", "friends/groups", &with_stranger, "对方还不是您的好友")
        .await;
    assert_eq!(groups(&ann).await["total"], 2, "and it was not made");
}

async fn friend_groups_take_every_encoding(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    for encoding in Encoding::ALL {
        for key in ["members", "members[]"] {
            let send = |method: &str, path: &str, params: &[(&str, &str)]| {
                let request = ann.request(method, path).params(encoding, params);
                async move { succeeded(&request.send().await) }
            };
            send("POST", "friends/groups", &[("name", "a"), (key, &to_bob)]).await;
            let id = id_of(&ann, "a").await;
            let members = [("groupId", id.as_str()), (key, to_bob.as_str())];
            let count = || async {
                let one = ann.get("friends/group", &[("groupId", &id)]).await;
                one["result"]["friends"].as_array().unwrap().len()
            };
            assert_eq!(count().await, 1, "{encoding:?} {key}");
            send("DELETE", "friends/groups/members", &members).await;
            assert_eq!(count().await, 0, "{encoding:?} {key}");
            send("POST", "friends/groups/members", &members).await;
            assert_eq!(count().await, 1, "{encoding:?} {key}");
            send("PUT", "friends/groups/name", &[("groupId", &id), ("name", "b")]).await;
            send("DELETE", "friends/groups", &[("groupId", &id)]).await;
            assert_eq!(groups(&ann).await["total"], 0);
        }
    }
}

async fn a_blocked_or_deleted_friend_is_in_no_group(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    ann.post("friends/groups", &[("name", "work"), ("members", &to_bob)])
        .await;
    let members = || async {
        groups(&ann).await["items"][0]["friends"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(members().await, 1);
    ann.post("friends/blaklist", &[("toId", &to_bob)]).await;
    assert_eq!(members().await, 0);
    succeeded(&ann.ask("DELETE", "friends/blaklist", &[("toId", &to_bob)]).await);
    ann.befriend(&bob).await;
    assert_eq!(members().await, 0, "who comes back begins anew");
}
