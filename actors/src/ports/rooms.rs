//! The store behind room actors: activation, fenced changes, history.

use super::StoreResult;
use crate::cluster::Incarnation;
use crate::model::{
    AccountId, ChatMessage, Epoch, HistoryPage, HistoryQuery, Image, JoinRequest, Member, MessageId,
    NewGroup, Place, RequestId, Role, RoomId, RoomKind, RoomRules, RoomSnapshot, Seat, Seq, Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A change to a room besides posts. Applied in one transaction that checks the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RoomChange {
    Edit {
        name: Option<String>,
        avatar: Option<String>,
        intro: Option<String>,
        place: Option<Place>,
        rules: Option<RoomRules>,
    },
    /// The group's picture and its address. The blob must be noted, or it is refused with `Unknown(File)`; the one it
    /// takes the place of is noted as due.
    SetAvatar {
        image: Image,
        address: String,
        at: Timestamp,
    },
    /// Adds members; `passed` is the join request this answers, if any. Whoever is added waits for no answer any more,
    /// also when `passed` names nothing. Refused with `Unknown(Account)`, `Exists(Member)`.
    Add {
        members: Vec<Member>,
        passed: Option<RequestId>,
        at: Timestamp,
    },
    /// Ends memberships at the room's present end.
    Remove {
        accounts: Vec<AccountId>,
        at: Timestamp,
    },
    SetRole {
        account: AccountId,
        role: Role,
    },
    Mute {
        account: AccountId,
        until: Timestamp,
    },
    SetNickname {
        account: AccountId,
        nickname: String,
    },
    SetQuiet {
        account: AccountId,
        quiet: bool,
    },
    /// The new owner takes over and the old one leaves (`old_leaves`) or becomes a member.
    Transfer {
        to: AccountId,
        old_leaves: bool,
        at: Timestamp,
    },
    Dissolve {
        at: Timestamp,
    },
    Apply {
        account: AccountId,
        reason: String,
        at: Timestamp,
    },
    Deny {
        request: RequestId,
        reason: String,
    },
    Revoke {
        message: MessageId,
        at: Timestamp,
    },
}

/// What a change left behind that the room needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RoomSaved {
    Done,
    Applied(JoinRequest),
}

#[async_trait]
pub trait RoomStore: Send + Sync {
    /// Takes the ownership of a room for an incarnation of a node: raises its epoch by one and reads it, in one
    /// transaction. Refused with `Unknown(Room)`, and with `Moved` while another incarnation that is still listed as a
    /// member owns it. `Incarnation(0)` is a node without membership, and owns nothing that others must wait for.
    async fn activate(&self, room: RoomId, me: Incarnation) -> StoreResult<RoomSnapshot>;

    /// Which incarnation owns the room, and with which epoch; `None` when there is no such room.
    async fn holder(&self, room: RoomId) -> StoreResult<Option<(Incarnation, Epoch)>>;

    /// Gives the ownership back if the epoch is still `epoch`, so that another node need not wait.
    async fn release(&self, room: RoomId, epoch: Epoch) -> StoreResult<()>;

    /// Where these rooms end, in any order; rooms that do not exist are left out.
    async fn ends(&self, rooms: &[RoomId]) -> StoreResult<Vec<(RoomId, Seq)>>;

    /// The messages of these rooms that were taken back at or after `since`, by room and seq, each with the kind of its
    /// room: what followers who were not told must hear. At most `limit`.
    async fn revoked(
        &self,
        rooms: &[RoomId],
        since: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<(RoomKind, ChatMessage)>>;

    /// Applies one change if the room's epoch is still `epoch`; otherwise refused with `Moved`.
    async fn change(&self, room: RoomId, epoch: Epoch, change: &RoomChange) -> StoreResult<RoomSaved>;

    /// Makes a group with its members. Members that do not exist are refused with `Unknown(Account)`; an owner who does
    /// not join need not exist.
    async fn create_group(&self, group: &NewGroup) -> StoreResult<RoomId>;

    /// The direct room of two accounts, made on first use. Refused with `Unknown(Account)`.
    async fn direct_room(&self, kind: RoomKind, now: Timestamp) -> StoreResult<RoomId>;

    /// A page of history. `total` is filled when asked for; cursors and unread are the room actor's. A room that does not
    /// exist has an empty history.
    async fn page(&self, room: RoomId, query: &HistoryQuery) -> StoreResult<HistoryPage>;

    /// One message of the room by id. Refused with `Unknown(Message)`.
    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<ChatMessage>;

    /// The countable messages after `after`, less the revoked ones: in a direct room those the peer has written, in a
    /// group everybody's, the reader's own among them.
    async fn unread(&self, room: RoomId, kind: RoomKind, reader: AccountId, after: Seq) -> StoreResult<i64>;

    /// The profiles of these members, in the order given; accounts that do not exist are left out.
    async fn seats(&self, members: &[Member]) -> StoreResult<Vec<Seat>>;
}
