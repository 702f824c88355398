//! SIGKILL under load: what was acknowledged is stored, once and in order.

use crate::harness::Server;
use crate::load::{Fate, Load, writers};
use crate::{alone, ledger, on_both_storages, rounds};
use std::time::Duration;

on_both_storages!(acknowledged_posts_survive_sigkill);

/// How long the node lives between two deaths: not the same each time, so that it dies at different points.
fn life(round: u32) -> Duration {
    Duration::from_millis(150 + u64::from(round * 97 % 350))
}

async fn acknowledged_posts_survive_sigkill(mut server: Server) {
    let _alone = alone().await;
    let writers = writers(&server).await;
    let load = Load::start(writers.clone());
    for round in 0..rounds(3) {
        tokio::time::sleep(life(round)).await;
        server.kill();
        server.run().await;
    }
    tokio::time::sleep(life(0)).await;
    let tries = load.finish().await;
    let interrupted = tries.iter().filter(|tried| tried.fate == Fate::Unknown).count();
    assert!(
        interrupted > 0,
        "no post met the node's end, so nothing was tested"
    );
    ledger::settle(&mut server, &writers, &tries).await;
}
