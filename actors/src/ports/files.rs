//! The store of what is known about the files of conversations, and of who may fetch one once.

use super::StoreResult;
use crate::model::{FileId, SecretDigest, SharedFile, Timestamp};
use async_trait::async_trait;

#[async_trait]
pub trait FileStore: Send + Sync {
    /// Keeps a file; `id` is ignored. Answers with it as kept: the note of its blob goes with it (see
    /// [`super::TreeStore`]). Refused with `Unknown(File)` when the blob is not noted: it may be gone by now.
    async fn add(&self, file: &SharedFile) -> StoreResult<SharedFile>;

    async fn file(&self, id: FileId) -> StoreResult<Option<SharedFile>>;

    /// Keeps the right to fetch a file once.
    async fn put_ticket(&self, ticket: SecretDigest, file: FileId, expires_at: Timestamp) -> StoreResult<()>;

    /// Uses a right up: of many who show the same one, one gets the file.
    async fn take_ticket(&self, ticket: SecretDigest, now: Timestamp) -> StoreResult<Option<SharedFile>>;

    /// Files made before `before`, oldest first, at most `limit`.
    async fn older(&self, before: Timestamp, limit: i64) -> StoreResult<Vec<SharedFile>>;

    /// Forgets a file and the rights to it.
    async fn forget(&self, id: FileId) -> StoreResult<()>;

    /// Forgets rights that expired before `now`. Returns how many.
    async fn forget_tickets(&self, now: Timestamp) -> StoreResult<u64>;
}
