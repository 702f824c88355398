//! Anything at all is sent to every route of FreeIM: the answer is never a 5xx, and always comes.

use crate::harness::{Answer, Server, Storage};
use crate::person::Person;
use crate::{alone, rubbish};
use futures_util::future::join_all;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No route takes longer over rubbish. Generous: tests share the machine.
const ANSWER: Duration = Duration::from_secs(15);

/// FreeIM's route table, from which the sweep takes its routes: a new one is swept without being named here.
const TABLE: &str = include_str!("../../src/dialects/freeim/mod.rs");

/// Every route, as method and path.
fn routes() -> Vec<(String, String)> {
    let lines = TABLE
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\""));
    let route = |line: &str| {
        let (path, rest) = line.split_once("\", ")?;
        let (method, _) = rest.split_once("()")?;
        Some((method.to_uppercase(), format!("/api/v1{path}")))
    };
    let routes: Vec<_> = lines.filter_map(route).collect();
    assert!(routes.len() >= 40, "only {} routes were found", routes.len());
    routes
}

/// Sends bytes and no more, and reads to the end. `None`: the node closed without an answer.
async fn raw(address: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        // The node may refuse and close before it has read everything.
        drop(stream.write_all(bytes).await);
        drop(stream.shutdown().await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        let head = String::from_utf8_lossy(&answer).into_owned();
        head.split(' ').nth(1).and_then(|status| status.parse().ok())
    };
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
    tokio::time::timeout(ANSWER, exchange)
        .await
        .unwrap_or_else(|_| panic!("no end within {ANSWER:?}: {shown:?}"))
}

/// Whether an answer is one that FreeIM gives.
fn in_the_dialect(answer: &Answer, what: &str) {
    assert!(
        matches!(answer.status, 200 | 400 | 401 | 404 | 413),
        "{what}: {} {}",
        answer.status,
        answer.text()
    );
    if answer.status == 200 {
        let json = answer.json();
        assert!(
            matches!(json["code"].as_i64(), Some(0 | 1)) && json["message"].is_string(),
            "{what}: {json}"
        );
        assert_ne!(json["message"], "服务器错误", "{what}: {json}");
    }
}

#[tokio::test]
async fn no_body_gives_a_5xx_or_a_hang_on_any_route() {
    let _alone = alone().await;
    let server = Server::start(Storage::Sqlite).await;
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    for (method, path) in routes() {
        let without_token = server.request(&method, &path).body("application/json", "{");
        in_the_dialect(
            &without_token.send().await,
            &format!("{method} {path} without a token"),
        );
        let asking = rubbish::bodies().into_iter().map(|(what, content_type, body)| {
            let request = server.request(&method, &path).header("Authorization", &ann.token);
            let request = request.body(content_type, body);
            let what = format!("{method} {path} with {what}");
            async move { in_the_dialect(&request.send().await, &what) }
        });
        join_all(asking).await;
    }
    // Ann's password may be another by now.
    bob.get("me/info", &[]).await;
}

#[tokio::test]
async fn no_head_gives_a_5xx_or_a_hang_on_any_route() {
    let _alone = alone().await;
    let server = Server::start(Storage::Sqlite).await;
    let ann = Person::register(&server, "ann").await;
    for (method, path) in routes() {
        let heads = rubbish::heads(&method, &path, &ann.token);
        let asking = heads.iter().map(|(_, head)| raw(server.address, head.as_bytes()));
        for ((what, _), status) in heads.iter().zip(join_all(asking).await) {
            let is_fine = status.is_none_or(|status| status < 500 && status != 101);
            assert!(is_fine, "{method} {path} with {what}: {status:?}");
        }
    }
    ann.get("me/info", &[]).await;
}

#[tokio::test]
async fn a_body_over_the_bound_is_refused_without_being_kept() {
    let _alone = alone().await;
    let settings = [("ROOST__LIMITS__BODY_BYTES", "65536")];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let ann = Person::register(&server, "ann").await;
    let huge = format!("{{\"toId\":1,\"body\":\"{}\"}}", "x".repeat(200_000));
    // What is fetched has no body, and the form of an upload is refused as Qiniu refuses it: tests/freeim/uploads.rs.
    let has_parameters = |(method, path): &(String, String)| {
        !["GET", "HEAD"].contains(&method.as_str()) && !path.contains("/upload/")
    };
    let routes = routes().into_iter().filter(has_parameters);
    // All at once: the node lingers over bodies that it has not read.
    let asking = routes.map(|(method, path)| {
        let request = server.request(&method, &path).header("Authorization", &ann.token);
        let request = request.body("application/json", huge.clone());
        async move {
            let answer = request.send().await;
            in_the_dialect(&answer, &format!("{method} {path} with an oversize body"));
            assert_ne!(answer.json()["code"], 0, "{method} {path}: {}", answer.text());
        }
    });
    join_all(asking).await;
    let said = format!(
        "GET /api/v1/me/info HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nConnection: close\r\n\
         Content-Length: 999999999999\r\n\r\n",
        ann.token
    );
    let status = raw(server.address, said.as_bytes()).await;
    assert!(status.is_none_or(|status| status < 500), "{status:?}");
    ann.get("me/info", &[]).await;
}
