//! Sign-ins and push channels, which every node must know.

use super::StoreResult;
use crate::model::{AccountId, Channel, ChannelId, Grant, SecretDigest, Timestamp};
use async_trait::async_trait;

#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Keeps a sign-in under the digest of its value, or dates one anew that is there.
    async fn put(&self, value: SecretDigest, grant: Grant) -> StoreResult<()>;

    async fn find(&self, value: SecretDigest) -> StoreResult<Option<Grant>>;

    /// Forgets a sign-in; one that is not there is forgotten already.
    async fn drop_grant(&self, value: SecretDigest) -> StoreResult<()>;

    /// The newest channel of the account that was opened after `since`; one with the key `fresh` is opened if there is none.
    async fn open_channel(
        &self,
        account: AccountId,
        fresh: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Channel>;

    async fn channel(&self, id: ChannelId) -> StoreResult<Option<Channel>>;

    /// Forgets channels opened before `before`. Returns how many.
    async fn forget_channels(&self, before: Timestamp) -> StoreResult<u64>;
}
