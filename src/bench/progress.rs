//! How far a run is, as the receiving thread tells the rest of it.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// How far the messages of one sender are.
#[derive(Debug, Default)]
struct SenderProgress {
    complete: AtomicU64,
    changed: Notify,
}

/// What the rest of the run may look at while the thread works.
#[derive(Debug)]
pub struct Progress {
    delivered: AtomicU64,
    complete: AtomicU64,
    closed: AtomicU64,
    senders: Vec<SenderProgress>,
}

impl Progress {
    #[must_use]
    pub fn new(senders: usize) -> Progress {
        Progress {
            delivered: AtomicU64::new(0),
            complete: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            senders: (0..senders).map(|_| SenderProgress::default()).collect(),
        }
    }

    /// Messages shown to receivers.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Messages that every one of their receivers was shown.
    #[must_use]
    pub fn complete(&self) -> u64 {
        self.complete.load(Ordering::Acquire)
    }

    /// Sockets that ended.
    #[must_use]
    pub fn closed(&self) -> u64 {
        self.closed.load(Ordering::Acquire)
    }

    /// How many of one sender's messages are complete.
    #[must_use]
    pub fn complete_of(&self, sender: usize) -> u64 {
        self.senders[sender].complete.load(Ordering::Acquire)
    }

    /// Waits until that many of one sender's messages are complete.
    pub async fn wait_for(&self, sender: usize, count: u64) {
        let sender = &self.senders[sender];
        loop {
            let changed = sender.changed.notified();
            if sender.complete.load(Ordering::Acquire) >= count {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn note_delivery(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a complete message, and that it is this sender's, if it is anybody's.
    pub(super) fn note_complete(&self, sender: Option<usize>) {
        if let Some(sender) = sender.and_then(|sender| self.senders.get(sender)) {
            sender.complete.fetch_add(1, Ordering::Release);
        }
        self.complete.fetch_add(1, Ordering::Release);
    }

    pub(super) fn note_closed(&self) {
        self.closed.fetch_add(1, Ordering::Release);
    }

    /// Wakes whoever waits for a sender's messages.
    pub(super) fn tell(&self, sender: usize) {
        if let Some(sender) = self.senders.get(sender) {
            sender.changed.notify_waiters();
        }
    }
}
