//! The rooms' store: making rooms, taking them over, changing them behind the fence.

use super::stage::{
    NOBODY, NOW, NOWHERE, Owner, STRANGE_TEXTS, direct, group, new_group, person, refused, seat_of, seated,
    snapshot, taken_or_refused, text, three, unique,
};
use crate::cluster::Incarnation;
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, Counts, Epoch, HistoryQuery, Member, NewGroup, Place, RequestId, RequestStatus, Role, RoomId,
    RoomKind, RoomRules, Seq, Timestamp,
};
use crate::ports::{Ports, RoomChange, RoomSaved, UserChange};

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

// changes and the fence

pub async fn a_change_by_a_stale_owner_is_refused_and_changes_nothing(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut old = group(ports, ann, &[bob]).await;
    let message = old.say(ports, ann, "hi").await;
    let new = Owner::of(ports, old.room).await;
    let at = NOW;
    let members = vec![old.seat(eve)];
    let changes = [
        RoomChange::Edit {
            name: Some("stolen".to_owned()),
            avatar: None,
            intro: None,
            place: None,
            rules: None,
        },
        RoomChange::Add {
            members,
            passed: None,
            at,
        },
        RoomChange::Remove {
            accounts: vec![bob],
            at,
        },
        RoomChange::SetRole {
            account: bob,
            role: Role::Manager,
        },
        RoomChange::Mute {
            account: bob,
            until: at.plus_ms(1),
        },
        RoomChange::SetNickname {
            account: bob,
            nickname: "b".to_owned(),
        },
        RoomChange::SetQuiet {
            account: bob,
            quiet: true,
        },
        RoomChange::Transfer {
            to: bob,
            old_leaves: true,
            at,
        },
        RoomChange::Dissolve { at },
        RoomChange::Apply {
            account: eve,
            reason: String::new(),
            at,
        },
        RoomChange::Deny {
            request: RequestId(1),
            reason: String::new(),
        },
        RoomChange::Revoke {
            message: message.id,
            at,
        },
    ];
    let before = snapshot(ports, new.room).await;
    for change in changes {
        refused(old.try_change(ports, change).await, &Failure::Moved);
    }
    let mut after = snapshot(ports, new.room).await;
    after.epoch = before.epoch;
    assert_eq!(before, after);
    assert_eq!(ports.rooms.message(new.room, message.id).await.unwrap(), message);
}

fn edit(name: Option<&str>, rules: Option<RoomRules>) -> RoomChange {
    RoomChange::Edit {
        name: name.map(str::to_owned),
        avatar: None,
        intro: None,
        place: None,
        rules,
    }
}

pub async fn an_edit_changes_what_it_names_and_nothing_else(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let rules = RoomRules {
        members_hidden: true,
        ..RoomRules::default()
    };
    room.change(ports, edit(Some("renamed"), None)).await;
    room.change(ports, edit(None, Some(rules))).await;
    let info = snapshot(ports, room.room).await.info;
    assert_eq!(
        (info.name.as_str(), info.rules, info.intro.as_str()),
        ("renamed", rules, "")
    );
    let room = Owner::of(ports, room.room).await;
    let place = Place {
        city: "Ulm".to_owned(),
        latitude: 48.4,
        ..Place::default()
    };
    let change = RoomChange::Edit {
        name: None,
        avatar: Some("new.png".to_owned()),
        intro: Some("new intro".to_owned()),
        place: Some(place.clone()),
        rules: None,
    };
    room.change(ports, change).await;
    let info = snapshot(ports, room.room).await.info;
    assert_eq!((info.name.as_str(), info.rules), ("renamed", rules));
    assert_eq!(
        (info.avatar.as_str(), info.intro.as_str(), info.place),
        ("new.png", "new intro", place)
    );
}

pub async fn an_edit_may_empty_a_text(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    room.change(ports, edit(Some(""), None)).await;
    assert_eq!(snapshot(ports, room.room).await.info.name, "");
}

pub async fn an_added_member_sits_as_the_room_said(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut room = group(ports, ann, &[]).await;
    room.say(ports, ann, "before").await;
    let members = vec![room.seat(bob), room.seat(eve)];
    let at = NOW.plus_ms(3);
    let change = RoomChange::Add {
        members: members.clone(),
        passed: None,
        at,
    };
    assert_eq!(room.change(ports, change).await, RoomSaved::Done);
    let after = snapshot(ports, room.room).await;
    assert_eq!(seat_of(&after, bob), Some(members[0].clone()));
    assert_eq!(seat_of(&after, eve).unwrap().from_seq, Seq(2));
    assert_eq!(after.info.member_count, 3);
}

pub async fn adding_nobody_that_exists_adds_nobody_at_all(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = group(ports, ann, &[]).await;
    let change = RoomChange::Add {
        members: vec![room.seat(bob), room.seat(NOBODY)],
        passed: None,
        at: NOW,
    };
    refused(room.try_change(ports, change).await, &UNKNOWN_ACCOUNT);
    assert_eq!(seated(&snapshot(ports, room.room).await), [ann]);
}

pub async fn whoever_leaves_is_gone_and_the_rest_stay(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let room = group(ports, ann, &[bob, eve]).await;
    room.remove(ports, bob).await;
    let after = snapshot(ports, room.room).await;
    assert_eq!((seated(&after), after.info.member_count), (vec![ann, eve], 2));
    assert_eq!(ports.users.groups(bob).await.unwrap(), []);
    assert_eq!(ports.users.positions(bob).await.unwrap(), []);
}

pub async fn several_are_removed_at_once(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let room = group(ports, ann, &[bob, eve]).await;
    let accounts = vec![bob, eve];
    room.change(ports, RoomChange::Remove { accounts, at: NOW }).await;
    assert_eq!(seated(&snapshot(ports, room.room).await), [ann]);
}

pub async fn whoever_comes_back_sits_anew(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.say(ports, ann, "1").await;
    let nickname = "bobby".to_owned();
    room.change(
        ports,
        RoomChange::SetNickname {
            account: bob,
            nickname,
        },
    )
    .await;
    room.change(
        ports,
        RoomChange::SetRole {
            account: bob,
            role: Role::Manager,
        },
    )
    .await;
    room.remove(ports, bob).await;
    room.say(ports, ann, "2").await;
    room.add(ports, bob).await;
    room.say(ports, ann, "3").await;
    let back = snapshot(ports, room.room).await;
    let seat = seat_of(&back, bob).unwrap();
    assert_eq!((seat.from_seq, seat.read_seq), (Seq(3), Seq(2)));
    assert_eq!((seat.nickname.as_str(), seat.role), ("", Role::Member));
    assert_eq!(seated(&back), [ann, bob]);
}

pub async fn coming_and_going_many_times_leaves_one_seat(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[]).await;
    for n in 1..=5 {
        room.add(ports, bob).await;
        // Also without a message in between: both stays begin at the same seq.
        if n % 2 == 0 {
            room.say(ports, bob, "x").await;
        }
        room.remove(ports, bob).await;
    }
    assert_eq!(seated(&snapshot(ports, room.room).await), [ann]);
    let room = Owner::of(ports, room.room).await;
    room.add(ports, bob).await;
    let after = snapshot(ports, room.room).await;
    assert_eq!(seat_of(&after, bob).unwrap().from_seq, Seq(3));
    assert_eq!(ports.users.positions(bob).await.unwrap().len(), 1);
    assert_eq!(ports.users.groups(bob).await.unwrap().len(), 1);
}

pub async fn a_cursor_moves_the_present_seat_of_somebody_who_came_back(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.post(ports, vec![text(ann, "1"), text(ann, "2")]).await;
    room.remove(ports, bob).await;
    room.add(ports, bob).await;
    room.say(ports, ann, "3").await;
    let mut batch = room.batch(vec![]);
    batch.reads = vec![(bob, Seq(3))];
    super::stage::append(ports, batch).await;
    assert_eq!(
        seat_of(&snapshot(ports, room.room).await, bob).unwrap().read_seq,
        Seq(3)
    );
}

pub async fn a_role_a_mute_a_nickname_and_quiet_are_kept(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = group(ports, ann, &[bob]).await;
    let (until, nickname) = (NOW.plus_ms(60_000), "bobby 'b'".to_owned());
    room.change(
        ports,
        RoomChange::SetRole {
            account: bob,
            role: Role::Manager,
        },
    )
    .await;
    room.change(ports, RoomChange::Mute { account: bob, until }).await;
    room.change(
        ports,
        RoomChange::SetNickname {
            account: bob,
            nickname: nickname.clone(),
        },
    )
    .await;
    room.change(
        ports,
        RoomChange::SetQuiet {
            account: bob,
            quiet: true,
        },
    )
    .await;
    let after = snapshot(ports, room.room).await;
    let seat = seat_of(&after, bob).unwrap();
    assert_eq!((seat.role, seat.muted_until), (Role::Manager, until));
    assert_eq!((seat.nickname, seat.quiet), (nickname, true));
    let other = seat_of(&after, ann).unwrap();
    assert_eq!(
        (other.role, other.muted_until, other.quiet),
        (Role::Owner, Timestamp(0), false)
    );
    let room = Owner::of(ports, room.room).await;
    room.change(
        ports,
        RoomChange::SetRole {
            account: bob,
            role: Role::Member,
        },
    )
    .await;
    room.change(
        ports,
        RoomChange::SetQuiet {
            account: bob,
            quiet: false,
        },
    )
    .await;
    let seat = seat_of(&snapshot(ports, room.room).await, bob).unwrap();
    assert_eq!((seat.role, seat.quiet), (Role::Member, false));
}

pub async fn a_transfer_makes_a_new_owner_and_the_old_one_a_member(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = group(ports, ann, &[bob]).await;
    let change = RoomChange::Transfer {
        to: bob,
        old_leaves: false,
        at: NOW,
    };
    room.change(ports, change).await;
    let after = snapshot(ports, room.room).await;
    assert_eq!(after.info.owner, bob);
    assert_eq!(seat_of(&after, bob).unwrap().role, Role::Owner);
    assert_eq!(seat_of(&after, ann).unwrap().role, Role::Member);
}

pub async fn a_transfer_may_let_the_old_owner_leave(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = group(ports, ann, &[bob]).await;
    room.change(
        ports,
        RoomChange::Transfer {
            to: bob,
            old_leaves: true,
            at: NOW,
        },
    )
    .await;
    let after = snapshot(ports, room.room).await;
    assert_eq!((after.info.owner, seated(&after)), (bob, vec![bob]));
    assert_eq!(ports.users.groups(ann).await.unwrap(), []);
}

pub async fn a_dissolved_group_keeps_its_history_and_is_listed_nowhere(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let name = unique("doomed");
    room.change(ports, edit(Some(&name), None)).await;
    room.say(ports, ann, "hi").await;
    let apply = RoomChange::Apply {
        account: eve,
        reason: String::new(),
        at: NOW,
    };
    room.change(ports, apply).await;
    let at = NOW.plus_ms(7);
    room.change(ports, RoomChange::Dissolve { at }).await;
    let after = snapshot(ports, room.room).await;
    assert_eq!(after.info.dissolved_at, Some(at));
    assert_eq!(after.join_requests, []);
    assert_eq!(ports.users.join_requests(ann).await.unwrap(), []);
    assert_eq!(ports.users.groups(ann).await.unwrap(), []);
    assert_eq!(ports.users.groups(bob).await.unwrap(), []);
    assert_eq!(ports.directory.search_groups(&name, 10).await.unwrap(), []);
    assert_eq!(room.transcript(ports).await, ["hi"]);
}

// requests to join

async fn apply(ports: &Ports, room: &Owner, account: AccountId, reason: &str) -> RequestId {
    let change = RoomChange::Apply {
        account,
        reason: reason.to_owned(),
        at: NOW,
    };
    match room.change(ports, change).await {
        RoomSaved::Applied(request) => {
            assert_eq!((request.room, request.account), (room.room, account));
            assert_eq!(
                (request.reason.as_str(), request.deny_reason.as_str()),
                (reason, "")
            );
            assert_eq!(
                (request.status, request.created_at),
                (RequestStatus::Waiting, NOW)
            );
            request.id
        }
        RoomSaved::Done => panic!("the room is not told of the request"),
    }
}

pub async fn a_request_to_join_waits_for_the_managers(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let room = group(ports, ann, &[bob]).await;
    let id = apply(ports, &room, eve, "let me in").await;
    let after = snapshot(ports, room.room).await;
    assert_eq!(
        after
            .join_requests
            .iter()
            .map(|r| (r.id, r.account))
            .collect::<Vec<_>>(),
        [(id, eve)]
    );
    let seen = ports.users.join_requests(ann).await.unwrap();
    assert_eq!(seen.len(), 1);
    let (request, account, info) = &seen[0];
    assert_eq!(
        (request, account.id, info.id),
        (&after.join_requests[0], eve, room.room)
    );
    assert_eq!(ports.users.join_requests(bob).await.unwrap(), []);
}

pub async fn an_accepted_request_waits_no_more_and_seats_who_asked(ports: &Ports) {
    let (ann, _, eve) = three(ports).await;
    let room = group(ports, ann, &[]).await;
    let id = apply(ports, &room, eve, "").await;
    let change = RoomChange::Add {
        members: vec![room.seat(eve)],
        passed: Some(id),
        at: NOW,
    };
    room.change(ports, change).await;
    let after = snapshot(ports, room.room).await;
    assert_eq!((seated(&after), after.join_requests), (vec![ann, eve], vec![]));
    assert_eq!(ports.users.join_requests(ann).await.unwrap(), []);
}

pub async fn a_denied_request_waits_no_more_and_may_be_made_again(ports: &Ports) {
    let (ann, _, eve) = three(ports).await;
    let room = group(ports, ann, &[]).await;
    let id = apply(ports, &room, eve, "please").await;
    let deny = RoomChange::Deny {
        request: id,
        reason: "no".to_owned(),
    };
    room.change(ports, deny).await;
    let after = snapshot(ports, room.room).await;
    assert_eq!((seated(&after), after.join_requests), (vec![ann], vec![]));
    let room = Owner::of(ports, room.room).await;
    let again = apply(ports, &room, eve, "please!").await;
    assert_ne!(id, again);
    assert_eq!(snapshot(ports, room.room).await.join_requests.len(), 1);
}

pub async fn somebody_brought_in_otherwise_waits_no_more(ports: &Ports) {
    let (ann, _, eve) = three(ports).await;
    let room = group(ports, ann, &[]).await;
    apply(ports, &room, eve, "").await;
    room.add(ports, eve).await;
    assert_eq!(snapshot(ports, room.room).await.join_requests, []);
    assert_eq!(ports.users.join_requests(ann).await.unwrap(), []);
}

pub async fn requests_to_join_are_seen_oldest_first_over_all_managed_groups(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let (one, other) = (group(ports, ann, &[]).await, group(ports, eve, &[ann]).await);
    other
        .change(
            ports,
            RoomChange::SetRole {
                account: ann,
                role: Role::Manager,
            },
        )
        .await;
    let not_hers = group(ports, eve, &[ann]).await;
    let first = apply(ports, &other, bob, "").await;
    let second = apply(ports, &one, bob, "").await;
    let third = apply(ports, &one, eve, "").await;
    apply(ports, &not_hers, bob, "").await;
    let seen = ports.users.join_requests(ann).await.unwrap();
    assert_eq!(
        seen.iter().map(|(r, _, _)| r.id).collect::<Vec<_>>(),
        [first, second, third]
    );
}

// seats

pub async fn seats_come_with_profiles_in_the_order_given(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let room = group(ports, ann, &[bob, eve]).await;
    let made = snapshot(ports, room.room).await;
    let order = [eve, ann, bob];
    let members: Vec<Member> = order.iter().map(|a| seat_of(&made, *a).unwrap()).collect();
    let seats = ports.rooms.seats(&members).await.unwrap();
    assert_eq!(
        seats.iter().map(|s| s.member.clone()).collect::<Vec<_>>(),
        members
    );
    for (seat, account) in seats.iter().zip(order) {
        assert_eq!(
            ports.directory.by_id(account).await.unwrap(),
            Some(seat.account.clone())
        );
    }
}

pub async fn seats_of_accounts_that_do_not_exist_are_left_out(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let members = vec![room.seat(NOBODY), room.seat(ann)];
    let seats = ports.rooms.seats(&members).await.unwrap();
    assert_eq!(seats.iter().map(|s| s.account.id).collect::<Vec<_>>(), [ann]);
    assert_eq!(ports.rooms.seats(&[]).await.unwrap(), []);
}

pub async fn a_revoked_message_says_when(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let (first, second) = (room.say(ports, ann, "1").await, room.say(ports, ann, "2").await);
    room.revoke(ports, &first, NOW.plus_ms(5)).await;
    let read = ports.rooms.message(room.room, first.id).await.unwrap();
    assert_eq!(read.revoked_at, Some(NOW.plus_ms(5)));
    assert_eq!(
        ports
            .rooms
            .message(room.room, second.id)
            .await
            .unwrap()
            .revoked_at,
        None
    );
    let page = ports
        .rooms
        .page(room.room, &HistoryQuery::range(Seq(1), Seq(1), 1))
        .await
        .unwrap();
    assert_eq!(page.messages, [read]);
}
