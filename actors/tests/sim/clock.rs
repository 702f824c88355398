//! Time in the world: the paused clock of the runtime, seen by each machine a little fast or slow, early or late.

use super::dice::Dice;
use roost_actors::model::Timestamp;
use roost_actors::ports::Clock;
use roost_actors::testkit::World;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// How far the wall clocks of machines may stand apart from the true time, in milliseconds.
const WALL_APART_MS: u64 = 2_000;
/// How much faster or slower a machine's clock may run, in parts of a million.
const DRIFT_PPM: u64 = 5_000;

/// The clock of one machine.
#[derive(Debug)]
pub struct MachineClock {
    began: Instant,
    wall_apart_ms: i64,
    drift_ppm: i64,
    uuids: AtomicU64,
}

impl MachineClock {
    pub fn new(began: Instant, dice: &Dice) -> MachineClock {
        let apart = |most: u64| dice.between(0, 2 * most) as i64 - most as i64;
        MachineClock {
            began,
            wall_apart_ms: apart(WALL_APART_MS),
            drift_ppm: apart(DRIFT_PPM),
            uuids: AtomicU64::new(0),
        }
    }

    fn elapsed_ms(&self) -> i64 {
        let true_ms = self.began.elapsed().as_millis() as i64;
        true_ms + true_ms * self.drift_ppm / 1_000_000
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp(World::BEGIN_MS + self.wall_apart_ms + self.elapsed_ms())
    }

    fn steady(&self) -> Timestamp {
        // Any start will do, as long as a lease that has ended lies after 0.
        Timestamp(1_000_000 + self.elapsed_ms())
    }

    fn uuid(&self) -> String {
        let next = self.uuids.fetch_add(1, Ordering::SeqCst) + 1;
        format!("00000000-0000-4000-8000-{next:012}")
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}
