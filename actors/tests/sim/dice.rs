//! Chance that a seed decides. Every place that draws has dice of its own, so that one does not move another's.

use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of numbers.
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Dice {
    /// The dice of one place in the world of a seed.
    pub fn new(seed: u64, place: u64) -> Dice {
        Dice(AtomicU64::new(mix(seed ^ mix(place))))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        mix(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
    }

    /// A number from `from` to `to`, both included.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    /// `true` so often in a thousand.
    pub fn chance(&self, per_mille: u64) -> bool {
        self.next() % 1_000 < per_mille
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() {
            return None;
        }
        of.get(self.between(0, of.len() as u64 - 1) as usize)
    }

    /// A wait in milliseconds: mostly short, now and then as long as `to`.
    pub fn wait_ms(&self, to: u64) -> u64 {
        let cap = if self.chance(50) { to } else { to / 8 };
        self.between(0, cap)
    }
}

/// The finalizer of splitmix64.
fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
