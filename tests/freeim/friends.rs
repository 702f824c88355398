//! Finding people, becoming friends, and the blacklist.

use crate::harness::{Encoding, Server};
use crate::on_both_storages;
use crate::person::{Person, column, succeeded};

on_both_storages!(
    people_are_found_by_exact_name_nickname_or_id_and_never_oneself,
    a_friend_request_is_made_shown_and_accepted,
    a_friend_request_is_refused_in_the_documented_order,
    a_denied_request_can_be_made_again,
    deleting_a_friend_is_one_sided_and_verify_tells_what_the_other_holds,
    the_blacklist_has_its_own_list_and_lifting_it_ends_the_friendship,
    remarks_and_labels_belong_to_one_side,
    friend_operations_take_every_encoding,
);

async fn people_are_found_by_exact_name_nickname_or_id_and_never_oneself(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let edit = [("nickname", "ann")];
    succeeded(&bob.ask("PUT", "me/update/info", &edit).await);
    let found = |text: String| {
        let ann = &ann;
        async move { ann.get("friends/search", &[("account", &text)]).await["result"].take() }
    };
    for text in ["bob".to_owned(), bob.text_id(), "ann".to_owned()] {
        let result = found(text.clone()).await;
        assert_eq!(column(&result, "id"), [bob.id], "{text}");
        assert_eq!(result["total"], 1);
    }
    for text in ["bo", "' OR 1=1 --", "%", "99999999999999999999"] {
        assert_eq!(
            found(text.to_owned()).await,
            serde_json::json!({"items": [], "total": 0}),
            "{text}"
        );
    }
    ann.refused("GET", "friends/search", &[], "参数不合法").await;
}

async fn a_friend_request_is_made_shown_and_accepted(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let asked = ann
        .post("friends/add", &[("toId", &bob.text_id()), ("reason", "it is me")])
        .await;
    assert_eq!(
        (asked["message"].as_str(), asked["result"].is_null()),
        (Some("成功"), true)
    );
    assert_eq!(ann.get("friends/add/applies", &[]).await["result"]["total"], 0);
    let applies = bob.get("friends/add/applies", &[]).await["result"].take();
    let apply = &applies["items"][0];
    assert_eq!(apply["fromAccount"]["id"], ann.id);
    assert_eq!(apply["applyReason"], "it is me");
    assert_eq!(
        (apply["status"].as_str(), apply["denyReason"].as_str()),
        (Some("wait"), Some(""))
    );
    assert!(apply["replyTime"].is_null());
    let created = apply["createdAt"].as_str().unwrap();
    assert!(created.ends_with("+08:00"), "{created}");

    bob.post(
        "friends/add/reply",
        &[("toId", &ann.text_id()), ("status", "pass")],
    )
    .await;
    assert_eq!(bob.get("friends/add/applies", &[]).await["result"]["total"], 0);
    for (one, other) in [(&ann, &bob), (&bob, &ann)] {
        let friends = one.get("friends", &[("blacklist", "0")]).await["result"].take();
        assert_eq!(friends["total"], 1);
        assert_eq!(friends["items"][0]["account"]["id"], other.id);
        assert_eq!(friends["items"][0]["friendGroups"], serde_json::json!([]));
        let verified = one.get("friends/verify", &[("toId", &other.text_id())]).await["result"].take();
        assert_eq!(
            verified,
            serde_json::json!({"isFriend": true, "isBlacklist": false})
        );
    }
    let info = ann.get("friends/info", &[("toId", &bob.text_id())]).await["result"].take();
    assert_eq!(info["account"]["id"], bob.id);
    assert_eq!(
        (info["total"].as_i64(), &info["items"][0]["account"]["id"]),
        (Some(1), &info["account"]["id"])
    );
}

async fn a_friend_request_is_refused_in_the_documented_order(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let to_bob = bob.text_id();
    let ask = [("toId", to_bob.as_str())];
    ann.post("friends/add", &ask).await;
    ann.refused("POST", "friends/add", &ask, "对方还未验证您的好友请求")
        .await;
    let to_ann = ann.text_id();
    let pass = [("toId", to_ann.as_str()), ("status", "pass")];
    bob.post("friends/add/reply", &pass).await;
    bob.refused("POST", "friends/add/reply", &pass, "请求不存在")
        .await;
    ann.refused("POST", "friends/add", &ask, "对方已经是您的好友")
        .await;
    ann.refused("POST", "friends/add", &[("toId", "19999999")], "账号不存在")
        .await;
    ann.refused("POST", "friends/add", &[("toId", &to_ann)], "参数不合法")
        .await;
    ann.refused("POST", "friends/add", &[], "参数不合法").await;
    let maybe = [("toId", to_ann.as_str()), ("status", "maybe")];
    bob.refused("POST", "friends/add/reply", &maybe, "参数不合法")
        .await;
    ann.refused(
        "GET",
        "friends/info",
        &[("toId", "19999999")],
        "对方还不是您的好友",
    )
    .await;
}

async fn a_denied_request_can_be_made_again(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    for _ in 0..2 {
        ann.post("friends/add", &[("toId", &to_bob)]).await;
        let deny = [("toId", to_ann.as_str()), ("status", "deny"), ("reason", "no")];
        bob.post("friends/add/reply", &deny).await;
    }
    assert_eq!(ann.get("friends", &[]).await["result"]["total"], 0);
    assert_eq!(bob.get("friends/add/applies", &[]).await["result"]["total"], 0);
}

async fn deleting_a_friend_is_one_sided_and_verify_tells_what_the_other_holds(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    let deleted = succeeded(&ann.ask("DELETE", "friends", &[("toId", &to_bob)]).await);
    assert_eq!(deleted["message"], "删除成功");
    ann.refused("DELETE", "friends", &[("toId", &to_bob)], "对方还不是您的好友")
        .await;
    assert_eq!(ann.get("friends", &[]).await["result"]["total"], 0);
    assert_eq!(bob.get("friends", &[]).await["result"]["total"], 1);
    // Bob still holds ann as a friend; ann holds nothing of bob.
    let seen_by_ann = ann.get("friends/verify", &[("toId", &to_bob)]).await;
    assert_eq!(seen_by_ann["result"]["isFriend"], true);
    let seen_by_bob = bob.get("friends/verify", &[("toId", &to_ann)]).await;
    assert_eq!(seen_by_bob["result"]["isFriend"], false);
    let nobody = ann.get("friends/verify", &[("toId", "19999999")]).await;
    assert_eq!(
        nobody["result"],
        serde_json::json!({"isFriend": false, "isBlacklist": false})
    );
}

async fn the_blacklist_has_its_own_list_and_lifting_it_ends_the_friendship(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    bob.refused("DELETE", "friends/blaklist", &[("toId", &to_ann)], "黑名单不存在")
        .await;
    let added = bob.post("friends/blaklist", &[("toId", &to_ann)]).await;
    assert_eq!(added["message"], "添加成功");
    assert_eq!(
        bob.get("friends", &[("blacklist", "0")]).await["result"]["total"],
        0
    );
    let blocked = bob.get("friends", &[("blacklist", "1")]).await["result"].take();
    assert_eq!(blocked["items"][0]["account"]["id"], ann.id);
    let verified = ann.get("friends/verify", &[("toId", &to_bob)]).await["result"].take();
    assert_eq!(
        verified,
        serde_json::json!({"isFriend": false, "isBlacklist": true})
    );
    let text = [
        ("toId", to_bob.as_str()),
        ("ope", "friend"),
        ("type", "text"),
        ("body", "hi"),
    ];
    ann.refused("POST", "chat/send", &text, "对方已将您拉入黑名单")
        .await;
    bob.say("friend", &to_ann, "you cannot answer").await;
    let lifted = succeeded(&bob.ask("DELETE", "friends/blaklist", &[("toId", &to_ann)]).await);
    assert_eq!(lifted["message"], "移除成功");
    assert_eq!(bob.get("friends", &[]).await["result"]["total"], 0);
    ann.say("friend", &to_bob, "now it works").await;
    bob.refused("POST", "friends/blaklist", &[("toId", "19999999")], "账号不存在")
        .await;
}

async fn remarks_and_labels_belong_to_one_side(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    let remark = [("toId", to_bob.as_str()), ("remark", "小美")];
    let set = succeeded(&ann.ask("PUT", "friends/remark", &remark).await);
    assert_eq!(set["message"], "设置成功");
    let label = [("toId", to_bob.as_str()), ("label", r#"["客户","老板"]"#)];
    succeeded(&ann.ask("PUT", "friends/label", &label).await);
    let friend = ann.get("friends", &[]).await["result"]["items"][0].take();
    assert_eq!(
        (friend["remark"].as_str(), friend["label"].as_str()),
        (Some("小美"), Some(label[1].1))
    );
    assert_eq!(bob.get("friends", &[]).await["result"]["items"][0]["remark"], "");
    ann.refused("PUT", "friends/remark", &[("toId", &to_bob)], "参数不合法")
        .await;
    let nobody = [("toId", "19999999"), ("remark", "x"), ("label", "x")];
    ann.refused("PUT", "friends/remark", &nobody, "对方还不是您的好友")
        .await;
    ann.refused("PUT", "friends/label", &nobody, "对方还不是您的好友")
        .await;
}

async fn friend_operations_take_every_encoding(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    for encoding in Encoding::ALL {
        let text = format!("by {encoding:?}");
        let params = [("toId", to_bob.as_str()), ("remark", text.as_str())];
        succeeded(
            &ann.request("PUT", "friends/remark")
                .params(encoding, &params)
                .send()
                .await,
        );
        assert_eq!(
            ann.get("friends", &[]).await["result"]["items"][0]["remark"],
            text
        );
        let params = [("toId", to_bob.as_str())];
        succeeded(
            &ann.request("POST", "friends/blaklist")
                .params(encoding, &params)
                .send()
                .await,
        );
        succeeded(
            &ann.request("DELETE", "friends/blaklist")
                .params(encoding, &params)
                .send()
                .await,
        );
        succeeded(
            &bob.request("DELETE", "friends")
                .params(encoding, &[("toId", &ann.text_id())])
                .send()
                .await,
        );
        ann.befriend(&bob).await;
    }
}
