//! What every actor of a node may ask at any time: which incarnation it serves under, and whether its lease holds.

use super::membership::Incarnation;
use crate::model::Timestamp;
use crate::ports::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Kept up to date by the node's heartbeat.
pub struct Standing {
    clock: Arc<dyn Clock>,
    me: AtomicI64,
    lease_until: AtomicI64,
}

impl Standing {
    /// A node without membership: its lease never ends.
    #[must_use]
    pub fn alone(clock: Arc<dyn Clock>) -> Standing {
        Standing {
            clock,
            me: AtomicI64::new(0),
            lease_until: AtomicI64::new(i64::MAX),
        }
    }

    pub fn set(&self, me: Incarnation, lease_until: Timestamp) {
        self.me.store(me.0, Ordering::Release);
        self.lease_until.store(lease_until.0, Ordering::Release);
    }

    #[must_use]
    pub fn me(&self) -> Incarnation {
        Incarnation(self.me.load(Ordering::Acquire))
    }

    /// Whether this node may answer from memory.
    #[must_use]
    pub fn holds(&self) -> bool {
        let until = self.lease_until.load(Ordering::Acquire);
        until == i64::MAX || self.clock.steady().0 < until
    }
}
