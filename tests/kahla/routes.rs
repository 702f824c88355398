//! Paths, verbs, headers: what a browser and an ASP.NET client take for granted.

use crate::harness::Server;
use crate::on_both_storages;
use crate::person::{Person, invalid, succeeded, text};
use serde_json::Value;

on_both_storages!(
    paths_match_in_any_case_with_a_slash_at_the_end_or_not,
    the_roots_say_hello,
    the_version_is_told,
    unknown_paths_and_wrong_verbs_are_empty_404s,
    browsers_of_listed_origins_may_call_with_cookies,
    bad_bodies_are_refused_in_the_dialect,
);

async fn paths_match_in_any_case_with_a_slash_at_the_end_or_not(server: Server) {
    let ann = Person::register(&server, "ann").await;
    for path in [
        "/api/SigninStatus",
        "/API/SIGNINSTATUS",
        "/api/SignInStatus/",
        "/debugapi/signinstatus",
        "/DebugApi/SignInStatus/7",
    ] {
        let request = server
            .get(path)
            .header("Authorization", &format!("Bearer {}", ann.value));
        assert_eq!(succeeded(&request.send().await)["value"], true, "{path}");
    }
}

async fn the_roots_say_hello(server: Server) {
    let api = server.get("/api").send().await.json();
    let keys: Vec<&String> = api.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "code",
            "message",
            "wikiPath",
            "serverTime",
            "utcTime",
            "authenticated"
        ]
    );
    assert_eq!(api["message"], "Welcome to Aiursoft Kahla API!");
    assert_eq!(
        (api["code"].as_i64(), api["authenticated"].as_bool()),
        (Some(0), Some(false))
    );
    assert!(text(&api["utcTime"]).ends_with('Z'));
    let ann = Person::register(&server, "ann").await;
    assert_eq!(ann.ask("GET", "", &[]).await.json()["authenticated"], true);
    let front = server.get("/").send().await;
    assert_eq!(
        front.text(),
        r#"{"code":0,"message":"Welcome to kahla server! View our wiki at: https://wiki.aiursoft.com"}"#
    );
    let page = server
        .get("/")
        .header("Accept", "text/html,application/xhtml+xml")
        .send()
        .await;
    assert!(page.header("Content-Type").unwrap().starts_with("text/html"));
}

async fn the_version_is_told(server: Server) {
    let version = succeeded(&server.get("/api/Version").send().await);
    let keys: Vec<&String> = version.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "latestVersion",
            "oldestSupportedVersion",
            "downloadAddress",
            "code",
            "message"
        ]
    );
    assert_eq!(version["latestVersion"], "2.1.0");
}

async fn unknown_paths_and_wrong_verbs_are_empty_404s(server: Server) {
    for (method, path) in [
        ("GET", "/api/Nothing"),
        ("GET", "/api/Me/1/2"),
        ("GET", "/api/AuthByPassword"),
        ("GET", "/api/SendMessage/1"),
        ("DELETE", "/api/Me"),
        ("GET", "/debugapi/x"),
        ("GET", "/Listen/Else"),
        ("GET", "/Download/FromSecret?Sec=none"),
        ("GET", "/Download/FromLink/1?Sign=none"),
    ] {
        let answer = server.request(method, path).send().await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (404, ""),
            "{method} {path}"
        );
        assert_eq!(
            answer.header("Cache-Control"),
            Some("no-cache"),
            "{method} {path}"
        );
    }
    // FreeIM's paths stay FreeIM's.
    assert_eq!(
        server.get("/api/v1/nothing").send().await.text(),
        "404 page not found"
    );
}

async fn browsers_of_listed_origins_may_call_with_cookies(server: Server) {
    let allowed = |origin: &'static str| async {
        let answer = server.get("/api/Version").header("Origin", origin).send().await;
        (
            answer.header("Access-Control-Allow-Origin").map(str::to_owned),
            answer
                .header("Access-Control-Allow-Credentials")
                .map(str::to_owned),
        )
    };
    let (origin, credentials) = allowed("http://localhost:8001").await;
    assert_eq!(
        (origin.as_deref(), credentials.as_deref()),
        (Some("http://localhost:8001"), Some("true"))
    );
    assert_ne!(
        allowed("http://evil.example").await.0.as_deref(),
        Some("http://evil.example")
    );
    let preflight = server
        .request("OPTIONS", "/api/UploadFile?ConversationId=2")
        .header("Origin", "http://localhost:8001")
        .header("Access-Control-Request-Method", "POST");
    let answer = preflight.send().await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_eq!(
        answer.header("Access-Control-Allow-Headers"),
        Some("Authorization")
    );
    assert_eq!(
        answer.header("Access-Control-Allow-Origin"),
        Some("http://localhost:8001")
    );
    assert_eq!(server.request("OPTIONS", "/api/Me").send().await.status, 204);
    let refused = server
        .get("/api/Me")
        .header("Origin", "http://localhost:8001")
        .send()
        .await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("Access-Control-Allow-Origin"),
        Some("http://localhost:8001")
    );
}

async fn bad_bodies_are_refused_in_the_dialect(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let post = |kind: &'static str, body: Vec<u8>| ann.request("POST", "UpdateInfo").body(kind, body).send();
    let form = "application/x-www-form-urlencoded";
    for (kind, body) in [
        (form, b"NickName=%ff".to_vec()),
        (form, b"NickName=%00".to_vec()),
        ("application/json", b"{".to_vec()),
        ("application/json", b"[1]".to_vec()),
        ("multipart/form-data", b"x".to_vec()),
        (form, vec![b'a'; 2_000_000]),
    ] {
        let answer = post(kind, body).await;
        let json: Value = answer.json();
        assert_eq!((answer.status, json["code"].as_i64()), (200, Some(-10)), "{json}");
    }
    invalid(
        &post("application/json", br#"{"NickName":["a"],"Bio":{}}"#.to_vec()).await,
        &["The NickName field is required."],
    );
    succeeded(&post("application/json", br#"{"nickname":"Ann","bio":null}"#.to_vec()).await);
}
