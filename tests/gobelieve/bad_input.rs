//! What makes no sense: refused in the dialect over REST, and over the protocol the end of that one connection.

use crate::app::App;
use crate::client::{Client, frame, longs};
use serde_json::json;

on_both_storages!(
    bodies_that_cannot_be_read_are_refused,
    what_is_no_frame_closes_only_its_own_connection,
    frames_that_mean_nothing_are_passed_over,
);

async fn bodies_that_cannot_be_read_are_refused(app: App) {
    let (ann, bob, _) = app.three().await;
    let group = app.group(&ann, false, &[&ann, &bob]).await;
    let deep = "[".repeat(10_000);
    let bodies = [
        "",
        "{",
        "null",
        "5",
        "\"x\"",
        "{\"master\":101}",
        "[1.5]",
        "[null]",
        "{\"a\":\"\\u0000\"}",
        &deep,
    ];
    let routes = [
        ("POST", "/groups".to_owned()),
        ("PATCH", format!("/groups/{group}")),
        ("POST", format!("/groups/{group}/members")),
        ("DELETE", format!("/groups/{group}/members")),
        ("POST", format!("/notification/groups/{group}")),
    ];
    for (method, path) in &routes {
        for body in bodies {
            let answer = ann
                .ask(&app, method, path)
                .body("application/json", body)
                .send()
                .await;
            assert_eq!(answer.status, 400, "{method} {path} {body}: {}", answer.text());
            assert_eq!(answer.json()["meta"]["code"], 400);
        }
        let bytes = vec![0xff; 64];
        let answer = ann
            .ask(&app, method, path)
            .body("application/json", bytes)
            .send()
            .await;
        assert_eq!(answer.status, 400, "{method} {path}");
    }
    for path in [
        "/auth/grant",
        "/users/101",
        "/post_system_message",
        "/post_group_notification",
    ] {
        for body in bodies {
            let answer = app.ask("POST", path).body("application/json", body).send().await;
            assert_eq!(answer.status, 400, "{path} {body}: {}", answer.text());
        }
    }
    let long = json!({"name": "x".repeat(201)});
    let answer = ann
        .ask(&app, "PATCH", &format!("/groups/{group}"))
        .json(&long)
        .send()
        .await;
    assert_eq!(answer.status, 400);
    let nul = app
        .ask("POST", "/post_peer_message?sender=101&receiver=102")
        .body("", "a\0b")
        .send()
        .await;
    assert_eq!(nul.status, 400);
    // An id beyond any number.
    let path = "/groups/99999999999999999999";
    assert_eq!(ann.ask(&app, "GET", path).send().await.status, 400);
}

async fn what_is_no_frame_closes_only_its_own_connection(app: App) {
    let (ann, bob, _) = app.three().await;
    let mut bobs = app.synced(&bob).await;
    let mut negative = frame(1, 13, 1, b"");
    negative[0] = 0xff;
    let mut too_long = frame(1, 13, 1, b"");
    too_long[..4].copy_from_slice(&32_768_i32.to_be_bytes());
    let mut no_text = longs(&[101, 102]);
    no_text.extend_from_slice(&[0; 8]);
    no_text.push(0xff);
    let cases = [
        negative,
        too_long,
        vec![0; 12],
        frame(1, 3, 1, &[0; 4]),
        frame(1, 255, 1, b""),
        frame(1, 26, 1, &[0; 7]),
        frame(1, 15, 1, &[3, 200]),
        frame(1, 4, 1, &no_text),
    ];
    for bytes in cases {
        let mut streamed = Client::open_tcp(app.tcp).await;
        streamed.log_in(&ann, 1, "phone").await;
        streamed.send_raw(&bytes).await;
        streamed.expect_close().await;
        let mut socket = app.log_in(&ann).await;
        socket.send_raw(&bytes).await;
        socket.expect_close().await;
    }
    for short in [&b""[..], b"\0", &[0; 11]] {
        let mut socket = app.log_in(&ann).await;
        socket.send_raw(short).await;
        socket.expect_close().await;
    }
    let mut socket = app.log_in(&ann).await;
    socket.send_text("{}").await;
    socket.expect_close().await;
    bobs.send(13, b"").await;
    bobs.expect(&["PONG"]).await;
}

async fn frames_that_mean_nothing_are_passed_over(app: App) {
    let (ann, bob, _) = app.three().await;
    let mut client = app.synced(&ann).await;
    // A sender that is somebody else, an account that is nobody, rooms that are none, old commands.
    client.say(4, &bob, 101, "x").await;
    client.say(8, &bob, 1, "x").await;
    for nobody in [0, -1, 9_999_999, i64::MAX, i64::MIN] {
        client.say(4, &ann, nobody, "x").await;
        client.signal(17, &ann, nobody, "x").await;
    }
    client.send(18, &longs(&[0])).await;
    client.send(19, &longs(&[77])).await;
    client.signal(20, &ann, 77, "x").await;
    client.send(34, &longs(&[-5])).await;
    client.send(35, &longs(&[1, 5])).await;
    client.send(30, &longs(&[-1, -1])).await;
    client.send(5, &[0; 4]).await;
    client.send(22, &[0; 4]).await;
    client.send(24, &[0; 40]).await;
    client.send(25, b"").await;
    client.send(13, b"").await;
    client.expect(&["PONG"]).await;
    assert_eq!(client.sync(i64::MIN).await, (vec![], 0));
    assert_eq!(client.sync(i64::MAX).await, (vec![], 0));
}
