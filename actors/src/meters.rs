//! What the core counts about itself: plain atomics, read by whoever publishes them.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    pub fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Values by upper bound; the last bucket is everything above.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    buckets: Vec<AtomicU64>,
    sum: AtomicU64,
}

impl Histogram {
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Histogram {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram {
            bounds,
            buckets,
            sum: AtomicU64::new(0),
        }
    }

    pub fn record(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Upper bounds with how many values are at or below each (cumulative), then the sum of all values and their number.
    #[must_use]
    pub fn snapshot(&self) -> (Vec<(u64, u64)>, u64, u64) {
        let mut total = 0;
        let mut rows = Vec::with_capacity(self.bounds.len());
        for (index, bucket) in self.buckets.iter().enumerate() {
            total += bucket.load(Ordering::Relaxed);
            if let Some(bound) = self.bounds.get(index) {
                rows.push((*bound, total));
            }
        }
        (rows, self.sum.load(Ordering::Relaxed), total)
    }
}

const ROWS: &[u64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];
const MILLISECONDS: &[u64] = &[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// Everything counted on one node.
#[derive(Debug)]
pub struct Meters {
    /// Posts answered as stored.
    pub posts_acknowledged: Counter,
    /// Posts refused or of unknown outcome.
    pub posts_refused: Counter,
    /// Pushes handed to sessions (one per session and push).
    pub deliveries: Counter,
    /// Sessions that fell behind and were sent to history.
    pub catch_ups: Counter,
    pub commits: Counter,
    pub commit_failures: Counter,
    pub commits_in_doubt: Counter,
    pub commit_rows: Histogram,
    pub commit_ms: Histogram,
    /// Sessions open now.
    pub sessions: Gauge,
    pub cluster: ClusterMeters,
}

/// What a node counts about its part in the cluster.
#[derive(Debug, Default)]
pub struct ClusterMeters {
    pub envelopes_sent: Counter,
    pub bytes_sent: Counter,
    pub envelopes_received: Counter,
    pub bytes_received: Counter,
    /// Envelopes that a link did not take: it had just ended, or too much waited in its queue, which ends it.
    pub envelopes_refused: Counter,
    /// Rooms and users sent on their way to another node.
    pub hand_overs: Counter,
    /// Batches left out of a commit because another node had taken the room.
    pub fenced_batches: Counter,
    /// Rooms of which sessions here had missed something, as an announcement or storage told.
    pub repairs: Counter,
}

impl Default for Meters {
    fn default() -> Meters {
        Meters {
            posts_acknowledged: Counter::default(),
            posts_refused: Counter::default(),
            deliveries: Counter::default(),
            catch_ups: Counter::default(),
            commits: Counter::default(),
            commit_failures: Counter::default(),
            commits_in_doubt: Counter::default(),
            commit_rows: Histogram::new(ROWS),
            commit_ms: Histogram::new(MILLISECONDS),
            sessions: Gauge::default(),
            cluster: ClusterMeters::default(),
        }
    }
}

impl Meters {
    /// Notes one commit of `rows` messages.
    pub fn committed(&self, rows: usize, took_ms: i64) {
        self.commits.add(1);
        self.commit_rows.record(rows as u64);
        self.commit_ms.record(took_ms.unsigned_abs());
    }
}
