//! A drop guard inside every actor: it reports that the actor leaves, and its end, and whether that was a panic.

use std::cell::Cell;

/// What an actor lets its registry know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is up to date and has shown whatever an earlier actor of this key may have left.
    Ready,
    /// It takes no new requests from now on, and lives on for those on their way.
    Leaves { owes: bool },
    /// It has ended. `owes`: something may have been stored that was not shown.
    Ended { panicked: bool, owes: bool },
}

type Report<K> = Box<dyn Fn(K, Word) + Send>;

/// Kept by an actor for as long as it lives.
pub struct Tombstone<K: Copy> {
    key: K,
    debts: Cell<u32>,
    report: Report<K>,
}

impl<K: Copy> Tombstone<K> {
    #[must_use]
    pub fn new(key: K, report: Report<K>) -> Tombstone<K> {
        Tombstone {
            key,
            debts: Cell::new(0),
            report,
        }
    }

    /// Says that the actor has shown whatever an earlier one may have left.
    pub fn ready(&self) {
        (self.report)(self.key, Word::Ready);
    }

    /// Says that later requests must go to a new actor.
    pub fn leave(&self) {
        let owes = self.debts.take() > 0;
        (self.report)(self.key, Word::Leaves { owes });
    }

    /// Something is being stored and must be shown afterwards: if the actor ends before [`Tombstone::unburden`], the
    /// registry will start another to see to it.
    pub fn burden(&self) {
        self.debts.set(self.debts.get() + 1);
    }

    pub fn unburden(&self) {
        self.debts.set(self.debts.get().saturating_sub(1));
    }
}

impl<K: Copy> Drop for Tombstone<K> {
    fn drop(&mut self) {
        let ended = Word::Ended {
            panicked: std::thread::panicking(),
            owes: self.debts.get() > 0,
        };
        (self.report)(self.key, ended);
    }
}
