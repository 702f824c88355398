//! Pages of history: order, offset, limit, bounds, kinds, revoked messages, totals.

use super::stage::{NOW, NOWHERE, Owner, direct, group, notice, person, refused, text};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, HistoryQuery, MessageId, MessageKind, Order, RoomId, Seq};
use crate::ports::Ports;

/// A room in which ann said 1 to 10; every third message is a notice.
async fn ten(ports: &Ports) -> (AccountId, Owner) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let posts = (1..=10).map(|n| {
        if n % 3 == 0 {
            notice(ann, &n.to_string())
        } else {
            text(ann, &n.to_string())
        }
    });
    room.post(ports, posts.collect()).await;
    (ann, room)
}

fn numbers(bodies: &[String]) -> Vec<i64> {
    bodies
        .iter()
        .map(|body| body.parse().expect("a number"))
        .collect()
}

async fn ask(ports: &Ports, room: &Owner, query: &HistoryQuery) -> Vec<i64> {
    numbers(&room.bodies(ports, query).await)
}

pub async fn everything_comes_oldest_first(ports: &Ports) {
    let (_, room) = ten(ports).await;
    assert_eq!(
        ask(ports, &room, &HistoryQuery::all()).await,
        (1..=10).collect::<Vec<_>>()
    );
}

pub async fn newest_first_when_asked(ports: &Ports) {
    let (_, room) = ten(ports).await;
    let query = HistoryQuery {
        order: Order::Descending,
        ..HistoryQuery::all()
    };
    assert_eq!(
        ask(ports, &room, &query).await,
        (1..=10).rev().collect::<Vec<_>>()
    );
}

pub async fn a_page_begins_at_the_offset_and_ends_at_the_limit(ports: &Ports) {
    let (_, room) = ten(ports).await;
    let page = |order, offset, limit| HistoryQuery {
        order,
        offset,
        limit,
        ..HistoryQuery::all()
    };
    let cases = [
        (Order::Ascending, 0, 3, vec![1, 2, 3]),
        (Order::Ascending, 3, 3, vec![4, 5, 6]),
        (Order::Ascending, 9, 3, vec![10]),
        (Order::Ascending, 10, 3, vec![]),
        (Order::Ascending, i64::MAX, 3, vec![]),
        (Order::Descending, 0, 2, vec![10, 9]),
        (Order::Descending, 8, 5, vec![2, 1]),
        (Order::Ascending, 0, 0, vec![]),
    ];
    for (order, offset, limit, expected) in cases {
        let found = ask(ports, &room, &page(order, offset, limit)).await;
        assert_eq!(found, expected, "{order:?} {offset} {limit}");
    }
}

pub async fn bounds_are_inclusive(ports: &Ports) {
    let (_, room) = ten(ports).await;
    let cases = [
        (4, 6, vec![4, 5, 6]),
        (1, 1, vec![1]),
        (10, 99, vec![10]),
        (0, 2, vec![1, 2]),
        (-5, 1, vec![1]),
        (6, 4, vec![]),
        (11, i64::MAX, vec![]),
        (i64::MIN, i64::MAX, (1..=10).collect()),
    ];
    for (from, to, expected) in cases {
        let found = ask(ports, &room, &HistoryQuery::range(Seq(from), Seq(to), 100)).await;
        assert_eq!(found, expected, "{from}..={to}");
    }
}

pub async fn one_kind_can_be_picked(ports: &Ports) {
    let (_, room) = ten(ports).await;
    let of = |kind| HistoryQuery {
        kind: Some(kind),
        ..HistoryQuery::all()
    };
    assert_eq!(ask(ports, &room, &of(MessageKind::Notice)).await, [3, 6, 9]);
    assert_eq!(
        ask(ports, &room, &of(MessageKind::Text)).await,
        [1, 2, 4, 5, 7, 8, 10]
    );
    assert_eq!(
        ask(ports, &room, &of(MessageKind::Custom("' OR 1=1".into()))).await,
        Vec::<i64>::new()
    );
}

pub async fn revoked_messages_are_shown_only_when_asked(ports: &Ports) {
    let (ann, mut room) = ten(ports).await;
    let gone = room.say(ports, ann, "11").await;
    room.revoke(ports, &gone, NOW).await;
    let with = |with_revoked| HistoryQuery {
        with_revoked,
        from_seq: Seq(9),
        ..HistoryQuery::all()
    };
    assert_eq!(ask(ports, &room, &with(false)).await, [9, 10]);
    assert_eq!(ask(ports, &room, &with(true)).await, [9, 10, 11]);
    assert_eq!(
        ask(ports, &room, &HistoryQuery::range(Seq(9), Seq(11), 9)).await,
        [9, 10, 11]
    );
}

pub async fn what_was_revoked_since_a_moment_can_be_asked_for(ports: &Ports) {
    let (_, room) = ten(ports).await;
    let page = ports.rooms.page(room.room, &HistoryQuery::all()).await.unwrap();
    for (index, ms) in [(1, 100), (4, 200), (6, 300)] {
        room.revoke(ports, &page.messages[index], NOW.plus_ms(ms)).await;
    }
    let since = |ms, with_revoked| HistoryQuery {
        revoked_since: Some(NOW.plus_ms(ms)),
        with_revoked,
        ..HistoryQuery::all()
    };
    for with_revoked in [false, true] {
        assert_eq!(ask(ports, &room, &since(0, with_revoked)).await, [2, 5, 7]);
        assert_eq!(ask(ports, &room, &since(200, with_revoked)).await, [5, 7]);
        assert_eq!(
            ask(ports, &room, &since(301, with_revoked)).await,
            Vec::<i64>::new()
        );
    }
}

pub async fn what_was_revoked_in_several_rooms_is_told_together(ports: &Ports) {
    let (ann, first) = ten(ports).await;
    let mut second = group(ports, ann, &[]).await;
    second.post(ports, vec![text(ann, "11"), text(ann, "12")]).await;
    let bob = person(ports, "bob").await;
    let mut direct = direct(ports, ann, bob).await;
    direct.post(ports, vec![text(bob, "13")]).await;
    for (room, body, ms) in [
        (&first, "5", 200),
        (&first, "2", 100),
        (&second, "12", 300),
        (&direct, "13", 400),
    ] {
        let page = ports.rooms.page(room.room, &HistoryQuery::all()).await.unwrap();
        let message = page.messages.iter().find(|message| &*message.body == body);
        room.revoke(ports, message.expect("it was said"), NOW.plus_ms(ms))
            .await;
    }
    let rooms = [direct.room, second.room, first.room, NOWHERE];
    let told = async |rooms: &[RoomId], ms, limit| {
        let found = ports.rooms.revoked(rooms, NOW.plus_ms(ms), limit).await.unwrap();
        found
            .into_iter()
            .map(|(kind, message)| (kind, message.body.to_string()))
            .collect::<Vec<_>>()
    };
    let all = [
        (first.kind, "2".to_owned()),
        (first.kind, "5".to_owned()),
        (second.kind, "12".to_owned()),
        (direct.kind, "13".to_owned()),
    ];
    assert_eq!(told(&rooms, 0, 10).await, all);
    assert_eq!(told(&rooms, 0, 3).await, all[..3]);
    assert_eq!(told(&rooms, 200, 10).await, all[1..]);
    assert_eq!(told(&rooms[1..2], 0, 10).await, all[2..3]);
    assert_eq!(told(&[], 0, 10).await, []);
}

pub async fn the_total_counts_all_that_match_whatever_the_page(ports: &Ports) {
    let (_, room) = ten(ports).await;
    let query = HistoryQuery {
        kind: Some(MessageKind::Text),
        from_seq: Seq(2),
        offset: 2,
        limit: 2,
        with_total: true,
        ..HistoryQuery::all()
    };
    let page = ports.rooms.page(room.room, &query).await.unwrap();
    assert_eq!((page.total, page.messages.len()), (6, 2));
    let beyond = HistoryQuery { offset: 100, ..query };
    let page = ports.rooms.page(room.room, &beyond).await.unwrap();
    assert_eq!((page.total, page.messages.len()), (6, 0));
}

pub async fn the_total_leaves_out_revoked_messages_unless_asked(ports: &Ports) {
    let (ann, mut room) = ten(ports).await;
    let gone = room.say(ports, ann, "11").await;
    room.revoke(ports, &gone, NOW).await;
    for (with_revoked, total) in [(false, 10), (true, 11)] {
        let query = HistoryQuery {
            with_revoked,
            with_total: true,
            limit: 1,
            ..HistoryQuery::all()
        };
        assert_eq!(ports.rooms.page(room.room, &query).await.unwrap().total, total);
    }
}

pub async fn the_total_is_not_counted_unless_asked(ports: &Ports) {
    let (_, room) = ten(ports).await;
    assert_eq!(
        ports
            .rooms
            .page(room.room, &HistoryQuery::all())
            .await
            .unwrap()
            .total,
        0
    );
}

pub async fn a_page_holds_messages_of_its_room_only(ports: &Ports) {
    let (ann, room) = ten(ports).await;
    let mut other = group(ports, ann, &[]).await;
    other.say(ports, ann, "elsewhere").await;
    let page = ports.rooms.page(room.room, &HistoryQuery::all()).await.unwrap();
    assert!(page.messages.iter().all(|message| message.room == room.room));
    assert_eq!(other.transcript(ports).await, ["elsewhere"]);
}

pub async fn an_empty_room_has_an_empty_page(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let query = HistoryQuery {
        with_total: true,
        ..HistoryQuery::all()
    };
    let page = ports.rooms.page(room.room, &query).await.unwrap();
    assert_eq!((page.messages, page.total), (vec![], 0));
}

pub async fn a_message_is_found_by_its_id_in_its_room_only(ports: &Ports) {
    let (ann, mut room) = ten(ports).await;
    let other = group(ports, ann, &[]).await;
    let message = room.say(ports, ann, "11").await;
    assert_eq!(ports.rooms.message(room.room, message.id).await.unwrap(), message);
    let unknown = Failure::Unknown(Thing::Message);
    refused(ports.rooms.message(other.room, message.id).await, &unknown);
    for id in [0, -1, i64::MAX] {
        refused(ports.rooms.message(room.room, MessageId(id)).await, &unknown);
    }
}

pub async fn messages_before_any_id_can_be_asked_for(ports: &Ports) {
    let (ann, mut room) = ten(ports).await;
    // Between the ids of this room lie those of others.
    let mut other = group(ports, ann, &[]).await;
    let elsewhere = other.say(ports, ann, "elsewhere").await.id;
    let last = room.say(ports, ann, "11").await.id;
    let before = |id, limit| HistoryQuery {
        before: Some(id),
        order: Order::Descending,
        limit,
        ..HistoryQuery::all()
    };
    let first = ports
        .rooms
        .page(room.room, &HistoryQuery::all())
        .await
        .unwrap()
        .messages[0]
        .id;
    assert_eq!(ask(ports, &room, &before(last, 2)).await, [10, 9]);
    assert_eq!(ask(ports, &room, &before(elsewhere, 3)).await, [10, 9, 8]);
    assert_eq!(ask(ports, &room, &before(MessageId(i64::MAX), 1)).await, [11]);
    assert_eq!(ask(ports, &room, &before(MessageId(last.0 + 1), 1)).await, [11]);
    for id in [first, MessageId(0), MessageId(-1), MessageId(i64::MIN)] {
        assert!(ask(ports, &room, &before(id, 5)).await.is_empty(), "{id}");
    }
    let with_total = HistoryQuery {
        with_total: true,
        ..before(last, 1)
    };
    assert_eq!(ports.rooms.page(room.room, &with_total).await.unwrap().total, 10);
    assert!(ask(ports, &other, &before(elsewhere, 5)).await.is_empty());
}

pub async fn messages_of_a_room_that_does_not_exist_are_unknown(ports: &Ports) {
    let found = ports.rooms.message(NOWHERE, MessageId(1)).await;
    assert!(matches!(
        found,
        Err(crate::ports::StoreError::Refused(Failure::Unknown(_)))
    ));
}
