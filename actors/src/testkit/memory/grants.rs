//! Sign-ins and push channels, in memory.

use super::Memory;
use crate::model::{AccountId, Channel, ChannelId, Grant, SecretDigest, Timestamp};
use crate::ports::{GrantStore, StoreResult};
use async_trait::async_trait;

#[async_trait]
impl GrantStore for Memory {
    async fn put(&self, value: SecretDigest, grant: Grant) -> StoreResult<()> {
        self.change(|tables| {
            tables.account(grant.account)?;
            tables.grants.insert(value, grant);
            Ok(())
        })
        .await
    }

    async fn find(&self, value: SecretDigest) -> StoreResult<Option<Grant>> {
        Ok(self.begin().await?.grants.get(&value).copied())
    }

    async fn drop_grant(&self, value: SecretDigest) -> StoreResult<()> {
        self.change(|tables| {
            tables.grants.remove(&value);
            Ok(())
        })
        .await
    }

    async fn open_channel(
        &self,
        account: AccountId,
        fresh: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Channel> {
        self.change(|tables| {
            let valid = |channel: &&Channel| channel.account == account && channel.opened_at > since;
            if let Some(found) = tables.channels.iter().rev().find(valid) {
                return Ok(found.clone());
            }
            tables.channels_made += 1;
            let channel = Channel {
                id: ChannelId(tables.channels_made),
                account,
                key: fresh.to_owned(),
                opened_at: now,
            };
            tables.channels.push(channel.clone());
            Ok(channel)
        })
        .await
    }

    async fn channel(&self, id: ChannelId) -> StoreResult<Option<Channel>> {
        let tables = self.begin().await?;
        Ok(tables.channels.iter().find(|channel| channel.id == id).cloned())
    }

    async fn forget_channels(&self, before: Timestamp) -> StoreResult<u64> {
        self.change(|tables| {
            let had = tables.channels.len();
            tables.channels.retain(|channel| channel.opened_at >= before);
            Ok((had - tables.channels.len()) as u64)
        })
        .await
    }
}
