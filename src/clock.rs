//! The real clock and the system's generator, behind the core's port.

use rand::TryRngCore;
use rand::rngs::OsRng;
use roost_actors::model::Timestamp;
use roost_actors::ports::Clock;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Wall time and randomness of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that reads the system's clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that reads the system's clock"
    )]
    fn steady(&self) -> Timestamp {
        static START: OnceLock<Instant> = OnceLock::new();
        let since = START.get_or_init(Instant::now).elapsed();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn uuid(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn random(&self, bytes: &mut [u8]) {
        if let Err(error) = OsRng.try_fill_bytes(bytes) {
            // Guessable codes and keys are worse than no node.
            tracing::error!(%error, "the system's random generator failed");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_differ_and_time_is_of_this_century() {
        let (mut a, mut b) = ([0u8; 16], [0u8; 16]);
        SystemClock.random(&mut a);
        SystemClock.random(&mut b);
        assert_ne!(a, b);
        assert!(SystemClock.now() > Timestamp(1_600_000_000_000));
        assert_eq!(SystemClock.uuid().len(), 36);
    }
}
