//! How often one actor may die before it rests. Pure.

use crate::model::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;

/// The deaths of late, by key.
#[derive(Debug)]
pub struct RestartBook<K> {
    deaths: HashMap<K, Vec<Timestamp>>,
}

impl<K> Default for RestartBook<K> {
    fn default() -> Self {
        RestartBook {
            deaths: HashMap::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> RestartBook<K> {
    /// This many deaths within [`RestartBook::WINDOW_MS`] and the key rests.
    pub const DEATHS_MAX: usize = 3;
    pub const WINDOW_MS: i64 = 60_000;
    /// How long it rests after its last death.
    pub const REST_MS: i64 = 30_000;

    /// Notes a death; says whether the key rests from now on.
    pub fn record(&mut self, key: K, now: Timestamp) -> bool {
        self.deaths
            .retain(|_, times| times.last().is_some_and(|t| now.since_ms(*t) < Self::WINDOW_MS));
        let times = self.deaths.entry(key).or_default();
        times.retain(|t| now.since_ms(*t) < Self::WINDOW_MS);
        times.push(now);
        times.len() >= Self::DEATHS_MAX
    }

    /// Whether the key rests now.
    pub fn is_resting(&self, key: K, now: Timestamp) -> bool {
        self.deaths.get(&key).is_some_and(|times| {
            times.len() >= Self::DEATHS_MAX && times.last().is_some_and(|t| now.since_ms(*t) < Self::REST_MS)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_that_dies_three_times_in_a_minute_rests_for_half_a_minute() {
        let mut book = RestartBook::default();
        assert!(!book.record(1, Timestamp(0)));
        assert!(!book.record(1, Timestamp(10_000)));
        assert!(!book.is_resting(1, Timestamp(10_000)));
        assert!(book.record(1, Timestamp(20_000)));
        assert!(book.is_resting(1, Timestamp(49_999)));
        assert!(!book.is_resting(1, Timestamp(50_000)));
        assert!(!book.is_resting(2, Timestamp(20_000)));
    }

    #[test]
    fn deaths_long_ago_do_not_count() {
        let mut book = RestartBook::default();
        book.record(1, Timestamp(0));
        book.record(1, Timestamp(1));
        assert!(!book.record(1, Timestamp(60_001)));
    }
}
