//! The ledger: every message of every room in the one order in which they became final, and one account's part of it.

use super::{AccountId, ChatMessage, CommitKey, RoomId, RoomKind, Seq};
use serde::{Deserialize, Serialize};

/// One message's line in the ledger. Super groups have none: they are followed by their own seq.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub key: CommitKey,
    pub room: RoomId,
    pub seq: Seq,
    /// Accounts whose membership begins with this very message: whoever follows rooms by being told may not have been told.
    pub newcomers: Vec<AccountId>,
}

/// Lines of the ledger, lowest key first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerPage {
    pub entries: Vec<Entry>,
    /// Every line up to this key that will ever be has been told by now.
    pub clear: CommitKey,
    /// More lines are there than were asked for, or committed ones that are not clear yet.
    pub more: bool,
}

/// A message of one account's rooms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboxItem {
    pub key: CommitKey,
    pub kind: RoomKind,
    pub message: ChatMessage,
}

/// What an account's rooms (super groups apart) hold after a key, lowest key first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inbox {
    pub items: Vec<InboxItem>,
    /// The key of the account's last message that is clear.
    pub end: CommitKey,
    /// Everything up to this key that will ever be is part of `end`.
    pub clear: CommitKey,
    /// There is more after the last item.
    pub more: bool,
}

impl Inbox {
    /// Messages of one page, at most.
    pub const LIMIT_MAX: i64 = 3_000;
}

/// What the app's server gave an account, and how far the account's clients say they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    pub account: AccountId,
    /// May say nothing in IM rooms.
    pub silenced: bool,
}
