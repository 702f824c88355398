//! The faults a test can set: storage that is gone, slow or held, and commits whose answer is lost.

use super::{Memory, Tables};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, OwnedRwLockWriteGuard, RwLock};

/// What happens to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// It is committed; the answer is lost.
    LostAfter,
    /// It is not committed; the answer is lost.
    LostBefore,
    /// The answer is lost while the transaction still runs; it commits after this many milliseconds.
    Late { ms: u64 },
    /// It is not committed, and the answer says so.
    Unavailable,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    gone: AtomicBool,
    delay_ms: AtomicU64,
    appends: Mutex<VecDeque<CommitFault>>,
    changes: Mutex<VecDeque<CommitFault>>,
    gate: Arc<RwLock<()>>,
    appended: AtomicU64,
}

impl Faults {
    /// The way to the store: slow, held or closed as a test has set it.
    pub(super) async fn pass(&self) -> Result<(), String> {
        let delay = self.delay_ms.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        drop(self.gate.read().await);
        if self.gone.load(Ordering::SeqCst) {
            return Err("a test took it away".to_owned());
        }
        Ok(())
    }

    pub(super) fn next_append(&self) -> Option<CommitFault> {
        self.appended.fetch_add(1, Ordering::SeqCst);
        pop(&self.appends)
    }

    pub(super) fn next_change(&self) -> Option<CommitFault> {
        pop(&self.changes)
    }
}

fn pop(faults: &Mutex<VecDeque<CommitFault>>) -> Option<CommitFault> {
    faults.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Leaves the lock with the transaction that still runs, and commits it later.
pub(super) fn commit_late(mut tables: OwnedMutexGuard<Tables>, draft: Tables, ms: u64) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        *tables = draft;
    });
}

/// Everything that reaches for the store waits until this is dropped.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "kept for its drop")] OwnedRwLockWriteGuard<()>);

impl Memory {
    /// Takes storage away, or gives it back.
    pub fn set_available(&self, available: bool) {
        self.faults.gone.store(!available, Ordering::SeqCst);
    }

    /// Makes every call take this long.
    pub fn set_delay_ms(&self, ms: u64) {
        self.faults.delay_ms.store(ms, Ordering::SeqCst);
    }

    /// Holds every call back until the guard is dropped.
    pub async fn hold(&self) -> Held {
        Held(self.faults.gate.clone().write_owned().await)
    }

    /// Sets the fault of one more append to come; each append uses one up.
    pub fn fail_append(&self, fault: CommitFault) {
        let mut appends = self.faults.appends.lock().unwrap_or_else(PoisonError::into_inner);
        appends.push_back(fault);
    }

    /// Sets the fault of one more change to come (of a room, a user or an account); each change uses one up.
    pub fn fail_change(&self, fault: CommitFault) {
        let mut changes = self.faults.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push_back(fault);
    }

    /// How many appends reached the store.
    #[must_use]
    pub fn appends(&self) -> u64 {
        self.faults.appended.load(Ordering::SeqCst)
    }
}
