//! Pages of history: what is asked, what comes back, and the only paging arithmetic there is.

use super::{ChatMessage, MessageId, MessageKind, RoomKind, Seq, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    Ascending,
    Descending,
}

/// A question to a room's history. Bounds are inclusive; the room narrows them to what the caller may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryQuery {
    pub from_seq: Seq,
    pub to_seq: Seq,
    /// Only messages with a lower id than this, which need not be one of the room.
    pub before: Option<MessageId>,
    pub kind: Option<MessageKind>,
    /// Whether revoked messages are part of the answer.
    pub with_revoked: bool,
    /// Only messages revoked at or after this moment (implies `with_revoked`): what a follower that was away missed.
    pub revoked_since: Option<Timestamp>,
    pub order: Order,
    pub offset: i64,
    /// At most [`HistoryQuery::LIMIT_MAX`].
    pub limit: i64,
    /// Whether `total` is wanted: it costs a count.
    pub with_total: bool,
}

impl HistoryQuery {
    pub const LIMIT_MAX: i64 = 3_000;

    /// Every message there is, oldest first.
    #[must_use]
    pub fn all() -> HistoryQuery {
        HistoryQuery {
            from_seq: Seq(1),
            to_seq: Seq(i64::MAX),
            before: None,
            kind: None,
            with_revoked: false,
            revoked_since: None,
            order: Order::Ascending,
            offset: 0,
            limit: HistoryQuery::LIMIT_MAX,
            with_total: false,
        }
    }

    /// The messages of `from..=to`, oldest first, revoked ones included: what a follower that missed them needs.
    #[must_use]
    pub fn range(from: Seq, to: Seq, limit: i64) -> HistoryQuery {
        HistoryQuery {
            from_seq: from,
            to_seq: to,
            with_revoked: true,
            limit,
            ..HistoryQuery::all()
        }
    }
}

/// A page of history, with where the caller and the peer stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HistoryPage {
    pub messages: Vec<ChatMessage>,
    /// The kind of the room; filled by the room's actor.
    pub kind: Option<RoomKind>,
    /// All that match, whatever the page; 0 unless asked for.
    pub total: i64,
    /// Countable messages the caller has not read.
    pub unread: i64,
    /// How far the caller has read.
    pub read_seq: Seq,
    /// Direct rooms: how far the peer has read.
    pub peer_read_seq: Seq,
    pub last_seq: Seq,
}
