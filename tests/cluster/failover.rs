//! Nodes that die, freeze and are restarted: who takes over, how soon, and that nothing is lost or doubled over it.

use crate::checker::{Crowd, Size, dense};
use crate::harness::{Cluster, ClusterPlan};
use crate::{alone, metric, owner, until};
use roost::bench::Faults;
use std::time::Duration;
use tokio::time::Instant;

/// After the owner of a room was killed, the next post to it is acknowledged within this time.
const FAILOVER: Duration = Duration::from_secs(3);
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const SIZE: Size = Size {
    rooms: 4,
    members: 4,
    posters: 2,
    pause: Duration::from_millis(20),
};

/// How often a test kills what it kills.
fn rounds(short: usize) -> usize {
    match std::env::var("ROOST_TEST_ROUNDS") {
        Ok(text) => text.parse().expect("ROOST_TEST_ROUNDS is a number"),
        Err(_) => short,
    }
}

async fn owner_of(cluster: &Cluster, room: i64) -> (usize, i64) {
    until("an owner", SETTLED_WITHIN, async || owner(cluster, room).await).await
}

async fn settled(crowd: Crowd, cluster: &Cluster) {
    let faults = crowd.settle(SETTLED_WITHIN).await;
    assert!(faults.iter().all(Faults::is_none), "{faults:?}");
    dense(&cluster.url).await;
    cluster.unbroken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_sigkill_of_an_owner_the_next_post_is_acknowledged_in_three_seconds() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).start().await;
    let crowd = Crowd::start(&cluster, SIZE, 1).await;
    let mut gaps = Vec::new();
    for round in 0..rounds(3) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let room = round % SIZE.rooms;
        let (node, epoch) = owner_of(&cluster, crowd.rooms()[room].id).await;
        cluster.nodes[node].kill();
        let killed = Instant::now();
        gaps.push(crowd.next_ack(room, killed, Duration::from_secs(20)).await);
        let (next, later) = owner_of(&cluster, crowd.rooms()[room].id).await;
        assert!(
            next != node && later > epoch,
            "another node, under a higher epoch"
        );
        cluster.nodes[node].run().await;
    }
    gaps.sort_unstable();
    let (p50, worst) = (gaps[gaps.len() / 2], gaps[gaps.len() - 1]);
    println!(
        "failover: {} kills, next ack after {p50:.2?} (p50), {worst:.2?} (worst)",
        gaps.len()
    );
    settled(crowd, &cluster).await;
    assert!(worst <= FAILOVER, "{gaps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_frozen_drops_its_rooms_and_joins_again() {
    let _alone = alone().await;
    let cluster = ClusterPlan::of(3).start().await;
    let crowd = Crowd::start(&cluster, SIZE, 2).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let room = crowd.rooms()[0].id;
    let (node, epoch) = owner_of(&cluster, room).await;
    let incarnation = async || {
        let status = cluster.status((node + 1) % 3).await;
        let name = crate::harness::cluster::name(node);
        let members = status["members"].as_array().expect("members").clone();
        let member = members.into_iter().find(|member| member["name"] == name.as_str());
        member.and_then(|member| member["incarnation"].as_i64())
    };
    let before = until("the node", SETTLED_WITHIN, &incarnation).await;
    cluster.nodes[node].signal("STOP");
    let frozen = Instant::now();
    crowd.next_ack(0, frozen, Duration::from_secs(20)).await;
    let (next, later) = owner_of(&cluster, room).await;
    assert!(
        next != node && later > epoch,
        "another node, under a higher epoch"
    );
    cluster.nodes[node].signal("CONT");
    until("the node is a member again", SETTLED_WITHIN, async || {
        incarnation().await.filter(|now| *now > before)
    })
    .await;
    assert!(
        cluster.nodes[node].log().contains("declared dead"),
        "{}",
        cluster.nodes[node].log()
    );
    // It gets its rooms back, and serves them.
    until("the room moves back", SETTLED_WITHIN, async || {
        owner(&cluster, room).await.filter(|(now, _)| *now == node)
    })
    .await;
    crowd.next_ack(0, Instant::now(), Duration::from_secs(20)).await;
    settled(crowd, &cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_loses_and_doubles_nothing() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).start().await;
    let crowd = Crowd::start(&cluster, SIZE, 3).await;
    for node in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let told = Instant::now();
        assert_eq!(cluster.nodes[node].stop().await, Some(0));
        assert!(
            told.elapsed() < Duration::from_secs(10),
            "SIGTERM ends within ten seconds"
        );
        for room in 0..SIZE.rooms {
            crowd
                .next_ack(room, Instant::now(), Duration::from_secs(20))
                .await;
        }
        cluster.nodes[node].run().await;
    }
    settled(crowd, &cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_joins_takes_its_part_and_nobody_notices() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(2).start().await;
    let size = Size {
        rooms: 12,
        posters: 1,
        ..SIZE
    };
    let crowd = Crowd::start(&cluster, size, 4).await;
    for room in 0..size.rooms {
        crowd.next_ack(room, Instant::now(), SETTLED_WITHIN).await;
    }
    let node = cluster.add().await;
    crowd.add(cluster.nodes[node].address);
    // Room numbers are given out by the database, so one of twelve is the new node's, but for once in hundreds of runs.
    until("a room on the new node", SETTLED_WITHIN, async || {
        (metric(&cluster, node, "roost_rooms_active").await > 0.0).then_some(())
    })
    .await;
    for room in 0..size.rooms {
        crowd
            .next_ack(room, Instant::now(), Duration::from_secs(20))
            .await;
    }
    settled(crowd, &cluster).await;
}
