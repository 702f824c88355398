//! The store behind membership: who lives, who owns a room, what makes nodes one cluster.
//! These cases want a database that no other node is a member of.

use super::stage::{NOWHERE, Owner, group, new_group, person, refused, text, unique};
use crate::cluster::{Beat, Incarnation, Member, Timing};
use crate::failure::Failure;
use crate::model::{Epoch, RoomId, Seq};
use crate::ports::{BatchOutcome, Charter, Joined, Joining, Ports};
use std::time::Duration;

/// Unlike the default, to see that it is kept; the time after which nodes are dead is the same, because tests that have
/// one database together are at work in it at the same time.
const TIMING: Timing = Timing {
    heartbeat_ms: 400,
    dead_after_ms: 2_000,
};

fn joining(name: &str) -> Joining {
    Joining {
        name: name.to_owned(),
        http: format!("{name}.example:80"),
        peer: format!("{name}.example:90"),
        timing: Timing::default(),
    }
}

async fn join(ports: &Ports, name: &str) -> (Incarnation, Vec<Member>) {
    match ports
        .cluster
        .join(&joining(name))
        .await
        .expect("the store answers")
    {
        Joined::Member(incarnation, members) => (incarnation, members),
        Joined::NameTaken { heard_ms_ago } => panic!("{name} was heard of {heard_ms_ago} ms ago"),
    }
}

async fn beat(ports: &Ports, me: Incarnation) -> Vec<Member> {
    match ports.cluster.beat(me, false).await {
        Beat::Alive(members) => members,
        other => panic!("{other:?}"),
    }
}

fn names(members: &[Member]) -> Vec<String> {
    let mut names: Vec<String> = members.iter().map(|member| member.name.to_string()).collect();
    names.sort();
    names
}

async fn a_room(ports: &Ports) -> RoomId {
    let ann = person(ports, "ann").await;
    ports.rooms.create_group(&new_group("g", ann, &[])).await.unwrap()
}

async fn take(ports: &Ports, room: RoomId, me: Incarnation) -> Epoch {
    ports
        .rooms
        .activate(room, me)
        .await
        .expect("the room can be taken")
        .epoch
}

pub async fn the_first_charter_stands(ports: &Ports) {
    let charter = |cluster: &str| Charter {
        cluster: cluster.to_owned(),
        verifier: format!("$verifier of {cluster}$"),
        timing: TIMING,
    };
    assert_eq!(ports.cluster.charter(None).await.unwrap(), None);
    assert_eq!(
        ports.cluster.charter(None).await.unwrap(),
        None,
        "asking stores nothing"
    );
    let first = ports.cluster.charter(Some(&charter("first"))).await.unwrap();
    assert_eq!(first, Some(charter("first")));
    let second = ports.cluster.charter(Some(&charter("second"))).await.unwrap();
    assert_eq!(second, Some(charter("first")));
    assert_eq!(ports.cluster.charter(None).await.unwrap(), Some(charter("first")));
}

pub async fn charters_written_at_once_leave_one(ports: &Ports) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..6 {
        let ports = ports.clone();
        tasks.spawn(async move {
            let fresh = Charter {
                cluster: n.to_string(),
                verifier: n.to_string(),
                timing: TIMING,
            };
            ports
                .cluster
                .charter(Some(&fresh))
                .await
                .unwrap()
                .unwrap()
                .cluster
        });
    }
    let mut clusters = Vec::new();
    while let Some(cluster) = tasks.join_next().await {
        clusters.push(cluster.unwrap());
    }
    clusters.dedup();
    assert_eq!(clusters.len(), 1);
}

pub async fn whoever_joins_is_listed_with_its_addresses(ports: &Ports) {
    let (a, b) = (unique("a"), unique("b"));
    let (first, alone) = join(ports, &a).await;
    assert_eq!(names(&alone), [a.as_str()]);
    let (second, both) = join(ports, &b).await;
    assert!(first >= Incarnation(1) && second > first, "incarnations rise");
    assert_eq!(names(&both), [a.as_str(), b.as_str()]);
    let of_a = both.iter().find(|m| m.incarnation == first).unwrap();
    let expected = Member {
        name: a.as_str().into(),
        incarnation: first,
        http: format!("{a}.example:80"),
        peer: format!("{a}.example:90"),
        draining: false,
    };
    assert_eq!(*of_a, expected);
    assert_eq!(names(&beat(ports, first).await), names(&both));
}

pub async fn a_name_that_lives_is_taken(ports: &Ports) {
    let a = unique("a");
    let (first, _) = join(ports, &a).await;
    let again = ports.cluster.join(&joining(&a)).await.unwrap();
    assert!(
        matches!(
            again,
            Joined::NameTaken {
                heard_ms_ago: 0..1_500
            }
        ),
        "{again:?}"
    );
    assert_eq!(beat(ports, first).await.len(), 1);
}

pub async fn a_name_wanted_by_many_at_once_goes_to_one(ports: &Ports) {
    let a = unique("a");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (ports, joining) = (ports.clone(), joining(&a));
        tasks.spawn(async move { ports.cluster.join(&joining).await.unwrap() });
    }
    let mut joined = 0;
    while let Some(outcome) = tasks.join_next().await {
        joined += usize::from(matches!(outcome.unwrap(), Joined::Member(..)));
    }
    assert_eq!(joined, 1);
}

pub async fn whoever_leaves_is_listed_no_more_and_its_name_is_free(ports: &Ports) {
    let (a, b) = (unique("a"), unique("b"));
    let ((first, _), (second, _)) = (join(ports, &a).await, join(ports, &b).await);
    ports.cluster.leave(first).await.unwrap();
    assert_eq!(names(&beat(ports, second).await), [b.as_str()]);
    assert_eq!(ports.cluster.beat(first, false).await, Beat::Dead);
    let (third, _) = join(ports, &a).await;
    assert!(third > second);
    ports.cluster.leave(first).await.unwrap();
    assert_eq!(beat(ports, third).await.len(), 2, "leaving twice harms nobody");
}

pub async fn a_node_says_that_it_drains(ports: &Ports) {
    let (a, b) = (unique("a"), unique("b"));
    let ((first, _), (second, _)) = (join(ports, &a).await, join(ports, &b).await);
    let Beat::Alive(seen) = ports.cluster.beat(first, true).await else {
        panic!("not alive")
    };
    let draining = |members: &[Member]| -> Vec<Incarnation> {
        members
            .iter()
            .filter(|m| m.draining)
            .map(|m| m.incarnation)
            .collect()
    };
    assert_eq!(draining(&seen), [first]);
    assert_eq!(draining(&beat(ports, second).await), [first]);
    beat(ports, first).await;
    assert_eq!(draining(&beat(ports, second).await), []);
}

pub async fn a_node_that_is_silent_too_long_dies_and_stays_dead(ports: &Ports) {
    let (a, b) = (unique("a"), unique("b"));
    let ((silent, _), (lives, _)) = (join(ports, &a).await, join(ports, &b).await);
    let room = a_room(ports).await;
    take(ports, room, silent).await;
    let until_dead = Duration::from_millis(TIMING.dead_after_ms as u64 / 4);
    for _ in 0..3 {
        tokio::time::sleep(until_dead).await;
        beat(ports, lives).await;
    }
    refused(ports.rooms.activate(room, lives).await, &Failure::Moved);
    for _ in 0..2 {
        tokio::time::sleep(until_dead).await;
        beat(ports, lives).await;
    }
    assert_eq!(names(&beat(ports, lives).await), [b.as_str()]);
    assert_eq!(ports.cluster.beat(silent, false).await, Beat::Dead);
    assert_eq!(ports.cluster.beat(silent, false).await, Beat::Dead);
    assert_eq!(beat(ports, lives).await.len(), 1);
    take(ports, room, lives).await;
    join(ports, &a).await;
}

pub async fn a_room_of_a_node_that_lives_is_not_taken(ports: &Ports) {
    let ((a, _), (b, _)) = (join(ports, &unique("a")).await, join(ports, &unique("b")).await);
    let room = a_room(ports).await;
    let epoch = take(ports, room, a).await;
    refused(ports.rooms.activate(room, b).await, &Failure::Moved);
    refused(ports.rooms.activate(room, Incarnation(0)).await, &Failure::Moved);
    assert_eq!(
        take(ports, room, a).await,
        Epoch(epoch.0 + 1),
        "its owner may take it again"
    );
}

pub async fn a_refused_taking_does_not_fence_the_owner(ports: &Ports) {
    let ((a, _), (b, _)) = (join(ports, &unique("a")).await, join(ports, &unique("b")).await);
    let ann = person(ports, "ann").await;
    let mut owner = group(ports, ann, &[]).await;
    owner.epoch = take(ports, owner.room, a).await;
    refused(ports.rooms.activate(owner.room, b).await, &Failure::Moved);
    owner.say(ports, ann, "still here").await;
    assert_eq!(owner.transcript(ports).await, ["still here"]);
}

pub async fn a_released_room_can_be_taken_at_once(ports: &Ports) {
    let ((a, _), (b, _)) = (join(ports, &unique("a")).await, join(ports, &unique("b")).await);
    let room = a_room(ports).await;
    let epoch = take(ports, room, a).await;
    ports.rooms.release(room, epoch).await.unwrap();
    assert_eq!(take(ports, room, b).await, Epoch(epoch.0 + 1));
    ports.rooms.release(NOWHERE, Epoch(1)).await.unwrap();
}

pub async fn it_can_be_asked_who_holds_a_room(ports: &Ports) {
    let (a, _) = join(ports, &unique("a")).await;
    let room = a_room(ports).await;
    let epoch = take(ports, room, a).await;
    assert_eq!(ports.rooms.holder(room).await.unwrap(), Some((a, epoch)));
    ports.rooms.release(room, epoch).await.unwrap();
    assert_eq!(
        ports.rooms.holder(room).await.unwrap(),
        Some((Incarnation(0), epoch))
    );
    assert_eq!(ports.rooms.holder(NOWHERE).await.unwrap(), None);
}

pub async fn a_release_by_a_stale_owner_changes_nothing(ports: &Ports) {
    let ((a, _), (b, _)) = (join(ports, &unique("a")).await, join(ports, &unique("b")).await);
    let room = a_room(ports).await;
    let old = take(ports, room, a).await;
    let new = take(ports, room, a).await;
    ports.rooms.release(room, old).await.unwrap();
    refused(ports.rooms.activate(room, b).await, &Failure::Moved);
    ports.rooms.release(room, new).await.unwrap();
    take(ports, room, b).await;
}

pub async fn rooms_of_a_node_that_left_can_be_taken_and_its_batches_are_fenced(ports: &Ports) {
    let ((a, _), (b, _)) = (join(ports, &unique("a")).await, join(ports, &unique("b")).await);
    let ann = person(ports, "ann").await;
    let mut owner = group(ports, ann, &[]).await;
    owner.epoch = take(ports, owner.room, a).await;
    ports.cluster.leave(a).await.unwrap();
    take(ports, owner.room, b).await;
    let outcome = super::stage::append(ports, owner.batch(vec![text(ann, "late")])).await;
    assert_eq!(outcome, BatchOutcome::Fenced);
}

pub async fn a_room_without_an_owner_that_others_wait_for_is_anybodys(ports: &Ports) {
    let (a, _) = join(ports, &unique("a")).await;
    let room = a_room(ports).await;
    take(ports, room, Incarnation(0)).await;
    take(ports, room, a).await;
}

pub async fn the_ends_of_rooms_can_be_asked_for(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut one, other) = (group(ports, ann, &[]).await, group(ports, ann, &[]).await);
    one.post(ports, vec![text(ann, "1"), text(ann, "2")]).await;
    let mut ends = ports.rooms.ends(&[other.room, NOWHERE, one.room]).await.unwrap();
    ends.sort_unstable();
    assert_eq!(ends, [(one.room, Seq(2)), (other.room, Seq(0))]);
    assert_eq!(ports.rooms.ends(&[]).await.unwrap(), []);
    let one = Owner::of(ports, one.room).await;
    assert_eq!(one.last_seq, Seq(2));
}
