//! A node that cannot reach the database: it says so, acknowledges nothing, and the others take over.

use crate::checker::{Crowd, Size, dense};
use crate::harness::proxy::Wire;
use crate::harness::{Cluster, ClusterPlan};
use crate::{alone, owner, until};
use roost::bench::Faults;
use std::time::Duration;
use tokio::time::Instant;

/// A post that reached no commit is refused within this time.
const REFUSED_WITHIN: Duration = Duration::from_secs(6);
/// How long readiness may lag behind the truth: a probe a second, and what it waits for an answer.
const NOTICED_WITHIN: Duration = Duration::from_secs(4);
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const SIZE: Size = Size {
    rooms: 3,
    members: 4,
    posters: 2,
    pause: Duration::from_millis(30),
};

async fn readyz(cluster: &Cluster, node: usize, status: u16) -> String {
    until("readiness", SETTLED_WITHIN, async || {
        let answer = cluster.nodes[node].get("/readyz").send().await;
        (answer.status == status).then(|| answer.text())
    })
    .await
}

async fn cut_off(wire: Wire, seed: u64) {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).with_wires().start().await;
    let crowd = Crowd::start(&cluster, SIZE, seed).await;
    let room = crowd.rooms()[0].id;
    let (node, epoch) = until("an owner", SETTLED_WITHIN, async || owner(&cluster, room).await).await;
    let member = crowd.rooms()[0].members[3].clone();
    cluster.set_database(node, wire);
    let cut = Instant::now();
    let why = readyz(&cluster, node, 503).await;
    assert!(cut.elapsed() <= NOTICED_WITHIN, "{:?}", cut.elapsed());
    assert!(why.contains("storage"), "{why}");
    // What it may answer from memory has ended by now; it commits nothing in any case.
    crowd.next_ack(0, Instant::now(), SETTLED_WITHIN).await;
    let (next, later) = until("another owner", SETTLED_WITHIN, async || {
        owner(&cluster, room).await.filter(|(now, _)| *now != node)
    })
    .await;
    assert!(
        next != node && later > epoch,
        "another node, under a higher epoch"
    );
    let other = (node + 1) % 3;
    let before = member.history(&cluster.nodes[other], room).await;
    let began = Instant::now();
    let answer = member.saying(&cluster.nodes[node], room, "never").send().await;
    assert!(began.elapsed() <= REFUSED_WITHIN, "{:?}", began.elapsed());
    assert_eq!(crate::crowd::acknowledged(&answer), None, "{}", answer.text());
    let after = member.history(&cluster.nodes[other], room).await;
    assert!(after.len() >= before.len(), "the others go on");
    cluster.set_database(node, Wire::Whole);
    readyz(&cluster, node, 200).await;
    cluster.linked().await;
    crowd.next_ack(0, Instant::now(), SETTLED_WITHIN).await;
    let faults = crowd.settle(SETTLED_WITHIN).await;
    assert!(faults.iter().all(Faults::is_none), "{faults:?}");
    dense(&cluster.url).await;
    cluster.unbroken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_way_to_the_database_is_cut_says_so_and_acknowledges_nothing() {
    cut_off(Wire::Cut, 21).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_is_silent_says_so_and_acknowledges_nothing() {
    cut_off(Wire::Silent, 22).await;
}
