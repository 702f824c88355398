//! The store behind user actors: profiles, contacts, friend requests, and the rooms one is in.

use super::StoreResult;
use crate::model::{
    Account, AccountEdit, AccountId, Contact, ContactGroup, ContactGroupId, Friend, FriendRequest, Image,
    JoinRequest, RequestId, RoomInfo, RoomPosition, Seq, Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What a user actor is built from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserSnapshot {
    pub account: Account,
    pub contacts: Vec<Contact>,
    /// By id.
    pub contact_groups: Vec<ContactGroup>,
}

/// A change to what one account has. One transaction, guarded by constraints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserChange {
    Edit(AccountEdit),
    /// This account's picture and its address. The blob must be noted, or it is refused with `Unknown(File)`; the one
    /// it takes the place of is noted as due.
    SetAvatar {
        image: Image,
        address: String,
        at: Timestamp,
    },
    /// Stores a new password hash and voids tokens issued before `at`.
    SetPassword {
        hash: String,
        at: Timestamp,
    },
    /// Refused with `Waiting(FriendRequest)` when one from here to there waits, `Unknown(Account)` when nobody is there.
    AskFriend {
        to: AccountId,
        reason: String,
        at: Timestamp,
    },
    /// Answers the waiting request of `from`. Refused with `Unknown(FriendRequest)`. Accepting makes both contacts and
    /// opens a view of the two, if none is open; a side that blocks the other goes on blocking.
    AnswerFriend {
        from: AccountId,
        accept: bool,
        reason: String,
        at: Timestamp,
    },
    /// Like `AskFriend`, refused with `Exists(Contact)` when the two have an open view, whatever contacts there are.
    AskFriendship {
        to: AccountId,
        at: Timestamp,
    },
    /// Removes the contacts of both sides, but not a block that the peer put up, and closes the view.
    /// Refused with `NotFriends` when the two have no open view.
    EndFriendship {
        peer: AccountId,
    },
    /// Removes this side's contact, from its groups too, and closes the view of the two. Refused with `NotFriends`.
    RemoveContact {
        peer: AccountId,
    },
    /// Refused with `Unknown(Account)`. A friend stays one, blocked.
    Block {
        peer: AccountId,
        at: Timestamp,
    },
    /// Removes the contact that blocks, and closes the view of the two. Refused with `Unknown(Block)`.
    Unblock {
        peer: AccountId,
    },
    /// Refused with `NotFriends`.
    SetRemark {
        peer: AccountId,
        remark: String,
    },
    SetLabel {
        peer: AccountId,
        label: String,
    },
    /// Makes a group of these contacts. Refused with `Exists(ContactGroup)` when one of its name is there,
    /// `NotFriends` when one of them is no contact.
    AddContactGroup {
        name: String,
        members: Vec<AccountId>,
    },
    /// Removes a group and no contact. Refused with `Unknown(ContactGroup)`.
    RemoveContactGroup {
        group: ContactGroupId,
    },
    /// Refused with `Unknown(ContactGroup)`, `Exists(ContactGroup)`.
    RenameContactGroup {
        group: ContactGroupId,
        name: String,
    },
    /// Adds those that are not in it yet. Refused with `Unknown(ContactGroup)`, `NotFriends`.
    AddToContactGroup {
        group: ContactGroupId,
        members: Vec<AccountId>,
    },
    /// Removes those that are in it. Refused with `Unknown(ContactGroup)`.
    RemoveFromContactGroup {
        group: ContactGroupId,
        members: Vec<AccountId>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserSaved {
    Done,
    Asked(RequestId),
    Grouped(ContactGroupId),
}

#[async_trait]
pub trait UserStore: Send + Sync {
    /// Reads an account, its contacts and their groups. Refused with `Unknown(Account)`.
    async fn load(&self, account: AccountId) -> StoreResult<UserSnapshot>;

    async fn change(&self, account: AccountId, change: &UserChange) -> StoreResult<UserSaved>;

    /// Contacts with profiles, oldest first. `blocked` picks the blocked ones instead of the friends.
    async fn friends(&self, account: AccountId, blocked: bool) -> StoreResult<Vec<Friend>>;

    /// Waiting friend requests to this account, newest first, with the profile of who asks.
    async fn friend_requests(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>>;

    /// The groups this account is in, by name (by Unicode value, then by id); dissolved ones are left out.
    async fn groups(&self, account: AccountId) -> StoreResult<Vec<RoomInfo>>;

    /// Waiting requests to join the groups this account owns or manages, oldest first.
    async fn join_requests(&self, account: AccountId) -> StoreResult<Vec<(JoinRequest, Account, RoomInfo)>>;

    /// Whom this account has exchanged direct messages with, the latest exchange first, at most `limit`.
    async fn peers(&self, account: AccountId, limit: i64) -> StoreResult<Vec<Account>>;

    /// Every room this account is in and where it stands, dissolved groups included: what a new session follows.
    async fn positions(&self, account: AccountId) -> StoreResult<Vec<RoomPosition>>;

    /// How far the other side of each direct room this account is in has read, by room; left out where it has read
    /// nothing.
    async fn read_by_peers(&self, account: AccountId) -> StoreResult<Vec<(AccountId, Seq)>>;
}
