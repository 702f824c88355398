//! The secrets' store in memory: keys, and codes that may be used once.

use super::Memory;
use super::tables::CodeRow;
use crate::model::Timestamp;
use crate::ports::{SecretStore, StoreResult};
use async_trait::async_trait;

#[async_trait]
impl SecretStore for Memory {
    async fn key(&self, name: &str, fresh: &str) -> StoreResult<String> {
        self.change(|tables| {
            let key = tables
                .keys
                .entry(name.to_owned())
                .or_insert_with(|| fresh.to_owned());
            Ok(key.clone())
        })
        .await
    }

    async fn put_code(&self, name: &str, code: &str, expires_at: Timestamp) -> StoreResult<()> {
        self.change(|tables| {
            let row = CodeRow {
                code: code.to_owned(),
                expires_at,
                wrong: 0,
            };
            tables.codes.insert(name.to_owned(), row);
            Ok(())
        })
        .await
    }

    async fn take_code(
        &self,
        name: &str,
        code: &str,
        now: Timestamp,
        tries_max: i64,
    ) -> StoreResult<Option<bool>> {
        self.change(|tables| {
            let Some(row) = tables.codes.get_mut(name) else {
                return Ok(None);
            };
            if row.expires_at <= now || row.wrong >= tries_max {
                return Ok(None);
            }
            if row.code != code {
                row.wrong += 1;
                return Ok(Some(false));
            }
            tables.codes.remove(name);
            Ok(Some(true))
        })
        .await
    }

    async fn forget_codes(&self, now: Timestamp) -> StoreResult<u64> {
        self.change(|tables| {
            let had = tables.codes.len();
            tables.codes.retain(|_, row| row.expires_at >= now);
            Ok((had - tables.codes.len()) as u64)
        })
        .await
    }

    async fn ping(&self) -> StoreResult<()> {
        self.begin().await.map(drop)
    }
}
