//! Which node does a job that only one should do at a time.

use super::StoreResult;
use crate::model::Timestamp;
use async_trait::async_trait;

#[async_trait]
pub trait JobStore: Send + Sync {
    /// Takes a job for `holder` until `until`, or keeps it for longer. `false`: another holder has it at `now`.
    async fn claim(&self, job: &str, holder: &str, now: Timestamp, until: Timestamp) -> StoreResult<bool>;

    /// Gives a job back early, if `holder` has it.
    async fn give_back(&self, job: &str, holder: &str) -> StoreResult<()>;
}
