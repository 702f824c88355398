//! The store of small secrets.

use super::sql::{Database, values};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::model::Timestamp;
use roost_actors::ports::{SecretStore, StoreResult};

/// The secrets in one database.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub database: Database,
}

#[async_trait]
impl SecretStore for Secrets {
    async fn key(&self, name: &str, fresh: &str) -> StoreResult<String> {
        let (name, fresh) = (name.to_owned(), fresh.to_owned());
        let key = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
                conn.execute(sql, values![&name, fresh]).await?;
                let stored = conn
                    .row("SELECT value FROM secrets WHERE name = $1", values![name])
                    .await?;
                let mut row = stored.ok_or_else(|| Failure::Internal("a key was not stored".to_owned()))?;
                Ok(row.take()?)
            })
        });
        key.await
    }

    async fn put_code(&self, name: &str, code: &str, expires_at: Timestamp) -> StoreResult<()> {
        let (name, code) = (name.to_owned(), code.to_owned());
        let put = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO codes (name, code, tries, expires_at) VALUES ($1, $2, 0, $3)
                    ON CONFLICT (name) DO UPDATE SET code = $2, tries = 0, expires_at = $3";
                conn.execute(sql, values![name, code, expires_at]).await?;
                Ok(())
            })
        });
        put.await
    }

    async fn take_code(
        &self,
        name: &str,
        code: &str,
        now: Timestamp,
        tries_max: i64,
    ) -> StoreResult<Option<bool>> {
        let (name, code) = (name.to_owned(), code.to_owned());
        let taken = self.database.write(move |conn| {
            Box::pin(async move {
                let used = "DELETE FROM codes
                    WHERE name = $1 AND code = $2 AND expires_at > $3 AND tries < $4";
                if conn.execute(used, values![&name, code, now, tries_max]).await? > 0 {
                    return Ok(Some(true));
                }
                let wrong = "UPDATE codes SET tries = tries + 1
                    WHERE name = $1 AND expires_at > $2 AND tries < $3";
                let counted = conn.execute(wrong, values![name, now, tries_max]).await?;
                Ok((counted > 0).then_some(false))
            })
        });
        taken.await
    }

    async fn forget_codes(&self, now: Timestamp) -> StoreResult<u64> {
        let forgotten = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "DELETE FROM codes WHERE expires_at < $1";
                Ok(conn.execute(sql, values![now]).await?)
            })
        });
        forgotten.await
    }

    async fn ping(&self) -> StoreResult<()> {
        let asked = self.database.pulse(|conn| {
            Box::pin(async move {
                conn.row("SELECT CAST(1 AS bigint)", &[]).await?;
                Ok(())
            })
        });
        asked.await
    }
}
