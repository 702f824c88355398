//! The rooms' store: changes behind the fence, coming and going.

use super::stage::{
    NOBODY, NOW, Owner, group, person, refused, seat_of, seated, snapshot, text, three, unique,
};
use crate::failure::{Failure, Thing};
use crate::model::{Place, RequestId, Role, RoomRules, Seq, Timestamp};
use crate::ports::{Ports, RoomChange, RoomSaved};

const UNKNOWN_ACCOUNT: Failure = Failure::Unknown(Thing::Account);

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
