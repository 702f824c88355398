//! The store of what is known about the files of conversations.

use super::sql::{Database, Row, SqlResult, values};
use super::{loose, rows};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::model::{FileId, FilePlace, RoomId, SecretDigest, SharedFile, Timestamp, ViewId};
use roost_actors::ports::{FileStore, StoreResult};

/// The files in one database.
#[derive(Clone, Debug)]
pub struct Files {
    pub database: Database,
}

/// Columns of `files f`, as [`file`] reads them.
macro_rules! file_columns {
    () => {
        "f.id, f.of_view, f.of_group, f.owner, f.blob, f.mime, f.name, f.len, f.created_at"
    };
}

const FILE: &str = concat!("SELECT ", file_columns!(), " FROM files f WHERE f.id = $1");

const OLDER: &str = concat!(
    "SELECT ",
    file_columns!(),
    " FROM files f WHERE f.created_at < $1 ORDER BY f.created_at, f.id LIMIT $2"
);

#[async_trait]
impl FileStore for Files {
    async fn add(&self, file: &SharedFile) -> StoreResult<SharedFile> {
        let mut file = file.clone();
        let (view, group) = match file.place {
            FilePlace::View(ViewId(id)) => (Some(id), None),
            FilePlace::Group(RoomId(id)) => (None, Some(id)),
        };
        let added = self.database.write(move |conn| {
            Box::pin(async move {
                loose::bind(conn, &file.blob).await?;
                let sql = "INSERT INTO files (of_view, of_group, owner, blob, mime, name, len, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
                let values = values![
                    view,
                    group,
                    file.owner,
                    &file.blob,
                    &file.mime,
                    &file.name,
                    file.len,
                    file.created_at
                ];
                let made = conn.row(sql, values).await?;
                let mut row = made.ok_or_else(|| Failure::Internal("a file got no id".to_owned()))?;
                file.id = row.take()?;
                Ok(file)
            })
        });
        added.await
    }

    async fn file(&self, id: FileId) -> StoreResult<Option<SharedFile>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(FILE, values![id]).await?;
                Ok(found.map(|mut row| file(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn put_ticket(&self, ticket: SecretDigest, file: FileId, expires_at: Timestamp) -> StoreResult<()> {
        let put = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO file_tickets (ticket, file, expires_at) VALUES ($1, $2, $3)";
                conn.execute(sql, values![ticket.to_vec(), file, expires_at])
                    .await?;
                Ok(())
            })
        });
        put.await
    }

    async fn take_ticket(&self, ticket: SecretDigest, now: Timestamp) -> StoreResult<Option<SharedFile>> {
        let taken = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "DELETE FROM file_tickets WHERE ticket = $1 RETURNING file, expires_at";
                let Some(mut row) = conn.row(sql, values![ticket.to_vec()]).await? else {
                    return Ok(None);
                };
                let (id, expires_at): (FileId, Timestamp) = (row.take()?, row.take()?);
                if expires_at < now {
                    return Ok(None);
                }
                let found = conn.row(FILE, values![id]).await?;
                Ok(found.map(|mut row| file(&mut row)).transpose()?)
            })
        });
        taken.await
    }

    async fn older(&self, before: Timestamp, limit: i64) -> StoreResult<Vec<SharedFile>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                Ok(rows::all(
                    conn.rows(OLDER, values![before, limit.max(0)]).await?,
                    file,
                )?)
            })
        });
        found.await
    }

    async fn forget(&self, id: FileId) -> StoreResult<()> {
        let forgotten = self.database.write(move |conn| {
            Box::pin(async move {
                conn.execute("DELETE FROM file_tickets WHERE file = $1", values![id])
                    .await?;
                conn.execute("DELETE FROM files WHERE id = $1", values![id])
                    .await?;
                Ok(())
            })
        });
        forgotten.await
    }

    async fn forget_tickets(&self, now: Timestamp) -> StoreResult<u64> {
        let forgotten = self.database.write(move |conn| {
            Box::pin(async move {
                Ok(conn
                    .execute("DELETE FROM file_tickets WHERE expires_at < $1", values![now])
                    .await?)
            })
        });
        forgotten.await
    }
}

fn file(row: &mut Row) -> SqlResult<SharedFile> {
    let id = row.take()?;
    let (view, group): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    let place = match (view, group) {
        (Some(view), _) => FilePlace::View(ViewId(view)),
        (None, group) => FilePlace::Group(RoomId(group.unwrap_or_default())),
    };
    Ok(SharedFile {
        id,
        place,
        owner: row.take()?,
        blob: row.take()?,
        mime: row.take()?,
        name: row.take()?,
        len: row.take()?,
        created_at: row.take()?,
    })
}
