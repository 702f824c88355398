//! A node that dies while it starts for the first time starts the next time as if nothing had been.

use crate::harness::{Server, Storage};
use crate::person::Person;
use crate::{alone, rounds};
use tokio::time::Instant;

#[tokio::test]
async fn on_sqlite_a_node_killed_during_its_first_start_starts_again() {
    killed_during_first_start(Storage::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_a_node_killed_during_its_first_start_starts_again() {
    killed_during_first_start(Storage::Postgres).await;
}

/// Kills first starts at points spread over the time that one takes, each on a database of its own.
async fn killed_during_first_start(storage: Storage) {
    let _alone = alone().await;
    let mut whole = Server::prepare(storage, &[]).await;
    let began = Instant::now();
    whole.run().await;
    let takes = began.elapsed();
    drop(whole);
    let points = rounds(8);
    let mut died_early = 0;
    for point in 1..=points {
        let mut server = Server::prepare(storage, &[]).await;
        server.spawn();
        tokio::time::sleep(takes * point / (points + 1)).await;
        if server.get("/readyz").try_send().await.is_err() {
            died_early += 1;
        }
        server.kill();
        server.run().await;
        let (ann, bob) = Person::two_friends(&server).await;
        ann.say("friend", &bob.text_id(), "it works").await;
    }
    assert!(died_early > 0, "a start takes {takes:?}, and none was cut short");
}
