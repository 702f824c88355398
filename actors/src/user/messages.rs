//! What a user can be asked and what it answers. Closed and serde-able: requests cross nodes.

use crate::model::{
    Account, AccountEdit, AccountId, Contact, Friend, FriendRequest, JoinRequest, RequestId, RoomId,
    RoomInfo, RoomPosition,
};
use serde::{Deserialize, Serialize};

/// A request to one user's actor; the caller is that user unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserRequest {
    Profile,
    Edit(AccountEdit),
    /// Sets a new password from its hash and voids older tokens.
    SetPassword {
        hash: String,
    },
    /// Refused with `Exists(Contact)`, `Waiting(FriendRequest)`, `Unknown(Account)`.
    AskFriend {
        to: AccountId,
        reason: String,
    },
    /// Refused with `Unknown(FriendRequest)`.
    AnswerFriend {
        from: AccountId,
        accept: bool,
        reason: String,
    },
    /// Removes this side's contact. Refused with `NotFriends`.
    RemoveContact {
        peer: AccountId,
    },
    /// Refused with `Unknown(Account)`.
    Block {
        peer: AccountId,
    },
    /// Refused with `Unknown(Block)`.
    Unblock {
        peer: AccountId,
    },
    SetRemark {
        peer: AccountId,
        remark: String,
    },
    SetLabel {
        peer: AccountId,
        label: String,
    },
    /// What this user holds of `peer`: asked by the peer too.
    Relation {
        peer: AccountId,
    },
    /// Asked by the peer, who types or has stopped: this user's sessions are shown it, unless the peer is blocked.
    Typing {
        from: AccountId,
        active: bool,
    },
    Friends {
        blocked: bool,
    },
    FriendRequests,
    Groups,
    JoinRequests,
    /// Every room and where it stands.
    Positions,
    /// The direct room with `peer`, made on first use. Refused with `Unknown(Account)`.
    DirectRoom {
        peer: AccountId,
    },
    /// Another user's change touched this one: what is cached is stale.
    Forget,
}

impl UserRequest {
    /// Whether the request may be asked again when its actor died over it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            UserRequest::Profile
                | UserRequest::Relation { .. }
                | UserRequest::Typing { .. }
                | UserRequest::Friends { .. }
                | UserRequest::FriendRequests
                | UserRequest::Groups
                | UserRequest::JoinRequests
                | UserRequest::Positions
                | UserRequest::DirectRoom { .. }
                | UserRequest::Forget
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserAnswer {
    Profile(Account),
    Relation(Relation),
    Friends(Vec<Friend>),
    FriendRequests(Vec<(FriendRequest, Account)>),
    Groups(Vec<RoomInfo>),
    JoinRequests(Vec<(JoinRequest, Account, RoomInfo)>),
    Positions(Vec<RoomPosition>),
    Room(RoomId),
    Asked(RequestId),
    Done,
}

/// What one user holds of another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    pub contact: Option<Contact>,
}

impl Relation {
    #[must_use]
    pub fn is_friend(&self) -> bool {
        self.contact.as_ref().is_some_and(|c| c.friend && !c.blocked)
    }

    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.contact.as_ref().is_some_and(|c| c.blocked)
    }
}
