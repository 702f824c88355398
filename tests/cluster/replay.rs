//! A real conversation across nodes: its people post through all of them, and everybody hears it in order.

use crate::checker::{history, next_message};
use crate::crowd::{self, acknowledged};
use crate::harness::ClusterPlan;
use roost::bench::{Ledger, Proof, ScriptLine};
use std::sync::Arc;
use std::time::Duration;

const LOG: &str = include_str!("../bench/data/ubuntu-irc-2008-07-14.txt");
/// Lines that are posted: each is a request and a commit of its own, on a machine shared with other tests.
const LINES: usize = 300;
/// Sockets that hear it, three on each node.
const LISTENERS: usize = 9;
const HEARD_WITHIN: Duration = Duration::from_secs(20);

/// Who says what: `[HH:MM] <nick> text`.
fn lines() -> Vec<(&'static str, &'static str)> {
    let spoken = LOG.lines().filter_map(|line| {
        let (nick, text) = line.split_once("] <")?.1.split_once("> ")?;
        (!text.trim().is_empty()).then_some((nick, text))
    });
    spoken.take(LINES).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_conversation_is_heard_in_order_on_every_node() {
    let lines = lines();
    assert_eq!(lines.len(), LINES);
    let mut nicks: Vec<&str> = lines.iter().map(|(nick, _)| *nick).collect();
    nicks.sort_unstable();
    nicks.dedup();
    let cluster = ClusterPlan::of(3).start().await;
    let people = crowd::make(&cluster.nodes[0], &nicks).await;
    let group = crowd::group(&cluster.nodes[1], &people).await;
    let author = |nick: &str| &people[nicks.binary_search(&nick).expect("a known nick")];
    let script: Vec<ScriptLine> = lines
        .iter()
        .map(|(nick, text)| ScriptLine {
            from: author(nick).id,
            body: (*text).to_owned(),
        })
        .collect();
    // Members hold sockets on every node.
    let mut sockets = Vec::new();
    for number in 0..LISTENERS {
        let node = &cluster.nodes[number % cluster.nodes.len()];
        sockets.push(people[number % people.len()].open(node).await);
    }
    let mut ledger = Ledger::new(sockets.len(), Proof::Script(Arc::from(script)));
    let mut ids = Vec::new();
    for (number, (nick, text)) in lines.iter().enumerate() {
        let node = &cluster.nodes[number % cluster.nodes.len()];
        let answer = author(nick).saying(node, group, text).send().await;
        ids.push(acknowledged(&answer).unwrap_or_else(|| panic!("{}", answer.text())));
    }
    assert!(
        ids.is_sorted_by(|a, b| a < b),
        "ids rise with the order of the conversation"
    );
    for (number, socket) in sockets.iter_mut().enumerate() {
        for _ in 0..LINES {
            let text = tokio::time::timeout(HEARD_WITHIN, next_message(socket)).await;
            let text = text.expect("a message in time").expect("the socket lives");
            ledger.deliver(number, text.as_bytes());
        }
    }
    for node in &cluster.nodes {
        let history = history(node.address, &people[0].token, group, 0)
            .await
            .expect("history");
        let faults = ledger.close(&[], &history);
        assert!(faults.is_none(), "{faults:?}");
    }
    assert_eq!(ledger.len(), LINES);
}
