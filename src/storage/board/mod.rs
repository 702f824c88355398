//! The store of what groups and people show of themselves, and of ratings; what groups are found by is in `hits`.

mod hits;

use super::loose;
use super::rows::{self, join_request_columns};
use super::sql::{Conn, Database, Row, SqlResult, Value, values};
use async_trait::async_trait;
use roost_actors::board::{ANNOUNCEMENTS_FULL, PICTURES_FULL, TAGS_FULL, rules};
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{
    AccountId, Announcement, AnnouncementId, GroupHit, GroupQuery, HintOf, Image, JoinRequest, Picture,
    PictureId, Rating, RequestId, RoomId, Tag, TagId, Timestamp,
};
use roost_actors::ports::{BoardChange, BoardStore, StoreResult, TagChange, TagsOf};

/// What is shown, in one database.
#[derive(Clone, Debug)]
pub struct Board {
    pub database: Database,
}

/// Holds the group's row until the transaction ends.
const HOLD_GROUP: &str = "UPDATE room_groups SET category = category WHERE room = $1 RETURNING dissolved_at";
const HOLD_ACCOUNT: &str = "UPDATE accounts SET locked = locked WHERE id = $1";

const ANNOUNCEMENT: &str = "SELECT id, author, title, text, blob, mime, created_at FROM announcements
    WHERE room = $1 AND id = $2";
const ANNOUNCEMENTS: &str = "SELECT id, author, title, text, blob, mime, created_at FROM announcements
    WHERE room = $1 ORDER BY id DESC LIMIT $2";

const JOIN_REQUEST: &str = concat!(
    "SELECT ",
    join_request_columns!(),
    " FROM join_requests j WHERE j.id = $1"
);

#[async_trait]
impl BoardStore for Board {
    async fn tags(&self, of: TagsOf) -> StoreResult<Vec<Tag>> {
        let (account, room) = sides(of);
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT id, text FROM tags WHERE account = $1 OR room = $2 ORDER BY id";
                Ok(rows::all(conn.rows(sql, values![account, room]).await?, tag)?)
            })
        });
        found.await
    }

    async fn change_tags(&self, account: AccountId, change: &TagChange, now: Timestamp) -> StoreResult<i64> {
        let change = change.clone();
        let changed = self.database.write(move |conn| {
            Box::pin(async move {
                if conn.execute(HOLD_ACCOUNT, values![account]).await? == 0 {
                    return Err(Failure::Unknown(Thing::Account).into());
                }
                change_tag(conn, TagsOf::Account(account), change, now).await
            })
        });
        changed.await
    }

    async fn pictures(&self, room: RoomId) -> StoreResult<Vec<Picture>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT id, blob, mime FROM pictures WHERE room = $1 ORDER BY id";
                Ok(rows::all(conn.rows(sql, values![room]).await?, picture)?)
            })
        });
        found.await
    }

    async fn picture(&self, room: RoomId, id: PictureId) -> StoreResult<Picture> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT id, blob, mime FROM pictures WHERE room = $1 AND id = $2";
                let found = conn.row(sql, values![room, id]).await?;
                Ok(picture(&mut found.ok_or(Failure::Unknown(Thing::Picture))?)?)
            })
        });
        found.await
    }

    async fn announcements(&self, room: RoomId) -> StoreResult<Vec<Announcement>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let values = values![room, rules::ANNOUNCEMENTS_MAX];
                Ok(rows::all(conn.rows(ANNOUNCEMENTS, values).await?, announcement)?)
            })
        });
        found.await
    }

    async fn announcement(&self, room: RoomId, id: AnnouncementId) -> StoreResult<Announcement> {
        self.database
            .read(move |conn| Box::pin(async move { find_announcement(conn, room, id).await }))
            .await
    }

    async fn change(&self, room: RoomId, change: &BoardChange, now: Timestamp) -> StoreResult<i64> {
        let change = change.clone();
        self.database
            .write(move |conn| Box::pin(async move { apply(conn, room, change, now).await }))
            .await
    }

    async fn stars(&self, accounts: &[AccountId]) -> StoreResult<Vec<Rating>> {
        let ids: Vec<i64> = accounts.iter().map(|account| account.0).collect();
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT rated, AVG(stars) FROM ratings WHERE rated = ANY($1) GROUP BY rated";
                Ok(rows::all(conn.rows(sql, values![ids]).await?, |row| {
                    Ok(Rating {
                        account: row.take()?,
                        stars: row.take()?,
                    })
                })?)
            })
        });
        found.await
    }

    async fn avatar(&self, blob: &str) -> StoreResult<Option<Image>> {
        let blob = blob.to_owned();
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn
                    .row("SELECT blob, mime FROM avatars WHERE blob = $1", values![blob])
                    .await?;
                Ok(found.map(|mut row| image(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn find_groups(&self, query: &GroupQuery) -> StoreResult<Vec<GroupHit>> {
        let query = query.clone();
        self.database
            .read(move |conn| Box::pin(async move { Ok(hits::find(conn, &query).await?) }))
            .await
    }

    async fn hints(&self, of: HintOf, category: &str, key: &str, limit: i64) -> StoreResult<Vec<String>> {
        let (category, key) = (category.to_owned(), key.to_owned());
        self.database
            .read(move |conn| {
                Box::pin(async move { Ok(hits::hints(conn, of, &category, &key, limit).await?) })
            })
            .await
    }

    async fn join_request(&self, id: RequestId) -> StoreResult<Option<JoinRequest>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(JOIN_REQUEST, values![id]).await?;
                Ok(found.map(|mut row| rows::join_request(&mut row)).transpose()?)
            })
        });
        found.await
    }
}

/// As the two columns have it.
fn sides(of: TagsOf) -> (Option<AccountId>, Option<RoomId>) {
    match of {
        TagsOf::Account(account) => (Some(account), None),
        TagsOf::Room(room) => (None, Some(room)),
    }
}

fn tag(row: &mut Row) -> SqlResult<Tag> {
    Ok(Tag {
        id: row.take()?,
        text: row.take()?,
    })
}

fn image(row: &mut Row) -> SqlResult<Image> {
    Ok(Image {
        blob: row.take()?,
        mime: row.take()?,
    })
}

fn picture(row: &mut Row) -> SqlResult<Picture> {
    Ok(Picture {
        id: row.take()?,
        image: image(row)?,
    })
}

fn announcement(row: &mut Row) -> SqlResult<Announcement> {
    let (id, author, title, text) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (blob, mime): (Option<String>, Option<String>) = (row.take()?, row.take()?);
    Ok(Announcement {
        id,
        author,
        title,
        text,
        image: blob.zip(mime).map(|(blob, mime)| Image { blob, mime }),
        created_at: row.take()?,
    })
}

async fn find_announcement(conn: &mut Conn, room: RoomId, id: AnnouncementId) -> StoreResult<Announcement> {
    let found = conn.row(ANNOUNCEMENT, values![room, id]).await?;
    Ok(announcement(
        &mut found.ok_or(Failure::Unknown(Thing::Announcement))?,
    )?)
}

async fn apply(conn: &mut Conn, room: RoomId, change: BoardChange, now: Timestamp) -> StoreResult<i64> {
    let held = conn.row(HOLD_GROUP, values![room]).await?;
    let dissolved: Option<Timestamp> = held.ok_or(Failure::Unknown(Thing::Room))?.take()?;
    match change {
        BoardChange::Rate { by, ratings } => rate(conn, room, by, &ratings, now).await,
        _ if dissolved.is_some() => Err(Failure::Dissolved.into()),
        BoardChange::Tag(change) => change_tag(conn, TagsOf::Room(room), change, now).await,
        BoardChange::AddPicture { image, max } => add_picture(conn, room, &image, max, now).await,
        BoardChange::RemovePicture { id } => {
            let sql = "DELETE FROM pictures WHERE room = $1 AND id = $2 RETURNING blob";
            let gone = conn.row(sql, values![room, id]).await?;
            let blob = gone.ok_or(Failure::Unknown(Thing::Picture))?.take()?;
            loose::release(conn, [blob], now).await?;
            Ok(id.0)
        }
        BoardChange::Announce { author, title, text } => {
            let count = "SELECT COUNT(*) FROM announcements WHERE room = $1";
            check_count(
                conn,
                count,
                room.into(),
                ANNOUNCEMENTS_FULL,
                rules::ANNOUNCEMENTS_MAX,
            )
            .await?;
            let sql = "INSERT INTO announcements (room, author, title, text, created_at)
                VALUES ($1, $2, $3, $4, $5) RETURNING id";
            made(conn, sql, values![room, author, title, text, now]).await
        }
        BoardChange::Reword { id, title, text } => {
            let sql = "UPDATE announcements SET title = $3, text = $4 WHERE room = $1 AND id = $2";
            match conn.execute(sql, values![room, id, title, text]).await? {
                0 => Err(Failure::Unknown(Thing::Announcement).into()),
                _ => Ok(id.0),
            }
        }
        BoardChange::Withdraw { id } => {
            let gone = find_announcement(conn, room, id).await?;
            let sql = "DELETE FROM announcements WHERE room = $1 AND id = $2";
            conn.execute(sql, values![room, id]).await?;
            loose::release(conn, gone.image.map(|image| image.blob), now).await?;
            Ok(id.0)
        }
        BoardChange::Illustrate { id, image } => illustrate(conn, room, id, image, now).await,
    }
}

async fn made(conn: &mut Conn, sql: &str, values: &[Value]) -> StoreResult<i64> {
    let row = conn.row(sql, values).await?;
    let mut row = row.ok_or_else(|| Failure::Internal("what was made got no id".to_owned()))?;
    Ok(row.take()?)
}

async fn check_count(conn: &mut Conn, sql: &str, of: Value, what: &str, max: i64) -> StoreResult<()> {
    let count = conn.row(sql, &[of]).await?;
    let count: i64 = count.map_or(Ok(0), |mut row| row.take())?;
    Ok(rules::check_count(count, what, max)?)
}

async fn add_picture(
    conn: &mut Conn,
    room: RoomId,
    image: &Image,
    max: i64,
    now: Timestamp,
) -> StoreResult<i64> {
    let count = "SELECT COUNT(*) FROM pictures WHERE room = $1";
    check_count(conn, count, room.into(), PICTURES_FULL, max).await?;
    loose::bind(conn, &image.blob).await?;
    let sql = "INSERT INTO pictures (room, blob, mime, created_at) VALUES ($1, $2, $3, $4) RETURNING id";
    made(conn, sql, values![room, &image.blob, &image.mime, now]).await
}

async fn illustrate(
    conn: &mut Conn,
    room: RoomId,
    id: AnnouncementId,
    new: Option<Image>,
    now: Timestamp,
) -> StoreResult<i64> {
    let old = find_announcement(conn, room, id).await?.image;
    if new.is_none() && old.is_none() {
        return Err(Failure::Unknown(Thing::Picture).into());
    }
    if let Some(image) = &new {
        loose::bind(conn, &image.blob).await?;
    }
    let (blob, mime) = new.map(|image| (image.blob, image.mime)).unzip();
    let sql = "UPDATE announcements SET blob = $3, mime = $4 WHERE room = $1 AND id = $2";
    conn.execute(sql, values![room, id, blob, mime]).await?;
    loose::release(conn, old.map(|image| image.blob), now).await?;
    Ok(id.0)
}

async fn change_tag(conn: &mut Conn, of: TagsOf, change: TagChange, now: Timestamp) -> StoreResult<i64> {
    let (account, room) = sides(of);
    match change {
        TagChange::Add { text } => {
            let sql = "SELECT id FROM tags WHERE (account = $1 OR room = $2) AND text = $3";
            if let Some(mut row) = conn.row(sql, values![account, room, &text]).await? {
                return Ok(row.take()?);
            }
            let (count, of): (&str, Value) = match of {
                TagsOf::Account(account) => ("SELECT COUNT(*) FROM tags WHERE account = $1", account.into()),
                TagsOf::Room(room) => ("SELECT COUNT(*) FROM tags WHERE room = $1", room.into()),
            };
            check_count(conn, count, of, TAGS_FULL, rules::TAGS_MAX).await?;
            let folded = super::directory::folded(&text);
            let sql = "INSERT INTO tags (account, room, text, folded, created_at)
                VALUES ($1, $2, $3, $4, $5) RETURNING id";
            made(conn, sql, values![account, room, text, folded, now]).await
        }
        TagChange::Edit { id, text } => {
            let folded = super::directory::folded(&text);
            let sql = "UPDATE tags SET text = $4, folded = $5 WHERE (account = $1 OR room = $2) AND id = $3";
            let edited = conn.execute(sql, values![account, room, id, text, folded]).await;
            tag_found(
                edited.map_err(|error| error.if_taken(Failure::Exists(Thing::Tag)))?,
                id,
            )
        }
        TagChange::Remove { id } => {
            let sql = "DELETE FROM tags WHERE (account = $1 OR room = $2) AND id = $3";
            tag_found(conn.execute(sql, values![account, room, id]).await?, id)
        }
    }
}

fn tag_found(touched: u64, id: TagId) -> StoreResult<i64> {
    match touched {
        0 => Err(Failure::Unknown(Thing::Tag).into()),
        _ => Ok(id.0),
    }
}

async fn rate(
    conn: &mut Conn,
    room: RoomId,
    by: AccountId,
    ratings: &[Rating],
    now: Timestamp,
) -> StoreResult<i64> {
    let sql = "INSERT INTO raters (room, rater, rated_at) VALUES ($1, $2, $3)";
    let begun = conn.execute(sql, values![room, by, now]).await;
    begun.map_err(|error| {
        error
            .if_taken(Failure::Forbidden("everybody rates once".to_owned()))
            .if_missing(Failure::Unknown(Thing::Account))
    })?;
    let rows: Vec<Vec<Value>> = ratings
        .iter()
        .map(|rating| vec![room.into(), by.into(), rating.account.into(), rating.stars.into()])
        .collect();
    let sql = "INSERT INTO ratings (room, rater, rated, stars) VALUES ($1, $2, $3, $4)";
    let rated = conn.execute_many(sql, &rows).await;
    rated.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
    Ok(ratings.len() as i64)
}

/// Whose picture.
pub enum AvatarOf {
    Account(AccountId),
    Room(RoomId),
}

/// Keeps somebody's picture in place of the one there was, in the transaction that changes its address.
pub async fn set_avatar(conn: &mut Conn, of: AvatarOf, image: &Image, at: Timestamp) -> StoreResult<()> {
    loose::bind(conn, &image.blob).await?;
    let (delete, insert, of): (&str, &str, Value) = match of {
        AvatarOf::Account(account) => (
            "DELETE FROM avatars WHERE account = $1 RETURNING blob",
            "INSERT INTO avatars (account, blob, mime) VALUES ($1, $2, $3)",
            account.into(),
        ),
        AvatarOf::Room(room) => (
            "DELETE FROM avatars WHERE room = $1 RETURNING blob",
            "INSERT INTO avatars (room, blob, mime) VALUES ($1, $2, $3)",
            room.into(),
        ),
    };
    if let Some(mut row) = conn.row(delete, std::slice::from_ref(&of)).await? {
        let old: String = row.take()?;
        loose::release(conn, [old], at).await?;
    }
    conn.execute(insert, &[of, (&image.blob).into(), (&image.mime).into()])
        .await?;
    Ok(())
}
