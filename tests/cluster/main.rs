//! A cluster of real nodes on a real PostgreSQL: any client on any node, any call on any node, and what must hold when
//! nodes die, links break and the database goes away.
//!
//! The tests are short forms; ROOST_TEST_CHAOS_SECONDS asks for a longer chaos, as `scripts/chaos` does.

#![allow(
    clippy::print_stdout,
    reason = "figures and what happened belong into the output of the tests"
)]

#[path = "../gobelieve/app.rs"]
#[allow(
    dead_code,
    reason = "these tests need a part of what GoBelieve's own scenarios need"
)]
mod app;
#[path = "../gobelieve/client.rs"]
#[allow(
    dead_code,
    reason = "these tests need a part of what GoBelieve's own scenarios need"
)]
mod client;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../freeim/person.rs"]
#[allow(
    dead_code,
    reason = "these tests need a part of what FreeIM's own scenarios need"
)]
mod person;

#[path = "../node/crowd.rs"]
#[allow(
    dead_code,
    reason = "these tests need a part of what the tests of one node need"
)]
mod crowd;

mod chaos;
mod checker;
mod database;
mod failover;
mod links;
mod pushes;
mod replay;
mod routes;
mod status;

mod trust;

use harness::Cluster;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::NoTls;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// These tests hold times and load the machine: held by each for as long as it runs.
async fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}

/// Asks until there is an answer; panics when there is none within a time.
async fn until<T>(what: &str, within: Duration, ask: impl AsyncFn() -> Option<T>) -> T {
    let began = tokio::time::Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Who owns a room, as the database has it: the number of the node, and the epoch.
async fn owner(cluster: &Cluster, room: i64) -> Option<(usize, i64)> {
    let (client, connection) = tokio_postgres::connect(&cluster.url, NoTls).await.ok()?;
    let driving = tokio::spawn(connection);
    let sql = "SELECT n.name, r.epoch FROM rooms r JOIN nodes n ON n.incarnation = r.owner WHERE r.id = $1";
    let row = client.query_opt(sql, &[&room]).await;
    drop(client);
    drop(driving.await);
    let row = row.ok()??;
    let name: String = row.get(0);
    let number = (0..cluster.nodes.len()).find(|number| harness::cluster::name(*number) == name)?;
    Some((number, row.get(1)))
}

/// What one node counts under a name of `/metrics`.
async fn metric(cluster: &Cluster, node: usize, name: &str) -> f64 {
    let text = cluster.nodes[node].get("/metrics").send().await.text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    value.trim().parse().expect("a number")
}
