//! Pages of history, what was read, and who sees what of a group.

use crate::harness::Server;
use crate::on_both_storages;
use crate::person::{Person, column, succeeded};
use serde_json::json;

on_both_storages!(
    pages_go_from_the_oldest_unless_sorted_otherwise,
    read_marks_follow_the_peers_cursor_and_unread_is_right,
    a_new_member_sees_what_came_before_only_where_the_group_says_so,
    a_group_wins_over_an_account_and_strangers_see_nothing,
);

async fn pages_go_from_the_oldest_unless_sorted_otherwise(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let to_bob = bob.text_id();
    for number in 0..60 {
        ann.say("friend", &to_bob, &number.to_string()).await;
    }
    let page = async |more: &[(&str, &str)]| {
        let mut params = vec![("toId", to_bob.as_str())];
        params.extend(more);
        ann.history(&params).await
    };
    let bodies = |from: i64, to: i64| (from..to).map(|n| n.to_string()).collect::<Vec<_>>();
    let first = page(&[]).await;
    assert_eq!(
        (column(&first, "body"), first["total"].as_i64()),
        (bodies(0, 50).into_iter().map(Into::into).collect(), Some(60))
    );
    assert_eq!(column(&page(&[("page", "2")]).await, "body"), bodies(50, 60));
    assert_eq!(
        column(&page(&[("page", "3"), ("limit", "20")]).await, "body"),
        bodies(40, 60)
    );
    assert_eq!(
        page(&[("page", "9223372036854775807"), ("limit", "500")]).await["items"],
        json!([])
    );
    assert_eq!(column(&page(&[("limit", "100000")]).await, "body"), bodies(0, 60));
    let newest = page(&[("sort", "id:desc"), ("limit", "2")]).await;
    assert_eq!(column(&newest, "body"), ["59", "58"]);
    let newest = page(&[("sort", "createdAt:desc|id:desc"), ("limit", "1")]).await;
    assert_eq!(column(&newest, "body"), ["59"]);
    for sort in ["", "id", "id:up", "body:asc"] {
        let params = [("toId", to_bob.as_str()), ("sort", sort)];
        ann.refused("GET", "chat/messages", &params, "invalid sort option")
            .await;
    }
    // What is out of bounds is taken for the nearest that is not.
    for few in ["-7", "1"] {
        let params = [("limit", few), ("page", "-2")];
        assert_eq!(column(&page(&params).await, "body"), ["0"], "{few}");
    }
    let words = "strconv.ParseInt: parsing \"many\": invalid syntax";
    ann.refused(
        "GET",
        "chat/messages",
        &[("toId", &to_bob), ("limit", "many")],
        words,
    )
    .await;
    ann.refused("GET", "chat/messages", &[], "参数不合法").await;
}

async fn read_marks_follow_the_peers_cursor_and_unread_is_right(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let (to_ann, to_bob) = (ann.text_id(), bob.text_id());
    ann.say("friend", &to_bob, "one").await;
    ann.say("friend", &to_bob, "two").await;
    let seen = async |person: &Person<'_>, other: &str| {
        let history = person.history(&[("toId", other)]).await;
        (column(&history, "isRead"), history["unread"].as_i64().unwrap())
    };
    assert_eq!(seen(&ann, &to_bob).await, (vec![json!(false); 2], 0));
    assert_eq!(seen(&bob, &to_ann).await, (vec![json!(false); 2], 2));
    let read = bob.post("chat/read", &[("toId", &to_ann)]).await;
    assert_eq!(
        (read["message"].as_str(), read["result"].is_null()),
        (Some("成功"), true)
    );
    ann.say("friend", &to_bob, "three").await;
    let marks = vec![json!(true), json!(true), json!(false)];
    assert_eq!(seen(&ann, &to_bob).await, (marks.clone(), 0));
    assert_eq!(seen(&bob, &to_ann).await, (marks, 1));
    let mine = ann.history(&[("toId", &to_bob)]).await;
    assert_eq!(column(&mine, "self"), vec![json!(true); 3]);
    assert!(mine["items"][0].get("updatedAt").is_none());
    bob.refused("POST", "chat/read", &[("toId", "19999999")], "账号不存在")
        .await;
    bob.refused("POST", "chat/read", &[], "参数不合法").await;
}

async fn a_new_member_sees_what_came_before_only_where_the_group_says_so(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[]).await;
    ann.say("group", &group, "before").await;
    ann.let_in(&group, &bob).await;
    ann.say("group", &group, "after").await;
    let seen = async || {
        let history = bob.history(&[("toId", &group), ("ope", "group")]).await;
        (
            column(&history, "body"),
            history["total"].as_i64(),
            history["unread"].as_i64(),
        )
    };
    assert_eq!(seen().await, (vec![json!("after")], Some(1), Some(1)));
    let roam = [
        ("groupId", group.as_str()),
        ("name", "group"),
        ("enbaleBeforeMsg", "1"),
    ];
    succeeded(&ann.ask("PUT", "chatGroups", &roam).await);
    assert_eq!(
        seen().await,
        (vec![json!("before"), json!("after")], Some(2), Some(1))
    );
    bob.post("chat/read", &[("toId", &group)]).await;
    assert_eq!(seen().await.2, Some(0));
}

async fn a_group_wins_over_an_account_and_strangers_see_nothing(server: Server) {
    let (ann, bob) = Person::two_friends(&server).await;
    let group = ann.group_with("group", &[]).await;
    ann.say("group", &group, "for members").await;
    assert_eq!(ann.history(&[("toId", &group)]).await["total"], 1);
    let nothing = bob.history(&[("toId", &group)]).await;
    assert_eq!(
        (&nothing["items"], nothing["total"].as_i64()),
        (&json!([]), Some(0))
    );
    let asked = [("toId", group.as_str()), ("ope", "group")];
    bob.refused("GET", "chat/messages", &asked, "你不是是此群聊成员")
        .await;
    assert_eq!(ann.history(&[("toId", "19999999")]).await["items"], json!([]));
    // A direct room's own number leads nowhere.
    for id in ["1099511627776", "9223372036854775807"] {
        let params = [("toId", id), ("ope", "group")];
        ann.refused("GET", "chat/messages", &params, "群聊不存在").await;
    }
}
