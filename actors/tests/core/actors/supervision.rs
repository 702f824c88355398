//! An actor that dies is noticed, rebuilt, and rests when it keeps dying.

use super::screen::Screen;
use super::{Town, pause, say, until};
use roost_actors::Failure;
use roost_actors::registry::RestartBook;
use roost_actors::room::{RoomAnswer, RoomRequest};

async fn panic_in(town: &Town, room: roost_actors::model::RoomId) -> Result<RoomAnswer, Failure> {
    town.node.room(room).ask(RoomRequest::Panic).await
}

#[actix::test]
async fn whoever_asked_gets_an_error_and_the_next_post_works() {
    let town = Town::new().await;
    let room = town.group().await;
    town.say(room, "before").await.unwrap();
    assert_eq!(panic_in(&town, room).await, Err(Failure::OutcomeUnknown));
    let after = town.say(room, "after").await.unwrap();
    assert_eq!(after.seq.0, 2);
    assert_eq!(town.transcript(room).await, ["before", "after"]);
}

#[actix::test]
async fn other_rooms_notice_nothing() {
    let town = Town::new().await;
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(town.group().await);
    }
    let doomed = town.group().await;
    let posting: Vec<_> = rooms
        .iter()
        .map(|&room| {
            let (node, ann) = (town.node.clone(), town.ann);
            actix::spawn(async move {
                for _ in 0..40 {
                    say(&node, room, ann, "x").await.expect("other rooms go on");
                }
            })
        })
        .collect();
    for _ in 0..2 {
        assert!(panic_in(&town, doomed).await.is_err());
        pause(5).await;
    }
    for posts in posting {
        posts.await.unwrap();
    }
    for room in rooms {
        assert_eq!(town.transcript(room).await.len(), 40);
    }
}

#[actix::test]
async fn what_keeps_dying_rests_and_comes_back() {
    let town = Town::new().await;
    let (room, other) = (town.group().await, town.group().await);
    for _ in 0..RestartBook::<i64>::DEATHS_MAX {
        assert!(panic_in(&town, room).await.is_err());
    }
    let refused = town.say(room, "x").await.unwrap_err();
    assert_eq!(refused, Failure::Quarantined(format!("room {room}")));
    town.say(other, "x").await.expect("other rooms go on");
    town.world.clock.advance(RestartBook::<i64>::REST_MS);
    assert_eq!(town.say(room, "back").await.unwrap().seq.0, 1);
}

#[actix::test]
async fn a_panic_after_a_commit_loses_nothing_and_doubles_nothing() {
    let town = Town::new().await;
    let room = town.group().await;
    let (_bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    town.say(room, "first").await.unwrap();
    let held = town.world.memory.hold().await;
    let (node, ann) = (town.node.clone(), town.ann);
    let under_way = actix::spawn(async move { say(&node, room, ann, "under way").await });
    pause(20).await;
    let node = town.node.clone();
    let death = actix::spawn(async move { node.room(room).ask(RoomRequest::Panic).await });
    let (node, ann) = (town.node.clone(), town.ann);
    let behind = actix::spawn(async move { say(&node, room, ann, "behind").await });
    pause(20).await;
    drop(held);
    assert!(death.await.unwrap().is_err());
    let (under_way, behind) = (under_way.await.unwrap(), behind.await.unwrap());
    // Committed, so it may be told as stored or as unknown, but never as refused.
    assert!(
        matches!(under_way, Ok(_) | Err(Failure::OutcomeUnknown)),
        "{under_way:?}"
    );
    let stored = town.transcript(room).await;
    let count = |body: &str| stored.iter().filter(|b| *b == body).count();
    assert_eq!((count("first"), count("under way")), (1, 1));
    match behind {
        Ok(_) => assert_eq!(count("behind"), 1),
        Err(Failure::OutcomeUnknown) => assert!(count("behind") <= 1),
        Err(_) => assert_eq!(count("behind"), 0),
    }
    town.node.tick();
    let all: Vec<i64> = (1..=stored.len() as i64).collect();
    until("bob is shown what was stored, though its room died", async || {
        shown.seqs(room) == all
    })
    .await;
}
