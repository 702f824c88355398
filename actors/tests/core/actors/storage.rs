//! When storage is gone, slow, or does not say what became of a commit.

use super::screen::{Screen, caller};
use super::{Town, pause, say, until};
use roost_actors::Failure;
use roost_actors::model::{ClientToken, Post};
use roost_actors::room::RoomRequest;
use roost_actors::testkit::CommitFault;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "the promise is one of real time")]
fn now() -> Instant {
    Instant::now()
}

#[actix::test]
async fn without_storage_every_post_is_refused_within_five_seconds_and_then_works_again() {
    let town = Town::new().await;
    let (warm, cold) = (town.group().await, town.group().await);
    town.say(warm, "before").await.unwrap();
    town.world.memory.set_available(false);
    let began = now();
    let mut posts = Vec::new();
    for n in 0..30 {
        let (node, ann, room) = (town.node.clone(), town.ann, if n % 3 == 0 { cold } else { warm });
        posts.push(actix::spawn(async move { say(&node, room, ann, "lost").await }));
        pause(20).await;
    }
    for post in posts {
        let refused = post.await.unwrap().unwrap_err();
        assert!(matches!(refused, Failure::Unavailable(_)), "{refused:?}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "took {:?}",
        began.elapsed()
    );
    town.world.memory.set_available(true);
    town.say(warm, "after").await.unwrap();
    town.say(cold, "after").await.unwrap();
    assert_eq!(town.transcript(warm).await, ["before", "after"]);
    assert_eq!(town.transcript(cold).await, ["after"]);
}

#[actix::test]
async fn what_waits_behind_commits_that_hang_is_refused_in_time() {
    let town = Town::new().await;
    let mut rooms = Vec::new();
    for _ in 0..6 {
        let room = town.group().await;
        town.say(room, "before").await.unwrap();
        rooms.push(room);
    }
    let held = town.world.memory.hold().await;
    let began = now();
    let mut posts = Vec::new();
    for &room in &rooms {
        let (node, ann) = (town.node.clone(), town.ann);
        posts.push(actix::spawn(async move { say(&node, room, ann, "x").await }));
        pause(10).await;
    }
    // Two writers hang with one room each; the four that wait are told.
    for post in posts.split_off(2) {
        let refused = post.await.unwrap().unwrap_err();
        assert!(matches!(refused, Failure::Unavailable(_)), "{refused:?}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "took {:?}",
        began.elapsed()
    );
    drop(held);
    for post in posts {
        post.await.unwrap().expect("what hung is stored in the end");
    }
    for (index, room) in rooms.into_iter().enumerate() {
        assert_eq!(town.transcript(room).await.len(), if index < 2 { 2 } else { 1 });
    }
}

#[actix::test]
async fn an_unknown_commit_is_settled_without_doubling_or_losing() {
    let town = Town::new().await;
    let room = town.group().await;
    let (_bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    let cases: [&[CommitFault]; 6] = [
        &[CommitFault::LostAfter],
        &[CommitFault::LostBefore],
        &[CommitFault::Late { ms: 150 }],
        &[CommitFault::LostBefore, CommitFault::LostAfter],
        &[
            CommitFault::LostBefore,
            CommitFault::LostBefore,
            CommitFault::Late { ms: 50 },
        ],
        &[CommitFault::Unavailable, CommitFault::LostAfter],
    ];
    for (index, faults) in cases.iter().enumerate() {
        for fault in *faults {
            town.world.memory.fail_append(*fault);
        }
        let message = town
            .say(room, &index.to_string())
            .await
            .expect("settled as stored");
        assert_eq!(message.seq.0, index as i64 + 1, "{faults:?}");
    }
    assert_eq!(town.transcript(room).await, ["0", "1", "2", "3", "4", "5"]);
    until("bob has seen all", async || {
        shown.seqs(room) == [1, 2, 3, 4, 5, 6]
    })
    .await;
    assert_eq!(town.node.meters().commits_in_doubt.get(), 6);
}

#[actix::test]
async fn a_commit_in_doubt_over_many_rooms_is_settled_for_each() {
    let town = Town::new().await;
    let mut rooms = Vec::new();
    for _ in 0..10 {
        let room = town.group().await;
        town.say(room, "before").await.unwrap();
        rooms.push(room);
    }
    for fault in [CommitFault::LostAfter, CommitFault::LostBefore] {
        let held = town.world.memory.hold().await;
        let posts: Vec<_> = rooms
            .iter()
            .map(|&room| {
                let (node, ann) = (town.node.clone(), town.ann);
                actix::spawn(async move { say(&node, room, ann, "x").await })
            })
            .collect();
        pause(30).await;
        for _ in 0..3 {
            town.world.memory.fail_append(fault);
        }
        drop(held);
        for post in posts {
            post.await.unwrap().expect("settled as stored");
        }
    }
    for room in rooms {
        assert_eq!(town.transcript(room).await, ["before", "x", "x"]);
    }
}

#[actix::test]
async fn an_outcome_that_stays_unknown_is_told_so_and_what_was_stored_is_shown() {
    let town = Town::new().await;
    let room = town.group().await;
    let (_bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    town.say(room, "first").await.unwrap();
    town.world.memory.fail_append(CommitFault::LostAfter);
    let (node, ann) = (town.node.clone(), town.ann);
    let held = town.world.memory.hold().await;
    let post = actix::spawn(async move { say(&node, room, ann, "second").await });
    pause(30).await;
    drop(held);
    town.world.memory.set_available(false);
    // The gate lets the append through or refuses it: until it is in doubt the fault is not used up.
    for _ in 0..200 {
        if town.node.meters().commits_in_doubt.get() > 0 {
            break;
        }
        town.world.memory.set_available(true);
        pause(1).await;
        town.world.memory.set_available(false);
    }
    town.world.clock.advance(31_000);
    let told = post.await.unwrap();
    town.world.memory.set_available(true);
    assert!(matches!(told, Ok(_) | Err(Failure::OutcomeUnknown)), "{told:?}");
    assert_eq!(town.transcript(room).await, ["first", "second"]);
    let seen = async || {
        town.node.tick();
        shown.seqs(room) == [1, 2]
    };
    until("bob is shown what turned out to be stored", seen).await;
    assert_eq!(town.say(room, "third").await.unwrap().seq.0, 3);
}

#[actix::test]
async fn a_retry_with_the_same_token_is_one_message_whatever_happened_to_the_first_try() {
    let town = Town::new().await;
    let room = town.group().await;
    let post = |n: u8| Post {
        token: Some(ClientToken {
            key: format!("key-{n}").as_str().into(),
            digest: [n; 32],
        }),
        ..Post::text("x")
    };
    for (n, fault) in (0..).zip([
        CommitFault::LostAfter,
        CommitFault::LostBefore,
        CommitFault::Late { ms: 30 },
    ]) {
        town.world.memory.fail_append(fault);
        let first = town
            .node
            .room(room)
            .post(caller(town.ann), post(n))
            .await
            .unwrap();
        let again = town
            .node
            .room(room)
            .post(caller(town.ann), post(n))
            .await
            .unwrap();
        assert_eq!(first, again);
    }
    assert_eq!(town.transcript(room).await.len(), 3);
}

#[actix::test]
async fn a_change_whose_outcome_is_not_known_leaves_the_room_as_storage_has_it() {
    let town = Town::new().await;
    let room = town.group().await;
    town.say(room, "warm").await.unwrap();
    let kick = || RoomRequest::Kick {
        caller: caller(town.ann),
        accounts: vec![town.bob],
        over_managers: false,
    };
    town.world.memory.fail_change(CommitFault::LostBefore);
    assert_eq!(
        town.node.room(room).act(kick()).await,
        Err(Failure::OutcomeUnknown)
    );
    say(&town.node, room, town.bob, "still here")
        .await
        .expect("nothing was stored");
    town.world.memory.fail_change(CommitFault::LostAfter);
    assert_eq!(
        town.node.room(room).act(kick()).await,
        Err(Failure::OutcomeUnknown)
    );
    let refused = say(&town.node, room, town.bob, "gone").await;
    assert_eq!(refused, Err(Failure::NotMember));
}

#[actix::test]
async fn a_room_whose_loading_is_lost_tells_nobody_that_a_post_may_be_stored() {
    let town = Town::new().await;
    let room = town.group().await;
    town.world.memory.fail_change(CommitFault::LostAfter);
    let told = town.say(room, "x").await;
    assert!(matches!(told, Err(Failure::Unavailable(_)) | Ok(_)), "{told:?}");
    town.say(room, "y").await.expect("the next one works");
}
