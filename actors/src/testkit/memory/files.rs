//! Files of conversations, in memory.

use super::{Memory, loose};
use crate::model::{FileId, SecretDigest, SharedFile, Timestamp};
use crate::ports::{FileStore, StoreResult};
use async_trait::async_trait;

#[async_trait]
impl FileStore for Memory {
    async fn add(&self, file: &SharedFile) -> StoreResult<SharedFile> {
        self.change(|tables| {
            loose::bind(tables, &file.blob)?;
            tables.files_made += 1;
            let id = FileId(tables.files_made);
            let file = SharedFile { id, ..file.clone() };
            tables.files.insert(id, file.clone());
            Ok(file)
        })
        .await
    }

    async fn file(&self, id: FileId) -> StoreResult<Option<SharedFile>> {
        Ok(self.begin().await?.files.get(&id).cloned())
    }

    async fn put_ticket(&self, ticket: SecretDigest, file: FileId, expires_at: Timestamp) -> StoreResult<()> {
        self.change(|tables| {
            tables.tickets.insert(ticket, (file, expires_at));
            Ok(())
        })
        .await
    }

    async fn take_ticket(&self, ticket: SecretDigest, now: Timestamp) -> StoreResult<Option<SharedFile>> {
        self.change(|tables| {
            let taken = tables.tickets.remove(&ticket);
            let valid = taken.filter(|(_, expires_at)| *expires_at >= now);
            Ok(valid.and_then(|(file, _)| tables.files.get(&file).cloned()))
        })
        .await
    }

    async fn older(&self, before: Timestamp, limit: i64) -> StoreResult<Vec<SharedFile>> {
        let tables = self.begin().await?;
        let old = tables.files.values().filter(|file| file.created_at < before);
        let mut old: Vec<SharedFile> = old.cloned().collect();
        old.sort_by_key(|file| (file.created_at, file.id));
        old.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(old)
    }

    async fn forget(&self, id: FileId) -> StoreResult<()> {
        self.change(|tables| {
            tables.files.remove(&id);
            tables.tickets.retain(|_, (file, _)| *file != id);
            Ok(())
        })
        .await
    }

    async fn forget_tickets(&self, now: Timestamp) -> StoreResult<u64> {
        self.change(|tables| {
            let had = tables.tickets.len();
            tables.tickets.retain(|_, (_, expires_at)| *expires_at >= now);
            Ok((had - tables.tickets.len()) as u64)
        })
        .await
    }
}
