//! Gives the posts of one room's batch their seqs and counts, leaving out those whose client token is known.
//! Pure: every journal store uses it between locking the room and writing.

use crate::model::{ChatMessage, Counts, MessageId, RoomId, Seq};
use crate::ports::{PostOutcome, RoomBatch};
use std::collections::HashMap;

/// What a store knows of a client token of the batch.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenFound {
    /// Used before with the same digest, for this message.
    Same(ChatMessage),
    /// Used before for another request.
    Other,
}

/// A row to write: the message and the room's counts up to and including it.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    pub message: ChatMessage,
    pub counts: Counts,
    /// Whether the kind counts as unread.
    pub counted: bool,
    /// Where in the batch this post stands.
    pub index: usize,
}

/// How many of a batch's posts will be stored, given the tokens that are known: so many message ids are needed.
#[must_use]
pub fn dedupe(batch: &RoomBatch, known: &HashMap<usize, TokenFound>) -> Vec<usize> {
    let mut seen = HashMap::new();
    let mut fresh = Vec::with_capacity(batch.posts.len());
    for (index, post) in batch.posts.iter().enumerate() {
        if known.contains_key(&index) {
            continue;
        }
        if let Some(token) = &post.token
            && seen.insert((post.sender, token.key.clone()), index).is_some()
        {
            continue;
        }
        fresh.push(index);
    }
    fresh
}

/// Lays out a batch: `ids` are as many as [`dedupe`] returned, rising, taken after the room was locked.
/// Returns the rows to write, one outcome per post, and the room's end afterwards.
#[must_use]
pub fn assign(
    batch: &RoomBatch,
    known: &HashMap<usize, TokenFound>,
    ids: &[MessageId],
) -> (Vec<Assigned>, Vec<PostOutcome>, Seq, Counts) {
    let fresh = dedupe(batch, known);
    assert_eq!(
        fresh.len(),
        ids.len(),
        "one id for each fresh post of room {}",
        batch.room
    );
    let mut seq = batch.last_seq;
    let mut counts = batch.counts;
    let mut rows: Vec<Assigned> = Vec::with_capacity(fresh.len());
    for (&index, &id) in fresh.iter().zip(ids) {
        let post = &batch.posts[index];
        seq = seq.next();
        let counted = post.kind.counts();
        counts = counts.after(batch.kind, post.sender, counted);
        rows.push(Assigned {
            message: message(batch.room, seq, id, post),
            counts,
            counted,
            index,
        });
    }
    let mut by_index: HashMap<usize, &ChatMessage> = HashMap::with_capacity(rows.len());
    for row in &rows {
        by_index.insert(row.index, &row.message);
    }
    let mut first_use = HashMap::new();
    let outcomes = batch
        .posts
        .iter()
        .enumerate()
        .map(|(index, post)| {
            if let Some(message) = by_index.get(&index) {
                if let Some(token) = &post.token {
                    first_use.insert((post.sender, token.key.clone()), (token.digest, *message));
                }
                return PostOutcome::Stored((*message).clone());
            }
            match known.get(&index) {
                Some(TokenFound::Same(message)) => PostOutcome::Repeated(message.clone()),
                Some(TokenFound::Other) => PostOutcome::TokenReused,
                None => repeated_in_batch(post, &first_use),
            }
        })
        .collect();
    (rows, outcomes, seq, counts)
}

type FirstUse<'a> = HashMap<(crate::model::AccountId, std::sync::Arc<str>), ([u8; 32], &'a ChatMessage)>;

fn repeated_in_batch(post: &crate::ports::PostDraft, first_use: &FirstUse<'_>) -> PostOutcome {
    let first = post.token.as_ref().and_then(|token| {
        first_use
            .get(&(post.sender, token.key.clone()))
            .map(|(digest, message)| (token, digest, message))
    });
    match first {
        Some((token, digest, message)) if token.digest == *digest => {
            PostOutcome::Repeated((*message).clone())
        }
        _ => PostOutcome::TokenReused,
    }
}

fn message(room: RoomId, seq: Seq, id: MessageId, post: &crate::ports::PostDraft) -> ChatMessage {
    ChatMessage {
        id,
        room,
        seq,
        sender: post.sender,
        kind: post.kind.clone(),
        body: post.body.clone(),
        private: post.private,
        extra: post.extra.clone(),
        created_at: post.created_at,
        revoked_at: None,
    }
}
