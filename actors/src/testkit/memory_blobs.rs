//! Files in memory, for tests of what is above the blob port.

use crate::failure::{Failure, Thing};
use crate::model::Timestamp;
use crate::ports::blobs::{BlobId, BlobListed, BlobStat, BlobStore, ByteStream, within};
use crate::ports::{Clock, StoreResult};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::future::poll_fn;
use std::ops::{Bound, Range};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// How much a stream gives at once, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// The in-memory twin of the blob port.
pub struct MemoryBlobs {
    clock: Arc<dyn Clock>,
    blobs: Mutex<BTreeMap<BlobId, (BlobStat, Bytes)>>,
}

impl MemoryBlobs {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> MemoryBlobs {
        MemoryBlobs {
            clock,
            blobs: Mutex::default(),
        }
    }

    fn blobs(&self) -> MutexGuard<'_, BTreeMap<BlobId, (BlobStat, Bytes)>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn put(&self, id: &BlobId, mut bytes: ByteStream, len_max: u64) -> StoreResult<BlobStat> {
        let mut content = BytesMut::new();
        while let Some(chunk) = poll_fn(|context| bytes.as_mut().poll_next(context)).await {
            content.extend_from_slice(&chunk?);
            if content.len() as u64 > len_max {
                return Err(Failure::TooLong {
                    field: "file".to_owned(),
                    max: len_max,
                }
                .into());
            }
        }
        let mut sha256 = String::new();
        for byte in Sha256::digest(&content) {
            _ = write!(sha256, "{byte:02x}");
        }
        let stat = BlobStat {
            id: id.clone(),
            len: content.len() as u64,
            sha256,
            stored_at: self.clock.now(),
        };
        let mut blobs = self.blobs();
        if blobs.contains_key(id) {
            return Err(Failure::Exists(Thing::File).into());
        }
        blobs.insert(id.clone(), (stat.clone(), content.freeze()));
        Ok(stat)
    }

    async fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> StoreResult<(BlobStat, ByteStream)> {
        let blobs = self.blobs();
        let (stat, content) = blobs.get(id).ok_or(Failure::Unknown(Thing::File))?;
        let range = within(range, stat.len)?;
        // Both ends are at most the length of what is in memory.
        let part = content.slice(range.start as usize..range.end as usize);
        Ok((stat.clone(), Box::pin(Pieces(part))))
    }

    async fn stat(&self, id: &BlobId) -> StoreResult<BlobStat> {
        let blobs = self.blobs();
        let found = blobs.get(id).map(|(stat, _)| stat.clone());
        found.ok_or_else(|| Failure::Unknown(Thing::File).into())
    }

    async fn delete(&self, id: &BlobId) -> StoreResult<()> {
        self.blobs().remove(id);
        Ok(())
    }

    async fn list(&self, after: Option<&BlobId>, limit: usize) -> StoreResult<Vec<BlobListed>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let blobs = self.blobs();
        let listed = blobs
            .range::<BlobId, _>((from, Bound::Unbounded))
            .take(limit)
            .map(|(id, (stat, _))| BlobListed {
                id: id.clone(),
                stored_at: stat.stored_at,
            });
        Ok(listed.collect())
    }

    async fn sweep(&self, _before: Timestamp) -> StoreResult<u64> {
        // Parts live in the future of `put` and die with it.
        Ok(0)
    }
}

struct Pieces(Bytes);

impl Stream for Pieces {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let len = self.0.len().min(CHUNK_BYTES);
        Poll::Ready(Some(Ok(self.0.split_to(len))))
    }
}
