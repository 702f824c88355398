//! What became of a commit that was not answered: committed, absent or fenced.

use super::stage::{NOW, Owner, append, direct, group, person, text, three, tokened, unique};
use crate::model::{Counts, MessageId, Seq};
use crate::ports::{BatchOutcome, InDoubt, Ports, PostDraft, PostOutcome, Verdict};

/// Commits a batch and forgets that it was answered.
async fn committed_in_doubt(ports: &Ports, room: &Owner, posts: Vec<PostDraft>) -> InDoubt {
    let batch = room.batch(posts);
    match append(ports, batch.clone()).await {
        BatchOutcome::Committed {
            posts,
            last_seq,
            counts,
        } => InDoubt {
            batch,
            posts,
            last_seq,
            counts,
        },
        BatchOutcome::Fenced => panic!("fenced"),
    }
}

/// A batch that was never committed, with ids that the transaction would have taken.
fn lost_in_doubt(room: &Owner, posts: Vec<PostDraft>) -> InDoubt {
    let batch = room.batch(posts);
    let known = std::collections::HashMap::new();
    let ids: Vec<MessageId> = (1..)
        .map(|n| MessageId((1 << 52) + n))
        .take(batch.posts.len())
        .collect();
    let (_, posts, last_seq, counts) = crate::journal::assign(&batch, &known, &ids);
    InDoubt {
        batch,
        posts,
        last_seq,
        counts,
    }
}

async fn verdict(ports: &Ports, doubt: &InDoubt) -> Verdict {
    ports
        .journal
        .resolve(doubt)
        .await
        .expect("the store can be asked")
}

pub async fn a_commit_that_happened_is_found(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let doubt = committed_in_doubt(ports, &room, vec![text(ann, "1"), text(ann, "2")]).await;
    assert_eq!(verdict(ports, &doubt).await, Verdict::Committed);
    assert_eq!(
        verdict(ports, &doubt).await,
        Verdict::Committed,
        "asking changes nothing"
    );
}

pub async fn a_commit_that_did_not_happen_is_absent_and_may_be_sent_again(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut room = group(ports, ann, &[]).await;
    room.say(ports, ann, "before").await;
    let doubt = lost_in_doubt(&room, vec![text(ann, "lost")]);
    assert_eq!(verdict(ports, &doubt).await, Verdict::Absent);
    room.learn(append(ports, doubt.batch.clone()).await);
    assert_eq!(room.transcript(ports).await, ["before", "lost"]);
}

pub async fn a_commit_that_did_not_happen_before_the_room_moved_is_fenced(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let doubt = lost_in_doubt(&room, vec![text(ann, "lost")]);
    Owner::of(ports, room.room).await;
    assert_eq!(verdict(ports, &doubt).await, Verdict::Fenced);
}

pub async fn a_commit_that_happened_before_the_room_moved_is_still_found(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let room = direct(ports, ann, bob).await;
    let doubt = committed_in_doubt(ports, &room, vec![text(ann, "kept")]).await;
    let mut new_owner = Owner::of(ports, room.room).await;
    new_owner.say(ports, bob, "later").await;
    assert_eq!(verdict(ports, &doubt).await, Verdict::Committed);
}

pub async fn other_messages_at_the_same_places_are_not_taken_for_the_lost_ones(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let doubt = lost_in_doubt(&room, vec![text(ann, "lost")]);
    let mut new_owner = Owner::of(ports, room.room).await;
    new_owner.say(ports, ann, "in its place").await;
    assert_eq!(verdict(ports, &doubt).await, Verdict::Fenced);
    assert_eq!(new_owner.transcript(ports).await, ["in its place"]);
}

pub async fn a_batch_that_stored_no_message_may_be_sent_again(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let (mut room, key) = (group(ports, ann, &[bob]).await, unique("key"));
    let first = room
        .post(ports, vec![tokened(ann, "hi", &key, 1)])
        .await
        .remove(0);
    let mut batch = room.batch(vec![tokened(ann, "hi", &key, 1)]);
    batch.reads = vec![(bob, Seq(1))];
    let doubt = InDoubt {
        posts: vec![PostOutcome::Repeated(first.clone())],
        last_seq: room.last_seq,
        counts: room.counts,
        batch,
    };
    // Nothing marks such a commit, so it must not be taken for committed: the cursor would be lost.
    assert_eq!(verdict(ports, &doubt).await, Verdict::Absent);
    let outcomes = room.learn(append(ports, doubt.batch.clone()).await);
    assert_eq!(outcomes, [PostOutcome::Repeated(first)]);
    Owner::of(ports, room.room).await;
    assert_eq!(verdict(ports, &doubt).await, Verdict::Fenced);
}

pub async fn a_message_revoked_meanwhile_is_still_found(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await;
    let doubt = committed_in_doubt(ports, &room, vec![text(ann, "1")]).await;
    let PostOutcome::Stored(message) = &doubt.posts[0] else {
        panic!("not stored")
    };
    room.revoke(ports, message, NOW).await;
    assert_eq!(verdict(ports, &doubt).await, Verdict::Committed);
}

pub async fn a_batch_of_stored_and_repeated_posts_is_found_by_the_stored_ones(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let (mut room, key) = (group(ports, ann, &[]).await, unique("key"));
    room.post(ports, vec![tokened(ann, "hi", &key, 1)]).await;
    let posts = vec![
        tokened(ann, "hi", &key, 1),
        text(ann, "new"),
        tokened(ann, "ho", &key, 2),
    ];
    let doubt = committed_in_doubt(ports, &room, posts).await;
    assert_eq!(doubt.marks().len(), 1);
    assert_eq!(verdict(ports, &doubt).await, Verdict::Committed);
    assert_eq!(doubt.counts, Counts { low: 2, high: 0 });
}
