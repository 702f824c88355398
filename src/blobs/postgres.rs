//! Files as chunked rows of the PostgreSQL database: every node sees them, with nothing to set up.

use super::intake::Intake;
use async_trait::async_trait;
use bytes::Bytes;
use deadpool_postgres::{Client, Pool};
use futures_util::stream;
use roost_actors::model::Timestamp;
use roost_actors::ports::blobs::{BlobListed, within};
use roost_actors::ports::{BlobId, BlobStat, BlobStore, ByteStream, Clock, StoreError, StoreResult};
use roost_actors::{Failure, Thing};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Bytes in a row. Kept with each file, so that it may change.
const CHUNK_BYTES: usize = 512 * 1024;

const BEGIN: &str = "INSERT INTO blobs (id, len, sha256, stored_at, chunk_len, complete) \
     VALUES ($1, 0, '', $2, $3, FALSE) ON CONFLICT (id) DO NOTHING";
const APPEND: &str = "INSERT INTO blob_chunks (blob_id, part, bytes) VALUES ($1, $2, $3)";
const COMPLETE: &str = "UPDATE blobs SET len = $2, sha256 = $3, stored_at = $4, complete = TRUE \
     WHERE id = $1 AND NOT complete AND stored_at > 0";
/// Hides a file, and makes an upload that can no longer be completed of it.
const HIDE: &str = "UPDATE blobs SET complete = FALSE, stored_at = 0 WHERE id = $1 AND complete";
const DOOM: &str = "UPDATE blobs SET stored_at = 0 WHERE id = $1 AND NOT complete";
/// A few chunks at once: a statement has little time, and a long file many chunks.
const CLEAR: &str = "DELETE FROM blob_chunks WHERE blob_id = $1 AND part IN \
     (SELECT part FROM blob_chunks WHERE blob_id = $1 ORDER BY part LIMIT 32)";
/// Takes late chunks with it, and refuses those still on their way: they reference this row.
const FORGET: &str = "DELETE FROM blobs WHERE id = $1 AND NOT complete AND stored_at = 0";
const STAT: &str = "SELECT len, sha256, stored_at, chunk_len FROM blobs WHERE id = $1 AND complete";
const READ: &str = "SELECT substring(bytes FROM $3 FOR $4) FROM blob_chunks WHERE blob_id = $1 AND part = $2";
const LIST: &str = "SELECT id, stored_at FROM blobs WHERE complete AND id > $1 ORDER BY id LIMIT $2";
const UNFINISHED: &str = "SELECT id FROM blobs WHERE NOT complete AND stored_at < $1 ORDER BY id LIMIT 100";

/// The PostgreSQL adapter. Holds a connection only while one chunk moves, however slow the client.
#[derive(Clone)]
pub struct PostgresBlobs {
    pool: Pool,
    /// As many as the pool has: those that wait here wait for as long as it takes.
    connections: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl PostgresBlobs {
    /// The tables are made by the storage's migrations. The pool is of its own, so that files never keep messages waiting.
    #[must_use]
    pub fn new(pool: Pool, clock: Arc<dyn Clock>) -> PostgresBlobs {
        let all = pool.status().max_size;
        PostgresBlobs {
            pool,
            connections: Arc::new(Semaphore::new(all)),
            clock,
        }
    }

    async fn connection(&self) -> StoreResult<Connection> {
        let turn = Arc::clone(&self.connections).acquire_owned().await;
        Ok(Connection {
            client: self.pool.get().await.map_err(not_available)?,
            _turn: turn.map_err(not_available)?,
        })
    }

    async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> StoreResult<u64> {
        let Connection { client, _turn } = self.connection().await?;
        let statement = client.prepare_cached(sql).await.map_err(not_available)?;
        client
            .execute(&statement, parameters)
            .await
            .map_err(not_available)
    }

    async fn rows(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> StoreResult<Vec<Row>> {
        let Connection { client, _turn } = self.connection().await?;
        let statement = client.prepare_cached(sql).await.map_err(not_available)?;
        client.query(&statement, parameters).await.map_err(not_available)
    }

    async fn store_all(&self, id: &BlobId, mut intake: Intake) -> StoreResult<BlobStat> {
        for part in 0_i64.. {
            let chunk = intake.next(CHUNK_BYTES).await?;
            if chunk.is_empty() {
                break;
            }
            self.execute(APPEND, &[&id.as_str(), &part, &chunk.as_ref()])
                .await?;
        }
        let stat = intake.stat(id, self.clock.now());
        self.complete(&stat).await?;
        Ok(stat)
    }

    /// Makes the file visible: one statement, one commit.
    async fn complete(&self, stat: &BlobStat) -> StoreResult<()> {
        let len = i64::try_from(stat.len).map_err(not_available)?;
        let Connection { client, _turn } = self.connection().await?;
        let statement = client.prepare_cached(COMPLETE).await.map_err(not_available)?;
        let changed = client
            .execute(
                &statement,
                &[&stat.id.as_str(), &len, &stat.sha256, &stat.stored_at.0],
            )
            .await
            .map_err(|error| match error.as_db_error() {
                Some(_) => not_available(error),
                None => StoreError::Unknown(error.to_string()),
            })?;
        if changed == 0 {
            return Err(StoreError::Unavailable(
                "the upload was swept meanwhile".to_owned(),
            ));
        }
        Ok(())
    }

    /// Removes what was hidden or doomed before.
    async fn clear(&self, id: &str) -> StoreResult<()> {
        while self.execute(CLEAR, &[&id]).await? > 0 {}
        self.execute(FORGET, &[&id]).await.map(drop)
    }

    /// Removes an upload, unless it was completed meanwhile.
    async fn discard(&self, id: &str) -> StoreResult<bool> {
        let doomed = self.execute(DOOM, &[&id]).await? > 0;
        if doomed {
            self.clear(id).await?;
        }
        Ok(doomed)
    }

    async fn found(&self, id: &BlobId) -> StoreResult<(BlobStat, u64)> {
        let rows = self.rows(STAT, &[&id.as_str()]).await?;
        let row = rows.first().ok_or(Failure::Unknown(Thing::File))?;
        let stat = BlobStat {
            id: id.clone(),
            len: row.get::<_, i64>(0).unsigned_abs(),
            sha256: row.get(1),
            stored_at: Timestamp(row.get(2)),
        };
        Ok((stat, row.get::<_, i64>(3).unsigned_abs().max(1)))
    }
}

#[async_trait]
impl BlobStore for PostgresBlobs {
    async fn put(&self, id: &BlobId, bytes: ByteStream, len_max: u64) -> StoreResult<BlobStat> {
        // The guard is there before the row is: whoever drops this future while it is made leaves nothing either.
        let mut upload = Upload {
            store: self.clone(),
            id: Some(id.clone()),
        };
        let chunk_len = CHUNK_BYTES as i64;
        let begun = self
            .execute(BEGIN, &[&id.as_str(), &self.clock.now().0, &chunk_len])
            .await?;
        if begun == 0 {
            upload.id = None;
            return Err(Failure::Exists(Thing::File).into());
        }
        let stored = self.store_all(id, Intake::new(bytes, len_max)).await;
        // Whatever became of the last commit: what was completed stays. When this fails too, dropping tries again.
        if stored.is_ok() || self.discard(id.as_str()).await.is_ok() {
            upload.id = None;
        }
        stored
    }

    async fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> StoreResult<(BlobStat, ByteStream)> {
        let (stat, chunk_len) = self.found(id).await?;
        let range = within(range, stat.len)?;
        let reader = Reader {
            store: self.clone(),
            id: id.clone(),
            chunk_len,
            range,
        };
        Ok((stat, Box::pin(stream::try_unfold(reader, Reader::next))))
    }

    async fn stat(&self, id: &BlobId) -> StoreResult<BlobStat> {
        Ok(self.found(id).await?.0)
    }

    async fn delete(&self, id: &BlobId) -> StoreResult<()> {
        if self.execute(HIDE, &[&id.as_str()]).await? > 0 {
            self.clear(id.as_str()).await?;
        }
        Ok(())
    }

    async fn list(&self, after: Option<&BlobId>, limit: usize) -> StoreResult<Vec<BlobListed>> {
        let after = after.map_or("", BlobId::as_str);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.rows(LIST, &[&after, &limit]).await?;
        let listed = rows.iter().filter_map(|row| {
            Some(BlobListed {
                id: BlobId::parse(row.get(0))?,
                stored_at: Timestamp(row.get(1)),
            })
        });
        Ok(listed.collect())
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        let mut count = 0;
        loop {
            let unfinished = self.rows(UNFINISHED, &[&before.0]).await?;
            if unfinished.is_empty() {
                return Ok(count);
            }
            for row in &unfinished {
                count += u64::from(self.discard(row.get(0)).await?);
            }
        }
    }
}

/// An upload under way; what it stored is removed when it ends before it is complete.
struct Upload {
    store: PostgresBlobs,
    id: Option<BlobId>,
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let store = self.store.clone();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            if let Err(error) = store.discard(id.as_str()).await {
                tracing::warn!(%error, %id, "a part of an upload stays until it is swept");
            }
        });
    }
}

/// Reads a range chunk by chunk.
struct Reader {
    store: PostgresBlobs,
    id: BlobId,
    chunk_len: u64,
    range: Range<u64>,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(Bytes, Reader)>, Failure> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let part = (self.range.start / self.chunk_len) as i64;
        let from = self.range.start % self.chunk_len;
        let want = (self.chunk_len - from).min(self.range.end - self.range.start);
        // SQL counts bytes from 1, and both are at most a chunk.
        let (first, count) = (from as i32 + 1, want as i32);
        let place: [&(dyn ToSql + Sync); 4] = [&self.id.as_str(), &part, &first, &count];
        let rows = self.store.rows(READ, &place).await?;
        let chunk: &[u8] = match rows.first() {
            Some(row) => row.get(0),
            None => return Err(Failure::Unknown(Thing::File)),
        };
        if chunk.len() as u64 != want {
            return Err(Failure::Unavailable(format!("file {} is damaged", self.id)));
        }
        self.range.start += want;
        Ok(Some((Bytes::copy_from_slice(chunk), self)))
    }
}

/// A connection of the pool, counted among those of files.
struct Connection {
    client: Client,
    _turn: OwnedSemaphorePermit,
}

/// Errors of the driver say what the server said only in their source.
fn not_available(error: impl std::error::Error) -> StoreError {
    let mut why = format!("the database of files: {error}");
    if let Some(source) = error.source() {
        _ = write!(why, ": {source}");
    }
    StoreError::Unavailable(why)
}
