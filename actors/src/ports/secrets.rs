//! Small secrets that live in the database: signing keys, and codes that may be used once.

use super::StoreResult;
use crate::model::Timestamp;
use async_trait::async_trait;

#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The value stored under `name`; `fresh` is stored first if there is none. All nodes get the same.
    async fn key(&self, name: &str, fresh: &str) -> StoreResult<String>;

    /// Keeps a code until `expires_at` (then it is void), in place of an earlier one of the same name and its wrong tries.
    async fn put_code(&self, name: &str, code: &str, expires_at: Timestamp) -> StoreResult<()>;

    /// Uses a code up if it matches: `Some(true)`. A wrong try leaves it (`Some(false)`) and counts; after
    /// `tries_max` wrong tries, or when it has expired or never was, `None`.
    async fn take_code(
        &self,
        name: &str,
        code: &str,
        now: Timestamp,
        tries_max: i64,
    ) -> StoreResult<Option<bool>>;

    /// Forgets codes that expired before `now`. Returns how many.
    async fn forget_codes(&self, now: Timestamp) -> StoreResult<u64>;

    /// Whether storage answers at all: the readiness probe.
    async fn ping(&self) -> StoreResult<()>;
}
