//! Sessions see every message once and in order, also when they fall behind.

use super::screen::{Entry, Screen, Stick, caller};
use super::{Town, pause, say, until};
use roost_actors::model::Post;
use roost_actors::session::CloseWhy;
use std::time::Duration;

fn first(n: i64) -> Vec<i64> {
    (1..=n).collect()
}

#[actix::test]
async fn two_sessions_on_two_threads_see_everything_in_order() {
    let town = Town::new().await;
    let room = town.group().await;
    let (_ann, shown_ann) = Screen::open(&town.node, &town.hub, town.ann).await;
    let (_bob, shown_bob) = Screen::open(&town.node, &town.hub, town.bob).await;
    for n in 0..50 {
        let who = if n % 2 == 0 { town.ann } else { town.bob };
        say(&town.node, room, who, "x").await.unwrap();
    }
    until("both have seen all", async || {
        shown_ann.seqs(room) == first(50) && shown_bob.seqs(room) == first(50)
    })
    .await;
}

#[actix::test]
async fn a_session_that_takes_nothing_falls_behind_and_catches_up_in_order() {
    let town = Town::new().await;
    let room = town.group().await;
    let (bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    bob.send(Stick(true)).await.unwrap();
    let body = "x".repeat(1_000);
    for _ in 0..600 {
        town.say(room, &body).await.unwrap();
    }
    pause(50).await;
    assert_eq!(shown.seqs(room), first(0), "the socket took nothing");
    assert!(town.node.meters().catch_ups.get() > 0, "the session is behind");
    bob.send(Stick(false)).await.unwrap();
    // It goes on while the session catches up.
    for _ in 0..30 {
        town.say(room, "y").await.unwrap();
    }
    until("everything was shown", async || shown.seqs(room).len() >= 630).await;
    assert_eq!(shown.seqs(room), first(630));
    town.say(room, "live again").await.unwrap();
    until("the session is live", async || shown.seqs(room).len() == 631).await;
}

#[actix::test]
async fn a_slow_session_holds_nobody_else_up() {
    let town = Town::new().await;
    let room = town.group().await;
    let (ann, _) = Screen::open(&town.node, &town.hub, town.ann).await;
    let (_bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    ann.send(Stick(true)).await.unwrap();
    for _ in 0..400 {
        town.say(room, &"x".repeat(2_000)).await.unwrap();
    }
    until("bob has seen all", async || shown.seqs(room) == first(400)).await;
}

#[actix::test]
async fn a_session_of_a_new_member_sees_what_comes_after() {
    let town = Town::new().await;
    let room = town.group().await;
    let eve = super::register(&town.node, "eve").await;
    town.say(room, "before").await.unwrap();
    let (_eve, shown) = Screen::open(&town.node, &town.hub, eve).await;
    let add = roost_actors::room::RoomRequest::Enter { caller: caller(eve) };
    town.node.room(room).act(add).await.unwrap();
    for _ in 0..3 {
        town.say(room, "after").await.unwrap();
    }
    until("eve sees what came after", async || shown.seqs(room) == [2, 3, 4]).await;
    let leave = roost_actors::room::RoomRequest::Leave {
        caller: caller(eve),
        owner_may: false,
    };
    town.node.room(room).act(leave).await.unwrap();
    town.say(room, "without her").await.unwrap();
    pause(50).await;
    assert_eq!(shown.seqs(room), [2, 3, 4]);
}

#[actix::test]
async fn the_first_message_of_a_new_direct_room_reaches_both() {
    let town = Town::new().await;
    let (_ann, shown_ann) = Screen::open(&town.node, &town.hub, town.ann).await;
    let (_bob, shown_bob) = Screen::open(&town.node, &town.hub, town.bob).await;
    let room = town.node.direct_room(town.ann, town.bob).await.unwrap();
    town.node
        .room(room)
        .post(caller(town.ann), Post::text("hi"))
        .await
        .unwrap();
    until("both see it", async || {
        shown_ann.seqs(room) == [1] && shown_bob.seqs(room) == [1]
    })
    .await;
}

#[actix::test]
async fn opening_a_session_while_others_post_misses_nothing() {
    let town = Town::new().await;
    let room = town.group().await;
    let posting = {
        let (node, ann) = (town.node.clone(), town.ann);
        actix::spawn(async move {
            for _ in 0..200 {
                say(&node, room, ann, "x").await.unwrap();
            }
        })
    };
    let mut screens = Vec::new();
    for _ in 0..20 {
        screens.push(Screen::open(&town.node, &town.hub, town.bob).await);
        pause(1).await;
    }
    posting.await.unwrap();
    for (_, shown) in &screens {
        // Each began somewhere and has seen all from there.
        let complete = async || {
            let seqs = shown.seqs(room);
            let begun = seqs.first().copied().unwrap_or(201);
            seqs == (begun..=200).collect::<Vec<_>>()
        };
        town.node.tick();
        until("a session has seen all since it opened", complete).await;
    }
    town.say(room, "for all").await.unwrap();
    for (_, shown) in &screens {
        until("all are live", async || shown.seqs(room).last() == Some(&201)).await;
    }
}

#[actix::test]
async fn a_draining_node_answers_what_is_under_way_and_says_goodbye() {
    let town = Town::new().await;
    let room = town.group().await;
    let (_bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    town.say(room, "warm").await.unwrap();
    town.world.memory.set_delay_ms(100);
    let posts: Vec<_> = (0..20)
        .map(|_| {
            let (node, ann) = (town.node.clone(), town.ann);
            actix::spawn(async move { say(&node, room, ann, "x").await })
        })
        .collect();
    pause(20).await;
    town.node.drain(Duration::from_secs(5)).await;
    assert!(town.node.is_draining());
    for post in posts {
        post.await.unwrap().expect("a post under way is stored");
    }
    until("goodbye is said", async || {
        shown.all().contains(&Entry::Closed(CloseWhy::NodeStops))
    })
    .await;
    assert_eq!(town.transcript(room).await.len(), 21);
}
