//! What goes on beside serving, now and then: probes, ticks, and the removal of what is past its time.

use crate::blobs;
use crate::http::{Readiness, health};
use actix_web::rt;
use roost_actors::Node;
use roost_actors::ports::BlobStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

const TICK: Duration = Duration::from_secs(1);
/// How often bytes go that nothing refers to any more: what was removed is gone soon.
const SWEEP_BLOBS: Duration = Duration::from_secs(60);
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// What goes on beside serving, for as long as the process lives.
pub fn spawn(node: &Node, readiness: &Arc<Readiness>) {
    let (starting, readiness) = (node.clone(), readiness.clone());
    rt::spawn(async move {
        while !starting.is_started() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        health::probe(readiness, async || starting.probe().await).await;
    });
    let ticking = node.clone();
    rt::spawn(every(TICK, move || {
        let node = ticking.clone();
        async move { node.tick() }
    }));
    let sweeping = node.clone();
    rt::spawn(every(SWEEP, move || {
        let node = sweeping.clone();
        async move { node.sweep().await }
    }));
}

/// Removes what is past its time: files of conversations, and what unfinished uploads have left.
pub fn spawn_for_files(node: &Node, blobs: Arc<dyn BlobStore>, chat_files_kept_ms: Option<i64>) {
    rt::spawn(blobs::keep_swept(blobs.clone(), node.clock().clone()));
    let (loosening, loose) = (node.clone(), blobs.clone());
    rt::spawn(every(SWEEP_BLOBS, move || {
        let (node, blobs) = (loosening.clone(), loose.clone());
        async move {
            match node.sweep_blobs(blobs.as_ref(), chat_files_kept_ms).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "removed bytes that nothing referred to"),
                Err(failure) => tracing::warn!(%failure, "bytes that nothing refers to were not removed"),
            }
        }
    }));
    let sweeping = node.clone();
    rt::spawn(every(SWEEP, move || {
        let (node, blobs) = (sweeping.clone(), blobs.clone());
        async move {
            match node.sweep_files(blobs.as_ref()).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "removed files that were past their time"),
                Err(failure) => tracing::warn!(%failure, "old files were not removed"),
            }
        }
    }));
}

async fn every<F: Future<Output = ()>>(period: Duration, mut work: impl FnMut() -> F) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        work().await;
    }
}
