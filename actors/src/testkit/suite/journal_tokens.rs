//! The journal's store: a client token makes a retry safe.

use super::stage::{
    NOW, Owner, append, group, person, seat_of, snapshot, stored, text, three, tokened, unique,
};
use crate::model::{Seq, Timestamp};
use crate::ports::{AppendError, BatchOutcome, Ports, PostOutcome};

pub async fn a_fenced_batch_moves_no_cursor_and_keeps_no_token(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let mut first = group(ports, ann, &[bob]).await;
    first.say(ports, ann, "hi").await;
    let mut second = Owner::of(ports, first.room).await;
    let key = unique("key");
    let mut batch = first.batch(vec![tokened(ann, "again", &key, 1)]);
    batch.reads = vec![(bob, Seq(1))];
    assert_eq!(append(ports, batch).await, BatchOutcome::Fenced);
    let outcome = second
        .commit(ports, vec![tokened(ann, "other", &key, 2)])
        .await
        .remove(0);
    assert_eq!(stored(outcome).body.as_ref(), "other");
    let bob = seat_of(&snapshot(ports, first.room).await, bob).unwrap();
    assert_eq!(bob.read_seq, Seq(0));
}

pub async fn a_token_repeated_later_answers_with_the_first_message(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key) = (group(ports, ann, &[]).await, unique("key"));
    let first = room
        .post(ports, vec![tokened(ann, "hi", &key, 1)])
        .await
        .remove(0);
    room.say(ports, ann, "between").await;
    let again = room.commit(ports, vec![tokened(ann, "hi", &key, 1)]).await;
    assert_eq!(again, [PostOutcome::Repeated(first)]);
    assert_eq!(room.last_seq, Seq(2));
    assert_eq!(room.transcript(ports).await, ["hi", "between"]);
}

pub async fn a_token_of_another_request_is_refused(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key) = (group(ports, ann, &[]).await, unique("key"));
    room.post(ports, vec![tokened(ann, "hi", &key, 1)]).await;
    let again = room.commit(ports, vec![tokened(ann, "ho", &key, 2)]).await;
    assert_eq!(again, [PostOutcome::TokenReused]);
    assert_eq!(room.transcript(ports).await, ["hi"]);
}

pub async fn a_token_repeated_within_a_batch_is_stored_once(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key) = (group(ports, ann, &[]).await, unique("key"));
    let posts = vec![
        tokened(ann, "hi", &key, 1),
        text(ann, "between"),
        tokened(ann, "hi", &key, 1),
        tokened(ann, "ho", &key, 2),
    ];
    let outcomes = room.commit(ports, posts).await;
    let first = stored(outcomes[0].clone());
    assert_eq!(outcomes[2], PostOutcome::Repeated(first));
    assert_eq!(outcomes[3], PostOutcome::TokenReused);
    assert_eq!(stored(outcomes[1].clone()).seq, Seq(2));
    assert_eq!(room.last_seq, Seq(2));
}

pub async fn a_token_is_its_accounts_own(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let (mut room, key) = (group(ports, ann, &[bob]).await, unique("key"));
    room.post(
        ports,
        vec![tokened(ann, "of ann", &key, 1), tokened(bob, "of bob", &key, 2)],
    )
    .await;
    let again = room
        .commit(ports, vec![tokened(bob, "of bob", &key, 2)])
        .await
        .remove(0);
    assert!(matches!(again, PostOutcome::Repeated(m) if m.body.as_ref() == "of bob"));
}

pub async fn a_token_is_one_over_all_rooms(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut one, mut other) = (group(ports, ann, &[]).await, group(ports, ann, &[]).await);
    let key = unique("key");
    one.post(ports, vec![tokened(ann, "here", &key, 1)]).await;
    let outcome = other.commit(ports, vec![tokened(ann, "there", &key, 2)]).await;
    assert_eq!(outcome, [PostOutcome::TokenReused]);
    assert_eq!(other.last_seq, Seq(0));
}

pub async fn a_token_used_in_two_rooms_of_one_transaction_is_stored_once(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (one, other) = (group(ports, ann, &[]).await, group(ports, ann, &[]).await);
    let key = unique("key");
    let batches = [
        one.batch(vec![tokened(ann, "here", &key, 1)]),
        other.batch(vec![tokened(ann, "there", &key, 2)]),
    ];
    let outcomes = ports.journal.append(&batches).await.unwrap();
    let posts: Vec<_> = outcomes
        .into_iter()
        .flat_map(|outcome| match outcome {
            BatchOutcome::Committed { posts, .. } => posts,
            BatchOutcome::Fenced => panic!("fenced"),
        })
        .collect();
    let written = posts
        .iter()
        .filter(|post| matches!(post, PostOutcome::Stored(_)))
        .count();
    assert_eq!((posts.len(), written), (2, 1));
    assert!(posts.contains(&PostOutcome::TokenReused));
    let (one, other) = (one.transcript(ports).await, other.transcript(ports).await);
    assert_eq!(one.len() + other.len(), 1);
}

pub async fn a_repeated_message_is_shown_as_it_stands_now(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key) = (group(ports, ann, &[]).await, unique("key"));
    let first = room
        .post(ports, vec![tokened(ann, "hi", &key, 1)])
        .await
        .remove(0);
    room.revoke(ports, &first, NOW.plus_ms(5)).await;
    let again = room
        .commit(ports, vec![tokened(ann, "hi", &key, 1)])
        .await
        .remove(0);
    let PostOutcome::Repeated(message) = again else {
        panic!("stored twice")
    };
    assert_eq!((message.id, message.revoked_at), (first.id, Some(NOW.plus_ms(5))));
}

pub async fn a_token_outlives_a_change_of_owner(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key) = (group(ports, ann, &[]).await, unique("key"));
    let first = room
        .post(ports, vec![tokened(ann, "hi", &key, 1)])
        .await
        .remove(0);
    let mut new_owner = Owner::of(ports, room.room).await;
    let again = new_owner.commit(ports, vec![tokened(ann, "hi", &key, 1)]).await;
    assert_eq!(again, [PostOutcome::Repeated(first)]);
}

pub async fn a_forgotten_token_makes_a_new_message(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key, kept) = (group(ports, ann, &[]).await, unique("key"), unique("kept"));
    let old = Timestamp(1_000);
    let mut draft = tokened(ann, "old", &key, 1);
    draft.created_at = old;
    room.post(ports, vec![draft, tokened(ann, "new", &kept, 1)]).await;
    let forgotten = ports.journal.forget_tokens(old.plus_ms(1)).await.unwrap();
    assert!(forgotten >= 1);
    let outcomes = room
        .commit(
            ports,
            vec![tokened(ann, "old", &key, 1), tokened(ann, "new", &kept, 1)],
        )
        .await;
    assert_eq!(stored(outcomes[0].clone()).seq, Seq(3));
    assert!(matches!(&outcomes[1], PostOutcome::Repeated(m) if m.seq == Seq(2)));
}

pub async fn a_token_used_by_two_transactions_at_once_is_stored_once(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut tasks = tokio::task::JoinSet::new();
    let key = unique("key");
    for digest in 1..=4 {
        let (journal, room) = (ports.journal.clone(), group(ports, ann, &[]).await);
        let batch = room.batch(vec![tokened(ann, "x", &key, digest)]);
        tasks.spawn(async move {
            loop {
                match journal.append(std::slice::from_ref(&batch)).await {
                    Ok(outcomes) => return outcomes,
                    // The loser of the race may be told to try again.
                    Err(AppendError::Unavailable(_)) => tokio::task::yield_now().await,
                    Err(other) => panic!("{other:?}"),
                }
            }
        });
    }
    let (mut written, mut reused) = (0, 0);
    while let Some(outcomes) = tasks.join_next().await {
        match outcomes.unwrap().remove(0) {
            BatchOutcome::Committed { posts, .. } if posts == [PostOutcome::TokenReused] => reused += 1,
            BatchOutcome::Committed { .. } => written += 1,
            BatchOutcome::Fenced => panic!("fenced"),
        }
    }
    assert_eq!((written, reused), (1, 3));
}
