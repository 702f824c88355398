//! The rooms' store: making rooms and taking them over.

use super::stage::{
    NOBODY, NOW, NOWHERE, STRANGE_TEXTS, direct, new_group, person, refused, seat_of, seated, snapshot,
    taken_or_refused, three, unique,
};
use crate::cluster::Incarnation;
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, Counts, Epoch, Member, NewGroup, Place, Role, RoomId, RoomKind, RoomRules, Seq, Timestamp,
};
use crate::ports::{Ports, UserChange};

const UNKNOWN_ACCOUNT: Failure = Failure::Unknown(Thing::Account);

// activation

pub async fn activation_raises_the_epoch_by_one(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = ports.rooms.create_group(&new_group("g", ann, &[])).await.unwrap();
    let first = snapshot(ports, room).await.epoch;
    assert!(first >= Epoch(1));
    assert_eq!(snapshot(ports, room).await.epoch, Epoch(first.0 + 1));
    assert_eq!(snapshot(ports, room).await.epoch, Epoch(first.0 + 2));
}

pub async fn activation_of_a_room_that_does_not_exist_is_refused(ports: &Ports) {
    let result = ports.rooms.activate(NOWHERE, Incarnation(0)).await;
    refused(result, &Failure::Unknown(Thing::Room));
}

pub async fn activations_at_the_same_time_each_get_an_epoch_of_their_own(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = ports.rooms.create_group(&new_group("g", ann, &[])).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let ports = ports.clone();
        tasks.spawn(async move { snapshot(&ports, room).await.epoch });
    }
    let mut epochs = Vec::new();
    while let Some(epoch) = tasks.join_next().await {
        epochs.push(epoch.unwrap());
    }
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), 10);
}

pub async fn a_new_group_starts_empty_with_its_settings(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let new = NewGroup {
        name: "  The group ✨".to_owned(),
        avatar: "a.png".to_owned(),
        intro: "about".to_owned(),
        member_limit: 17,
        rules: RoomRules {
            invite_off: true,
            members_hidden: false,
            join_off: true,
            history_before_join: true,
        },
        place: Place {
            longitude: 116.397_128,
            latitude: -39.916_527,
            country: "中国".to_owned(),
            province: "P".to_owned(),
            city: "C".to_owned(),
            district: "D".to_owned(),
            address: "A 1".to_owned(),
        },
        super_group: true,
        category: "class".to_owned(),
        ..new_group("", ann, &[bob, eve])
    };
    let id = ports.rooms.create_group(&new).await.unwrap();
    let made = snapshot(ports, id).await;
    assert!(
        id.0 >= 1 && id.0 < AccountId::FIRST.0,
        "group ids stay below account ids: {id}"
    );
    assert_eq!((made.last_seq, made.counts), (Seq(0), Counts::default()));
    assert_eq!((made.join_requests, made.blocked_by), (vec![], vec![]));
    let info = made.info.clone();
    assert_eq!((info.id, info.kind, info.owner), (id, RoomKind::Group, ann));
    assert_eq!(
        (info.name, info.avatar, info.intro),
        (new.name, new.avatar, new.intro)
    );
    assert_eq!(
        (info.member_count, info.member_limit, info.rules),
        (3, 17, new.rules)
    );
    assert_eq!(
        (info.place, info.super_group, info.category),
        (new.place, true, new.category)
    );
    assert_eq!((info.created_at, info.dissolved_at), (NOW, None));
}

pub async fn the_maker_of_a_group_is_its_owner_and_the_rest_are_members(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = ports
        .rooms
        .create_group(&new_group("g", ann, &[bob]))
        .await
        .unwrap();
    let made = snapshot(ports, room).await;
    let seat = |account, role| Member {
        account,
        role,
        nickname: String::new(),
        muted_until: Timestamp(0),
        joined_at: NOW,
        from_seq: Seq(1),
        read_seq: Seq(0),
        quiet: false,
    };
    assert_eq!(seat_of(&made, ann), Some(seat(ann, Role::Owner)));
    assert_eq!(seat_of(&made, bob), Some(seat(bob, Role::Member)));
}

pub async fn an_owner_named_among_the_members_sits_once(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = ports
        .rooms
        .create_group(&new_group("g", ann, &[ann, bob]))
        .await
        .unwrap();
    let made = snapshot(ports, room).await;
    assert_eq!(seated(&made), [ann, bob]);
    assert_eq!(seat_of(&made, ann).unwrap().role, Role::Owner);
    assert_eq!(made.info.member_count, 2);
}

pub async fn an_owner_need_not_be_a_member(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let new = NewGroup {
        owner_joins: false,
        ..new_group("g", ann, &[bob])
    };
    let room = ports.rooms.create_group(&new).await.unwrap();
    let made = snapshot(ports, room).await;
    assert_eq!((made.info.owner, seated(&made)), (ann, vec![bob]));
}

pub async fn group_ids_count_up(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let first = ports.rooms.create_group(&new_group("g", ann, &[])).await.unwrap();
    let second = ports.rooms.create_group(&new_group("g", ann, &[])).await.unwrap();
    assert!(second > first);
}

pub async fn a_group_with_members_that_do_not_exist_is_refused_and_not_made(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let name = unique("ghosts");
    let result = ports
        .rooms
        .create_group(&new_group(&name, ann, &[bob, NOBODY]))
        .await;
    refused(result, &UNKNOWN_ACCOUNT);
    assert_eq!(ports.directory.search_groups(&name, 10).await.unwrap(), []);
    assert_eq!(ports.users.groups(bob).await.unwrap(), []);
}

pub async fn a_group_of_an_owner_that_does_not_exist_is_refused(ports: &Ports) {
    let bob = person(ports, "bob").await;
    let result = ports.rooms.create_group(&new_group("g", NOBODY, &[bob])).await;
    refused(result, &UNKNOWN_ACCOUNT);
}

pub async fn strange_names_of_groups_are_kept(ports: &Ports) {
    let ann = person(ports, "ann").await;
    for strange in STRANGE_TEXTS {
        let room = ports
            .rooms
            .create_group(&new_group(strange, ann, &[]))
            .await
            .unwrap();
        assert_eq!(snapshot(ports, room).await.info.name, **strange);
    }
    let with_nul = ports.rooms.create_group(&new_group("a\0b", ann, &[])).await;
    if let Some(room) = taken_or_refused(with_nul) {
        assert_eq!(snapshot(ports, room).await.info.name, "a\0b");
    }
}

// direct rooms

pub async fn a_direct_room_is_the_same_from_both_sides(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = ports
        .rooms
        .direct_room(RoomKind::direct(ann, bob), NOW)
        .await
        .unwrap();
    let again = ports
        .rooms
        .direct_room(RoomKind::direct(bob, ann), NOW.plus_ms(9))
        .await
        .unwrap();
    assert_eq!(room, again);
    assert!(room >= RoomId::FIRST_DIRECT && room.0 < 1 << 53);
    let made = snapshot(ports, room).await;
    assert_eq!(made.info.kind, RoomKind::direct(ann, bob));
    assert_eq!(seated(&made), [ann, bob]);
    assert_eq!((made.info.owner, made.info.created_at), (AccountId(0), NOW));
    assert!(
        made.members
            .iter()
            .all(|m| (m.from_seq, m.read_seq) == (Seq(1), Seq(0)))
    );
}

pub async fn direct_rooms_of_other_pairs_are_other_rooms(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut rooms = vec![
        direct(ports, ann, bob).await.room,
        direct(ports, bob, eve).await.room,
        direct(ports, ann, eve).await.room,
        direct(ports, ann, ann).await.room,
    ];
    rooms.dedup();
    assert_eq!(rooms.len(), 4);
}

pub async fn a_direct_room_with_oneself_has_one_member(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = direct(ports, ann, ann).await;
    let made = snapshot(ports, room.room).await;
    assert_eq!((seated(&made), made.info.member_count), (vec![ann], 1));
}

pub async fn a_direct_room_asked_for_many_times_at_once_is_made_once(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..12 {
        let ports = ports.clone();
        let kind = if n % 2 == 0 {
            RoomKind::direct(ann, bob)
        } else {
            RoomKind::direct(bob, ann)
        };
        tasks.spawn(async move { ports.rooms.direct_room(kind, NOW).await.unwrap() });
    }
    let mut rooms = Vec::new();
    while let Some(room) = tasks.join_next().await {
        rooms.push(room.unwrap());
    }
    rooms.dedup();
    assert_eq!(rooms.len(), 1);
    assert_eq!(seated(&snapshot(ports, rooms[0]).await), [ann, bob]);
    assert_eq!(ports.users.positions(ann).await.unwrap().len(), 1);
}

pub async fn a_direct_room_with_nobody_is_refused(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let result = ports.rooms.direct_room(RoomKind::direct(ann, NOBODY), NOW).await;
    refused(result, &UNKNOWN_ACCOUNT);
    assert_eq!(ports.users.positions(ann).await.unwrap(), []);
}

pub async fn a_direct_room_knows_who_blocks_the_other(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = direct(ports, ann, bob).await.room;
    let block = |peer| UserChange::Block { peer, at: NOW };
    ports.users.change(bob, &block(ann)).await.unwrap();
    assert_eq!(snapshot(ports, room).await.blocked_by, [bob]);
    ports.users.change(ann, &block(bob)).await.unwrap();
    let mut both = snapshot(ports, room).await.blocked_by;
    both.sort_unstable();
    assert_eq!(both, [ann, bob]);
    ports
        .users
        .change(bob, &UserChange::Unblock { peer: ann })
        .await
        .unwrap();
    assert_eq!(snapshot(ports, room).await.blocked_by, [ann]);
}
