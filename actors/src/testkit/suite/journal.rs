//! The journal's store: order, fencing, read cursors, texts as they are.

use super::stage::{
    NOBODY, NOW, NOWHERE, Owner, STRANGE_TEXTS, append, appended_or_refused, group, person, seat_of,
    snapshot, stored, text, three, tokened, unique,
};
use crate::model::{AccountId, Counts, Epoch, HistoryQuery, MessageKind, RoomKind, Seq};
use crate::ports::{BatchOutcome, Ports, RoomBatch};

pub async fn the_first_message_has_seq_one(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    assert_eq!(room.last_seq, Seq(0));
    let message = room.say(ports, ann, "hi").await;
    assert_eq!(
        (message.seq, message.room, message.sender),
        (Seq(1), room.room, ann)
    );
    assert!(
        message.id.0 >= 1 && message.id.0 < 1 << 53,
        "ids fit 2^53: {}",
        message.id
    );
}

pub async fn a_message_comes_back_as_it_was_posted(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let mut draft = text(ann, "https://example.org/a.png");
    draft.kind = MessageKind::Custom("sticker".into());
    draft.private = true;
    draft.extra = Some("{\"w\":1}".into());
    draft.created_at = NOW.plus_ms(17);
    let posted = room.post(ports, vec![draft.clone()]).await.remove(0);
    let read = ports.rooms.message(room.room, posted.id).await.unwrap();
    assert_eq!(posted, read);
    assert_eq!(
        (
            read.kind,
            read.body,
            read.private,
            read.extra,
            read.created_at,
            read.revoked_at
        ),
        (draft.kind, draft.body, true, draft.extra, draft.created_at, None)
    );
}

pub async fn every_kind_keeps_its_name(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let kinds = [
        MessageKind::Text,
        MessageKind::Picture,
        MessageKind::Voice,
        MessageKind::Video,
        MessageKind::Geo,
        MessageKind::File,
        MessageKind::Notice,
        MessageKind::Custom("anything".into()),
    ];
    for kind in kinds {
        let mut draft = text(ann, "body");
        draft.kind = kind.clone();
        let posted = room.post(ports, vec![draft]).await.remove(0);
        let read = ports.rooms.message(room.room, posted.id).await.unwrap();
        assert_eq!(read.kind, kind);
    }
}

pub async fn seqs_have_no_holes_within_and_between_batches(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let mut seqs = Vec::new();
    for size in [1, 3, 1, 7, 2] {
        let posts = (0..size)
            .map(|n| text(if n % 2 == 0 { ann } else { bob }, "x"))
            .collect();
        seqs.extend(room.post(ports, posts).await.iter().map(|m| m.seq.0));
    }
    assert_eq!(seqs, (1..=14).collect::<Vec<_>>());
    assert_eq!(room.last_seq, Seq(14));
    assert_eq!(snapshot(ports, room.room).await.last_seq, Seq(14));
}

pub async fn a_batch_of_hundreds_is_stored_in_order(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let posts: Vec<_> = (1..=700).map(|n| text(ann, &n.to_string())).collect();
    let messages = room.post(ports, posts).await;
    assert!(messages.windows(2).all(|pair| pair[0].id < pair[1].id));
    let bodies = room.transcript(ports).await;
    assert_eq!(bodies, (1..=700).map(|n| n.to_string()).collect::<Vec<_>>());
}

pub async fn ids_and_seqs_agree_within_a_room(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut one = group(ports, ann, &[bob]).await;
    let mut other = group(ports, bob, &[ann]).await;
    let mut said = Vec::new();
    for n in 0..6 {
        said.push(one.say(ports, ann, &format!("one {n}")).await);
        other.say(ports, bob, &format!("other {n}")).await;
    }
    assert!(
        said.windows(2)
            .all(|pair| pair[0].id < pair[1].id && pair[0].seq.next() == pair[1].seq)
    );
}

pub async fn ids_are_unique_over_rooms_of_one_transaction(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut ids = Vec::new();
    let rooms = [
        group(ports, ann, &[]).await,
        group(ports, bob, &[]).await,
        group(ports, eve, &[]).await,
    ];
    let batches: Vec<RoomBatch> = rooms
        .iter()
        .map(|r| r.batch(vec![text(ann, "a"), text(bob, "b")]))
        .collect();
    for outcome in ports.journal.append(&batches).await.unwrap() {
        let BatchOutcome::Committed { posts, .. } = outcome else {
            panic!("fenced")
        };
        ids.extend(posts.into_iter().map(|post| stored(post).id));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

pub async fn outcomes_come_in_the_order_of_the_batches_whatever_the_rooms_ids(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (low, high) = (group(ports, ann, &[]).await, group(ports, ann, &[]).await);
    let batches = [
        high.batch(vec![text(ann, "to high")]),
        low.batch(vec![text(ann, "to low")]),
    ];
    let outcomes = ports.journal.append(&batches).await.unwrap();
    let rooms: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            BatchOutcome::Committed { posts, .. } => {
                posts.into_iter().map(|p| stored(p).room).collect::<Vec<_>>()
            }
            BatchOutcome::Fenced => panic!("fenced"),
        })
        .collect();
    assert_eq!(rooms, [vec![high.room], vec![low.room]]);
}

pub async fn a_stale_epoch_is_fenced_while_other_rooms_of_the_batch_commit(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let lost = group(ports, ann, &[bob]).await;
    let (before, mut kept) = (group(ports, ann, &[]).await, group(ports, bob, &[]).await);
    let new_owner = Owner::of(ports, lost.room).await;
    let batches = [
        before.batch(vec![text(ann, "kept too")]),
        lost.batch(vec![text(ann, "lost"), text(bob, "lost")]),
        kept.batch(vec![text(bob, "kept")]),
    ];
    let mut outcomes = ports.journal.append(&batches).await.unwrap();
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[1], BatchOutcome::Fenced);
    kept.learn(outcomes.remove(2));
    assert_eq!(new_owner.transcript(ports).await, Vec::<String>::new());
    assert_eq!(kept.transcript(ports).await, ["kept"]);
    assert_eq!(before.transcript(ports).await, ["kept too"]);
    assert_eq!(Owner::of(ports, lost.room).await.last_seq, Seq(0));
}

pub async fn a_batch_for_a_room_that_does_not_exist_is_fenced(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = Owner {
        room: NOWHERE,
        kind: RoomKind::Group,
        epoch: Epoch(1),
        last_seq: Seq(0),
        counts: Counts::default(),
    };
    let outcome = append(ports, room.batch(vec![text(ann, "hello?")])).await;
    assert_eq!(outcome, BatchOutcome::Fenced);
}

pub async fn an_epoch_from_the_future_is_fenced_too(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    room.epoch = Epoch(room.epoch.0 + 1);
    assert_eq!(
        append(ports, room.batch(vec![text(ann, "x")])).await,
        BatchOutcome::Fenced
    );
}

pub async fn a_batch_without_posts_only_moves_cursors(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.say(ports, ann, "hi").await;
    let mut batch = room.batch(vec![]);
    batch.reads = vec![(bob, Seq(1)), (ann, Seq(1))];
    let outcome = append(ports, batch).await;
    let expected = BatchOutcome::Committed {
        posts: vec![],
        last_seq: Seq(1),
        counts: room.counts,
    };
    assert_eq!(outcome, expected);
    let after = snapshot(ports, room.room).await;
    assert_eq!(seat_of(&after, bob).unwrap().read_seq, Seq(1));
    assert_eq!(seat_of(&after, ann).unwrap().read_seq, Seq(1));
}

pub async fn read_cursors_only_go_up(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.post(ports, vec![text(ann, "1"), text(ann, "2"), text(ann, "3")])
        .await;
    for (to, stands) in [(2, 2), (1, 2), (3, 3), (0, 3)] {
        let mut batch = room.batch(vec![]);
        batch.reads = vec![(bob, Seq(to))];
        append(ports, batch).await;
        room = Owner::of(ports, room.room).await;
        let seat = seat_of(&snapshot(ports, room.room).await, bob).unwrap();
        room = Owner::of(ports, room.room).await;
        assert_eq!(seat.read_seq, Seq(stands), "after reading to {to}");
    }
}

pub async fn two_cursor_moves_of_one_account_in_a_batch_keep_the_higher(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.post(ports, vec![text(ann, "1"), text(ann, "2"), text(ann, "3")])
        .await;
    let mut batch = room.batch(vec![]);
    batch.reads = vec![(bob, Seq(3)), (bob, Seq(2))];
    append(ports, batch).await;
    let seat = seat_of(&snapshot(ports, room.room).await, bob).unwrap();
    assert_eq!(seat.read_seq, Seq(3));
}

pub async fn the_cursor_of_somebody_who_is_not_a_member_is_no_matter(ports: &Ports) {
    let (ann, bob, eve) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    let mut batch = room.batch(vec![text(ann, "hi")]);
    batch.reads = vec![(eve, Seq(1)), (NOBODY, Seq(1))];
    room.learn(append(ports, batch).await);
    assert_eq!(room.transcript(ports).await, ["hi"]);
    assert_eq!(seat_of(&snapshot(ports, room.room).await, eve), None);
}

pub async fn posting_moves_no_read_cursor(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut room = group(ports, ann, &[bob]).await;
    room.say(ports, ann, "hi").await;
    let seat = seat_of(&snapshot(ports, room.room).await, ann).unwrap();
    assert_eq!(seat.read_seq, Seq(0));
}

pub async fn strange_texts_are_stored_intact(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let posts = STRANGE_TEXTS
        .iter()
        .map(|strange| {
            let mut draft = tokened(ann, strange, &unique(strange), 1);
            draft.extra = Some((*strange).into());
            draft
        })
        .collect();
    room.post(ports, posts).await;
    let page = ports.rooms.page(room.room, &HistoryQuery::all()).await.unwrap();
    for (message, strange) in page.messages.iter().zip(STRANGE_TEXTS) {
        assert_eq!(
            (message.body.as_ref(), message.extra.as_deref()),
            (*strange, Some(*strange))
        );
    }
    assert_eq!(page.messages.len(), STRANGE_TEXTS.len());
}

pub async fn a_nul_in_a_body_is_stored_intact_or_refused(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let taken = appended_or_refused(ports.journal.append(&[room.batch(vec![text(ann, "a\0b")])]).await);
    if let Some(outcomes) = taken {
        for outcome in outcomes {
            room.learn(outcome);
        }
        assert_eq!(room.transcript(ports).await, ["a\0b"]);
    }
    room.say(ports, ann, "and on").await;
    assert_eq!(room.transcript(ports).await.last().unwrap(), "and on");
}

pub async fn an_empty_and_a_very_long_body_are_stored(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    let long = "長".repeat(crate::model::ChatMessage::BODY_BYTES_MAX / 3);
    room.post(ports, vec![text(ann, ""), text(ann, &long)]).await;
    assert_eq!(room.transcript(ports).await, [String::new(), long]);
}

pub async fn rooms_are_appended_to_at_the_same_time_without_loss(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (ports, mut room) = (ports.clone(), group(ports, ann, &[]).await);
        tasks.spawn(async move {
            for n in 1..=10 {
                room.say(&ports, ann, &n.to_string()).await;
            }
            room.transcript(&ports).await
        });
    }
    let expected: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
    while let Some(bodies) = tasks.join_next().await {
        assert_eq!(bodies.unwrap(), expected);
    }
}

pub async fn transactions_over_the_same_rooms_in_opposite_order_do_not_block_each_other(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (one, other) = (group(ports, ann, &[]).await, group(ports, ann, &[]).await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..10 {
        let mut batches = vec![one.batch(vec![]), other.batch(vec![])];
        for batch in &mut batches {
            batch.reads = vec![(ann, Seq(0))];
        }
        if n % 2 == 0 {
            batches.reverse();
        }
        let journal = ports.journal.clone();
        tasks.spawn(async move { journal.append(&batches).await });
    }
    while let Some(outcome) = tasks.join_next().await {
        let outcomes = outcome.unwrap().unwrap();
        assert!(
            outcomes
                .iter()
                .all(|o| matches!(o, BatchOutcome::Committed { .. })),
            "{outcomes:?}"
        );
    }
}

pub async fn somebody_who_is_no_member_may_write_by_the_operators_leave(ports: &Ports) {
    let (ann, _, eve) = three(ports).await;
    let mut room = group(ports, ann, &[]).await;
    let by_eve = room.say(ports, eve, "from outside").await;
    let by_nobody = room.say(ports, AccountId(0), "from the operator").await;
    assert_eq!((by_eve.sender, by_nobody.sender), (eve, AccountId(0)));
    assert_eq!(room.transcript(ports).await.len(), 2);
}
