//! Every queue has a bound, and full means a clear refusal.

use super::{Town, pause, say};
use roost_actors::Failure;
use roost_actors::room::{RoomActor, RoomState};

#[actix::test]
async fn a_room_whose_queue_is_full_is_busy_and_the_rest_is_answered() {
    let town = Town::new().await;
    let room = town.group().await;
    let held = town.world.memory.hold().await;
    let count = RoomActor::MAILBOX_LEN_MAX + RoomState::WAITING_REQUESTS_MAX + 2_000;
    let mut posts = Vec::with_capacity(count);
    for _ in 0..count {
        let (node, ann) = (town.node.clone(), town.ann);
        posts.push(actix::spawn(async move { say(&node, room, ann, "x").await }));
    }
    pause(300).await;
    drop(held);
    let (mut stored, mut busy) = (0, 0);
    for post in posts {
        match post.await.unwrap() {
            Ok(_) => stored += 1,
            Err(Failure::Busy(_)) => busy += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(busy >= 2_000 && stored >= 4_000, "{busy} busy, {stored} stored");
    let page = town
        .world
        .ports()
        .rooms
        .activate(room, roost_actors::cluster::Incarnation(0))
        .await
        .unwrap();
    assert_eq!(page.last_seq.0, stored);
}

#[actix::test]
async fn many_posts_at_once_are_committed_in_few_transactions() {
    let town = Town::new().await;
    let room = town.group().await;
    town.say(room, "warm").await.unwrap();
    let before = town.world.memory.appends();
    town.world.memory.set_delay_ms(20);
    let posts: Vec<_> = (0..500)
        .map(|n| {
            let (node, ann) = (town.node.clone(), town.ann);
            actix::spawn(async move { say(&node, room, ann, &n.to_string()).await })
        })
        .collect();
    for post in posts {
        post.await.unwrap().unwrap();
    }
    let commits = town.world.memory.appends() - before;
    assert!(commits <= 6, "500 posts took {commits} commits");
    town.world.memory.set_delay_ms(0);
    assert_eq!(town.transcript(room).await.len(), 501);
}
