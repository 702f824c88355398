//! The store of rooms' files: trees of folders, what was given in chats, and blobs that nothing refers to.

use super::sql::{Conn, Database, Row, SqlResult, values};
use super::{loose, rows};
use async_trait::async_trait;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{FileId, RoomId, Spot, Timestamp, TreeContent, TreeItem};
use roost_actors::ports::{StoreResult, TreeChange, TreeStore};
use roost_actors::tree::rules::{self, By, DEPTH_FOLDERS_MAX, Used};

/// The files of rooms in one database.
#[derive(Clone, Debug)]
pub struct Tree {
    pub database: Database,
}

/// Columns of `tree t`, as [`item`] reads them.
macro_rules! tree_columns {
    () => {
        "t.id, t.room, t.in_chat, t.parent, t.owner, t.name, t.blob, t.mime, t.len, t.duration_ms, t.created_at"
    };
}

const ITEM: &str = concat!(
    "SELECT ",
    tree_columns!(),
    " FROM tree t WHERE t.id = $1 AND t.room = $2"
);

const ITEMS: &str = concat!(
    "SELECT ",
    tree_columns!(),
    " FROM tree t WHERE t.room = $1 AND t.parent = $2 AND NOT t.in_chat LIMIT $3"
);

const GIVEN_BEFORE: &str = concat!(
    "SELECT ",
    tree_columns!(),
    " FROM tree t WHERE t.in_chat AND t.created_at < $1 ORDER BY t.created_at, t.id LIMIT $2"
);

/// A folder and all that it is in, up to the root: none when it is no folder of the room.
const PATH: &str = "
    WITH RECURSIVE up (id, parent, level) AS (
        SELECT t.id, t.parent, 1 FROM tree t
        WHERE t.id = $2 AND t.room = $1 AND t.blob IS NULL AND NOT t.in_chat
        UNION ALL SELECT t.id, t.parent, up.level + 1 FROM up JOIN tree t ON t.id = up.parent
    ) SELECT id FROM up ORDER BY level LIMIT $3";

/// How many folders stand within each other from this one on, itself included.
const HEIGHT: &str = "
    WITH RECURSIVE down (id, level) AS (
        SELECT t.id, 1 FROM tree t WHERE t.id = $2 AND t.room = $1 AND t.blob IS NULL
        UNION ALL SELECT t.id, down.level + 1 FROM down
        JOIN tree t ON t.room = $1 AND t.parent = down.id AND NOT t.in_chat AND t.blob IS NULL
    ) SELECT CAST(COALESCE(MAX(level), 0) AS bigint) FROM down";

/// Removes an item with all that is in it.
const REMOVE: &str = "
    WITH RECURSIVE down (id) AS (
        SELECT t.id FROM tree t WHERE t.id = $2 AND t.room = $1
        UNION ALL SELECT t.id FROM down
        JOIN tree t ON t.room = $1 AND t.parent = down.id AND NOT t.in_chat
    ) DELETE FROM tree WHERE room = $1 AND id IN (SELECT id FROM down) RETURNING blob, len";

#[async_trait]
impl TreeStore for Tree {
    async fn items(&self, room: RoomId, folder: Option<FileId>) -> StoreResult<Vec<TreeItem>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                path(conn, room, folder).await?;
                let values = values![room, parent(folder), rules::FOLDER_ITEMS_MAX];
                Ok(rows::all(conn.rows(ITEMS, values).await?, item)?)
            })
        });
        let mut items = found.await?;
        // Here, because the engines would order letters differently.
        items.sort_by(|a, b| (!a.is_folder(), &a.name).cmp(&(!b.is_folder(), &b.name)));
        Ok(items)
    }

    async fn item(&self, room: RoomId, id: FileId) -> StoreResult<TreeItem> {
        self.database
            .read(move |conn| Box::pin(async move { find(conn, room, id).await }))
            .await
    }

    async fn used(&self, room: RoomId, spot: Spot) -> StoreResult<Used> {
        let used = self.database.read(move |conn| {
            Box::pin(async move {
                if let Spot::Folder(folder) = spot {
                    path(conn, room, folder).await?;
                }
                let sql = "SELECT bytes, items, chat_bytes, chat_items FROM tree_use WHERE room = $1";
                let found = conn.row(sql, values![room]).await?;
                let used = found.map(|mut row| used(&mut row, spot)).transpose()?;
                Ok(used.unwrap_or_default())
            })
        });
        used.await
    }

    async fn change(&self, room: RoomId, change: &TreeChange) -> StoreResult<TreeItem> {
        let change = change.clone();
        self.database
            .write(move |conn| Box::pin(async move { apply(conn, room, change).await }))
            .await
    }

    async fn given_before(&self, before: Timestamp, limit: i64) -> StoreResult<Vec<TreeItem>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(GIVEN_BEFORE, values![before, limit.max(0)]).await?;
                Ok(rows::all(found, item)?)
            })
        });
        found.await
    }

    async fn note_blob(&self, blob: &str, due: Timestamp) -> StoreResult<()> {
        let blob = blob.to_owned();
        let noted = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO loose_blobs (blob, due, taken) VALUES ($1, $2, FALSE)";
                conn.execute(sql, values![blob, due]).await?;
                Ok(())
            })
        });
        noted.await
    }

    async fn take_blobs(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<String>> {
        let taken = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "UPDATE loose_blobs SET taken = TRUE WHERE blob IN (
                        SELECT blob FROM loose_blobs WHERE due <= $1 ORDER BY due, blob LIMIT $2
                    ) RETURNING blob, due";
                let rows = conn.rows(sql, values![now, limit.max(0)]).await?;
                let mut taken: Vec<(Timestamp, String)> = rows::all(rows, |row| {
                    let blob = row.take()?;
                    Ok((row.take()?, blob))
                })?;
                taken.sort_unstable();
                Ok(taken.into_iter().map(|(_, blob)| blob).collect())
            })
        });
        taken.await
    }

    async fn forget_blob(&self, blob: &str) -> StoreResult<()> {
        let blob = blob.to_owned();
        let forgotten = self.database.write(move |conn| {
            Box::pin(async move {
                conn.execute("DELETE FROM loose_blobs WHERE blob = $1", values![blob])
                    .await?;
                Ok(())
            })
        });
        forgotten.await
    }
}

/// As the column `parent` has it.
fn parent(folder: Option<FileId>) -> FileId {
    folder.unwrap_or_default()
}

fn item(row: &mut Row) -> SqlResult<TreeItem> {
    let (id, room, in_chat, parent): (FileId, RoomId, bool, FileId) =
        (row.take()?, row.take()?, row.take()?, row.take()?);
    let spot = if in_chat {
        Spot::Chat
    } else {
        Spot::Folder((parent != FileId(0)).then_some(parent))
    };
    let (owner, name) = (row.take()?, row.take()?);
    let blob: Option<String> = row.take()?;
    let (mime, len, duration_ms) = (row.take()?, row.take()?, row.take()?);
    Ok(TreeItem {
        id,
        room,
        spot,
        owner,
        name,
        content: blob.map(|blob| TreeContent {
            blob,
            mime,
            len,
            duration_ms,
        }),
        created_at: row.take()?,
    })
}

fn used(row: &mut Row, spot: Spot) -> SqlResult<Used> {
    let mut next = || {
        Ok(Used {
            bytes: row.take()?,
            items: row.take()?,
        })
    };
    let tree = next()?;
    match spot {
        Spot::Folder(_) => Ok(tree),
        Spot::Chat => next(),
    }
}

async fn find(conn: &mut Conn, room: RoomId, id: FileId) -> StoreResult<TreeItem> {
    let found = conn.row(ITEM, values![id, room]).await?;
    Ok(item(&mut found.ok_or(Failure::Unknown(Thing::File))?)?)
}

/// The folders on the way from this one to the root.
async fn path(conn: &mut Conn, room: RoomId, folder: Option<FileId>) -> StoreResult<Vec<FileId>> {
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    // More than there can be, so that a wrong row ends here and not the statement never.
    let values = values![room, folder, 2 * DEPTH_FOLDERS_MAX as i64];
    let path = rows::all(conn.rows(PATH, values).await?, Row::take)?;
    if path.is_empty() {
        return Err(Failure::Unknown(Thing::Folder).into());
    }
    Ok(path)
}

/// Holds the room's files until the transaction ends, and says what they take.
async fn hold(conn: &mut Conn, room: RoomId, spot: Spot) -> StoreResult<Used> {
    let begin = "INSERT INTO tree_use (room) VALUES ($1) ON CONFLICT (room) DO NOTHING";
    let begun = conn.execute(begin, values![room]).await;
    begun.map_err(|error| error.if_missing(Failure::Unknown(Thing::Room)))?;
    let sql = "UPDATE tree_use SET items = items WHERE room = $1
        RETURNING bytes, items, chat_bytes, chat_items";
    let held = conn.row(sql, values![room]).await?;
    Ok(used(&mut held.ok_or(Failure::Unknown(Thing::Room))?, spot)?)
}

/// Counts more, or with negative numbers fewer, bytes and items.
async fn count(conn: &mut Conn, room: RoomId, spot: Spot, bytes: i64, items: i64) -> StoreResult<()> {
    let sql = match spot {
        Spot::Folder(_) => "UPDATE tree_use SET bytes = bytes + $2, items = items + $3 WHERE room = $1",
        Spot::Chat => {
            "UPDATE tree_use SET chat_bytes = chat_bytes + $2, chat_items = chat_items + $3 WHERE room = $1"
        }
    };
    conn.execute(sql, values![room, bytes, items]).await?;
    Ok(())
}

async fn apply(conn: &mut Conn, room: RoomId, change: TreeChange) -> StoreResult<TreeItem> {
    match change {
        TreeChange::Add { item, quota_bytes } => {
            let used = hold(conn, room, item.spot).await?;
            add(conn, item, used, quota_bytes).await
        }
        TreeChange::Rename { by, id, name } => {
            hold(conn, room, Spot::Chat).await?;
            rename(conn, room, by, id, name).await
        }
        TreeChange::Move { by, id, folder } => {
            hold(conn, room, Spot::Chat).await?;
            transfer(conn, room, by, id, folder).await
        }
        TreeChange::Remove { by, id, at } => {
            hold(conn, room, Spot::Chat).await?;
            remove(conn, room, by, id, at).await
        }
    }
}

async fn add(conn: &mut Conn, item: TreeItem, used: Used, quota_bytes: i64) -> StoreResult<TreeItem> {
    let room = item.room;
    if let Spot::Folder(folder) = item.spot {
        let depth = path(conn, room, folder).await?.len();
        check_name(conn, room, folder, &item.name, item.id).await?;
        check_folder(conn, room, folder).await?;
        rules::check_depth(depth, usize::from(item.is_folder()))?;
    }
    rules::check_room(used, item.len(), quota_bytes)?;
    if let Some(content) = &item.content {
        loose::bind(conn, &content.blob).await?;
    }
    let (in_chat, folder) = match item.spot {
        Spot::Chat => (true, None),
        Spot::Folder(folder) => (false, folder),
    };
    let content = item.content.as_ref();
    let sql =
        "INSERT INTO tree (room, in_chat, parent, owner, name, blob, mime, len, duration_ms, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id";
    let values = values![
        room,
        in_chat,
        parent(folder),
        item.owner,
        &item.name,
        content.map(|content| content.blob.as_str()),
        content.map_or("", |content| content.mime.as_str()),
        item.len(),
        content.map_or(0, |content| content.duration_ms),
        item.created_at,
    ];
    let made = conn.row(sql, values).await.map_err(taken)?;
    let mut row = made.ok_or_else(|| Failure::Internal("a file got no id".to_owned()))?;
    count(conn, room, item.spot, item.len(), 1).await?;
    Ok(TreeItem {
        id: row.take()?,
        ..item
    })
}

fn taken(error: super::sql::SqlError) -> super::sql::SqlError {
    error.if_taken(Failure::Exists(Thing::File))
}

/// Refuses a name that another item of the folder has.
async fn check_name(
    conn: &mut Conn,
    room: RoomId,
    folder: Option<FileId>,
    name: &str,
    of: FileId,
) -> StoreResult<()> {
    let sql =
        "SELECT id FROM tree WHERE room = $1 AND parent = $2 AND name = $3 AND NOT in_chat AND id <> $4";
    match conn.row(sql, values![room, parent(folder), name, of]).await? {
        Some(_) => Err(Failure::Exists(Thing::File).into()),
        None => Ok(()),
    }
}

async fn check_folder(conn: &mut Conn, room: RoomId, folder: Option<FileId>) -> StoreResult<()> {
    let sql = "SELECT COUNT(*) FROM tree WHERE room = $1 AND parent = $2 AND NOT in_chat";
    let counted = conn.row(sql, values![room, parent(folder)]).await?;
    let items = counted.map_or(Ok(0), |mut row| row.take())?;
    Ok(rules::check_folder(items)?)
}

async fn rename(conn: &mut Conn, room: RoomId, by: By, id: FileId, name: String) -> StoreResult<TreeItem> {
    let item = find(conn, room, id).await?;
    rules::may_change(by, &item)?;
    if let Spot::Folder(folder) = item.spot {
        check_name(conn, room, folder, &name, id).await?;
    }
    let sql = "UPDATE tree SET name = $2 WHERE id = $1";
    conn.execute(sql, values![id, &name]).await.map_err(taken)?;
    Ok(TreeItem { name, ..item })
}

async fn transfer(
    conn: &mut Conn,
    room: RoomId,
    by: By,
    id: FileId,
    folder: Option<FileId>,
) -> StoreResult<TreeItem> {
    let item = find(conn, room, id).await?;
    rules::may_change(by, &item)?;
    let path = path(conn, room, folder).await?;
    if item.spot == Spot::Chat {
        return Err(Failure::Unknown(Thing::File).into());
    }
    rules::check_path(id, &path)?;
    let spot = Spot::Folder(folder);
    if item.spot == spot {
        return Ok(item);
    }
    check_name(conn, room, folder, &item.name, id).await?;
    check_folder(conn, room, folder).await?;
    let height = conn.row(HEIGHT, values![room, id]).await?;
    let height: i64 = height.map_or(Ok(0), |mut row| row.take())?;
    rules::check_depth(path.len(), usize::try_from(height).unwrap_or(usize::MAX / 2))?;
    let sql = "UPDATE tree SET parent = $2 WHERE id = $1";
    let moved = conn.execute(sql, values![id, parent(folder)]).await;
    moved.map_err(taken)?;
    Ok(TreeItem { spot, ..item })
}

async fn remove(conn: &mut Conn, room: RoomId, by: By, id: FileId, at: Timestamp) -> StoreResult<TreeItem> {
    let item = find(conn, room, id).await?;
    rules::may_change(by, &item)?;
    let gone: Vec<(Option<String>, i64)> = rows::all(conn.rows(REMOVE, values![room, id]).await?, |row| {
        Ok((row.take()?, row.take()?))
    })?;
    let bytes: i64 = gone.iter().map(|(_, len)| len).sum();
    count(conn, room, item.spot, -bytes, -(gone.len() as i64)).await?;
    loose::release(conn, gone.into_iter().filter_map(|(blob, _)| blob), at).await?;
    Ok(item)
}
