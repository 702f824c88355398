//! A clock that is moved by hand, and chance that counts.

use crate::model::Timestamp;
use crate::ports::Clock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

/// Time as a test wants it; ids and random bytes come in a known order.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicI64,
    running_since: Option<Instant>,
    uuids: AtomicU64,
    bytes: AtomicU64,
}

impl ManualClock {
    /// A clock that stands still until [`ManualClock::advance`].
    #[must_use]
    pub fn frozen(now_ms: i64) -> ManualClock {
        ManualClock {
            now_ms: AtomicI64::new(now_ms),
            running_since: None,
            uuids: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// A clock that runs with the machine's and can be moved on besides.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a running test clock gets its time from"
    )]
    pub fn running(now_ms: i64) -> ManualClock {
        ManualClock {
            running_since: Some(Instant::now()),
            ..ManualClock::frozen(now_ms)
        }
    }

    /// Moves time on (or back, if negative).
    pub fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let ran = self
            .running_since
            .map_or(0, |since| since.elapsed().as_millis() as i64);
        Timestamp(self.now_ms.load(Ordering::SeqCst) + ran)
    }

    fn steady(&self) -> Timestamp {
        self.now()
    }

    fn uuid(&self) -> String {
        let next = self.uuids.fetch_add(1, Ordering::SeqCst) + 1;
        format!("00000000-0000-4000-8000-{next:012}")
    }

    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.bytes.fetch_add(1, Ordering::SeqCst) as u8;
        }
    }
}
