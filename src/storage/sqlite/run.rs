//! SQLite's threads: one that writes, a few that read, one that takes checkpoints. Work comes to them in bounded lanes.

use crate::storage::sql::{Conn, SqlError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use roost_actors::Failure;
use roost_actors::ports::{StoreError, StoreResult};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Work that waits in one lane, at most.
const WAITING_MAX: usize = 4_096;
/// How long work may wait for its turn before it is taken back.
const TURN: Duration = Duration::from_secs(2);
/// How long work that has begun may take before whoever asked is told that its outcome is not known.
const WORK: Duration = Duration::from_secs(10);
/// How often the checkpointer looks whether something was written.
const CHECKPOINT: Duration = Duration::from_secs(1);

type Job = Box<dyn FnOnce(&mut Conn) + Send>;

/// Threads that serve one queue, each with a connection of its own.
#[derive(Debug)]
pub struct Lane {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// Why work brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Too much waits already: nothing was done.
    Full,
    /// It did not get its turn in time, or the lane is closing: nothing was done.
    NoTurn,
    /// It has begun, and has not ended in time.
    Working,
    /// It panicked: nothing was done.
    Died,
}

/// Decides between the thread that is about to commit and the asker who waits no longer.
#[derive(Debug, Default)]
pub struct Gate(AtomicBool);

impl Gate {
    /// Whether the thread may commit.
    pub fn enter(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Whether the thread was kept from committing.
    pub fn close(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl Lane {
    pub fn start(name: &str, connections: Vec<Connection>) -> std::io::Result<Lane> {
        let (jobs, queue) = sync_channel::<Job>(WAITING_MAX);
        let queue = Arc::new(Mutex::new(queue));
        let threads = connections
            .into_iter()
            .map(|conn| {
                let queue = queue.clone();
                std::thread::Builder::new()
                    .name(name.to_owned())
                    .spawn(move || serve(Conn::Sqlite(conn), &queue))
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Lane {
            jobs: Some(jobs),
            threads,
        })
    }

    /// Has a thread of the lane do the work.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> T + Send + 'static,
    ) -> Result<T, Stuck> {
        let (reply, mut answer) = oneshot::channel();
        let turn = Arc::new(Gate::default());
        let own = turn.clone();
        let job: Job = Box::new(move |conn| {
            if !reply.is_closed() && own.enter() {
                // Whoever asked may go while the work is done.
                let _ = reply.send(work(conn));
            }
        });
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(Stuck::Full),
            Some(Err(TrySendError::Disconnected(_))) | None => return Err(Stuck::NoTurn),
        }
        if let Ok(answer) = tokio::time::timeout(TURN, &mut answer).await {
            return answer.map_err(|_| Stuck::Died);
        }
        if turn.close() {
            return Err(Stuck::NoTurn);
        }
        match tokio::time::timeout(WORK, answer).await {
            Ok(answer) => answer.map_err(|_| Stuck::Died),
            Err(_) => Err(Stuck::Working),
        }
    }
}

impl Drop for Lane {
    /// Ends the threads after what waits, so that the file is closed when the lane is gone.
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(mut conn: Conn, queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else {
            return;
        };
        if catch_unwind(AssertUnwindSafe(|| job(&mut conn))).is_err() {
            tracing::error!("work on the database panicked");
        }
        clean(&conn);
    }
}

/// Ends a transaction that was left open.
fn clean(conn: &Conn) {
    if let Conn::Sqlite(conn) = conn
        && !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}

/// Runs a store's work on this thread. On SQLite nothing in it ever waits.
pub fn at_once<T, F>(conn: &mut Conn, work: F) -> StoreResult<T>
where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>>,
{
    work(conn).now_or_never().unwrap_or_else(|| {
        let failure = Failure::Internal("work on SQLite waited for something else".to_owned());
        Err(StoreError::Refused(failure))
    })
}

/// The same inside a transaction. What an error leaves open, the thread rolls back.
pub fn in_transaction<T, F>(conn: &mut Conn, gate: &Gate, work: F) -> StoreResult<T>
where
    F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, StoreResult<T>>,
{
    begin(conn)?;
    let value = at_once(conn, work)?;
    commit(conn, gate)?;
    Ok(value)
}

pub fn begin(conn: &Conn) -> Result<(), SqlError> {
    super::value::execute(raw(conn)?, "BEGIN IMMEDIATE", &[]).map(drop)
}

pub fn commit(conn: &Conn, gate: &Gate) -> Result<(), SqlError> {
    if !gate.enter() {
        return Err(SqlError::Unavailable("it took too long".to_owned()));
    }
    let committed = raw(conn)?
        .prepare_cached("COMMIT")
        .and_then(|mut commit| commit.execute([]));
    committed.map(drop).map_err(super::value::commit_error)
}

pub fn raw(conn: &Conn) -> Result<&Connection, SqlError> {
    match conn {
        Conn::Sqlite(conn) => Ok(conn),
        Conn::Postgres(_) => Err(SqlError::Internal("a connection of the other engine".to_owned())),
    }
}

/// Copies the log into the database file, away from the writer.
#[derive(Debug)]
pub struct Checkpointer {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// `commits` counts what the writer has committed.
    pub fn start(conn: Connection, commits: Arc<AtomicU64>) -> std::io::Result<Checkpointer> {
        let (stop, stopped) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || checkpoints(&conn, &stopped, &commits))?;
        Ok(Checkpointer {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn checkpoints(conn: &Connection, stopped: &Receiver<()>, commits: &AtomicU64) {
    let mut done = 0;
    while stopped.recv_timeout(CHECKPOINT) == Err(RecvTimeoutError::Timeout) {
        let now = commits.load(Ordering::Relaxed);
        if now == done {
            continue;
        }
        match conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            Ok(()) => done = now,
            Err(error) => tracing::warn!(%error, "a checkpoint failed and is tried again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::mpsc;

    fn lane() -> Lane {
        let conn = Connection::open_in_memory().unwrap();
        Lane::start("test", vec![conn]).unwrap()
    }

    /// Keeps the lane's only thread busy until the sender is dropped.
    async fn busy(lane: &Arc<Lane>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), Stuck>>) {
        let (release, released) = mpsc::channel::<()>();
        let begun = Arc::new(AtomicBool::new(false));
        let (own, lane) = (begun.clone(), lane.clone());
        let work = move |_: &mut Conn| {
            own.store(true, Ordering::SeqCst);
            let _ = released.recv();
        };
        let running = tokio::spawn(async move { lane.run(work).await });
        // Yielding, not sleeping: the clock of these tests jumps whenever everybody sleeps.
        while !begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        (release, running)
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_gets_no_turn_in_time_is_never_done() {
        let lane = Arc::new(lane());
        let (release, first) = busy(&lane).await;
        let done = Arc::new(AtomicBool::new(false));
        let own = done.clone();
        let second = lane.run(move |_| own.store(true, Ordering::SeqCst)).await;
        assert_eq!(second, Err(Stuck::NoTurn));
        assert_eq!(first.await.unwrap(), Err(Stuck::Working));
        drop(release);
        tokio::time::resume();
        assert_eq!(lane.run(|_| 7).await, Ok(7));
        assert!(!done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_lane_takes_no_more() {
        let lane = Arc::new(lane());
        let (release, first) = busy(&lane).await;
        let waiting = join_all((0..WAITING_MAX + 3).map(|_| lane.run(|_| ()))).await;
        let full = waiting
            .iter()
            .filter(|outcome| **outcome == Err(Stuck::Full))
            .count();
        assert_eq!(full, 3);
        drop(release);
        drop(first);
    }

    #[tokio::test]
    async fn a_panic_ends_its_work_and_nothing_else() {
        let lane = lane();
        let begun = |conn: &mut Conn| {
            raw(conn)
                .unwrap()
                .execute_batch("BEGIN; CREATE TABLE t (a)")
                .unwrap();
            panic!("a defect");
        };
        assert_eq!(lane.run::<()>(begun).await, Err(Stuck::Died));
        let left = lane
            .run(|conn| {
                let conn = raw(conn).unwrap();
                (conn.is_autocommit(), conn.table_exists(None, "t").unwrap())
            })
            .await;
        assert_eq!(left, Ok((true, false)));
    }

    #[test]
    fn either_the_thread_commits_or_the_asker_gives_up() {
        let gate = Gate::default();
        assert!(gate.enter() && !gate.close());
        let gate = Gate::default();
        assert!(gate.close() && !gate.enter());
    }
}
