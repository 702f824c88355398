//! What a user can be asked and what it answers. Closed and serde-able: requests cross nodes.

use crate::board::TagRequest;
use crate::model::{
    Account, AccountEdit, AccountId, AnsweredRequest, CommitKey, Contact, ContactGroup, ContactGroupId,
    Conversation, Friend, FriendRequest, Image, Inbox, JoinRequest, RequestId, RoomId, RoomInfo, Tag, View,
    ViewId,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A request to one user's actor; the caller is that user unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserRequest {
    Profile,
    Edit(AccountEdit),
    /// Sets this user's picture: its bytes, and the address at which anybody may see it.
    SetAvatar {
        image: Image,
        address: String,
    },
    /// Of this user's tags; anybody may list them.
    Tags(TagRequest),
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
    /// Makes a group of contacts. Refused with `Exists(ContactGroup)`, `NotFriends`.
    AddContactGroup {
        name: String,
        members: Vec<AccountId>,
    },
    /// Refused with `Unknown(ContactGroup)`.
    RemoveContactGroup {
        group: ContactGroupId,
    },
    /// Refused with `Unknown(ContactGroup)`, `Exists(ContactGroup)` when another group has the name.
    RenameContactGroup {
        group: ContactGroupId,
        name: String,
    },
    /// Puts contacts into a group; those in it stay. Refused with `Unknown(ContactGroup)`, `NotFriends`.
    AddToContactGroup {
        group: ContactGroupId,
        members: Vec<AccountId>,
    },
    /// Takes contacts out of a group; who is not in it does not matter. Refused with `Unknown(ContactGroup)`.
    RemoveFromContactGroup {
        group: ContactGroupId,
        members: Vec<AccountId>,
    },
    /// The groups of contacts, by id.
    ContactGroups,
    /// Asks for a friendship that both sides hold or neither: judged by the open view of the two.
    /// Refused with `Exists(Contact)`, `Waiting(FriendRequest)`, `Unknown(Account)`.
    AskFriendship {
        to: AccountId,
    },
    /// Answers a friend request by its id. Refused with `Unknown(FriendRequest)`, `Forbidden` when it was made to
    /// somebody else, `Exists(FriendRequest)` when it was answered before.
    AnswerRequest {
        id: RequestId,
        accept: bool,
    },
    /// Ends a friendship on both sides and closes its view. Refused with `NotFriends`.
    EndFriendship {
        peer: AccountId,
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
    /// Asked by the peer, or by the operator (`from` is 0): this user's sessions are shown it, unless the peer is blocked.
    Signal {
        from: AccountId,
        body: Arc<str>,
    },
    /// What this user's rooms hold after a key, or after the one kept for its clients; at most `limit` messages.
    Inbox {
        after: Option<CommitKey>,
        limit: i64,
    },
    /// This user's clients have everything up to here.
    KeepKey {
        key: CommitKey,
    },
    Friends {
        blocked: bool,
    },
    FriendRequests,
    /// Every friend request ever made to this user, newest first.
    FriendRequestHistory,
    /// Open views and groups, in no order.
    Conversations,
    /// The open view of this id. Refused with `Unknown(Room)`, or `NotMember` unless this user is one of its two.
    View {
        id: ViewId,
    },
    /// The open view with `peer`, if there is one.
    ViewWith {
        peer: AccountId,
    },
    Groups,
    JoinRequests,
    /// Whom this user has exchanged direct messages with, the latest exchange first.
    Peers,
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
        if let UserRequest::Tags(request) = self {
            return request.is_read();
        }
        matches!(
            self,
            UserRequest::Profile
                | UserRequest::Relation { .. }
                | UserRequest::Typing { .. }
                | UserRequest::Signal { .. }
                | UserRequest::Inbox { .. }
                | UserRequest::KeepKey { .. }
                | UserRequest::Friends { .. }
                | UserRequest::ContactGroups
                | UserRequest::FriendRequests
                | UserRequest::FriendRequestHistory
                | UserRequest::Conversations
                | UserRequest::View { .. }
                | UserRequest::ViewWith { .. }
                | UserRequest::Groups
                | UserRequest::JoinRequests
                | UserRequest::Peers
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
    Tags(Vec<Tag>),
    JoinRequests(Vec<(JoinRequest, Account, RoomInfo)>),
    Conversations(Vec<Conversation>),
    View(View),
    MaybeView(Option<View>),
    Answered(AnsweredRequest),
    Peers(Vec<Account>),
    Inbox(Inbox),
    Room(RoomId),
    Asked(RequestId),
    Grouped(ContactGroupId),
    ContactGroups(Vec<ContactGroup>),
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
