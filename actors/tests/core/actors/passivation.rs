//! Idle actors rest and come back: under load nothing that was acknowledged is lost, and nothing is stored twice.

use super::screen::Screen;
use super::{Town, pause, say, until};
use roost_actors::model::RoomId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What became of every post, by body.
type Told = HashMap<String, bool>;

/// Retires everything idle as often as it can until it is stopped.
fn retire_all_the_time(town: &Town) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let (node, stopped) = (town.node.clone(), stop.clone());
    actix::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            node.tick();
            pause(1).await;
        }
    });
    stop
}

/// Posts from several writers to one room at once; notes which posts were acknowledged.
async fn write(town: &Town, room: RoomId, writers: usize, posts: usize) -> Told {
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (node, ann) = (town.node.clone(), town.ann);
            actix::spawn(async move {
                let mut told = Told::new();
                for n in 0..posts {
                    let body = format!("{writer}.{n}");
                    let stored = say(&node, room, ann, &body).await.is_ok();
                    told.insert(body, stored);
                    if n % 7 == 0 {
                        pause(2).await;
                    }
                }
                told
            })
        })
        .collect();
    let mut told = Told::new();
    for task in tasks {
        told.extend(task.await.unwrap());
    }
    told
}

#[actix::test]
async fn rooms_that_rest_all_the_time_lose_and_double_nothing() {
    let town = Town::with_idle_ms(0).await;
    let room = town.group().await;
    let (_bob, shown) = Screen::open(&town.node, &town.hub, town.bob).await;
    let stop = retire_all_the_time(&town);
    let told = write(&town, room, 8, 60).await;
    stop.store(true, Ordering::Relaxed);
    let stored = town.transcript(room).await;
    for (body, acknowledged) in &told {
        let times = stored.iter().filter(|b| *b == body).count();
        assert!(times <= 1, "{body} is stored {times} times");
        assert!(
            times == 1 || !acknowledged,
            "{body} was acknowledged and is not stored"
        );
    }
    // Every writer's posts are in the order in which it wrote them.
    for writer in 0..8 {
        let prefix = format!("{writer}.");
        let order: Vec<usize> = stored
            .iter()
            .filter_map(|b| b.strip_prefix(&prefix))
            .map(|n| n.parse().unwrap())
            .collect();
        assert!(order.is_sorted(), "writer {writer}: {order:?}");
    }
    let acknowledged = told.values().filter(|stored| **stored).count();
    assert_eq!(acknowledged, 480, "a room that rests refuses nobody");
    let all: Vec<i64> = (1..=stored.len() as i64).collect();
    until("bob has seen all", async || {
        town.node.tick();
        shown.seqs(room) == all
    })
    .await;
}

#[actix::test]
async fn a_room_retired_with_posts_under_way_finishes_or_hands_them_on() {
    let town = Town::with_idle_ms(0).await;
    let room = town.group().await;
    town.say(room, "warm").await.unwrap();
    for round in 0..10 {
        let held = town.world.memory.hold().await;
        let mut posts = Vec::new();
        for n in 0..6 {
            let (node, ann) = (town.node.clone(), town.ann);
            posts.push(actix::spawn(async move {
                say(&node, room, ann, &format!("{round}.{n}")).await
            }));
        }
        pause(10).await;
        town.node.tick();
        // These reach a new actor, which takes the next epoch while the old one still has posts under way.
        for n in 6..12 {
            let (node, ann) = (town.node.clone(), town.ann);
            posts.push(actix::spawn(async move {
                say(&node, room, ann, &format!("{round}.{n}")).await
            }));
        }
        pause(10).await;
        drop(held);
        for post in posts {
            post.await
                .unwrap()
                .expect("no post is refused because a room rests");
        }
    }
    let mut stored = town.transcript(room).await;
    assert_eq!(stored.len(), 121);
    stored.sort();
    stored.dedup();
    assert_eq!(stored.len(), 121);
}

#[actix::test]
async fn idle_actors_end_and_their_memory_is_given_back() {
    let town = Town::with_idle_ms(50).await;
    for _ in 0..20 {
        let room = town.group().await;
        town.say(room, "x").await.unwrap();
    }
    town.node.user(town.ann).profile().await.unwrap();
    assert_eq!(town.node.active(), (20, 1));
    pause(60).await;
    town.node.tick();
    assert_eq!(town.node.active(), (0, 0));
}

#[actix::test]
async fn users_that_rest_all_the_time_answer_everybody() {
    let town = Town::with_idle_ms(0).await;
    let stop = retire_all_the_time(&town);
    for n in 0..100 {
        let edit = roost_actors::model::AccountEdit {
            nickname: Some(n.to_string()),
            ..roost_actors::model::AccountEdit::default()
        };
        town.node.user(town.ann).edit(edit).await.expect("an edit");
        assert_eq!(
            town.node.user(town.ann).profile().await.unwrap().nickname,
            n.to_string()
        );
    }
    stop.store(true, Ordering::Relaxed);
}
