//! The members of a cluster in memory, by a clock of the store's own.

use super::Memory;
use super::tables::{NodeRow, Tables};
use crate::cluster::{Beat, Incarnation, Member, Timing};
use crate::ports::{Charter, ClusterStore, Joined, Joining, StoreResult};
use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

/// The store's clock: runs with the machine's, or stands where a test has paused time, and can be moved on besides.
#[derive(Debug)]
pub(super) struct DatabaseTime {
    since: Instant,
    ahead_ms: AtomicI64,
}

impl Default for DatabaseTime {
    fn default() -> DatabaseTime {
        DatabaseTime {
            since: Instant::now(),
            ahead_ms: AtomicI64::new(0),
        }
    }
}

impl DatabaseTime {
    fn now_ms(&self) -> i64 {
        self.since.elapsed().as_millis() as i64 + self.ahead_ms.load(Ordering::SeqCst)
    }
}

impl Memory {
    /// Moves the store's own clock on: nodes that do not beat meanwhile die.
    pub fn advance_ms(&self, ms: i64) {
        self.time.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

#[async_trait]
impl ClusterStore for Memory {
    async fn charter(&self, fresh: Option<&Charter>) -> StoreResult<Option<Charter>> {
        self.change(|tables| {
            if tables.charter.is_none() {
                tables.charter = fresh.cloned();
            }
            Ok(tables.charter.clone())
        })
        .await
    }

    async fn join(&self, joining: &Joining) -> StoreResult<Joined> {
        let now = self.time.now_ms();
        self.change(|tables| Ok(join(tables, joining, now))).await
    }

    async fn beat(&self, me: Incarnation, draining: bool) -> Beat {
        let now = self.time.now_ms();
        let beaten = self.change(|tables| {
            if let Some(row) = tables.nodes.get_mut(&me) {
                row.node.draining = draining;
                row.heard_at_ms = now;
            }
            bury(tables, now);
            Ok(tables.nodes.contains_key(&me).then(|| members(tables)))
        });
        match beaten.await {
            Ok(Some(members)) => Beat::Alive(members),
            Ok(None) => Beat::Dead,
            Err(error) => Beat::Failed(error.to_string()),
        }
    }

    async fn leave(&self, me: Incarnation) -> StoreResult<()> {
        self.change(|tables| {
            tables.nodes.remove(&me);
            Ok(())
        })
        .await
    }
}

fn join(tables: &mut Tables, joining: &Joining, now: i64) -> Joined {
    bury(tables, now);
    let taken = tables.nodes.values().find(|row| *row.node.name == *joining.name);
    if let Some(row) = taken {
        return Joined::NameTaken {
            heard_ms_ago: now - row.heard_at_ms,
        };
    }
    let incarnation = tables.next_incarnation();
    let node = Member {
        name: joining.name.as_str().into(),
        incarnation,
        http: joining.http.clone(),
        peer: joining.peer.clone(),
        draining: false,
    };
    let heard_at_ms = now;
    tables.nodes.insert(incarnation, NodeRow { node, heard_at_ms });
    Joined::Member(incarnation, members(tables))
}

/// Removes the nodes that have not been heard of for too long.
fn bury(tables: &mut Tables, now: i64) {
    let timing = tables
        .charter
        .as_ref()
        .map_or_else(Timing::default, |charter| charter.timing);
    tables
        .nodes
        .retain(|_, row| now - row.heard_at_ms < timing.dead_after_ms);
}

fn members(tables: &Tables) -> Vec<Member> {
    tables.nodes.values().map(|row| row.node.clone()).collect()
}
