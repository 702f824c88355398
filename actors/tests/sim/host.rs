//! A process as the world sees it: it runs, stands still, or is dead; and whether it reaches the database.
//!
//! A process that stands still or is dead goes on inside, unseen: nothing it says leaves, nothing said to it arrives.
//! To everybody else that is the same as a process that does nothing.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// One life of one machine.
#[derive(Debug)]
pub struct Host {
    /// Which machine it runs on.
    pub machine: usize,
    /// Counted over all machines: names this process.
    pub life: u64,
    dead: AtomicBool,
    paused: AtomicBool,
    cut_off: AtomicBool,
    changed: Notify,
}

impl Host {
    pub fn new(machine: usize, life: u64) -> Host {
        Host {
            machine,
            life,
            dead: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            cut_off: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    fn set(&self, flag: &AtomicBool, to: bool) {
        flag.store(to, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub fn kill(&self) {
        self.set(&self.dead, true);
    }

    pub fn pause(&self, paused: bool) {
        self.set(&self.paused, paused);
    }

    /// Cuts the way to the database, or mends it.
    pub fn cut_off(&self, cut: bool) {
        self.set(&self.cut_off, cut);
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    pub fn is_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::SeqCst)
    }

    /// Whether others can talk to it.
    pub fn is_up(&self) -> bool {
        !self.is_dead() && !self.is_paused()
    }

    /// Waits while the process stands still; for ever when it is dead.
    pub async fn running(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_dead() {
                return pending().await;
            }
            if !self.is_paused() {
                return;
            }
            changed.await;
        }
    }

    /// Waits for its end.
    pub async fn died(&self) {
        loop {
            let changed = self.changed.notified();
            if self.is_dead() {
                return;
            }
            changed.await;
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letter = char::from(b'a' + self.machine as u8);
        write!(f, "{letter}{}", self.life)
    }
}
