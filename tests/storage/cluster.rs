//! Membership on both engines: who lives, and whose rooms may be taken.

use crate::database::Database;
use crate::scene::{NOW, group, open, person};
use roost::storage::Stores;
use roost_actors::Failure;
use roost_actors::cluster::{Beat, Incarnation, Membership};
use roost_actors::ports::{Charter, Joined, Joining, StoreError};
use std::any::Any;
use std::time::Duration;

async fn on_sqlite() -> (Stores, Box<dyn Any>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stores = open(&format!("sqlite://{}/roost.db", folder.path().display())).await;
    (stores, Box::new(folder))
}

async fn on_postgres() -> (Stores, Box<dyn Any>) {
    let database = Database::create().await;
    (open(database.url()).await, Box::new(database))
}

macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                let (stores, _keep) = super::on_sqlite().await;
                super::$case(stores).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                let (stores, _keep) = super::on_postgres().await;
                super::$case(stores).await;
            })+
        }
    };
}

on_both!(
    the_first_charter_stands,
    a_name_that_lives_is_taken,
    a_node_that_was_buried_hears_it_and_joins_anew,
    a_room_of_a_member_waits_until_it_is_given_back_or_its_owner_is_gone,
    the_ends_of_rooms_are_told_for_those_that_exist,
);

fn joining(name: &str) -> Joining {
    Joining {
        name: name.to_owned(),
        http: format!("http://{name}"),
        peer: format!("{name}:7000"),
    }
}

async fn join(stores: &Stores, name: &str) -> Incarnation {
    match stores.cluster.join(&joining(name)).await.unwrap() {
        Joined::Member(me, members) => {
            assert!(members.iter().any(|member| member.incarnation == me));
            me
        }
        Joined::NameTaken { .. } => panic!("{name} is taken"),
    }
}

async fn names(stores: &Stores, me: Incarnation) -> Vec<(String, bool)> {
    match stores.cluster.beat(me, false).await {
        Beat::Alive(members) => members.iter().map(|m| (m.name.to_string(), m.draining)).collect(),
        other => panic!("{me:?} lives: {other:?}"),
    }
}

async fn until_dead() {
    tokio::time::sleep(Duration::from_millis(Membership::DEAD_AFTER_MS as u64 + 200)).await;
}

async fn the_first_charter_stands(stores: Stores) {
    let charter = |cluster: &str| Charter {
        cluster: cluster.to_owned(),
        verifier: format!("$hash${cluster}"),
    };
    assert_eq!(stores.cluster.charter(None).await.unwrap(), None);
    assert_eq!(
        stores.cluster.charter(None).await.unwrap(),
        None,
        "asking writes nothing"
    );
    for fresh in ["first", "second"] {
        let stands = stores.cluster.charter(Some(&charter(fresh))).await.unwrap();
        assert_eq!(stands, Some(charter("first")));
    }
}

async fn a_name_that_lives_is_taken(stores: Stores) {
    let a = join(&stores, "a").await;
    let b = join(&stores, "b").await;
    assert!(b > a && a > Incarnation(0));
    let again = stores.cluster.join(&joining("a")).await.unwrap();
    let Joined::NameTaken { heard_ms_ago } = again else {
        panic!("two nodes of one name: {again:?}");
    };
    assert!((0..=Membership::DEAD_AFTER_MS).contains(&heard_ms_ago));
    assert_eq!(
        stores.cluster.beat(b, true).await,
        stores.cluster.beat(b, true).await
    );
    let seen = names(&stores, a).await;
    assert_eq!(seen, [("a".to_owned(), false), ("b".to_owned(), true)]);
    stores.cluster.leave(a).await.unwrap();
    assert!(join(&stores, "a").await > b);
}

async fn a_node_that_was_buried_hears_it_and_joins_anew(stores: Stores) {
    let (a, b) = (join(&stores, "a").await, join(&stores, "b").await);
    until_dead().await;
    // Late, but nobody has buried it.
    assert_eq!(names(&stores, a).await, [("a".to_owned(), false)]);
    assert_eq!(stores.cluster.beat(b, false).await, Beat::Dead);
    assert_eq!(stores.cluster.beat(b, false).await, Beat::Dead, "it stays dead");
    let again = join(&stores, "b").await;
    assert!(again > b);
    assert_eq!(names(&stores, a).await.len(), 2);
}

async fn a_room_of_a_member_waits_until_it_is_given_back_or_its_owner_is_gone(stores: Stores) {
    let (a, b) = (join(&stores, "a").await, join(&stores, "b").await);
    let ann = person(&stores).await;
    let room = group(&stores, ann).await.room;
    let taken = stores.rooms.activate(room, a).await.unwrap();
    let moved = StoreError::Refused(Failure::Moved);
    assert_eq!(stores.rooms.activate(room, b).await, Err(moved.clone()));
    assert_eq!(
        stores.rooms.activate(room, Incarnation(0)).await,
        Err(moved.clone())
    );
    let again = stores.rooms.activate(room, a).await.unwrap();
    assert_eq!(again.epoch.0, taken.epoch.0 + 1);
    stores.rooms.release(room, taken.epoch).await.unwrap();
    assert_eq!(
        stores.rooms.activate(room, b).await,
        Err(moved),
        "an old epoch gives nothing back"
    );
    stores.rooms.release(room, again.epoch).await.unwrap();
    let given = stores.rooms.activate(room, b).await.unwrap();
    assert_eq!(given.epoch.0, again.epoch.0 + 1);
    stores.cluster.leave(b).await.unwrap();
    assert_eq!(
        stores.rooms.activate(room, a).await.unwrap().epoch.0,
        given.epoch.0 + 1
    );
    assert!(given.info.created_at == NOW);
}

async fn the_ends_of_rooms_are_told_for_those_that_exist(stores: Stores) {
    let ann = person(&stores).await;
    let (mut one, other) = (group(&stores, ann).await, group(&stores, ann).await);
    one.say(&stores, ann, "hi").await;
    let nowhere = roost_actors::model::RoomId(9_999_999);
    let mut ends = stores.rooms.ends(&[other.room, nowhere, one.room]).await.unwrap();
    ends.sort_unstable();
    assert_eq!(ends, [(one.room, one.last_seq), (other.room, other.last_seq)]);
    assert_eq!(stores.rooms.ends(&[]).await.unwrap(), []);
}
