//! PostgreSQL: the database that any number of nodes share.

mod append;
mod connect;
mod migrate;
mod run;
mod value;

pub use run::Session;

use super::migrations::Mismatch;
use super::sql::{Conn, SqlError, SqlResult};
use connect::Target;
use deadpool_postgres::Pool;
use futures_util::future::BoxFuture;
use roost_actors::Failure;
use roost_actors::model::Timestamp;
use roost_actors::ports::{AppendError, BatchOutcome, RoomBatch, StoreError, StoreResult};
use run::{Died, Thread};

/// Appends at the same time, at most: more brought nothing in measurements.
const WRITERS_MAX: usize = 4;

/// A database that is open.
#[derive(Debug)]
pub struct Postgres {
    pool: Pool,
    /// Of its own, so that the journal never waits behind readers.
    journal: Pool,
    /// Of its own, so that heartbeats wait behind nobody.
    pulse: Pool,
    thread: Thread,
}

/// Why a database cannot be used.
#[derive(Debug)]
pub enum OpenFault {
    Url(String),
    Failed(SqlError),
    Mismatch(Mismatch),
}

impl Postgres {
    /// Connects and brings the database up to date.
    pub async fn open(
        url: &str,
        connections: usize,
        now: Timestamp,
    ) -> Result<(Postgres, Vec<String>), OpenFault> {
        let target = Target::parse(url).map_err(OpenFault::Url)?;
        let thread = Thread::start().map_err(|error| internal(&format!("starting a thread: {error}")))?;
        let applied = migrate_on(&thread, target.clone(), now).await?;
        let writers = (connections / 2).clamp(1, WRITERS_MAX);
        let others = connections.saturating_sub(writers);
        let pool = |size| target.pool(size).map_err(|error| internal(&error.to_string()));
        let journal = pool(writers)?;
        let opened = Postgres {
            pool: pool(others.saturating_sub(1).max(1))?,
            pulse: if others > 1 { pool(1)? } else { journal.clone() },
            journal,
            thread,
        };
        Ok((opened, applied))
    }

    /// Connections for what is kept beside the stores.
    pub fn pool(url: &str, connections: usize) -> Result<Pool, OpenFault> {
        let target = Target::parse(url).map_err(OpenFault::Url)?;
        target
            .pool(connections)
            .map_err(|error| internal(&error.to_string()))
    }

    /// Appends that may run at the same time.
    #[must_use]
    pub fn writers(&self) -> usize {
        self.journal.status().max_size
    }

    pub async fn read<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        let pool = self.pool.clone();
        let reading = self.thread.run(async move {
            let mut conn = Conn::Postgres(Session::get(&pool, false).await?);
            work(&mut conn).await
        });
        reading.await.unwrap_or_else(|died| Err(nothing_done(died)))
    }

    pub async fn write<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        self.transaction(&self.pool, work).await
    }

    pub async fn pulse<T, F>(&self, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        self.transaction(&self.pulse, work).await
    }

    async fn transaction<T, F>(&self, pool: &Pool, work: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>> + Send + 'static,
    {
        let pool = pool.clone();
        let writing = self.thread.run(async move {
            let mut conn = Conn::Postgres(Session::get(&pool, true).await?);
            let outcome = work(&mut conn).await;
            finish(conn, outcome).await
        });
        writing.await.unwrap_or_else(|died| match died {
            Died::Panicked => Err(nothing_done(died)),
            Died::Closed => Err(StoreError::Unknown("storage was closed".to_owned())),
        })
    }

    /// See `JournalStore::append`.
    pub async fn append(&self, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError> {
        let (pool, batches) = (self.journal.clone(), batches.to_vec());
        let appending = self.thread.run(async move {
            let mut session = Session::get(&pool, false)
                .await
                .map_err(super::journal::not_committed)?;
            append::append(&mut session, &batches).await
        });
        appending.await.unwrap_or_else(|died| match nothing_done(died) {
            StoreError::Refused(failure) => Err(AppendError::Refused(failure)),
            other => Err(AppendError::Unavailable(other.to_string())),
        })
    }
}

async fn finish<T>(conn: Conn, outcome: StoreResult<T>) -> StoreResult<T> {
    let Conn::Postgres(mut session) = conn else {
        return outcome;
    };
    match outcome {
        Ok(value) => {
            session.commit().await?;
            Ok(value)
        }
        Err(error) => {
            session.rollback().await;
            Err(error)
        }
    }
}

async fn migrate_on(thread: &Thread, target: Target, now: Timestamp) -> Result<Vec<String>, OpenFault> {
    let migrated: SqlResult<_> = thread
        .run(async move { migrate::migrate(&target, now).await })
        .await
        .unwrap_or_else(|died| Err(SqlError::Internal(format!("migrating: {died:?}"))));
    migrated.map_err(OpenFault::Failed)?.map_err(OpenFault::Mismatch)
}

fn internal(why: &str) -> OpenFault {
    OpenFault::Failed(SqlError::Internal(why.to_owned()))
}

fn nothing_done(died: Died) -> StoreError {
    match died {
        Died::Panicked => {
            let failure = Failure::Internal("work on PostgreSQL panicked".to_owned());
            StoreError::Refused(failure)
        }
        Died::Closed => StoreError::Unavailable("storage was closed".to_owned()),
    }
}
