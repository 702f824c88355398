//! The store of what is known about files that accounts put up under names of their own choice.

use super::StoreResult;
use crate::model::{AccountId, Upload};
use async_trait::async_trait;

#[async_trait]
pub trait UploadStore: Send + Sync {
    /// Keeps a file under its key, if its owner has none of this key yet. The one that is kept from now on: the note of
    /// its blob goes with it (see [`super::TreeStore`]), and that of one that is not kept stays. Refused with
    /// `Unknown(Account)`, and with `Unknown(File)` when the blob is not noted: it may be gone by now.
    async fn add(&self, upload: &Upload) -> StoreResult<Upload>;

    async fn upload(&self, owner: AccountId, key: &str) -> StoreResult<Option<Upload>>;

    /// How many bytes all files of an account have.
    async fn bytes_of(&self, owner: AccountId) -> StoreResult<i64>;
}
