//! A store of files that notes every one before its bytes come in, so that a node that dies leaves none nobody knows of.

use async_trait::async_trait;
use roost_actors::model::Timestamp;
use roost_actors::ports::blobs::UPLOAD_MS_MAX;
use roost_actors::ports::{
    BlobId, BlobListed, BlobStat, BlobStore, ByteStream, Clock, StoreResult, TreeStore,
};
use std::ops::Range;
use std::sync::Arc;

/// For how long what was stored may wait to be kept, in milliseconds: its upload and, as nodes' clocks differ, as long again.
const WAITS_MS: i64 = 2 * UPLOAD_MS_MAX;

/// Another store, with notes.
pub struct NotedBlobs {
    store: Arc<dyn BlobStore>,
    notes: Arc<dyn TreeStore>,
    clock: Arc<dyn Clock>,
}

impl NotedBlobs {
    #[must_use]
    pub fn new(store: Arc<dyn BlobStore>, notes: Arc<dyn TreeStore>, clock: Arc<dyn Clock>) -> NotedBlobs {
        NotedBlobs { store, notes, clock }
    }
}

#[async_trait]
impl BlobStore for NotedBlobs {
    async fn put(&self, id: &BlobId, bytes: ByteStream, len_max: u64) -> StoreResult<BlobStat> {
        let due = self.clock.now().plus_ms(WAITS_MS);
        self.notes.note_blob(id.as_str(), due).await?;
        self.store.put(id, bytes, len_max).await
    }

    async fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> StoreResult<(BlobStat, ByteStream)> {
        self.store.get(id, range).await
    }

    async fn stat(&self, id: &BlobId) -> StoreResult<BlobStat> {
        self.store.stat(id).await
    }

    /// The note stays until it is due: a file that was deleted is deleted once more, which does no harm.
    async fn delete(&self, id: &BlobId) -> StoreResult<()> {
        self.store.delete(id).await
    }

    async fn list(&self, after: Option<&BlobId>, limit: usize) -> StoreResult<Vec<BlobListed>> {
        self.store.list(after, limit).await
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        self.store.sweep(before).await
    }
}
