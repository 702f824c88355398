//! The rooms' store: requests to join, seats, revoked messages.

use super::stage::{NOBODY, NOW, Owner, group, person, seat_of, seated, snapshot, three};
use crate::model::{AccountId, HistoryQuery, Member, RequestId, RequestStatus, Role, Seq};
use crate::ports::{Ports, RoomChange, RoomSaved};

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
