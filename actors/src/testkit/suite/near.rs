//! The directory's store: who and what is near a point.

use super::stage::{Owner, group, new_group, person, unique};
use crate::model::{AccountEdit, AccountId, Place, RoomId, Timestamp};
use crate::near::{Point, Search, Wanted};
use crate::ports::{Ports, RoomChange, UserChange};
use std::hash::{BuildHasher, RandomState};

/// A number from 0 to 1 that no other case draws.
fn chance() -> f64 {
    (RandomState::new().hash_one(0) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A place of this case's own: others share the globe.
fn somewhere() -> Point {
    Point {
        longitude: chance() * 340.0 - 170.0,
        latitude: chance() * 160.0 - 80.0,
    }
}

/// So many metres to the north of it.
fn north_of(point: Point, metres: f64) -> Point {
    Point {
        latitude: point.latitude + metres / 111_226.0,
        ..point
    }
}

fn within(from: Point, metres: f64, limit: usize) -> Wanted {
    Wanted {
        from,
        within: metres,
        limit,
        except: None,
    }
}

async fn settle(ports: &Ports, account: AccountId, at: Point) {
    let edit = AccountEdit {
        longitude: Some(at.longitude),
        latitude: Some(at.latitude),
        ..AccountEdit::default()
    };
    let settled = ports.users.change(account, &UserChange::Edit(edit)).await;
    settled.expect("the place is stored");
}

async fn people_near(ports: &Ports, wanted: Wanted) -> Vec<AccountId> {
    let near = ports.directory.near_accounts(wanted).await.unwrap();
    assert!(near.is_sorted_by(|(_, a), (_, b)| a <= b), "the nearest first");
    for (account, metres) in &near {
        let at = Point {
            longitude: account.place.longitude,
            latitude: account.place.latitude,
        };
        assert!((wanted.from.distance(at) - metres).abs() < 0.01);
    }
    near.iter().map(|(account, _)| account.id).collect()
}

pub async fn people_are_found_nearest_first_within_the_radius(ports: &Ports) {
    let here = somewhere();
    let mut people = Vec::new();
    for metres in [3_000.0, 1_000.0, 0.0, 2_000.0, 9_000.0] {
        let one = person(ports, "near").await;
        settle(ports, one, north_of(here, metres)).await;
        people.push(one);
    }
    // Somebody who never said where.
    person(ports, "nowhere").await;
    let expected = [people[2], people[1], people[3], people[0]];
    assert_eq!(people_near(ports, within(here, 5_000.0, 100)).await, expected);
    assert_eq!(
        people_near(ports, within(here, 5_000.0, 2)).await,
        [people[2], people[1]]
    );
    let others = Wanted {
        except: Some(people[2]),
        ..within(here, 5_000.0, 2)
    };
    assert_eq!(people_near(ports, others).await, [people[1], people[3]]);
}

pub async fn whoever_moves_is_found_where_they_are(ports: &Ports) {
    let (here, there) = (somewhere(), somewhere());
    let ann = person(ports, "ann").await;
    settle(ports, ann, here).await;
    settle(ports, ann, there).await;
    assert_eq!(people_near(ports, within(there, 100.0, 10)).await, [ann]);
    assert_eq!(people_near(ports, within(here, 100.0, 10)).await, []);
    // One side of the place alone.
    let edit = AccountEdit {
        latitude: Some(here.latitude),
        ..AccountEdit::default()
    };
    ports.users.change(ann, &UserChange::Edit(edit)).await.unwrap();
    let between = Point {
        latitude: here.latitude,
        ..there
    };
    assert_eq!(people_near(ports, within(between, 100.0, 10)).await, [ann]);
    settle(ports, ann, Point::default()).await;
    assert_eq!(people_near(ports, within(between, 100.0, 10)).await, []);
}

pub async fn a_crowd_at_one_place_hides_nobody_nearer(ports: &Ports) {
    let here = somewhere();
    let names: Vec<_> = (0..Search::ROWS_MAX + 20)
        .map(|_| super::stage::newcomer("crowd"))
        .collect();
    let crowd = ports.directory.create_many(&names).await.unwrap();
    for one in &crowd {
        settle(ports, *one, north_of(here, 400.0)).await;
    }
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    settle(ports, ann, north_of(here, 100.0)).await;
    settle(ports, bob, north_of(here, -200.0)).await;
    let found = people_near(ports, within(here, 1_000.0, 100)).await;
    assert_eq!(found.len(), 100);
    assert_eq!(found[..2], [ann, bob]);
    assert!(found[2..].iter().all(|one| crowd.contains(one)));
}

pub async fn the_date_line_is_no_edge(ports: &Ports) {
    let latitude = chance() * 100.0 - 50.0;
    let at = |longitude| Point { longitude, latitude };
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    settle(ports, ann, at(179.999_9)).await;
    settle(ports, bob, at(-179.999_8)).await;
    assert_eq!(
        people_near(ports, within(at(179.999_95), 40.0, 10)).await,
        [ann, bob]
    );
    assert_eq!(people_near(ports, within(at(-180.0), 40.0, 10)).await, [ann, bob]);
}

pub async fn a_pole_is_a_place_like_others(ports: &Ports) {
    for pole in [90.0, -90.0] {
        let at = |longitude, metres: f64| Point {
            longitude,
            latitude: pole - f64::signum(pole) * metres / 111_226.0,
        };
        // No other case comes here.
        let longitude = chance() * 80.0 + 5.0;
        let mut people = Vec::new();
        for (turn, metres) in [(0.0, 40.0), (180.0, 10.0), (90.0, 30.0), (-90.0, 0.0)] {
            let one = person(ports, "polar").await;
            settle(ports, one, at((longitude + turn + 180.0) % 360.0 - 180.0, metres)).await;
            people.push(one);
        }
        let expected = [people[3], people[1], people[2], people[0]];
        assert_eq!(
            people_near(ports, within(at(-120.0, 0.0), 50.0, 10)).await,
            expected
        );
        // From beside it, over it.
        let over = people_near(ports, within(at(longitude, 50.0), 70.0, 10)).await;
        assert_eq!(over, [people[0], people[3], people[2], people[1]]);
    }
}

async fn groups_near(ports: &Ports, from: Point) -> Vec<RoomId> {
    let near = ports.directory.near_groups(within(from, 1_000.0, 10)).await;
    near.unwrap().iter().map(|(group, _)| group.id).collect()
}

fn place_of(at: Point) -> Place {
    Place {
        longitude: at.longitude,
        latitude: at.latitude,
        ..Place::default()
    }
}

pub async fn groups_are_found_where_they_are_until_they_are_dissolved(ports: &Ports) {
    let (here, there) = (somewhere(), somewhere());
    let ann = person(ports, "ann").await;
    let mut made = new_group(&unique("near"), ann, &[]);
    made.place = place_of(here);
    let made = ports.rooms.create_group(&made).await.unwrap();
    let moved = group(ports, ann, &[]).await;
    assert_eq!(groups_near(ports, here).await, [made]);
    moved.change(ports, to(north_of(here, 50.0))).await;
    assert_eq!(groups_near(ports, here).await, [made, moved.room]);
    moved.change(ports, to(there)).await;
    assert_eq!(groups_near(ports, here).await, [made]);
    assert_eq!(groups_near(ports, there).await, [moved.room]);
    let made = Owner::of(ports, made).await;
    made.change(ports, RoomChange::Dissolve { at: Timestamp(1) })
        .await;
    assert_eq!(groups_near(ports, here).await, []);
}

fn to(at: Point) -> RoomChange {
    RoomChange::Edit {
        name: None,
        avatar: None,
        intro: None,
        place: Some(place_of(at)),
        rules: None,
    }
}

pub async fn the_groups_that_somebody_owns_are_counted(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    assert_eq!(ports.directory.groups_owned(ann).await.unwrap(), 0);
    group(ports, ann, &[bob]).await;
    let gone = group(ports, ann, &[]).await;
    group(ports, bob, &[ann]).await;
    assert_eq!(ports.directory.groups_owned(ann).await.unwrap(), 2);
    gone.change(ports, RoomChange::Dissolve { at: Timestamp(1) })
        .await;
    assert_eq!(ports.directory.groups_owned(ann).await.unwrap(), 1);
}
