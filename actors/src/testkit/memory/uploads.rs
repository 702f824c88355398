//! What is known about files that accounts put up, in memory.

use super::{Memory, loose};
use crate::model::{AccountId, Upload};
use crate::ports::{StoreResult, UploadStore};
use async_trait::async_trait;

#[async_trait]
impl UploadStore for Memory {
    async fn add(&self, upload: &Upload) -> StoreResult<Upload> {
        self.change(|tables| {
            tables.account(upload.owner)?;
            let key = (upload.owner, upload.key.clone());
            if let Some(kept) = tables.uploads.get(&key) {
                return Ok(kept.clone());
            }
            loose::bind(tables, &upload.blob)?;
            tables.uploads.insert(key, upload.clone());
            Ok(upload.clone())
        })
        .await
    }

    async fn upload(&self, owner: AccountId, key: &str) -> StoreResult<Option<Upload>> {
        let tables = self.begin().await?;
        Ok(tables.uploads.get(&(owner, key.to_owned())).cloned())
    }

    async fn bytes_of(&self, owner: AccountId) -> StoreResult<i64> {
        let tables = self.begin().await?;
        let own = tables.uploads.values().filter(|upload| upload.owner == owner);
        Ok(own.map(|upload| upload.len).sum())
    }
}
