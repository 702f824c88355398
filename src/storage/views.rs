//! The store of conversations as Kahla lists them: views of direct rooms, friend requests by id, names that groups claim.

use super::directory::{containing, folded};
use super::rows::{self, account_columns, group_columns, message_columns};
use super::sql::{Conn, Database, FromValue, Row, SqlResult, Value, values};
use super::users::friend_request;
use async_trait::async_trait;
use roost_actors::model::{
    Account, AccountId, Conversation, FriendRequest, RequestId, RoomId, RoomInfo, Timestamp, View, ViewId,
    With,
};
use roost_actors::ports::{StoreResult, ViewStore};

/// The views in one database.
#[derive(Clone, Debug)]
pub struct Views {
    pub database: Database,
}

/// Columns of `views v`, as [`view`] reads them.
macro_rules! view_columns {
    () => {
        "v.id, v.room, v.low, v.high, v.requester, v.from_seq, v.opened_at, v.closed"
    };
}

const VIEW: &str = concat!("SELECT ", view_columns!(), " FROM views v WHERE v.id = $1");

const OPEN_VIEW: &str = concat!(
    "SELECT ",
    view_columns!(),
    " FROM views v WHERE v.low = $1 AND v.high = $2 AND NOT v.closed"
);

/// The unread are what the peer wrote after the cursor, by the difference of the running counts there and at the end,
/// less what was taken back.
const OPEN_VIEWS: &str = concat!(
    "SELECT ",
    view_columns!(),
    ", ",
    account_columns!(),
    ", CASE WHEN v.low = $1 THEN r.count_high ELSE r.count_low END
        - COALESCE((SELECT CASE WHEN v.low = $1 THEN c.count_high ELSE c.count_low END
            FROM messages c WHERE c.room = v.room AND c.seq = v.cursor), 0)
        - (SELECT COUNT(*) FROM messages x WHERE x.room = v.room AND x.seq > v.cursor
            AND x.revoked_at IS NOT NULL AND x.counted AND x.sender <> $1),
    m.id IS NOT NULL, ",
    message_columns!(),
    " FROM (
        SELECT w.*, CASE WHEN s.read_seq >= w.from_seq THEN s.read_seq ELSE w.from_seq - 1 END AS cursor
        FROM views w LEFT JOIN members s ON s.room = w.room AND s.account = $1 AND s.to_seq IS NULL
        WHERE NOT w.closed AND (w.low = $1 OR w.high = $1)
    ) v
    JOIN rooms r ON r.id = v.room
    JOIN accounts a ON a.id = CASE WHEN v.low = $1 THEN v.high ELSE v.low END
    LEFT JOIN messages m ON m.room = v.room AND m.seq = (
        SELECT MAX(x.seq) FROM messages x
        WHERE x.room = v.room AND x.seq >= v.from_seq AND x.revoked_at IS NULL)"
);

/// As above; in a group everything counts, one's own too.
const GROUPS: &str = concat!(
    "SELECT ",
    group_columns!(),
    ", r.count_low
        - COALESCE((SELECT c.count_low FROM messages c WHERE c.room = r.id AND c.seq = s.read_seq), 0)
        - (SELECT COUNT(*) FROM messages x WHERE x.room = r.id AND x.seq > s.read_seq
            AND x.revoked_at IS NOT NULL AND x.counted),
    m.id IS NOT NULL, ",
    message_columns!(),
    " FROM members s
    JOIN room_groups g ON g.room = s.room AND g.dissolved_at IS NULL
    JOIN rooms r ON r.id = s.room
    LEFT JOIN messages m ON m.room = s.room AND m.seq = (
        SELECT MAX(x.seq) FROM messages x
        WHERE x.room = s.room AND x.revoked_at IS NULL
            AND x.seq >= CASE WHEN g.history_before_join THEN 1 ELSE s.from_seq END)
    WHERE s.account = $1 AND s.to_seq IS NULL"
);

const REQUEST: &str = "
    SELECT f.id, f.sender, f.receiver, f.reason, f.deny_reason, f.status, f.created_at
    FROM friend_requests f WHERE f.id = $1";

const REQUESTS_TO: &str = concat!(
    "SELECT f.id, f.sender, f.receiver, f.reason, f.deny_reason, f.status, f.created_at, ",
    account_columns!(),
    " FROM friend_requests f JOIN accounts a ON a.id = f.sender
    WHERE f.receiver = $1 ORDER BY f.id DESC LIMIT $2"
);

/// Requests that are listed, at most: older ones were answered long ago or never will be.
const REQUESTS_MAX: i64 = 1_000;

const CLAIMED: &str = "SELECT room FROM claims WHERE name_folded = $1";

const SEARCH_CLAIMS: &str = concat!(
    "SELECT ",
    group_columns!(),
    ", c.name FROM claims c JOIN room_groups g ON g.room = c.room AND g.dissolved_at IS NULL
    WHERE c.name_folded LIKE $1 ESCAPE '\\' ORDER BY g.room LIMIT $2"
);

impl FromValue for ViewId {
    fn from_value(value: Value) -> Result<ViewId, Value> {
        i64::from_value(value).map(|row| ViewId(row + ViewId::FIRST.0 - 1))
    }
}

#[async_trait]
impl ViewStore for Views {
    async fn view(&self, id: ViewId) -> StoreResult<Option<View>> {
        let row = id.0 - ViewId::FIRST.0 + 1;
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(VIEW, values![row]).await?;
                Ok(found.map(|mut row| view(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn open_view(&self, a: AccountId, b: AccountId) -> StoreResult<Option<View>> {
        let (low, high) = (a.min(b), a.max(b));
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(OPEN_VIEW, values![low, high]).await?;
                Ok(found.map(|mut row| view(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn conversations(&self, account: AccountId) -> StoreResult<Vec<Conversation>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let friends = conn.rows(OPEN_VIEWS, values![account]).await?;
                let groups = conn.rows(GROUPS, values![account]).await?;
                let mut found = rows::all(friends, |row| {
                    let with = With::Friend(view(row)?, Box::new(rows::account(row)?));
                    conversation(with, row)
                })?;
                found.extend(rows::all(groups, |row| {
                    let with = With::Group(Box::new(rows::group(row)?));
                    conversation(with, row)
                })?);
                Ok(found)
            })
        });
        found.await
    }

    async fn request(&self, id: RequestId) -> StoreResult<Option<FriendRequest>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(REQUEST, values![id]).await?;
                Ok(found.map(|mut row| friend_request(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn requests_to(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(REQUESTS_TO, values![account, REQUESTS_MAX]).await?;
                Ok(rows::all(found, |row| {
                    Ok((friend_request(row)?, rows::account(row)?))
                })?)
            })
        });
        found.await
    }

    async fn claimed(&self, name: &str) -> StoreResult<Option<RoomId>> {
        let name = folded(name);
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(CLAIMED, values![name]).await?;
                Ok(found.map(|mut row| row.take()).transpose()?)
            })
        });
        found.await
    }

    async fn search_claims(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let pattern = containing(&folded(text));
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(SEARCH_CLAIMS, values![pattern, limit.max(0)]).await?;
                Ok(rows::all(found, |row| {
                    let mut info = rows::group(row)?;
                    info.name = row.take()?;
                    Ok(info)
                })?)
            })
        });
        found.await
    }
}

fn view(row: &mut Row) -> SqlResult<View> {
    Ok(View {
        id: row.take()?,
        room: row.take()?,
        low: row.take()?,
        high: row.take()?,
        requester: row.take()?,
        from_seq: row.take()?,
        opened_at: row.take()?,
        closed: row.take()?,
    })
}

/// Columns after what it is with: unread, whether there is a message, the message.
fn conversation(with: With, row: &mut Row) -> SqlResult<Conversation> {
    let unread: i64 = row.take()?;
    let written: bool = row.take()?;
    let latest = if written { Some(rows::message(row)?) } else { None };
    Ok(Conversation {
        with,
        latest,
        unread: unread.max(0),
    })
}

/// Opens a view of two friends at the present end of their direct room, unless one is open.
pub async fn open(
    conn: &mut Conn,
    room: RoomId,
    requester: AccountId,
    asked: AccountId,
    at: Timestamp,
) -> StoreResult<()> {
    let sql = "INSERT INTO views (room, low, high, requester, from_seq, opened_at)
        SELECT id, $2, $3, $4, last_seq + 1, $5 FROM rooms WHERE id = $1
        ON CONFLICT (low, high) WHERE NOT closed DO NOTHING";
    let (low, high) = (requester.min(asked), requester.max(asked));
    conn.execute(sql, values![room, low, high, requester, at]).await?;
    Ok(())
}

/// Whether two accounts have an open view.
pub async fn is_open(conn: &mut Conn, a: AccountId, b: AccountId) -> StoreResult<bool> {
    Ok(conn.row(OPEN_VIEW, values![a.min(b), a.max(b)]).await?.is_some())
}

/// Closes the open view of two accounts. Whether there was one.
pub async fn close(conn: &mut Conn, a: AccountId, b: AccountId) -> StoreResult<bool> {
    let sql = "UPDATE views SET closed = TRUE WHERE low = $1 AND high = $2 AND NOT closed";
    let closed = conn.execute(sql, values![a.min(b), a.max(b)]).await?;
    Ok(closed > 0)
}
