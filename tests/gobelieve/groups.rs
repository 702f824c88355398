//! REST of groups, as the API document has it and as its clients use it.

use crate::app::{App, Person};
use serde_json::{Value, json};

on_both_storages!(
    a_group_is_made_and_shown_in_the_documented_shape,
    own_groups_show_members_and_quiet_only_where_asked_for,
    numbers_may_be_texts_and_the_content_type_does_not_matter,
    only_the_master_or_the_apps_server_renames_disbands_and_removes,
    members_are_added_by_members_and_leave_by_themselves,
    quiet_is_set_by_post_and_patch_and_only_for_oneself,
    a_master_need_not_be_a_member_and_leaves_no_heir,
    what_does_not_exist_is_refused,
);

async fn a_group_is_made_and_shown_in_the_documented_shape(app: App) {
    let (ann, bob, _) = app.three().await;
    let body = json!({"master": 101, "name": "friends", "super": true, "members": [101, 102]});
    let made = ann.ask(&app, "POST", "/groups").json(&body).send().await;
    assert_eq!(made.text(), r#"{"data":{"group_id":1}}"#);
    for person in [&ann, &bob] {
        let shown = person.get(&app, "/groups/1").await;
        let members = json!([{"uid": 101, "name": "ann"}, {"uid": 102, "name": "bob"}]);
        assert_eq!(
            shown,
            json!({"id": 1, "appid": 7, "master": 101, "super": 1, "name": "friends", "members": members, "quiet": false})
        );
    }
    let body = json!({"master": 101, "name": "plain", "members": []});
    let made = ann.ask(&app, "POST", "/groups").json(&body).send().await;
    assert_eq!(made.json(), json!({"data": {"group_id": 2}}));
    let shown = ann.get(&app, "/groups/2").await;
    assert_eq!((&shown["super"], &shown["members"]), (&json!(0), &json!([])));
}

async fn own_groups_show_members_and_quiet_only_where_asked_for(app: App) {
    let (ann, bob, _) = app.three().await;
    let one = app.group(&ann, false, &[&ann, &bob]).await;
    app.group(&bob, false, &[&bob]).await;
    let plain = json!({"id": one, "appid": 7, "master": 101, "super": 0, "name": "g"});
    assert_eq!(ann.get(&app, "/groups").await, json!([plain]));
    let with = |more: Value| {
        let mut group = plain.clone();
        for (key, value) in more.as_object().unwrap() {
            group[key] = value.clone();
        }
        json!([group])
    };
    let members = json!([{"uid": 101, "name": "ann"}, {"uid": 102, "name": "bob"}]);
    assert_eq!(
        ann.get(&app, "/groups?fields=members,quiet").await,
        with(json!({"members": members, "quiet": false}))
    );
    assert_eq!(
        ann.get(&app, "/groups?fields=quiet").await,
        with(json!({"quiet": false}))
    );
    assert_eq!(
        ann.get(&app, "/groups?fields=members").await,
        with(json!({"members": members}))
    );
}

async fn numbers_may_be_texts_and_the_content_type_does_not_matter(app: App) {
    let (ann, bob, eve) = app.three().await;
    let body = r#"{"master":"101","name":"g","super":0,"members":["101",{"uid":"102","name":"x"}]}"#;
    let request = ann.ask(&app, "POST", "/groups").body("image/jpeg", body);
    assert_eq!(request.send().await.text(), r#"{"data":{"group_id":1}}"#);
    let bodies = [
        r#"["103"]"#,
        r#"{"uid":103}"#,
        r#"{"members":[{"uid":103}],"inviter":{"uid":101,"name":"ann"}}"#,
    ];
    for body in bodies {
        let added = bob
            .ask(&app, "POST", "/groups/1/members")
            .body("text/plain", body);
        assert_eq!(added.send().await.text(), r#"{"success":true}"#);
        assert_eq!(eve.get(&app, "/groups").await.as_array().unwrap().len(), 1);
        let gone = ann
            .ask(&app, "DELETE", "/groups/1/members")
            .body("", r#"["103"]"#);
        assert_eq!(gone.send().await.text(), r#"{"success":true}"#);
    }
    let none = bob
        .ask(&app, "POST", "/groups/1/members")
        .body("", "[]")
        .send()
        .await;
    assert_eq!((none.status, none.text().as_str()), (200, ""));
    // Twice the same member is no fault.
    for _ in 0..2 {
        let added = bob
            .ask(&app, "POST", "/groups/1/members")
            .body("", "[103,103]")
            .send()
            .await;
        assert_eq!(added.text(), r#"{"success":true}"#);
    }
}

async fn only_the_master_or_the_apps_server_renames_disbands_and_removes(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let path = format!("/groups/{group}");
    for person in [&bob, &eve] {
        App::refused(
            person.ask(&app, "PATCH", &path).json(&json!({"name": "x"})),
            "no authority",
        )
        .await;
        App::refused(person.ask(&app, "DELETE", &path), "no authority").await;
        let members = format!("{path}/members");
        App::refused(
            person.ask(&app, "DELETE", &members).json(&json!([101])),
            "no authority",
        )
        .await;
        App::refused(
            person.ask(&app, "DELETE", &format!("{members}/101")),
            "no authority",
        )
        .await;
    }
    App::refused(
        eve.ask(&app, "POST", &format!("{path}/members"))
            .json(&json!([103])),
        "no authority",
    )
    .await;
    App::refused(eve.ask(&app, "GET", &path), "no authority").await;
    let body = json!({"master": 102, "name": "g", "members": []});
    App::refused(
        ann.ask(&app, "POST", "/groups").json(&body),
        "master must be self",
    )
    .await;
    for (name, request) in [
        ("by ann", ann.ask(&app, "PATCH", &path)),
        ("by app", app.ask("PATCH", &path)),
    ] {
        let renamed = request.json(&json!({"name": name})).send().await;
        assert_eq!((renamed.status, renamed.text().as_str()), (200, ""));
        assert_eq!(bob.get(&app, &path).await["name"], name);
    }
    let removed = app.ask("DELETE", &format!("{path}/members/102")).send().await;
    assert_eq!(removed.text(), r#"{"success":true}"#);
    assert_eq!(bob.get(&app, "/groups").await, json!([]));
    let disbanded = ann.ask(&app, "DELETE", &path).send().await;
    assert_eq!(disbanded.text(), r#"{"success":true}"#);
    App::refused(ann.ask(&app, "DELETE", &path), "group non exists").await;
    App::refused(ann.ask(&app, "GET", &path), "group non exists").await;
    assert_eq!(ann.get(&app, "/groups").await, json!([]));
}

async fn members_are_added_by_members_and_leave_by_themselves(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let members = format!("/groups/{group}/members");
    let added = bob.ask(&app, "POST", &members).json(&json!([103])).send().await;
    assert_eq!(added.text(), r#"{"success":true}"#);
    let left = eve.ask(&app, "DELETE", &format!("{members}/103")).send().await;
    assert_eq!(left.text(), r#"{"success":true}"#);
    App::refused(eve.ask(&app, "DELETE", &format!("{members}/103")), "no authority").await;
    App::refused(
        ann.ask(&app, "DELETE", &members).json(&json!([])),
        "no memebers to delete",
    )
    .await;
    App::refused(
        ann.ask(&app, "DELETE", &members).json(&json!([103])),
        "非法的群成员id",
    )
    .await;
    let shown = ann.get(&app, &format!("/groups/{group}")).await;
    let uids: Vec<i64> = shown["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["uid"].as_i64().unwrap())
        .collect();
    assert_eq!(uids, [101, 102]);
    // The app's server may name people who were never there; people may not.
    App::refused(
        bob.ask(&app, "POST", &members).json(&json!([4711])),
        "user non exists",
    )
    .await;
    app.post(&members, &json!([4711])).await;
    let shown = ann.get(&app, &format!("/groups/{group}")).await;
    assert_eq!(shown["members"][2], json!({"uid": 4711, "name": ""}));
}

async fn quiet_is_set_by_post_and_patch_and_only_for_oneself(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let (own, other) = (
        format!("/groups/{group}/members/102"),
        format!("/notification/groups/{group}"),
    );
    let quiet = async |bob: &Person| bob.get(&app, "/groups?fields=quiet").await[0]["quiet"].clone();
    for path in [&own, &other] {
        for method in ["POST", "PATCH"] {
            for (value, is_quiet) in [
                (json!(1), true),
                (json!(0), false),
                (json!(true), true),
                (json!("0"), false),
            ] {
                let set = bob
                    .ask(&app, method, path)
                    .json(&json!({"quiet": value}))
                    .send()
                    .await;
                assert_eq!((set.status, set.text().as_str()), (200, ""), "{method} {path}");
                assert_eq!(quiet(&bob).await, json!(is_quiet));
            }
        }
    }
    App::refused(
        ann.ask(&app, "POST", &own).json(&json!({"quiet": 1})),
        "setting other is forbidden",
    )
    .await;
    App::refused(bob.ask(&app, "POST", &own).json(&json!({})), "no action").await;
    App::refused(
        eve.ask(&app, "POST", &other).json(&json!({"quiet": 1})),
        "no authority",
    )
    .await;
}

async fn a_master_need_not_be_a_member_and_leaves_no_heir(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&bob]).await;
    let path = format!("/groups/{group}");
    let shown = ann.get(&app, &path).await;
    assert_eq!(
        (&shown["master"], shown["members"].as_array().unwrap().len()),
        (&json!(101), 1)
    );
    let added = ann
        .ask(&app, "POST", &format!("{path}/members"))
        .json(&json!([101, 103]))
        .send()
        .await;
    assert_eq!(added.text(), r#"{"success":true}"#);
    let left = ann
        .ask(&app, "DELETE", &format!("{path}/members/101"))
        .send()
        .await;
    assert_eq!(left.text(), r#"{"success":true}"#);
    assert_eq!(eve.get(&app, &path).await["master"], 101);
    let renamed = ann
        .ask(&app, "PATCH", &path)
        .json(&json!({"name": "still mine"}))
        .send()
        .await;
    assert_eq!(renamed.status, 200);
}

async fn what_does_not_exist_is_refused(app: App) {
    let (ann, _, _) = app.three().await;
    for id in ["999", "0", "10000000", "1099511627776"] {
        let path = format!("/groups/{id}");
        App::refused(ann.ask(&app, "GET", &path), "group non exists").await;
        App::refused(ann.ask(&app, "DELETE", &path), "group non exists").await;
        App::refused(
            ann.ask(&app, "PATCH", &path).json(&json!({"name": "x"})),
            "group non exists",
        )
        .await;
        App::refused(
            ann.ask(&app, "POST", &format!("{path}/members"))
                .json(&json!([101])),
            "group non exists",
        )
        .await;
    }
    for path in [
        "/groups/x",
        "/groups/1/other",
        "/notification",
        "/users",
        "/post_nothing",
        "/groups/-1",
    ] {
        let answer = ann.ask(&app, "GET", path).send().await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (404, r#"{"meta":{"code":404}}"#),
            "{path}"
        );
    }
    for (method, path) in [
        ("PUT", "/groups"),
        ("GET", "/auth/grant"),
        ("DELETE", "/users/1"),
        ("POST", "/groups/1"),
    ] {
        let answer = ann.ask(&app, method, path).send().await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (405, r#"{"meta":{"code":405}}"#),
            "{method} {path}"
        );
    }
}
