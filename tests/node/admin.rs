//! The operators' API.

use crate::crowd::{self, ADMIN, by_operator};
use crate::harness::{Encoding, Server, Storage};
use crate::on_both_storages;
use serde_json::{Value, json};

on_both_storages!(accounts_are_made_all_or_none);

const PATH: &str = "/admin/api/v1/accounts";

async fn accounts_are_made_all_or_none(server: Server) {
    let token = std::fs::read_to_string(server.data_dir().join("admin.token")).expect("a token was made");
    let post = |wanted: Value| {
        let request = server
            .post(PATH)
            .header("Authorization", &format!("Bearer {token}"));
        async move {
            let answer = request.json(&wanted).send().await;
            (answer.status, answer.json())
        }
    };
    let (status, made) = post(json!({
        "accounts": [{"username": "u1"}, {"username": "u2", "nickname": "Two", "password": "correct horse"}],
        "tokens_for": "freeim"
    }))
    .await;
    assert_eq!(status, 200, "{made}");
    let names: Vec<&str> = made["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|account| account["username"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["u1", "u2"]);
    let token = made["accounts"][1]["token"].as_str().expect("a token");
    let me = server
        .get("/api/v1/me/info")
        .header("Authorization", token)
        .send()
        .await
        .json();
    assert_eq!(me["result"]["account"]["id"], made["accounts"][1]["id"]);
    assert_eq!(me["result"]["account"]["nickname"], "Two");
    // One of these exists: neither is made.
    let (status, refused) = post(json!({"accounts": [{"username": "u3"}, {"username": "U1"}]})).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["error"].is_string());
    let (status, refused) = post(json!({"accounts": [{"username": "u4"}, {"username": "u4"}]})).await;
    assert_eq!(status, 409, "{refused}");
    for name in ["u3", "u4"] {
        let request = server
            .get("/api/v1/friends/search")
            .header("Authorization", token);
        let found = request
            .params(Encoding::Query, &[("account", name)])
            .send()
            .await
            .json();
        assert_eq!(found["result"]["total"], 0, "{found}");
    }
    let (status, made) = post(json!({"accounts": [{"username": "u3"}]})).await;
    assert_eq!((status, &made["accounts"][0]["token"]), (200, &Value::Null));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_as_json() {
    let server = Server::start_with(Storage::Sqlite, &crowd::SETTINGS).await;
    for bad in [
        json!({}),
        json!([]),
        json!({"accounts": []}),
        json!({"accounts": [{}]}),
        json!({"accounts": [{"username": ""}]}),
        json!({"accounts": [{"username": "\u{0}"}]}),
        json!({"accounts": [{"username": "x".repeat(500)}]}),
        json!({"accounts": [{"username": "x", "nickname": "y".repeat(5_000)}]}),
        json!({"accounts": [{"username": "x", "pasword": "typo"}]}),
        json!({"accounts": [{"username": "x"}], "tokens_for": "smtp"}),
        json!({"accounts": vec![json!({"username": "x"}); 5_001]}),
        json!({"accounts": vec![json!({"username": "x", "password": "long enough"}); 101]}),
    ] {
        let answer = by_operator(server.post(PATH)).json(&bad).send().await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
        assert!(answer.json()["error"].is_string(), "{bad}");
    }
    let answer = by_operator(server.post(PATH))
        .body("application/json", "{")
        .send()
        .await;
    assert_eq!((answer.status, answer.json()["error"].is_string()), (400, true));
    let anybody = server.post(PATH).json(&json!({"accounts": [{"username": "x"}]}));
    assert_eq!(anybody.clone().send().await.status, 401);
    for wrong in ["Bearer wrong", "Bearer ", "Basic eDp5"] {
        let answer = anybody.clone().header("Authorization", wrong).send().await;
        assert_eq!(
            (answer.status, answer.json()["error"].is_string()),
            (403, true),
            "{wrong}"
        );
    }
    let elsewhere = by_operator(server.get("/admin/api/v1/nothing")).send().await;
    assert_eq!(
        (elsewhere.status, elsewhere.json()["error"].is_string()),
        (404, true)
    );
    assert_eq!(crowd::make(&server, &["x"]).await.len(), 1);
    assert!(!server.log().contains(ADMIN), "the log shows the admin token");
}
