//! Lays out what one transaction appends to several rooms: seqs, ids, counts, and which posts are repeats. Pure.
//!
//! [`roost_actors::journal`] does this for one room; here a client token used in two rooms of one transaction counts as
//! used by the first.

use roost_actors::journal::{Assigned, TokenFound, assign, dedupe};
use roost_actors::model::{AccountId, ChatMessage, Counts, MessageId, Seq};
use roost_actors::ports::{BatchOutcome, InDoubt, PostOutcome, RoomBatch};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

pub type TokenKey = (AccountId, Arc<str>);

/// A client token that was used before, and the message it made.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownToken {
    pub digest: Vec<u8>,
    pub message: ChatMessage,
}

pub type KnownTokens = HashMap<TokenKey, KnownToken>;

/// Where a room will stand: known before ids are, so that its row can be locked and written at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How many posts will be stored.
    pub fresh: usize,
    pub last_seq: Seq,
    pub counts: Counts,
}

/// What to write for one room, and what its senders hear.
#[derive(Clone, Debug)]
pub struct Laid {
    pub rows: Vec<Assigned>,
    pub posts: Vec<PostOutcome>,
    pub last_seq: Seq,
    pub counts: Counts,
}

impl Laid {
    #[must_use]
    pub fn committed(self) -> BatchOutcome {
        BatchOutcome::Committed {
            posts: self.posts,
            last_seq: self.last_seq,
            counts: self.counts,
        }
    }

    #[must_use]
    pub fn in_doubt(self, batch: &RoomBatch) -> InDoubt {
        InDoubt {
            batch: batch.clone(),
            posts: self.posts,
            last_seq: self.last_seq,
            counts: self.counts,
        }
    }
}

/// The indexes of the batches in the order of their rooms: the order in which rooms are locked.
#[must_use]
pub fn in_room_order(batches: &[RoomBatch]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..batches.len()).collect();
    order.sort_by_key(|&index| batches[index].room);
    order
}

/// The client tokens of these batches, each once, in order: the order in which they are inserted.
#[must_use]
pub fn tokens<'b>(batches: impl IntoIterator<Item = &'b RoomBatch>) -> Vec<TokenKey> {
    let posts = batches.into_iter().flat_map(|batch| &batch.posts);
    let mut keys: Vec<TokenKey> = posts
        .filter_map(|post| Some((post.sender, post.token.as_ref()?.key.clone())))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The read cursors of a batch, each account once with its highest.
#[must_use]
pub fn reads(batch: &RoomBatch) -> BTreeMap<AccountId, Seq> {
    let mut highest = BTreeMap::new();
    for &(account, seq) in &batch.reads {
        let cursor = highest.entry(account).or_insert(seq);
        *cursor = seq.max(*cursor);
    }
    highest
}

/// Where each room will stand.
#[must_use]
pub fn plan(batches: &[&RoomBatch], stored: &KnownTokens) -> Vec<Plan> {
    let mut used = HashSet::new();
    let mut plans = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut known = HashMap::new();
        for (index, key) in keys(batch) {
            if stored.contains_key(&key) || used.contains(&key) {
                known.insert(index, TokenFound::Other);
            }
        }
        let fresh = dedupe(batch, &known);
        let mut counts = batch.counts;
        for &index in &fresh {
            let post = &batch.posts[index];
            counts = counts.after(batch.kind, post.sender, post.kind.counts());
            used.extend(key(batch, index));
        }
        plans.push(Plan {
            fresh: fresh.len(),
            last_seq: Seq(batch.last_seq.0 + fresh.len() as i64),
            counts,
        });
    }
    plans
}

/// The rows and answers. `ids` are as many as the plans of the same batches need, rising.
#[must_use]
pub fn lay_out(batches: &[&RoomBatch], stored: &KnownTokens, plans: &[Plan], ids: &[i64]) -> Vec<Laid> {
    let mut earlier = KnownTokens::new();
    let (mut laid, mut ids) = (Vec::with_capacity(batches.len()), ids);
    for (batch, plan) in batches.iter().zip(plans) {
        let (own, rest) = ids.split_at(plan.fresh);
        ids = rest;
        let own: Vec<MessageId> = own.iter().copied().map(MessageId).collect();
        let mut known = HashMap::new();
        for (index, key) in keys(batch) {
            if let Some(found) = stored.get(&key).or_else(|| earlier.get(&key)) {
                known.insert(index, judge(batch, index, found));
            }
        }
        let (rows, posts, last_seq, counts) = assign(batch, &known, &own);
        for row in &rows {
            if let (Some(key), Some(token)) = (key(batch, row.index), &batch.posts[row.index].token) {
                let digest = token.digest.to_vec();
                let message = row.message.clone();
                earlier.insert(key, KnownToken { digest, message });
            }
        }
        laid.push(Laid {
            rows,
            posts,
            last_seq,
            counts,
        });
    }
    laid
}

fn key(batch: &RoomBatch, index: usize) -> Option<TokenKey> {
    let post = &batch.posts[index];
    Some((post.sender, post.token.as_ref()?.key.clone()))
}

fn keys(batch: &RoomBatch) -> impl Iterator<Item = (usize, TokenKey)> {
    (0..batch.posts.len()).filter_map(|index| Some((index, key(batch, index)?)))
}

fn judge(batch: &RoomBatch, index: usize, found: &KnownToken) -> TokenFound {
    let token = batch.posts[index].token.as_ref();
    if token.is_some_and(|token| token.digest[..] == found.digest[..]) {
        TokenFound::Same(found.message.clone())
    } else {
        TokenFound::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::{ClientToken, Epoch, MessageKind, RoomId, RoomKind, Timestamp};
    use roost_actors::ports::PostDraft;

    fn post(token: Option<(&str, u8)>) -> PostDraft {
        PostDraft {
            sender: AccountId(7),
            kind: MessageKind::Text,
            body: "hi".into(),
            private: false,
            extra: None,
            token: token.map(|(key, digest)| ClientToken {
                key: key.into(),
                digest: [digest; 32],
            }),
            created_at: Timestamp(1),
        }
    }

    fn batch(room: i64, last_seq: i64, posts: Vec<PostDraft>) -> RoomBatch {
        RoomBatch {
            room: RoomId(room),
            kind: RoomKind::Group,
            epoch: Epoch(1),
            last_seq: Seq(last_seq),
            counts: Counts {
                low: last_seq,
                high: 0,
            },
            posts,
            reads: vec![],
        }
    }

    #[test]
    fn rooms_take_their_ids_one_after_the_other() {
        let (a, b) = (
            batch(1, 5, vec![post(None), post(None)]),
            batch(2, 0, vec![post(None)]),
        );
        let (batches, stored) = ([&a, &b], KnownTokens::new());
        let plans = plan(&batches, &stored);
        assert_eq!(
            (plans[0].fresh, plans[0].last_seq, plans[0].counts.low),
            (2, Seq(7), 7)
        );
        let laid = lay_out(&batches, &stored, &plans, &[10, 11, 12]);
        let marks = |laid: &Laid| {
            laid.rows
                .iter()
                .map(|r| (r.message.id.0, r.message.seq.0))
                .collect::<Vec<_>>()
        };
        assert_eq!(marks(&laid[0]), [(10, 6), (11, 7)]);
        assert_eq!(marks(&laid[1]), [(12, 1)]);
        assert_eq!(
            (laid[0].last_seq, laid[0].counts),
            (plans[0].last_seq, plans[0].counts)
        );
    }

    #[test]
    fn a_token_used_in_an_earlier_room_of_the_transaction_is_used() {
        let a = batch(1, 0, vec![post(Some(("k", 1)))]);
        let same = batch(2, 0, vec![post(Some(("k", 1))), post(None)]);
        let other = batch(3, 0, vec![post(Some(("k", 2)))]);
        let (batches, stored) = ([&a, &same, &other], KnownTokens::new());
        let plans = plan(&batches, &stored);
        assert_eq!(plans.iter().map(|p| p.fresh).collect::<Vec<_>>(), [1, 1, 0]);
        let laid = lay_out(&batches, &stored, &plans, &[1, 2]);
        let PostOutcome::Stored(first) = &laid[0].posts[0] else {
            panic!("the first use is stored: {:?}", laid[0].posts);
        };
        assert_eq!(laid[1].posts[0], PostOutcome::Repeated(first.clone()));
        assert_eq!(laid[2].posts, [PostOutcome::TokenReused]);
    }

    #[test]
    fn a_stored_token_answers_with_its_message_or_is_refused() {
        let a = batch(1, 0, vec![post(Some(("k", 1))), post(Some(("l", 9)))]);
        let stored_post = batch(1, 0, vec![post(None)]);
        let plans = plan(&[&stored_post], &KnownTokens::new());
        let laid = lay_out(&[&stored_post], &KnownTokens::new(), &plans, &[3]);
        let message = laid[0].rows[0].message.clone();
        let known = |digest| KnownToken {
            digest: vec![digest; 32],
            message: message.clone(),
        };
        let stored = KnownTokens::from([
            ((AccountId(7), "k".into()), known(1)),
            ((AccountId(7), "l".into()), known(1)),
        ]);
        let plans = plan(&[&a], &stored);
        let laid = lay_out(&[&a], &stored, &plans, &[]);
        let expected = [PostOutcome::Repeated(message), PostOutcome::TokenReused];
        assert_eq!((plans[0].fresh, &laid[0].posts[..]), (0, &expected[..]));
    }

    #[test]
    fn of_several_read_cursors_the_highest_counts() {
        let mut a = batch(1, 9, vec![]);
        a.reads = vec![
            (AccountId(1), Seq(3)),
            (AccountId(2), Seq(1)),
            (AccountId(1), Seq(2)),
        ];
        let expected = [(AccountId(1), Seq(3)), (AccountId(2), Seq(1))];
        assert_eq!(reads(&a).into_iter().collect::<Vec<_>>(), expected);
    }
}
