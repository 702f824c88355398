//! Links between nodes that break or fall silent while every node reaches the database: nobody commits twice, and no
//! session misses anything.

use crate::checker::{Crowd, Size, dense, next_message};
use crate::crowd::{self, Member, acknowledged};
use crate::harness::proxy::Wire;
use crate::harness::{self, Cluster, ClusterPlan, Socket};
use crate::person::{Person, succeeded};
use crate::{alone, owner, until};
use roost::bench::Faults;
use roost_actors::cluster::{Placed, placement};
use roost_actors::model::AccountId;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// How long a session may wait for what a broken link did not carry.
const REPAIRED_WITHIN: Duration = Duration::from_secs(10);
const SIZE: Size = Size {
    rooms: 4,
    members: 6,
    posters: 2,
    pause: Duration::from_millis(30),
};

async fn owners(cluster: &Cluster, crowd: &Crowd) -> Vec<(usize, i64)> {
    let mut owners = Vec::new();
    for room in crowd.rooms() {
        owners.push(until("an owner", SETTLED_WITHIN, async || owner(cluster, room.id).await).await);
    }
    owners
}

async fn nobody_commits_twice(wire: Wire, seed: u64) {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).with_wires().start().await;
    let crowd = Crowd::start(&cluster, SIZE, seed).await;
    for room in 0..SIZE.rooms {
        crowd.next_ack(room, Instant::now(), SETTLED_WITHIN).await;
    }
    let before = owners(&cluster, &crowd).await;
    // Only a calls b; c still reaches both.
    cluster.set_links(1, wire);
    let cut = Instant::now();
    while cut.elapsed() < Duration::from_secs(5) {
        for room in 0..SIZE.rooms {
            crowd.next_ack(room, Instant::now(), SETTLED_WITHIN).await;
        }
    }
    assert_eq!(
        owners(&cluster, &crowd).await,
        before,
        "nothing moves while all reach the database"
    );
    cluster.set_links(1, Wire::Whole);
    cluster.linked().await;
    let faults = crowd.settle(SETTLED_WITHIN).await;
    assert!(faults.iter().all(Faults::is_none), "{faults:?}");
    dense(&cluster.url).await;
    cluster.unbroken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_link_is_cut_nobody_commits_twice_and_no_session_misses_a_message() {
    nobody_commits_twice(Wire::Cut, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_link_is_silent_nobody_commits_twice_and_no_session_misses_a_message() {
    nobody_commits_twice(Wire::Silent, 12).await;
}

/// A group whose room lives on the first of three nodes, the last of which will be cut off.
async fn away(cluster: &Cluster, members: &[Member]) -> i64 {
    for _ in 0..100 {
        let group = crowd::group(&cluster.nodes[0], members).await;
        let said = members[0].saying(&cluster.nodes[0], group, "first").send().await;
        acknowledged(&said).expect("a post is taken");
        let (node, _) = until("an owner", SETTLED_WITHIN, async || owner(cluster, group).await).await;
        if node == 0 {
            return group;
        }
    }
    panic!("no room of a hundred lives on the first node");
}

/// The next frame that is neither a ping nor of a kind to pass over.
async fn next_frame(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let frame = socket.next_json().await;
            if wanted(&frame) {
                return frame;
            }
        }
    };
    tokio::time::timeout(REPAIRED_WITHIN, looking)
        .await
        .expect("a frame in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_no_other_reaches_shows_its_sessions_everything_from_the_database() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).with_wires().start().await;
    let members = crowd::make(&cluster.nodes[0], &["ann", "bob", "cid"]).await;
    let group = away(&cluster, &members).await;
    let mut bobs = members[1].open(&cluster.nodes[2]).await;
    cluster.set_links(2, Wire::Cut);
    let mut ids = Vec::new();
    for number in 0..20 {
        let said = members[0]
            .saying(&cluster.nodes[number % 2], group, &format!("cut {number}"))
            .send()
            .await;
        ids.push(acknowledged(&said).expect("the others go on"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut heard = Vec::new();
    while heard.len() < ids.len() {
        let text = tokio::time::timeout(REPAIRED_WITHIN, next_message(&mut bobs)).await;
        let text = text.expect("a message in time").expect("the socket lives");
        let frame: Value = serde_json::from_str(&text).expect("json");
        if frame["body"] != "first" {
            heard.push(frame["id"].as_i64().expect("an id"));
        }
    }
    assert_eq!(heard, ids);
    cluster.set_links(2, Wire::Whole);
    cluster.linked().await;
    let said = members[2].saying(&cluster.nodes[2], group, "whole").send().await;
    acknowledged(&said).expect("the way is free again");
    let frame = next_frame(&mut bobs, |frame| frame["type"] == "text").await;
    assert_eq!(frame["body"], "whole");
    cluster.unbroken();
}

/// The number of the node, of three, where an account is at home.
fn home(account: i64) -> usize {
    let names = [0, 1, 2].map(|number| placement::seed(&harness::cluster::name(number)));
    placement::owner(&names, Placed::User(AccountId(account))).expect("an owner")
}

/// Somebody new who is at home on a node of three.
async fn person_of<'a>(cluster: &'a Cluster, node: usize, name: &str) -> Person<'a> {
    for number in 0..100 {
        let person = Person::register(&cluster.nodes[0], &format!("{name}-{number}")).await;
        if home(person.id) == node {
            return person;
        }
    }
    panic!("nobody of a hundred is at home on node {node}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_brought_into_a_room_by_a_node_out_of_reach_hears_it() {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).with_wires().start().await;
    let members = crowd::make(&cluster.nodes[0], &["cid", "dan"]).await;
    let group = away(&cluster, &members).await;
    let (mut ids, mut sockets) = (Vec::new(), Vec::new());
    for node in 0..3 {
        let bob = person_of(&cluster, node, &format!("bob-{node}")).await;
        sockets.push(bob.at(&cluster.nodes[2]).open_socket().await);
        ids.push(bob.text_id());
    }
    cluster.set_links(1, Wire::Cut);
    cluster.set_links(2, Wire::Cut);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let group_id = group.to_string();
    let mut params = vec![("groupId", group_id.as_str())];
    params.extend(ids.iter().map(|id| ("toIdList[]", id.as_str())));
    succeeded(
        &members[0]
            .post(&cluster.nodes[0], "chatGroups/invite", &params)
            .send()
            .await,
    );
    let said = members[0]
        .saying(&cluster.nodes[0], group, "welcome")
        .send()
        .await;
    acknowledged(&said).expect("a post is taken");
    for socket in &mut sockets {
        let frame = next_frame(socket, |frame| frame["type"] == "text").await;
        assert_eq!(frame["body"], "welcome");
    }
    cluster.set_links(1, Wire::Whole);
    cluster.set_links(2, Wire::Whole);
    cluster.linked().await;
    cluster.unbroken();
}

/// Ann asks some for friendship whose sessions are on a node that the others do not reach.
async fn told_meanwhile(wire: Wire, lasts: Duration) {
    let _alone = alone().await;
    let mut cluster = ClusterPlan::of(3).with_wires().start().await;
    let ann = person_of(&cluster, 0, "ann").await;
    let (mut ids, mut sockets) = (Vec::new(), Vec::new());
    for number in 0..9 {
        let bob = person_of(&cluster, number % 3, &format!("bob-{number}")).await;
        sockets.push(bob.at(&cluster.nodes[2]).open_socket().await);
        ids.push(bob.text_id());
    }
    cluster.set_links(2, wire);
    tokio::time::sleep(Duration::from_millis(200)).await;
    for id in &ids {
        ann.post("friends/add", &[("toId", id)]).await;
    }
    tokio::time::sleep(lasts).await;
    let ann = ann.id;
    cluster.set_links(2, Wire::Whole);
    cluster.linked().await;
    for socket in &mut sockets {
        let frame = next_frame(socket, |frame| frame["type"] == "addFriend").await;
        assert_eq!(frame["fromId"], ann);
    }
    cluster.unbroken();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_account_was_told_meanwhile_is_shown_once_the_link_is_back() {
    told_meanwhile(Wire::Cut, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_into_a_link_that_was_silent_until_it_ended_is_shown_once_it_is_back() {
    // Longer than nodes take to notice.
    told_meanwhile(Wire::Silent, Duration::from_secs(4)).await;
}
