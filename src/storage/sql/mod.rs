//! The thin driver: one connection to either engine, and the two ways to use a database with it.
//!
//! Statements are written once, with `$1` parameters, `= ANY($1)` for lists and `now_ms()` for the database's clock. Work is a closure over a connection:
//! it runs on the engine's own thread, to its end even when whoever asked has gone.

mod error;
mod value;

pub use error::{SqlError, SqlResult};
pub(crate) use value::values;
pub use value::{FromValue, Row, Value, check_text};

use super::postgres::{self, Postgres};
use super::sqlite::{self, Sqlite};
use futures_util::future::BoxFuture;
use roost_actors::Failure;
use roost_actors::model::AccountId;
use roost_actors::ports::StoreResult;
use std::sync::Arc;

/// A connection at work.
#[derive(Debug)]
pub enum Conn {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Session),
}

/// Where ids come from that must be known before a row is written, or that no row may give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    Accounts,
    Groups,
    Directs,
    Messages,
}

impl Sequence {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sequence::Accounts => "account_ids",
            Sequence::Groups => "group_ids",
            Sequence::Directs => "direct_ids",
            Sequence::Messages => "message_ids",
        }
    }

    /// The failure when it has come to its end.
    #[must_use]
    pub fn exhausted(self) -> SqlError {
        SqlError::Refused(Failure::Full {
            what: format!("the range of {}", self.name()),
            max: match self {
                Sequence::Groups => AccountId::FIRST.0 - 1,
                Sequence::Accounts | Sequence::Directs | Sequence::Messages => (1 << 53) - 1,
            },
        })
    }
}

impl Conn {
    /// All rows of the answer.
    pub async fn rows(&mut self, sql: &str, values: &[Value]) -> SqlResult<Vec<Row>> {
        values.iter().try_for_each(Value::check)?;
        match self {
            Conn::Sqlite(conn) => sqlite::query(conn, sql, values),
            Conn::Postgres(session) => session.query(sql, values).await,
        }
    }

    /// The first row of the answer, if there is one.
    pub async fn row(&mut self, sql: &str, values: &[Value]) -> SqlResult<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// How many rows the statement touched.
    pub async fn execute(&mut self, sql: &str, values: &[Value]) -> SqlResult<u64> {
        values.iter().try_for_each(Value::check)?;
        match self {
            Conn::Sqlite(conn) => sqlite::execute(conn, sql, values),
            Conn::Postgres(session) => session.execute(sql, values).await,
        }
    }

    /// Runs one statement with many rows of values; how many rows it touched in all.
    pub async fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> SqlResult<u64> {
        rows.iter().flatten().try_for_each(Value::check)?;
        match self {
            Conn::Sqlite(conn) => rows.iter().map(|values| sqlite::execute(conn, sql, values)).sum(),
            Conn::Postgres(session) => session.execute_many(sql, rows).await,
        }
    }

    /// The next `count` ids, rising.
    pub async fn next_ids(&mut self, sequence: Sequence, count: usize) -> SqlResult<Vec<i64>> {
        match self {
            Conn::Sqlite(conn) => sqlite::next_ids(conn, sequence, count),
            Conn::Postgres(session) => session.next_ids(sequence, count).await,
        }
    }

    /// Makes the sequence go on after `last`, if it is not there yet.
    pub async fn skip_ids(&mut self, sequence: Sequence, last: i64) -> SqlResult<()> {
        match self {
            Conn::Sqlite(conn) => sqlite::skip_ids(conn, sequence, last),
            Conn::Postgres(session) => session.skip_ids(sequence, last).await,
        }
    }
}

/// A database that is open.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Database {
    /// Runs work that only reads. Its statements may see different moments.
    pub async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        match self {
            Database::Sqlite(database) => database.read(work).await,
            Database::Postgres(database) => database.read(work).await,
        }
    }

    /// Runs work in one transaction: committed when it returns `Ok`, rolled back otherwise.
    /// Locks are taken by updating rows, in the order rooms, members, accounts, then by id.
    pub async fn write<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        match self {
            Database::Sqlite(database) => database.write(work).await,
            Database::Postgres(database) => database.write(work).await,
        }
    }

    /// The same, before all other work: for what must not wait behind clients, and is short.
    pub async fn pulse<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        match self {
            Database::Sqlite(database) => database.write(work).await,
            Database::Postgres(database) => database.pulse(work).await,
        }
    }
}
