//! A private conversation as a dialect shows it that closes and reopens them: a stretch of a direct room.

use super::{
    Account, AccountId, ChatMessage, FriendRequest, RoomId, RoomInfo, RoomKind, Seq, Timestamp, ViewId,
};
use serde::{Deserialize, Serialize};

/// A stretch of the direct room of two friends. At most one of a room is open: while the two are friends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub id: ViewId,
    pub room: RoomId,
    pub low: AccountId,
    pub high: AccountId,
    /// Who had asked for the friendship.
    pub requester: AccountId,
    /// The first seq that belongs to it.
    pub from_seq: Seq,
    pub opened_at: Timestamp,
    pub closed: bool,
}

impl View {
    /// The other side, for one of the two while the view is open.
    #[must_use]
    pub fn open_for(&self, account: AccountId) -> Option<AccountId> {
        let mine = account == self.low || account == self.high;
        let peer = RoomKind::direct(self.low, self.high).peer_of(account);
        peer.filter(|_| mine && !self.closed)
    }

    /// The side that was asked.
    #[must_use]
    pub fn target(&self) -> AccountId {
        if self.requester == self.low {
            self.high
        } else {
            self.low
        }
    }
}

/// What a conversation is with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum With {
    Friend(View, Box<Account>),
    Group(Box<RoomInfo>),
}

/// An open view or a group that somebody is in, as a list of conversations shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    pub with: With,
    /// The latest message that is there for this person and was not taken back.
    pub latest: Option<ChatMessage>,
    /// Countable messages after the read cursor: the friend's, or all of a group's.
    pub unread: i64,
}

impl Conversation {
    /// When it was last written to, or made.
    #[must_use]
    pub fn latest_at(&self) -> Timestamp {
        let made = match &self.with {
            With::Friend(view, _) => view.opened_at,
            With::Group(info) => info.created_at,
        };
        self.latest.as_ref().map_or(made, |message| message.created_at)
    }
}

/// What became of an answered friend request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnsweredRequest {
    pub request: FriendRequest,
    /// It was accepted, but the two were friends already.
    pub were_friends: bool,
}
