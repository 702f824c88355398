//! The store of what is known about files that accounts put up.

use super::loose;
use super::sql::{Conn, Database, SqlResult, values};
use async_trait::async_trait;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{AccountId, Upload};
use roost_actors::ports::{StoreResult, UploadStore};

/// The uploads in one database.
#[derive(Clone, Debug)]
pub struct Uploads {
    pub database: Database,
}

#[async_trait]
impl UploadStore for Uploads {
    async fn add(&self, upload: &Upload) -> StoreResult<Upload> {
        let upload = upload.clone();
        let added = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO uploads (owner, key, blob, mime, sha256, len, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (owner, key) DO NOTHING";
                let values = values![
                    upload.owner,
                    &upload.key,
                    &upload.blob,
                    &upload.mime,
                    &upload.sha256,
                    upload.len,
                    upload.created_at
                ];
                let added = conn.execute(sql, values).await;
                let added = added.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
                if added == 1 {
                    loose::bind(conn, &upload.blob).await?;
                    return Ok(upload);
                }
                let kept = find(conn, upload.owner, &upload.key).await?;
                kept.ok_or_else(|| Failure::Internal("an upload is taken and not there".to_owned()).into())
            })
        });
        added.await
    }

    async fn upload(&self, owner: AccountId, key: &str) -> StoreResult<Option<Upload>> {
        let key = key.to_owned();
        let found = self
            .database
            .read(move |conn| Box::pin(async move { Ok(find(conn, owner, &key).await?) }));
        found.await
    }

    async fn bytes_of(&self, owner: AccountId) -> StoreResult<i64> {
        let sum = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT CAST(COALESCE(SUM(len), 0) AS bigint) FROM uploads WHERE owner = $1";
                let row = conn.row(sql, values![owner]).await?;
                let mut row = row.ok_or_else(|| Failure::Internal("a sum gave nothing".to_owned()))?;
                Ok(row.take()?)
            })
        });
        sum.await
    }
}

async fn find(conn: &mut Conn, owner: AccountId, key: &str) -> SqlResult<Option<Upload>> {
    let sql =
        "SELECT owner, key, blob, mime, sha256, len, created_at FROM uploads WHERE owner = $1 AND key = $2";
    let found = conn.row(sql, values![owner, key]).await?;
    let read = found.map(|mut row| {
        Ok(Upload {
            owner: row.take()?,
            key: row.take()?,
            blob: row.take()?,
            mime: row.take()?,
            sha256: row.take()?,
            len: row.take()?,
            created_at: row.take()?,
        })
    });
    read.transpose()
}
