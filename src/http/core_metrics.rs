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
    let mut samples = cluster_samples(node, rooms);
    let counter =
        |name, help, counter: &Counter| Sample::new(name, help, Reading::Counter(counter.get() as f64));
    let gauge = |name, help, value: u64| Sample::new(name, help, Reading::Gauge(value as f64));
    samples.extend([
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
    ]);
    samples
}

/// What the node counts as a member of its cluster; nothing for a node that is none.
fn cluster_samples(node: &Node, rooms: usize) -> Vec<Sample> {
    let Some(cluster) = node.cluster() else {
        return Vec::new();
    };
    let meters = &node.meters().cluster;
    let (members, links) = cluster.size();
    let counters = [
        (
            "envelopes_sent",
            "Envelopes sent to peers",
            &meters.envelopes_sent,
        ),
        (
            "bytes_sent",
            "Bytes of envelopes sent to peers",
            &meters.bytes_sent,
        ),
        (
            "envelopes_received",
            "Envelopes received from peers",
            &meters.envelopes_received,
        ),
        (
            "bytes_received",
            "Bytes of envelopes received from peers",
            &meters.bytes_received,
        ),
        (
            "envelopes_refused",
            "Envelopes that a link did not take, its queue being full",
            &meters.envelopes_refused,
        ),
        (
            "hand_overs",
            "Rooms and users sent on their way to another node",
            &meters.hand_overs,
        ),
        (
            "fenced_batches",
            "Batches refused because another node had taken the room",
            &meters.fenced_batches,
        ),
        (
            "repairs",
            "Rooms of which sessions here had missed something and read it back",
            &meters.repairs,
        ),
    ];
    let gauges = [
        ("members", "Nodes that are members, as this one sees it", members),
        ("links_up", "Peers to which this node has a link", links),
        ("rooms_owned", "Rooms that this node owns", rooms),
    ];
    let counters = counters.map(|(name, help, counter)| {
        let reading = Reading::Counter(counter.get() as f64);
        Sample::new(&format!("roost_cluster_{name}"), help, reading)
    });
    let gauges = gauges.map(|(name, help, value)| {
        Sample::new(
            &format!("roost_cluster_{name}"),
            help,
            Reading::Gauge(value as f64),
        )
    });
    counters.into_iter().chain(gauges).collect()
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
