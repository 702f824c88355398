//! SQLite: the database of a single node, a file of its own.

mod append;
mod connect;
mod migrate;
mod run;
#[cfg(test)]
mod tests;
mod value;

pub use connect::ConnectError;
pub use value::{execute, query};

use super::migrations::Mismatch;
use super::sql::{Conn, Sequence, SqlError, SqlResult, values};
use futures_util::future::BoxFuture;
use roost_actors::Failure;
use roost_actors::model::Timestamp;
use roost_actors::ports::{AppendError, BatchOutcome, RoomBatch, StoreError, StoreResult};
use run::{Checkpointer, Gate, Lane, Stuck, at_once, in_transaction};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Connections that read.
const READERS: usize = 4;

/// An open file. Closed when dropped, after what is under way.
#[derive(Debug)]
pub struct Sqlite {
    readers: Lane,
    writer: Lane,
    _checkpointer: Checkpointer,
    commits: Arc<AtomicU64>,
    // Last, so that it is given back when every connection is closed.
    _lock: connect::Lock,
}

/// Why a file cannot be used.
#[derive(Debug)]
pub enum OpenFault {
    Connect(ConnectError),
    Migrate(SqlError),
    Mismatch(Mismatch),
}

impl Sqlite {
    /// Opens the file and brings it up to date. Blocks.
    pub fn open(path: &Path, now: Timestamp) -> Result<(Sqlite, Vec<String>), OpenFault> {
        let lock = connect::Lock::take(path).map_err(OpenFault::Connect)?;
        let writer = connect::writer(path).map_err(OpenFault::Connect)?;
        let applied = migrate::migrate(&writer, now)
            .map_err(OpenFault::Migrate)?
            .map_err(OpenFault::Mismatch)?;
        let readers = (0..READERS)
            .map(|_| connect::reader(path))
            .collect::<Result<_, _>>();
        let readers = readers.map_err(OpenFault::Connect)?;
        let checkpointer = connect::checkpointer(path).map_err(OpenFault::Connect)?;
        let commits = Arc::new(AtomicU64::new(0));
        let threads = || {
            Ok::<_, std::io::Error>(Sqlite {
                readers: Lane::start("sqlite-read", readers)?,
                writer: Lane::start("sqlite-write", vec![writer])?,
                _checkpointer: Checkpointer::start(checkpointer, commits.clone())?,
                commits,
                _lock: lock,
            })
        };
        let opened = threads().map_err(|error| {
            OpenFault::Connect(ConnectError::Failed(format!("starting threads: {error}")))
        })?;
        Ok((opened, applied))
    }

    pub async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        let outcome = self.readers.run(|conn| at_once(conn, work)).await;
        outcome.unwrap_or_else(|stuck| Err(unanswered(stuck)))
    }

    pub async fn write<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        let (commits, gate) = (self.commits.clone(), Arc::new(Gate::default()));
        let own = gate.clone();
        let transaction = move |conn: &mut Conn| {
            let outcome = in_transaction(conn, &own, work);
            commits.fetch_add(1, Ordering::Relaxed);
            outcome
        };
        match self.writer.run(transaction).await {
            Ok(outcome) => outcome,
            Err(stuck @ Stuck::Working) if !gate.close() => {
                Err(StoreError::Unknown(reason(stuck).to_owned()))
            }
            Err(stuck) => Err(unanswered(stuck)),
        }
    }

    /// See `JournalStore::append`.
    pub async fn append(&self, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError> {
        let (commits, batches) = (self.commits.clone(), Arc::new(batches.to_vec()));
        let attempt = Arc::new(append::Attempt::default());
        let (own, own_batches) = (attempt.clone(), batches.clone());
        let transaction = move |conn: &mut Conn| {
            let outcome = append::append(conn, &own_batches, &own);
            commits.fetch_add(1, Ordering::Relaxed);
            outcome
        };
        match self.writer.run(transaction).await {
            Ok(outcome) => outcome,
            Err(stuck) => Err(attempt.give_up(&batches, stuck)),
        }
    }
}

/// The error when nothing was done.
fn unanswered(stuck: Stuck) -> StoreError {
    match stuck {
        Stuck::Full => StoreError::Refused(Failure::Busy("storage".to_owned())),
        Stuck::Died => StoreError::Refused(Failure::Internal(reason(stuck).to_owned())),
        Stuck::NoTurn | Stuck::Working => StoreError::Unavailable(reason(stuck).to_owned()),
    }
}

fn reason(stuck: Stuck) -> &'static str {
    match stuck {
        Stuck::Full => "too much waits for SQLite",
        Stuck::NoTurn => "SQLite is behind",
        Stuck::Working => "SQLite does not end its work: the disk may be stuck",
        Stuck::Died => "work on SQLite panicked",
    }
}

/// The next ids of a counter.
pub fn next_ids(conn: &Connection, sequence: Sequence, count: usize) -> SqlResult<Vec<i64>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let (name, count) = (sequence.name(), count as i64);
    let taken = query(
        conn,
        "UPDATE counters SET value = value + $2 WHERE name = $1 AND value + $2 <= value_max RETURNING value",
        values![name, count],
    )?;
    let Some(mut row) = taken.into_iter().next() else {
        return Err(sequence.exhausted());
    };
    let last: i64 = row.take()?;
    Ok((last - count + 1..=last).collect())
}

/// Makes a counter go on after `last`.
pub fn skip_ids(conn: &Connection, sequence: Sequence, last: i64) -> SqlResult<()> {
    execute(
        conn,
        "UPDATE counters SET value = $2 WHERE name = $1 AND value < $2",
        values![sequence.name(), last],
    )
    .map(drop)
}
