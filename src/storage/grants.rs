//! The store of sign-ins and push channels.

use super::sql::{Database, Row, SqlResult, values};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::model::{AccountId, Channel, ChannelId, Grant, SecretDigest, Timestamp};
use roost_actors::ports::{GrantStore, StoreResult};

/// The sign-ins in one database.
#[derive(Clone, Debug)]
pub struct Grants {
    pub database: Database,
}

#[async_trait]
impl GrantStore for Grants {
    async fn put(&self, value: SecretDigest, grant: Grant) -> StoreResult<()> {
        let put = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO grants (value, account, issued_at) VALUES ($1, $2, $3)
                    ON CONFLICT (value) DO UPDATE SET account = $2, issued_at = $3";
                conn.execute(sql, values![value.to_vec(), grant.account, grant.issued_at])
                    .await?;
                Ok(())
            })
        });
        put.await
    }

    async fn find(&self, value: SecretDigest) -> StoreResult<Option<Grant>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT account, issued_at FROM grants WHERE value = $1";
                let found = conn.row(sql, values![value.to_vec()]).await?;
                Ok(found.map(|mut row| grant(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn drop_grant(&self, value: SecretDigest) -> StoreResult<()> {
        let dropped = self.database.write(move |conn| {
            Box::pin(async move {
                conn.execute("DELETE FROM grants WHERE value = $1", values![value.to_vec()])
                    .await?;
                Ok(())
            })
        });
        dropped.await
    }

    async fn open_channel(
        &self,
        account: AccountId,
        fresh: &str,
        since: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Channel> {
        let fresh = fresh.to_owned();
        let opened = self.database.write(move |conn| {
            Box::pin(async move {
                // Held until the end: two that ask at once are given the same channel.
                let lock = "UPDATE accounts SET id = id WHERE id = $1";
                conn.execute(lock, values![account]).await?;
                let sql = "SELECT id, account, key, opened_at FROM channels
                    WHERE account = $1 AND opened_at > $2 ORDER BY id DESC LIMIT 1";
                if let Some(mut row) = conn.row(sql, values![account, since]).await? {
                    return Ok(channel(&mut row)?);
                }
                let sql = "INSERT INTO channels (account, key, opened_at) VALUES ($1, $2, $3)
                    RETURNING id, account, key, opened_at";
                let made = conn.row(sql, values![account, fresh, now]).await?;
                let mut row = made.ok_or_else(|| Failure::Internal("a channel got no id".to_owned()))?;
                Ok(channel(&mut row)?)
            })
        });
        opened.await
    }

    async fn channel(&self, id: ChannelId) -> StoreResult<Option<Channel>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT id, account, key, opened_at FROM channels WHERE id = $1";
                let found = conn.row(sql, values![id]).await?;
                Ok(found.map(|mut row| channel(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn forget_channels(&self, before: Timestamp) -> StoreResult<u64> {
        let forgotten = self.database.write(move |conn| {
            Box::pin(async move {
                Ok(conn
                    .execute("DELETE FROM channels WHERE opened_at < $1", values![before])
                    .await?)
            })
        });
        forgotten.await
    }
}

fn grant(row: &mut Row) -> SqlResult<Grant> {
    Ok(Grant {
        account: row.take()?,
        issued_at: row.take()?,
    })
}

fn channel(row: &mut Row) -> SqlResult<Channel> {
    Ok(Channel {
        id: row.take()?,
        account: row.take()?,
        key: row.take()?,
        opened_at: row.take()?,
    })
}
