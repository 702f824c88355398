//! The database as one process sees it: slow, cut off, with writes that fail, are lost, or land late.
//!
//! Below it are the tables of the testkit. Here are the rows' locks, and what happens on the way there and back.

use super::checks::Book;
use super::dice::Dice;
use super::host::Host;
use super::plan::{Broken, Plan};
use roost_actors::model::RoomId;
use roost_actors::ports::{StoreError, StoreResult};
use roost_actors::testkit::Memory;
use std::collections::HashMap;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

/// A write that lands late does so within this time, in milliseconds: later than a node takes to be declared dead.
const LATE_MS: u64 = 5_000;
/// How long a process that is cut off waits for an answer, in milliseconds.
const PATIENCE_MS: u64 = 1_200;

/// One database for the whole world.
pub struct Database {
    pub memory: Arc<Memory>,
    rows: Mutex<HashMap<RoomId, Arc<tokio::sync::Mutex<()>>>>,
}

/// A room's row, locked.
pub type RowLock = OwnedMutexGuard<()>;

impl Database {
    pub fn new() -> Arc<Database> {
        Arc::new(Database {
            memory: Arc::new(Memory::default()),
            rows: Mutex::default(),
        })
    }

    /// Locks these rooms' rows, in the order of their ids.
    pub async fn lock(&self, rooms: &[RoomId]) -> Vec<RowLock> {
        let mut rooms = rooms.to_vec();
        rooms.sort_unstable();
        let mut locks = Vec::with_capacity(rooms.len());
        for room in rooms {
            let row = {
                let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
                rows.entry(room).or_default().clone()
            };
            locks.push(row.lock_owned().await);
        }
        locks
    }
}

/// What becomes of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// An error before the commit.
    Refused,
    /// Not committed; the answer is lost.
    LostBefore,
    /// Committed; the answer is lost.
    LostAfter,
    /// The answer is lost; it commits after so many milliseconds.
    Late(u64),
}

/// One process's way to the database.
pub struct Desk {
    pub host: Arc<Host>,
    pub database: Arc<Database>,
    pub book: Arc<Book>,
    pub dice: Dice,
    pub plan: Arc<Plan>,
    /// Whether faults still happen.
    pub calm: Arc<std::sync::atomic::AtomicBool>,
}

impl Desk {
    pub fn is_broken(&self, how: Broken) -> bool {
        self.plan.broken == Some(how)
    }

    fn is_calm(&self) -> bool {
        self.calm.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// What becomes of the next write.
    pub fn fate(&self) -> Fate {
        if self.is_calm() || !self.dice.chance(self.plan.write_faults) {
            return Fate::Done;
        }
        match self.dice.between(0, 4) {
            0 | 1 => Fate::Refused,
            2 => Fate::LostBefore,
            3 => Fate::LostAfter,
            _ => Fate::Late(self.dice.between(1, LATE_MS)),
        }
    }

    async fn travel(&self) {
        let ms = self.dice.wait_ms(self.plan.database_ms);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        if self.host.is_dead() && self.dice.chance(500) {
            // It was still on its way out when its process ended.
            pending::<()>().await;
        }
    }

    /// The way there. An error: it did not get there.
    pub async fn there(&self) -> Result<(), String> {
        self.host.running().await;
        self.travel().await;
        if self.host.is_cut_off() {
            tokio::time::sleep(Duration::from_millis(self.dice.between(0, PATIENCE_MS))).await;
            return Err("the way to the database is cut".to_owned());
        }
        Ok(())
    }

    /// The way back. An error: the answer was lost.
    pub async fn back(&self) -> Result<(), String> {
        self.travel().await;
        if self.host.is_cut_off() {
            tokio::time::sleep(Duration::from_millis(self.dice.between(0, PATIENCE_MS))).await;
            self.host.running().await;
            return Err("the way from the database is cut".to_owned());
        }
        self.host.running().await;
        Ok(())
    }

    /// A read.
    pub async fn read<T>(&self, work: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        self.there().await.map_err(StoreError::Unavailable)?;
        if !self.is_calm() && self.dice.chance(self.plan.read_faults) {
            return Err(StoreError::Unavailable("a read failed".to_owned()));
        }
        let found = work.await;
        self.back().await.map_err(StoreError::Unavailable)?;
        found
    }

    /// A transaction that locks these rooms before it does its work.
    pub async fn write<T: Send + 'static>(
        &self,
        what: &str,
        rooms: &[RoomId],
        work: impl Future<Output = StoreResult<T>> + Send + 'static,
    ) -> StoreResult<T> {
        self.there().await.map_err(StoreError::Unavailable)?;
        let fate = self.fate();
        if fate != Fate::Done {
            self.book
                .note(|| format!("database: {what} of {} is {fate:?}", self.host));
        }
        if fate == Fate::Refused {
            self.back().await.map_err(StoreError::Unavailable)?;
            return Err(StoreError::Unavailable("a write failed".to_owned()));
        }
        let locks = self.database.lock(rooms).await;
        let lost = || StoreError::Unknown("the answer was lost".to_owned());
        let done = match fate {
            Fate::LostBefore => {
                drop(locks);
                Err(lost())
            }
            Fate::Late(ms) => {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    drop(work.await);
                    drop(locks);
                });
                Err(lost())
            }
            Fate::Done | Fate::Refused | Fate::LostAfter => {
                let done = work.await;
                drop(locks);
                if fate == Fate::LostAfter {
                    Err(lost())
                } else {
                    done
                }
            }
        };
        self.back().await.map_err(StoreError::Unknown)?;
        done
    }
}
