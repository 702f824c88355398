//! What the core counts about itself, as `/metrics` shows it.

use super::metrics::{Reading, Sample, Source};
use roost_actors::Node;
use roost_actors::meters::{Counter, Histogram};

/// Reads the node's meters at each scrape.
#[must_use]
pub fn source(node: Node) -> Source {
    Box::new(move || samples(&node))
}

fn samples(node: &Node) -> Vec<Sample> {
    let meters = node.meters();
    let (rooms, users) = node.active();
    let counter =
        |name, help, counter: &Counter| Sample::new(name, help, Reading::Counter(counter.get() as f64));
    let gauge = |name, help, value: u64| Sample::new(name, help, Reading::Gauge(value as f64));
    vec![
        counter(
            "roost_posts_acknowledged",
            "Posts answered as stored",
            &meters.posts_acknowledged,
        ),
        counter(
            "roost_posts_refused",
            "Requests to rooms that were refused, or whose outcome stayed unknown",
            &meters.posts_refused,
        ),
        counter(
            "roost_deliveries",
            "Pushes handed to sessions, one per session and push",
            &meters.deliveries,
        ),
        counter(
            "roost_catch_ups",
            "Sessions that fell behind and read back from history",
            &meters.catch_ups,
        ),
        counter("roost_commits", "Transactions of the journal", &meters.commits),
        counter(
            "roost_commit_failures",
            "Transactions of the journal that stored nothing",
            &meters.commit_failures,
        ),
        counter(
            "roost_commits_in_doubt",
            "Transactions of the journal whose outcome had to be asked for",
            &meters.commits_in_doubt,
        ),
        histogram(
            "roost_commit_rows",
            "Messages in a transaction",
            &meters.commit_rows,
            1.0,
        ),
        histogram(
            "roost_commit_seconds",
            "Duration of a transaction of the journal",
            &meters.commit_ms,
            0.001,
        ),
        gauge("roost_sessions", "Sessions that are open", meters.sessions.get()),
        gauge("roost_rooms_active", "Rooms whose actor runs here", rooms as u64),
        gauge("roost_users_active", "Users whose actor runs here", users as u64),
    ]
}

fn histogram(name: &str, help: &str, of: &Histogram, unit: f64) -> Sample {
    let (cumulative, sum, count) = of.snapshot();
    let mut below = 0;
    let mut buckets: Vec<(f64, u64)> = cumulative
        .into_iter()
        .map(|(bound, up_to)| {
            let here = up_to - below;
            below = up_to;
            (bound as f64 * unit, here)
        })
        .collect();
    buckets.push((f64::MAX, count.saturating_sub(below)));
    Sample::new(
        name,
        help,
        Reading::Histogram {
            sum: sum as f64 * unit,
            count,
            buckets,
        },
    )
}
