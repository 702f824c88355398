//! Who may do what: tokens of people, the secret of the app's server, and the accounts that server makes.

use crate::app::{APP_ID, App, SECRET, basic};
use crate::client::Client;
use crate::harness::{Server, Storage};
use serde_json::json;

on_both_storages!(
    a_token_is_the_same_whenever_asked_and_outlives_the_node,
    only_the_apps_server_gives_tokens,
    a_person_is_refused_with_the_words_clients_know,
    names_given_with_a_token_are_shown_in_groups,
);

async fn a_token_is_the_same_whenever_asked_and_outlives_the_node(mut app: App) {
    let ann = app.grant(101, "ann").await;
    assert_eq!(ann.token.len(), 30);
    assert!(ann.token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(app.grant(101, "ann").await.token, ann.token);
    let bob = app.grant(102, "bob").await;
    assert_ne!(bob.token, ann.token);
    app.server.kill();
    app.server.run().await;
    assert_eq!(app.grant(101, "").await.token, ann.token);
    assert_eq!(ann.get(&app, "/groups").await, json!([]));
    // An account that nobody registered and that the app's server may not make.
    for uid in [
        json!(10_000_000),
        json!(0),
        json!(-1),
        json!("x"),
        json!(null),
        json!(1.5),
    ] {
        let answer = app
            .ask("POST", "/auth/grant")
            .json(&json!({ "uid": uid }))
            .send()
            .await;
        assert_eq!(answer.status, 400, "{uid}: {}", answer.text());
    }
    let text = app.post("/auth/grant", &json!({ "uid": "101" })).await.json();
    assert_eq!(text["data"]["token"], ann.token.as_str());
}

async fn only_the_apps_server_gives_tokens(app: App) {
    let ann = app.grant(101, "ann").await;
    let body = json!({ "uid": 101 });
    for header in [
        basic(APP_ID, "wrong"),
        basic("8", SECRET),
        format!("Bearer {}", ann.token),
        "Basic !".to_owned(),
        String::new(),
    ] {
        for path in [
            "/auth/grant",
            "/users/101",
            "/post_system_message",
            "/post_notification?appid=7&uid=101",
        ] {
            let request = app.server.post(path).header("Authorization", &header).json(&body);
            App::refused(request, "非法的appid").await;
        }
    }
    // Hexadecimal digits of either case.
    let digest = basic(APP_ID, SECRET);
    assert_eq!(
        app.server
            .post("/auth/grant")
            .header("Authorization", &digest)
            .json(&body)
            .send()
            .await
            .status,
        200
    );
}

async fn a_person_is_refused_with_the_words_clients_know(app: App) {
    for header in ["", "Bearer", "Bearer ", "Bearer nobody", "Basic x", "rubbish"] {
        let answer = app
            .server
            .get("/groups")
            .header("Authorization", header)
            .send()
            .await;
        let expected =
            json!({"error": "非法的access token", "meta": {"code": 400, "message": "非法的access token"}});
        assert_eq!((answer.status, answer.json()), (400, expected), "{header}");
    }
    let request = app.server.post("/groups").json(&json!({}));
    App::refused(request, "非法的authorization").await;
    let request = app
        .server
        .post("/groups")
        .header("Authorization", "Basic x")
        .json(&json!({}));
    App::refused(request, "非法的appid").await;
}

async fn names_given_with_a_token_are_shown_in_groups(app: App) {
    let (ann, bob, eve) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob, &eve]).await;
    app.post("/users/102", &json!({ "name": "Robert" })).await;
    let shown = ann.get(&app, &format!("/groups/{group}")).await;
    let names: Vec<&str> = shown["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ann", "Robert", "eve"]);
}

#[tokio::test]
async fn without_a_secret_no_server_is_let_in() {
    let server = Server::start(Storage::Sqlite).await;
    let request = server
        .post("/auth/grant")
        .header("Authorization", &basic(APP_ID, ""));
    App::refused(request.json(&json!({ "uid": 101 })), "非法的appid").await;
    let mut client = Client::open(server.address).await;
    client.auth("", 3, "dev").await;
    client.expect(&["AUTH_STATUS 1"]).await;
}
