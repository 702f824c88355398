//! The hot append on SQLite: one transaction on the writer's thread, each row by a prepared statement.

use super::run::{Gate, Stuck, begin, commit, raw};
use super::value::{error, execute, query};
use crate::storage::journal::not_committed;
use crate::storage::layout::{self, KnownTokens, Laid};
use crate::storage::rows;
use crate::storage::sql::{Conn, Sequence, SqlError, SqlResult, check_text, values};
use roost_actors::Failure;
use roost_actors::ports::{AppendError, BatchOutcome, RoomBatch};
use rusqlite::{Connection, params};
use std::sync::OnceLock;

/// What an attempt to append shares with who asked for it.
#[derive(Debug, Default)]
pub struct Attempt {
    gate: Gate,
    /// Set before the commit begins.
    laid: OnceLock<Vec<Option<Laid>>>,
}

impl Attempt {
    /// Says what is about to be committed, unless the asker has given up.
    #[cfg(test)]
    pub fn may_commit(&self, laid: Vec<Option<Laid>>) -> bool {
        self.laid.set(laid).is_ok() && self.gate.enter()
    }

    /// What the asker, who waits no longer, can say.
    pub fn give_up(&self, batches: &[RoomBatch], stuck: Stuck) -> AppendError {
        let why = super::reason(stuck).to_owned();
        if stuck == Stuck::Died {
            return AppendError::Refused(Failure::Internal(why));
        }
        if stuck == Stuck::Working
            && !self.gate.close()
            && let Some(laid) = self.laid.get()
        {
            return in_doubt(batches, laid, &why);
        }
        AppendError::Unavailable(why)
    }
}

fn in_doubt(batches: &[RoomBatch], laid: &[Option<Laid>], why: &str) -> AppendError {
    tracing::warn!(%why, "a commit has an unknown outcome");
    let doubts = batches.iter().zip(laid);
    AppendError::InDoubt(
        doubts
            .filter_map(|(batch, laid)| Some(laid.clone()?.in_doubt(batch)))
            .collect(),
    )
}

/// Commits the batches; see `JournalStore::append`. What an error leaves open, the thread rolls back.
pub fn append(
    conn: &Conn,
    batches: &[RoomBatch],
    attempt: &Attempt,
) -> Result<Vec<BatchOutcome>, AppendError> {
    let laid = begin(conn)
        .and_then(|()| write(raw(conn)?, batches))
        .map_err(not_committed)?;
    let laid = attempt.laid.get_or_init(|| laid);
    match commit(conn, &attempt.gate) {
        Ok(()) => Ok(laid
            .iter()
            .map(|laid| laid.clone().map_or(BatchOutcome::Fenced, Laid::committed))
            .collect()),
        Err(SqlError::InDoubt(why)) => Err(in_doubt(batches, laid, &why)),
        Err(error) => Err(not_committed(error)),
    }
}

/// What was laid out for each batch; `None` for those whose room is not theirs any more.
fn write(conn: &Connection, batches: &[RoomBatch]) -> SqlResult<Vec<Option<Laid>>> {
    let mut ours = Vec::with_capacity(batches.len());
    for index in layout::in_room_order(batches) {
        if is_ours(conn, &batches[index])? {
            ours.push(index);
        }
    }
    let held: Vec<&RoomBatch> = ours.iter().map(|&index| &batches[index]).collect();
    let stored = known_tokens(conn, &held)?;
    let plans = layout::plan(&held, &stored);
    let fresh = plans.iter().map(|plan| plan.fresh).sum();
    let ids = super::next_ids(conn, Sequence::Messages, fresh)?;
    let laid = layout::lay_out(&held, &stored, &plans, &ids);
    insert_messages(conn, &laid)?;
    for (batch, laid) in held.iter().zip(&laid) {
        insert_tokens(conn, batch, laid)?;
        move_room(conn, batch, laid)?;
        move_cursors(conn, batch)?;
    }
    let mut outcomes: Vec<Option<Laid>> = batches.iter().map(|_| None).collect();
    for (index, laid) in ours.into_iter().zip(laid) {
        outcomes[index] = Some(laid);
    }
    Ok(outcomes)
}

fn is_ours(conn: &Connection, batch: &RoomBatch) -> SqlResult<bool> {
    let mut found = conn
        .prepare_cached("SELECT 1 FROM rooms WHERE id = ?1 AND epoch = ?2 AND last_seq = ?3")
        .map_err(error)?;
    found
        .exists(params![batch.room.0, batch.epoch.0, batch.last_seq.0])
        .map_err(error)
}

fn known_tokens(conn: &Connection, batches: &[&RoomBatch]) -> SqlResult<KnownTokens> {
    let mut known = KnownTokens::new();
    for key in layout::tokens(batches.iter().copied()) {
        let found = query(conn, rows::TOKEN_BY_KEY, values![key.0, &*key.1])?;
        if let Some(row) = found.into_iter().next() {
            known.insert(key, rows::known_token(row)?);
        }
    }
    Ok(known)
}

fn insert_messages(conn: &Connection, laid: &[Laid]) -> SqlResult<()> {
    let mut insert = conn
        .prepare_cached(
            "INSERT INTO messages (id, room, seq, sender, kind, body, private, extra, created_at, counted, \
             count_low, count_high, commit_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?1)",
        )
        .map_err(error)?;
    for row in laid.iter().flat_map(|laid| &laid.rows) {
        let message = &row.message;
        check_text(message.kind.name())?;
        check_text(&message.body)?;
        message.extra.as_deref().map_or(Ok(()), check_text)?;
        insert
            .execute(params![
                message.id.0,
                message.room.0,
                message.seq.0,
                message.sender.0,
                message.kind.name(),
                &*message.body,
                message.private,
                message.extra.as_deref(),
                message.created_at.0,
                row.counted,
                row.counts.low,
                row.counts.high,
            ])
            .map_err(error)?;
    }
    Ok(())
}

fn insert_tokens(conn: &Connection, batch: &RoomBatch, laid: &Laid) -> SqlResult<()> {
    for row in &laid.rows {
        let Some(token) = &batch.posts[row.index].token else {
            continue;
        };
        check_text(&token.key)?;
        execute(
            conn,
            "INSERT INTO client_tokens (account, key, digest, message, created_at) VALUES ($1, $2, $3, $4, $5)",
            values![
                row.message.sender,
                &*token.key,
                token.digest.to_vec(),
                row.message.id,
                row.message.created_at
            ],
        )?;
    }
    Ok(())
}

fn move_room(conn: &Connection, batch: &RoomBatch, laid: &Laid) -> SqlResult<()> {
    if laid.rows.is_empty() {
        return Ok(());
    }
    conn.prepare_cached("UPDATE rooms SET last_seq = ?2, count_low = ?3, count_high = ?4 WHERE id = ?1")
        .and_then(|mut update| {
            update.execute(params![
                batch.room.0,
                laid.last_seq.0,
                laid.counts.low,
                laid.counts.high
            ])
        })
        .map(drop)
        .map_err(error)
}

fn move_cursors(conn: &Connection, batch: &RoomBatch) -> SqlResult<()> {
    for (account, seq) in layout::reads(batch) {
        execute(
            conn,
            "UPDATE members SET read_seq = $3 \
             WHERE room = $1 AND account = $2 AND to_seq IS NULL AND read_seq < $3",
            values![batch.room, account, seq],
        )?;
    }
    Ok(())
}
