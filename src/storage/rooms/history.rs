//! Reading a room's history: pages, counts, unread. Seqs have no holes, which spares most of the counting.

use crate::storage::rows::{self, message_columns};
use crate::storage::sql::{Conn, SqlResult, Value, values};
use roost_actors::model::{
    AccountId, ChatMessage, Counts, HistoryPage, HistoryQuery, MessageId, Order, RoomId, RoomKind, Seq,
    Timestamp,
};

const BY_ID: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM messages m WHERE m.id = $1 AND m.room = $2"
);

/// The room's counts at its end and at one seq.
const COUNTS: &str = "
    SELECT r.count_low, r.count_high, m.count_low, m.count_high
    FROM rooms r LEFT JOIN messages m ON m.room = r.id AND m.seq = $2 WHERE r.id = $1";

const REVOKED: &str = "
    SELECT count(*) FROM messages
    WHERE room = $1 AND seq >= $2 AND seq <= $3 AND revoked_at IS NOT NULL";

const REVOKED_SINCE: &str = concat!(
    "SELECT r.low, r.high, ",
    message_columns!(),
    " FROM messages m JOIN rooms r ON r.id = m.room
    WHERE m.room = ANY($1) AND m.revoked_at IS NOT NULL AND m.revoked_at >= $2
    ORDER BY m.room, m.seq LIMIT $3"
);

/// The part of the history that a query is about.
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    fn len(&self) -> i64 {
        (self.to - self.from + 1).max(0)
    }
}

pub async fn message(conn: &mut Conn, room: RoomId, id: MessageId) -> SqlResult<Option<ChatMessage>> {
    let found = conn.row(BY_ID, values![id, room]).await?;
    found.map(|mut row| rows::message(&mut row)).transpose()
}

pub async fn revoked(
    conn: &mut Conn,
    rooms: Vec<i64>,
    since: Timestamp,
    limit: i64,
) -> SqlResult<Vec<(RoomKind, ChatMessage)>> {
    let found = conn.rows(REVOKED_SINCE, values![rooms, since, limit]).await?;
    rows::all(found, |row| {
        let kind = match (row.take()?, row.take()?) {
            (Some(low), Some(high)) => RoomKind::Direct { low, high },
            _ => RoomKind::Group,
        };
        Ok((kind, rows::message(row)?))
    })
}

pub async fn page(conn: &mut Conn, room: RoomId, query: &HistoryQuery) -> SqlResult<HistoryPage> {
    let found = conn
        .row("SELECT last_seq FROM rooms WHERE id = $1", values![room])
        .await?;
    let last_seq: Seq = found.map_or(Ok(Seq(0)), |mut row| row.take())?;
    let mut page = HistoryPage {
        last_seq,
        ..HistoryPage::default()
    };
    let mut span = Span {
        from: query.from_seq.0.max(1),
        to: query.to_seq.0.min(last_seq.0),
    };
    if let Some(id) = query.before {
        span.to = span.to.min(first_from(conn, room, id, last_seq).await?.0 - 1);
    }
    if span.len() == 0 {
        return Ok(page);
    }
    if query.with_total {
        page.total = total(conn, room, query, &span).await?;
    }
    if query.limit > 0 {
        page.messages = messages(conn, room, query, span).await?;
    }
    Ok(page)
}

/// The seq of the first message with this id or a higher one; the one after the last when there is none. Ids rise with
/// seqs, which have no holes: a few looks find the place, wherever it is.
async fn first_from(conn: &mut Conn, room: RoomId, id: MessageId, last_seq: Seq) -> SqlResult<Seq> {
    if let Some(found) = message(conn, room, id).await? {
        return Ok(found.seq);
    }
    let (mut low, mut high) = (1, last_seq.0 + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let sql = "SELECT id FROM messages WHERE room = $1 AND seq = $2";
        let there = conn.row(sql, values![room, middle]).await?;
        let there: Option<MessageId> = there.map(|mut row| row.take()).transpose()?;
        if there.is_some_and(|there| there < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(Seq(low))
}

/// Whether every message of the span matches.
fn whole(query: &HistoryQuery) -> bool {
    query.with_revoked && query.kind.is_none() && query.revoked_since.is_none()
}

async fn total(conn: &mut Conn, room: RoomId, query: &HistoryQuery, span: &Span) -> SqlResult<i64> {
    if whole(query) {
        return Ok(span.len());
    }
    if query.kind.is_none() && query.revoked_since.is_none() {
        let revoked = conn.row(REVOKED, values![room, span.from, span.to]).await?;
        return Ok(span.len() - revoked.map_or(Ok(0), |mut row| row.take::<i64>())?);
    }
    let (filter, values) = filter(room, query, span);
    let counted = conn
        .row(
            &format!("SELECT count(*) FROM messages m WHERE {filter}"),
            &values,
        )
        .await?;
    counted.map_or(Ok(0), |mut row| row.take())
}

async fn messages(
    conn: &mut Conn,
    room: RoomId,
    query: &HistoryQuery,
    mut span: Span,
) -> SqlResult<Vec<ChatMessage>> {
    let mut offset = query.offset.max(0);
    if whole(query) {
        // Where nothing is left out, what is skipped is a number of seqs.
        match query.order {
            Order::Ascending => span.from = span.from.saturating_add(offset),
            Order::Descending => span.to = span.to.saturating_sub(offset),
        }
        offset = 0;
    }
    if offset >= span.len() {
        return Ok(Vec::new());
    }
    let (filter, mut values) = filter(room, query, &span);
    let direction = match query.order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    values.push(query.limit.min(HistoryQuery::LIMIT_MAX).into());
    let mut sql = format!(
        "SELECT {} FROM messages m WHERE {filter} ORDER BY m.seq {direction} LIMIT ${}",
        message_columns!(),
        values.len()
    );
    if offset > 0 {
        values.push(offset.into());
        sql.push_str(&format!(" OFFSET ${}", values.len()));
    }
    rows::all(conn.rows(&sql, &values).await?, rows::message)
}

/// The condition and its values.
fn filter(room: RoomId, query: &HistoryQuery, span: &Span) -> (String, Vec<Value>) {
    let mut sql = "m.room = $1 AND m.seq >= $2 AND m.seq <= $3".to_owned();
    let mut values = vec![room.into(), span.from.into(), span.to.into()];
    if let Some(since) = query.revoked_since {
        values.push(since.into());
        sql.push_str(&format!(
            " AND m.revoked_at IS NOT NULL AND m.revoked_at >= ${}",
            values.len()
        ));
    } else if !query.with_revoked {
        sql.push_str(" AND m.revoked_at IS NULL");
    }
    if let Some(kind) = &query.kind {
        values.push(kind.name().into());
        sql.push_str(&format!(" AND m.kind = ${}", values.len()));
    }
    (sql, values)
}

pub async fn unread(
    conn: &mut Conn,
    room: RoomId,
    kind: RoomKind,
    reader: AccountId,
    after: Seq,
) -> SqlResult<i64> {
    let Some(mut row) = conn.row(COUNTS, values![room, after]).await? else {
        return Ok(0);
    };
    let end = Counts {
        low: row.take()?,
        high: row.take()?,
    };
    let (low, high): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    let read = match (low, high) {
        (Some(low), Some(high)) => Counts { low, high },
        // Nothing stands at that seq: it is before the first message or beyond the last.
        _ if after.0 <= 0 => Counts::default(),
        _ => return Ok(0),
    };
    let ahead = end.for_reader(kind, reader) - read.for_reader(kind, reader);
    if ahead <= 0 {
        return Ok(0);
    }
    let (by, values) = revoked_by(kind, reader);
    let sql = format!(
        "SELECT count(*) FROM messages WHERE room = $1 AND seq > $2 AND revoked_at IS NOT NULL AND counted{by}"
    );
    let mut all = vec![room.into(), after.into()];
    all.extend(values);
    let revoked = conn.row(&sql, &all).await?;
    Ok((ahead - revoked.map_or(Ok(0), |mut row| row.take::<i64>())?).max(0))
}

/// Which revoked messages were counted for the reader: the mirror of [`Counts::after`] and [`Counts::for_reader`].
fn revoked_by(kind: RoomKind, reader: AccountId) -> (&'static str, Vec<Value>) {
    match kind {
        RoomKind::Direct { low, high } if reader == low => (" AND sender = $3", vec![high.into()]),
        RoomKind::Direct { high, .. } => (" AND sender <> $3", vec![high.into()]),
        RoomKind::Group => ("", Vec::new()),
    }
}
