//! However a batch looks: seqs without holes, one message a token, counts that add up.

use proptest::prelude::*;
use roost_actors::journal::{TokenFound, assign, dedupe};
use roost_actors::model::{
    AccountId, ChatMessage, ClientToken, Counts, Epoch, MessageId, MessageKind, RoomId, RoomKind, Seq,
    Timestamp,
};
use roost_actors::ports::{PostDraft, PostOutcome, RoomBatch};
use std::collections::HashMap;

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);

fn post() -> impl Strategy<Value = PostDraft> {
    let token = prop::option::of((0..3u8, 0..2u8));
    (prop::bool::ANY, prop::bool::weighted(0.2), token).prop_map(|(by_ann, notice, token)| PostDraft {
        sender: if by_ann { ANN } else { BOB },
        kind: if notice {
            MessageKind::Notice
        } else {
            MessageKind::Text
        },
        body: "x".into(),
        private: false,
        extra: None,
        token: token.map(|(key, digest)| ClientToken {
            key: key.to_string().as_str().into(),
            digest: [digest; 32],
        }),
        created_at: Timestamp(5),
    })
}

fn batch(kind: RoomKind, posts: Vec<PostDraft>) -> RoomBatch {
    RoomBatch {
        room: RoomId(9),
        kind,
        epoch: Epoch(1),
        last_seq: Seq(10),
        counts: Counts { low: 4, high: 3 },
        posts,
        reads: Vec::new(),
    }
}

fn kinds() -> impl Strategy<Value = RoomKind> {
    prop::sample::select(vec![
        RoomKind::Group,
        RoomKind::direct(ANN, BOB),
        RoomKind::direct(BOB, BOB),
    ])
}

/// What a store would know: a token is known or not whatever post it comes with, and by one digest.
fn known(posts: &[PostDraft], stored: &[(u8, u8)]) -> HashMap<usize, TokenFound> {
    let first = ChatMessage {
        id: MessageId(1),
        room: RoomId(9),
        seq: Seq(1),
        sender: ANN,
        kind: MessageKind::Text,
        body: "earlier".into(),
        private: false,
        extra: None,
        created_at: Timestamp(1),
        revoked_at: None,
    };
    let mut known = HashMap::new();
    for (index, post) in posts.iter().enumerate() {
        let Some(token) = &post.token else { continue };
        let Some((_, digest)) = stored.iter().find(|(key, _)| key.to_string() == *token.key) else {
            continue;
        };
        let same = token.digest == [*digest; 32];
        known.insert(
            index,
            if same {
                TokenFound::Same(first.clone())
            } else {
                TokenFound::Other
            },
        );
    }
    known
}

proptest! {
    #[test]
    fn a_batch_is_laid_out_without_holes_and_a_token_once(
        kind in kinds(),
        posts in prop::collection::vec(post(), 0..30),
        stored in prop::collection::vec((0..3u8, 0..2u8), 0..2),
    ) {
        let (batch, known) = (batch(kind, posts.clone()), known(&posts, &stored));
        let fresh = dedupe(&batch, &known);
        let ids: Vec<MessageId> = (0..fresh.len() as i64).map(|n| MessageId(100 + 2 * n)).collect();
        let (rows, outcomes, last_seq, counts) = assign(&batch, &known, &ids);

        prop_assert_eq!(rows.len(), fresh.len());
        prop_assert_eq!(outcomes.len(), posts.len());
        prop_assert_eq!(last_seq.0, 10 + rows.len() as i64);
        let mut running = batch.counts;
        for (n, row) in rows.iter().enumerate() {
            prop_assert_eq!(row.message.seq.0, 11 + n as i64);
            prop_assert_eq!(row.message.id, ids[n]);
            prop_assert_eq!(row.index, fresh[n]);
            prop_assert_eq!(row.counted, row.message.kind.counts());
            running = running.after(kind, row.message.sender, row.counted);
            prop_assert_eq!(row.counts, running);
        }
        prop_assert_eq!(counts, running);
        prop_assert_eq!(
            (counts.low + counts.high) - (4 + 3),
            rows.iter().filter(|row| row.counted).count() as i64
        );

        let mut first_use: HashMap<(AccountId, &str), (&ClientToken, &ChatMessage)> = HashMap::new();
        for (index, (post, outcome)) in posts.iter().zip(&outcomes).enumerate() {
            let earlier = post.token.as_ref().and_then(|t| first_use.get(&(post.sender, &*t.key)));
            match (outcome, known.get(&index), &post.token) {
                (PostOutcome::Stored(message), None, token) => {
                    prop_assert!(earlier.is_none(), "a token is stored once");
                    prop_assert_eq!(message.sender, post.sender);
                    if let Some(token) = token {
                        first_use.insert((post.sender, &*token.key), (token, message));
                    }
                }
                (PostOutcome::Repeated(message), Some(TokenFound::Same(same)), Some(_)) => {
                    prop_assert_eq!(message, same);
                }
                (PostOutcome::TokenReused, Some(TokenFound::Other), Some(_)) => {}
                (PostOutcome::Repeated(message), None, Some(token)) => {
                    let (first, stored) = earlier.expect("there was a first use");
                    prop_assert_eq!((token.digest, message), (first.digest, *stored));
                }
                (PostOutcome::TokenReused, None, Some(token)) => {
                    let (first, _) = earlier.expect("there was a first use");
                    prop_assert_ne!(token.digest, first.digest);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn unread_is_what_the_others_wrote_since_the_cursor(
        posts in prop::collection::vec(post(), 1..40),
        cursor in 0..40usize,
    ) {
        let posts: Vec<PostDraft> = posts.into_iter().map(|post| PostDraft { token: None, ..post }).collect();
        for kind in [RoomKind::Group, RoomKind::direct(ANN, BOB)] {
            let begin = Counts::default();
            let batch = RoomBatch { last_seq: Seq(0), counts: begin, ..batch(kind, posts.clone()) };
            let ids: Vec<MessageId> = (1..=posts.len() as i64).map(MessageId).collect();
            let (rows, _, _, end) = assign(&batch, &HashMap::new(), &ids);
            let cursor = cursor.min(rows.len());
            let at_cursor = cursor.checked_sub(1).map_or(begin, |index| rows[index].counts);
            for reader in [ANN, BOB] {
                let unread = end.for_reader(kind, reader) - at_cursor.for_reader(kind, reader);
                let by_others = rows[cursor..]
                    .iter()
                    .filter(|row| row.counted && (kind == RoomKind::Group || row.message.sender != reader));
                prop_assert_eq!(unread, by_others.count() as i64);
            }
        }
    }
}

#[test]
fn notes_to_oneself_are_counted_on_one_side_and_unread_on_none() {
    let kind = RoomKind::direct(ANN, ANN);
    let counts = Counts::default().after(kind, ANN, true).after(kind, ANN, true);
    assert_eq!(
        (counts, counts.for_reader(kind, ANN)),
        (Counts { low: 2, high: 0 }, 0)
    );
}

#[test]
fn what_the_operator_writes_in_a_direct_room_is_counted_as_the_lower_sides() {
    let kind = RoomKind::direct(ANN, BOB);
    let counts = Counts::default().after(kind, AccountId(0), true);
    assert_eq!(
        (counts.for_reader(kind, BOB), counts.for_reader(kind, ANN)),
        (1, 0)
    );
}
