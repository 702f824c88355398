//! PostgreSQL's thread, and a connection at work on it.
//!
//! All connections live on one thread of their own, so that none ends with a worker thread of the node, and so that a
//! transaction goes on to its end when whoever asked for it has gone.

use super::connect::{STATEMENT, pool_error};
use super::value;
use crate::storage::sql::{Row, Sequence, SqlError, SqlResult, Value, values};
use deadpool_postgres::{Object, Pool};
use futures_util::future::{join, join_all};
use futures_util::{TryStreamExt, pin_mut};
use std::future::Future;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

/// Statements of one `execute_many` that are under way together.
const PIPELINE_MAX: usize = 500;
/// Rows that one INSERT of it carries where there are that many: what a statement costs is shared by them.
const ROWS_TOGETHER: usize = 100;
/// Work that waits for a connection of one pool, at most.
pub const WAITING_MAX: usize = 4_096;

/// The thread. Ends when dropped.
#[derive(Debug)]
pub struct Thread {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Thread {
    pub fn start() -> std::io::Result<Thread> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || {
                // Ends, with an error, when the sender is dropped.
                let _ = runtime.block_on(stopped);
            })?;
        Ok(Thread { handle, _stop: stop })
    }

    /// Runs work on the thread, to its end even when the caller goes away.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Died> {
        let outcome = self.handle.spawn(work).await;
        outcome.map_err(|error| {
            if error.is_panic() {
                Died::Panicked
            } else {
                Died::Closed
            }
        })
    }
}

/// Why work on the thread brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Died {
    Panicked,
    /// Storage was closed meanwhile.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    /// Begins with the first statement, in the same round trip.
    Wanted,
    Open,
}

/// A connection out of a pool. Goes back there when dropped, unless something was left open or unanswered on it.
#[derive(Debug)]
pub struct Session {
    client: Option<Object>,
    transaction: Transaction,
    broken: bool,
}

impl Session {
    pub async fn get(pool: &Pool, transaction: bool) -> SqlResult<Session> {
        if pool.status().waiting >= WAITING_MAX {
            return Err(SqlError::Unavailable("too much waits for PostgreSQL".to_owned()));
        }
        let client = pool.get().await.map_err(pool_error)?;
        let transaction = if transaction {
            Transaction::Wanted
        } else {
            Transaction::None
        };
        Ok(Session {
            client: Some(client),
            transaction,
            broken: false,
        })
    }

    pub fn client(&self) -> SqlResult<&Object> {
        let client = self.client.as_ref();
        client.ok_or_else(|| SqlError::Internal("a connection was used after its end".to_owned()))
    }

    pub async fn query(&mut self, sql: &str, values: &[Value]) -> SqlResult<Vec<Row>> {
        Ok(self.ask(sql, values).await?.0)
    }

    pub async fn execute(&mut self, sql: &str, values: &[Value]) -> SqlResult<u64> {
        Ok(self.ask(sql, values).await?.1)
    }

    /// The rows of the answer, and how many rows were touched.
    async fn ask(&mut self, sql: &str, values: &[Value]) -> SqlResult<(Vec<Row>, u64)> {
        let statement = self.prepare(sql).await?;
        let begin = self.transaction == Transaction::Wanted;
        if begin {
            self.transaction = Transaction::Open;
        }
        let client = self.client()?;
        let answered = within(async {
            let params = values.iter().map(|value| value as &(dyn ToSql + Sync));
            let answer = async {
                let answer = client.query_raw(&statement, params).await?;
                pin_mut!(answer);
                let mut rows = Vec::new();
                while let Some(row) = answer.try_next().await? {
                    rows.push(row);
                }
                Ok((rows, answer.rows_affected().unwrap_or(0)))
            };
            if !begin {
                return answer.await;
            }
            let (begun, answer) = join(client.batch_execute("BEGIN"), answer).await;
            begun.and(answer)
        });
        let (rows, touched) = self.note(answered.await)?;
        Ok((rows.iter().map(value::row).collect::<SqlResult<_>>()?, touched))
    }

    pub async fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> SqlResult<u64> {
        self.begin().await?;
        let (together, single) = match many_rows(sql, ROWS_TOGETHER) {
            Some(wide) => {
                let (together, single) = rows.split_at(rows.len() - rows.len() % ROWS_TOGETHER);
                (self.pipeline(&wide, together, ROWS_TOGETHER).await?, single)
            }
            None => (0, rows),
        };
        Ok(together + self.pipeline(sql, single, 1).await?)
    }

    /// Executes a statement once for every so many rows.
    async fn pipeline(&mut self, sql: &str, rows: &[Vec<Value>], each: usize) -> SqlResult<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let statement = self.prepare(sql).await?;
        let mut touched = 0;
        for rows in rows.chunks(PIPELINE_MAX.div_ceil(each) * each) {
            let client = self.client()?;
            let under_way = rows.chunks(each).map(|rows| {
                let params: Vec<_> = rows
                    .iter()
                    .flatten()
                    .map(|value| value as &(dyn ToSql + Sync))
                    .collect();
                client.execute_raw(&statement, params)
            });
            let answered = within(async { join_all(under_way).await.into_iter().sum() });
            touched += self.note::<u64>(answered.await)?;
        }
        Ok(touched)
    }

    pub async fn next_ids(&mut self, sequence: Sequence, count: usize) -> SqlResult<Vec<i64>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let sql = "SELECT nextval($1::text::regclass) FROM generate_series(1, $2::bigint)";
        let taken = self.query(sql, values![sequence.name(), count as i64]).await;
        let rows = taken.map_err(|error| match error {
            SqlError::Invalid(_) => sequence.exhausted(),
            other => other,
        })?;
        rows.into_iter().map(|mut row| row.take()).collect()
    }

    pub async fn skip_ids(&mut self, sequence: Sequence, last: i64) -> SqlResult<()> {
        let sql = "SELECT setval($1::text::regclass, greatest($2::bigint, nextval($1::text::regclass)))";
        self.query(sql, values![sequence.name(), last]).await.map(drop)
    }

    /// A prepared statement, kept with the connection.
    pub async fn prepare(&mut self, sql: &str) -> SqlResult<Statement> {
        let prepared = within(self.client()?.prepare_cached(sql)).await;
        self.note(prepared)
    }

    /// Begins the transaction, if one is wanted and not begun.
    async fn begin(&mut self) -> SqlResult<()> {
        if self.transaction != Transaction::Wanted {
            return Ok(());
        }
        self.transaction = Transaction::Open;
        let begun = within(self.client()?.batch_execute("BEGIN")).await;
        self.note(begun)
    }

    /// Says that statements were sent which begin a transaction.
    pub fn opened(&mut self) {
        self.transaction = Transaction::Open;
    }

    /// Says that the server has ended the transaction.
    pub fn closed(&mut self) {
        self.transaction = Transaction::None;
    }

    pub async fn commit(&mut self) -> SqlResult<()> {
        if self.transaction != Transaction::Open {
            return Ok(());
        }
        match within(self.client()?.batch_execute("COMMIT")).await {
            Ok(Ok(())) => {
                self.closed();
                Ok(())
            }
            Ok(Err(error)) => Err(value::commit_error(error)),
            Err(why) => Err(SqlError::InDoubt(why)),
        }
    }

    pub async fn rollback(&mut self) {
        if self.transaction == Transaction::Open
            && !self.broken
            && let Ok(client) = self.client()
            && let Ok(Ok(())) = within(client.batch_execute("ROLLBACK")).await
        {
            self.closed();
        }
    }

    /// The outcome of a statement. A connection that did not answer in time is not used again.
    pub fn note<T>(&mut self, outcome: Answered<T>) -> SqlResult<T> {
        match outcome {
            Ok(outcome) => outcome.map_err(value::error),
            Err(why) => {
                self.broken = true;
                Err(SqlError::Unavailable(why))
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let open = self.broken || self.transaction == Transaction::Open;
        if let Some(client) = self.client.take().filter(|_| open) {
            // Closes the connection: the server rolls back what it may still be doing.
            drop(Object::take(client));
        }
    }
}

/// What came back, or that nothing did in time.
pub type Answered<T> = Result<Result<T, tokio_postgres::Error>, String>;

/// Waits for the server, but not for ever.
pub async fn within<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Answered<T> {
    tokio::time::timeout(STATEMENT, work)
        .await
        .map_err(|_| format!("PostgreSQL did not answer within {} ms", STATEMENT.as_millis()))
}

/// The same INSERT for so many rows; `None` for what is no plain INSERT of one row.
fn many_rows(sql: &str, rows: usize) -> Option<String> {
    let (head, rest) = sql.split_once("VALUES (")?;
    let (tuple, tail) = rest.split_once(')')?;
    let is_plain = head.trim_start().starts_with("INSERT INTO") && !tail.contains("DO UPDATE");
    let is_flat = !tuple.contains('(') && !tail.contains('$');
    if !is_plain || !is_flat {
        return None;
    }
    let cells: Vec<&str> = tuple.split(',').map(str::trim).collect();
    let numbers = cells
        .iter()
        .filter_map(|cell| cell.strip_prefix('$')?.parse::<usize>().ok());
    let params = numbers.max()?;
    let row = |index: usize| -> Option<String> {
        let cells = cells.iter().map(|cell| match cell.strip_prefix('$') {
            Some(number) => Some(format!("${}", number.parse::<usize>().ok()? + index * params)),
            None => Some((*cell).to_owned()),
        });
        Some(format!("({})", cells.collect::<Option<Vec<_>>>()?.join(", ")))
    };
    let tuples = (0..rows).map(row).collect::<Option<Vec<_>>>()?;
    Some(format!("{head}VALUES {}{tail}", tuples.join(", ")))
}

#[cfg(test)]
mod many_rows_tests {
    use super::many_rows;

    #[test]
    fn an_insert_is_written_for_many_rows_with_its_parameters_counted_on() {
        let sql = "INSERT INTO t (a, b, c) VALUES ($1, FALSE, $2) ON CONFLICT (a) DO NOTHING";
        let wide =
            "INSERT INTO t (a, b, c) VALUES ($1, FALSE, $2), ($3, FALSE, $4) ON CONFLICT (a) DO NOTHING";
        assert_eq!(many_rows(sql, 2).as_deref(), Some(wide));
    }

    #[test]
    fn what_is_no_plain_insert_stays_as_it_is() {
        for sql in [
            "UPDATE t SET a = $1",
            "INSERT INTO t (a) SELECT $1",
            "INSERT INTO t (a) VALUES (lower($1))",
            "INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = 1",
            "INSERT INTO t (a) VALUES ($1) RETURNING a + $2",
        ] {
            assert_eq!(many_rows(sql, 2), None, "{sql}");
        }
    }
}
