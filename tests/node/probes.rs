//! Probes, metrics, and the description of the operators' API.

use crate::crowd;
use crate::harness::{Server, Storage};
use std::time::Duration;
use tokio::time::Instant;

/// The value of a metric.
pub async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.get("/metrics").send().await.text();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("no metric {name} in\n{text}"))
}

#[tokio::test]
async fn a_node_tells_that_it_lives_and_serves_and_what_it_counts() {
    let server = Server::start_with(Storage::Sqlite, &crowd::SETTINGS).await;
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = server.get(path).send().await;
        assert_eq!(
            (answer.status, answer.json()["status"].as_str()),
            (200, Some(status))
        );
    }
    let members = crowd::make(&server, &["ann", "bob"]).await;
    let group = crowd::group(&server, &members).await;
    let mut sockets = vec![members[0].open(&server).await, members[1].open(&server).await];
    for text in ["one", "two"] {
        let answer = members[0].saying(&server, group, text).send().await;
        assert!(crowd::acknowledged(&answer).is_some());
    }
    for socket in &mut sockets {
        while socket.next_json().await["body"] != "two" {}
    }
    assert_eq!(metric(&server, "roost_sessions").await, 2.0);
    assert_eq!(metric(&server, "roost_posts_acknowledged_total").await, 2.0);
    assert!(metric(&server, "roost_deliveries_total").await >= 4.0);
    assert!(metric(&server, "roost_commits_total").await >= 1.0);
    assert_eq!(
        metric(&server, "roost_commit_rows_count").await,
        metric(&server, "roost_commits_total").await
    );
    assert!(metric(&server, "roost_rooms_active").await >= 1.0);
    drop(sockets);
    let docs = server.get("/docs").send().await;
    assert_eq!(
        (docs.status, docs.json()["openapi"].as_str()),
        (200, Some("3.1.0"))
    );
    let nothing = server.get("/nothing/here").send().await;
    assert_eq!(nothing.status, 404);
}

#[tokio::test]
async fn probes_answer_soon_while_the_node_is_busy() {
    let server = Server::start_with(Storage::Sqlite, &crowd::SETTINGS).await;
    let members = crowd::make(&server, &["ann"]).await;
    let group = crowd::group(&server, &members).await;
    let posts = (0..40).map(|n| members[0].saying(&server, group, &n.to_string()).send());
    let posting = futures_util::future::join_all(posts);
    let probing = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..10 {
            let started = Instant::now();
            assert_eq!(server.get("/readyz").send().await.status, 200);
            slowest = slowest.max(started.elapsed());
        }
        slowest
    };
    let (answers, slowest) = tokio::join!(posting, probing);
    assert!(answers.iter().all(|answer| crowd::acknowledged(answer).is_some()));
    // Not the node's own bound (500 ms): tests share the machine.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}
