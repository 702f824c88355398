//! The journal's store: one transaction that holds what many rooms post, fenced room by room.

use crate::failure::Failure;
use crate::model::{
    AccountId, ChatMessage, ClientToken, Counts, Epoch, MessageId, MessageKind, RoomId, RoomKind, Seq,
    Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A post that its room has let through, before it has a seq.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostDraft {
    pub sender: AccountId,
    pub kind: MessageKind,
    pub body: Arc<str>,
    pub private: bool,
    pub extra: Option<Arc<str>>,
    pub token: Option<ClientToken>,
    pub created_at: Timestamp,
}

/// What one room wants committed at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomBatch {
    pub room: RoomId,
    pub kind: RoomKind,
    pub epoch: Epoch,
    /// The last seq the owner knows; the store appends after it.
    pub last_seq: Seq,
    pub counts: Counts,
    pub posts: Vec<PostDraft>,
    /// Read cursors that moved: each is stored if it is higher than what is stored.
    pub reads: Vec<(AccountId, Seq)>,
}

/// What became of one post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PostOutcome {
    Stored(ChatMessage),
    /// The client token and digest are known: this is the message they made the first time.
    Repeated(ChatMessage),
    /// The client token was used for another request.
    TokenReused,
}

/// What became of one room's batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BatchOutcome {
    /// Committed. One outcome per post, in order; the room's end afterwards.
    Committed {
        posts: Vec<PostOutcome>,
        last_seq: Seq,
        counts: Counts,
    },
    /// The room's epoch is not ours any more, or it does not end at the batch's `last_seq`; nothing of this room was
    /// committed.
    Fenced,
}

/// A batch whose commit was sent but not answered: enough to find out what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct InDoubt {
    pub batch: RoomBatch,
    /// What the transaction was going to store.
    pub posts: Vec<PostOutcome>,
    pub last_seq: Seq,
    pub counts: Counts,
}

impl InDoubt {
    /// The ids and seqs that must be found for the commit to have happened.
    #[must_use]
    pub fn marks(&self) -> Vec<(Seq, MessageId)> {
        self.posts
            .iter()
            .filter_map(|post| match post {
                PostOutcome::Stored(message) => Some((message.seq, message.id)),
                PostOutcome::Repeated(_) | PostOutcome::TokenReused => None,
            })
            .collect()
    }
}

/// What became of a batch in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Committed,
    /// Nothing was committed and the room is still ours: the batch may be sent again.
    Absent,
    /// Nothing was committed and the room is not ours any more.
    Fenced,
}

/// How an append can fail.
#[derive(Clone, Debug, PartialEq)]
pub enum AppendError {
    /// Nothing was committed. Safe to try again.
    Unavailable(String),
    /// The commit was sent and not answered.
    InDoubt(Vec<InDoubt>),
    /// The store will never take this batch (a defect): its senders are refused.
    Refused(Failure),
}

#[async_trait]
pub trait JournalStore: Send + Sync {
    /// Commits the batches of several rooms (each room at most once) in one transaction, in room id order,
    /// leaving out the rooms whose epoch has changed. One outcome per batch, in the order given.
    async fn append(&self, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError>;

    /// Finds out what became of a batch in doubt: takes the room's row lock (so it waits for a transaction
    /// still running), checks the epoch and compares message ids at the batch's seqs.
    /// Errors with a reason when storage cannot be asked now.
    async fn resolve(&self, doubt: &InDoubt) -> Result<Verdict, String>;

    /// How many appends may run at the same time with profit.
    fn writers(&self) -> usize;

    /// Forgets client tokens older than `before`. Returns how many.
    async fn forget_tokens(&self, before: Timestamp) -> Result<u64, String>;
}
