//! Which node does a job, in memory.

use super::Memory;
use crate::model::Timestamp;
use crate::ports::{JobStore, StoreResult};
use async_trait::async_trait;

#[async_trait]
impl JobStore for Memory {
    async fn claim(&self, job: &str, holder: &str, now: Timestamp, until: Timestamp) -> StoreResult<bool> {
        self.change(|tables| {
            let held = tables.jobs.get(job);
            let free = held.is_none_or(|(by, held_until)| by == holder || *held_until <= now);
            if free {
                tables.jobs.insert(job.to_owned(), (holder.to_owned(), until));
            }
            Ok(free)
        })
        .await
    }

    async fn give_back(&self, job: &str, holder: &str) -> StoreResult<()> {
        self.change(|tables| {
            if tables.jobs.get(job).is_some_and(|(by, _)| by == holder) {
                tables.jobs.remove(job);
            }
            Ok(())
        })
        .await
    }
}
