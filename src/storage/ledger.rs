//! The ledger's store: messages in the order in which they became final, whole or of one account's rooms.
//!
//! The horizon is read first, by a statement of its own: whatever has a key below it is visible to every later statement.

use super::rows::{self, message_columns};
use super::sql::{Conn, Database, Row, SqlResult, Value, values};
use async_trait::async_trait;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{
    AccountId, CommitKey, Entry, Inbox, InboxItem, LedgerPage, NewAccount, Pass, RoomId, RoomKind, Seq,
};
use roost_actors::ports::{LedgerStore, PassStore, StoreResult};

/// The ledger and the passes in one database.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub database: Database,
}

/// Bytes of messages in one page of an inbox, roughly; the first message is always in it.
const PAGE_BYTES_MAX: i64 = 4 * 1024 * 1024;

/// Accounts made in one transaction, at most.
const ADMITTED_TOGETHER_MAX: usize = 5_000;

const HORIZON: &str = "
    SELECT h.key, (SELECT COALESCE(MAX(m.commit_key), 0) FROM messages m) FROM ledger_horizon h";

const LINES: &str = "
    SELECT l.commit_key, l.room, l.seq, n.account
    FROM (
        SELECT m.commit_key, m.room, m.seq FROM messages m LEFT JOIN room_groups g ON g.room = m.room
        WHERE m.commit_key > $1 AND m.commit_key < $2 AND NOT COALESCE(g.super_group, FALSE)
        ORDER BY m.commit_key LIMIT $3
    ) l LEFT JOIN members n ON n.room = l.room AND n.from_seq = l.seq
    ORDER BY l.commit_key";

/// The stays of an account in rooms, super groups apart: what it may see lies between `low` and `high`.
macro_rules! seats {
    () => {
        "seats AS (
            SELECT s.room, s.from_seq - 1 AS low,
                CASE WHEN s.to_seq < r.last_seq THEN s.to_seq ELSE r.last_seq END + 1 AS high
            FROM members s JOIN rooms r ON r.id = s.room LEFT JOIN room_groups g ON g.room = s.room
            WHERE s.account = $1 AND NOT COALESCE(g.super_group, FALSE)
        )"
    };
}

/// The account's last key below the horizon.
const END: &str = concat!(
    "WITH ",
    seats!(),
    "SELECT COALESCE(MAX(t.key), 0) FROM (
        SELECT (
            SELECT m.commit_key FROM messages m
            WHERE m.room = s.room AND m.seq > s.low AND m.seq < s.high AND m.commit_key < $2
            ORDER BY m.seq DESC LIMIT 1
        ) AS key FROM seats s
    ) t"
);

/// Keys rise with seqs within a room, so in each room with news the first new seq is found by halving.
const PAGE: &str = concat!(
    "WITH RECURSIVE ",
    seats!(),
    ", search AS (
        SELECT s.room, s.low, s.high, s.high AS top FROM seats s
        WHERE s.high - s.low > 1
            AND (SELECT m.commit_key FROM messages m WHERE m.room = s.room AND m.seq = s.high - 1) > $2
        UNION ALL
        SELECT s.room,
            CASE WHEN m.commit_key > $2 THEN s.low ELSE (s.low + s.high) / 2 END,
            CASE WHEN m.commit_key > $2 THEN (s.low + s.high) / 2 ELSE s.high END, s.top
        FROM search s LEFT JOIN messages m ON m.room = s.room AND m.seq = (s.low + s.high) / 2
        WHERE s.high - s.low > 1
    ), page AS (
        SELECT m.commit_key, r.low AS side_low, r.high AS side_high, ",
    message_columns!(),
    " FROM search s
        JOIN messages m ON m.room = s.room AND m.seq > s.low AND m.seq < s.top AND m.seq <= s.low + $4
        JOIN rooms r ON r.id = m.room
        WHERE s.high - s.low = 1 AND m.commit_key < $3 ORDER BY m.commit_key LIMIT $4
    ), weighed AS (
        SELECT p.*, SUM(OCTET_LENGTH(p.body) + COALESCE(OCTET_LENGTH(p.extra), 0)) OVER (ORDER BY p.commit_key)
            - OCTET_LENGTH(p.body) - COALESCE(OCTET_LENGTH(p.extra), 0) AS before
        FROM page p
    )
    SELECT (SELECT COUNT(*) FROM page), m.commit_key, m.side_low, m.side_high, ",
    message_columns!(),
    " FROM weighed m WHERE m.before < $5 ORDER BY m.commit_key"
);

/// The horizon, and the highest key there is.
async fn horizon(conn: &mut Conn) -> StoreResult<(CommitKey, CommitKey)> {
    let found = conn.row(HORIZON, &[]).await?;
    let mut row = found.ok_or_else(|| Failure::Internal("the ledger has no horizon".to_owned()))?;
    Ok((row.take()?, row.take()?))
}

/// The highest key below a horizon.
fn clear_below(horizon: CommitKey) -> CommitKey {
    CommitKey(horizon.0 - 1)
}

fn add_line(entries: &mut Vec<Entry>, mut row: Row) -> SqlResult<()> {
    let (key, room, seq): (CommitKey, RoomId, Seq) = (row.take()?, row.take()?, row.take()?);
    if entries.last().is_none_or(|last| last.key != key) {
        entries.push(Entry {
            key,
            room,
            seq,
            newcomers: Vec::new(),
        });
    }
    if let (Some(newcomer), Some(entry)) = (row.take()?, entries.last_mut()) {
        entry.newcomers.push(newcomer);
    }
    Ok(())
}

fn item(row: &mut Row) -> SqlResult<InboxItem> {
    let key = row.take()?;
    let sides: (Option<AccountId>, Option<AccountId>) = (row.take()?, row.take()?);
    let kind = match sides {
        (Some(low), Some(high)) => RoomKind::Direct { low, high },
        _ => RoomKind::Group,
    };
    let message = rows::message(row)?;
    Ok(InboxItem { key, kind, message })
}

#[async_trait]
impl LedgerStore for Ledger {
    async fn since(&self, after: Option<CommitKey>, limit: i64) -> StoreResult<LedgerPage> {
        let page = self.database.read(move |conn| {
            Box::pin(async move {
                let (horizon, highest) = horizon(conn).await?;
                let mut entries = Vec::new();
                if let Some(after) = after.filter(|after| *after < highest) {
                    for row in conn.rows(LINES, values![after, horizon, limit]).await? {
                        add_line(&mut entries, row)?;
                    }
                }
                let more = after.is_some() && (entries.len() as i64 >= limit || highest >= horizon);
                Ok(LedgerPage {
                    entries,
                    clear: clear_below(horizon),
                    more,
                })
            })
        });
        page.await
    }

    async fn inbox(&self, account: AccountId, after: CommitKey, limit: i64) -> StoreResult<Inbox> {
        let inbox = self.database.read(move |conn| {
            Box::pin(async move {
                let (horizon, _) = horizon(conn).await?;
                let end = conn.row(END, values![account, horizon]).await?;
                let end = end.map_or(Ok(CommitKey(0)), |mut row| row.take())?;
                let mut inbox = Inbox {
                    end,
                    clear: clear_below(horizon),
                    ..Inbox::default()
                };
                if limit == 0 || after >= end {
                    return Ok(inbox);
                }
                let asked = values![account, after, horizon, limit, PAGE_BYTES_MAX];
                let mut paged: i64 = 0;
                for mut row in conn.rows(PAGE, asked).await? {
                    paged = row.take()?;
                    inbox.items.push(item(&mut row)?);
                }
                inbox.more = (inbox.items.len() as i64) < paged || paged >= limit;
                Ok(inbox)
            })
        });
        inbox.await
    }

    async fn key(&self, account: AccountId) -> StoreResult<CommitKey> {
        let key = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT commit_key FROM passes WHERE account = $1";
                let found = conn.row(sql, values![account]).await?;
                Ok(found.map_or(Ok(CommitKey(0)), |mut row| row.take())?)
            })
        });
        key.await
    }

    async fn keep_key(&self, account: AccountId, key: CommitKey) -> StoreResult<()> {
        let kept = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO passes (account, commit_key) VALUES ($1, $2)
                    ON CONFLICT (account) DO UPDATE SET commit_key = $2 WHERE passes.commit_key < $2";
                let kept = conn.execute(sql, values![account, key]).await;
                kept.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
                Ok(())
            })
        });
        kept.await
    }
}

#[async_trait]
impl PassStore for Ledger {
    async fn admit(&self, accounts: &[NewAccount]) -> StoreResult<()> {
        for accounts in accounts.chunks(ADMITTED_TOGETHER_MAX) {
            let rows: Vec<Vec<Value>> = accounts
                .iter()
                .map(|a| values![a.id, &a.uuid, &a.nickname, &a.avatar, a.created_at].to_vec())
                .collect();
            let made = self.database.write(move |conn| {
                Box::pin(async move {
                    let sql = "INSERT INTO accounts (id, uuid, nickname, avatar, created_at)
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
                    conn.execute_many(sql, &rows).await?;
                    Ok(())
                })
            });
            made.await?;
        }
        Ok(())
    }

    async fn pass(&self, account: AccountId, fresh: &str) -> StoreResult<String> {
        let fresh = fresh.to_owned();
        let token = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO passes (account, token) VALUES ($1, $2)
                    ON CONFLICT (account) DO UPDATE SET token = COALESCE(passes.token, $2) RETURNING token";
                let given = conn.row(sql, values![account, fresh]).await;
                let given = given.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
                let mut row = given.ok_or_else(|| Failure::Internal("a token was not stored".to_owned()))?;
                Ok(row.take()?)
            })
        });
        token.await
    }

    async fn by_token(&self, token: &str) -> StoreResult<Option<Pass>> {
        let token = token.to_owned();
        let pass = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT p.account, p.silenced FROM passes p JOIN accounts a ON a.id = p.account
                    WHERE p.token = $1 AND NOT a.locked";
                let Some(mut row) = conn.row(sql, values![token]).await? else {
                    return Ok(None);
                };
                Ok(Some(Pass {
                    account: row.take()?,
                    silenced: row.take()?,
                }))
            })
        });
        pass.await
    }

    async fn silence(&self, account: AccountId, silenced: bool) -> StoreResult<()> {
        let set = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO passes (account, silenced) VALUES ($1, $2)
                    ON CONFLICT (account) DO UPDATE SET silenced = $2";
                let set = conn.execute(sql, values![account, silenced]).await;
                set.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
                Ok(())
            })
        });
        set.await
    }
}
