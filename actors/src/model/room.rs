//! A room: its kind, its settings, its members, and the snapshot an actor is built from.

use super::{Account, AccountId, Epoch, Place, RequestId, RequestStatus, RoomId, Seq, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RoomKind {
    /// Two accounts, `low < high` (or equal, for notes to oneself).
    Direct {
        low: AccountId,
        high: AccountId,
    },
    Group,
}

impl RoomKind {
    /// The direct room of two accounts, whichever is named first.
    #[must_use]
    pub fn direct(a: AccountId, b: AccountId) -> RoomKind {
        RoomKind::Direct {
            low: a.min(b),
            high: a.max(b),
        }
    }

    /// The other side of a direct room.
    #[must_use]
    pub fn peer_of(&self, account: AccountId) -> Option<AccountId> {
        match *self {
            RoomKind::Direct { low, high } => Some(if account == low { high } else { low }),
            RoomKind::Group => None,
        }
    }
}

/// What a group's managers set. All `false` is an open group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRules {
    /// Only managers may bring others in.
    pub invite_off: bool,
    /// Members' profiles are shown to managers only.
    pub members_hidden: bool,
    /// No applications to join are taken.
    pub join_off: bool,
    /// New members see what was written before they came.
    pub history_before_join: bool,
}

/// What is known of a room besides its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomInfo {
    pub id: RoomId,
    pub kind: RoomKind,
    pub name: String,
    pub avatar: String,
    pub intro: String,
    /// The account that may transfer and dissolve the group; 0 in direct rooms.
    pub owner: AccountId,
    pub member_count: i64,
    pub member_limit: i64,
    pub rules: RoomRules,
    pub place: Place,
    /// GoBelieve's super group: members catch up by group instead of by person.
    pub super_group: bool,
    /// team-up's type of group; empty elsewhere.
    pub category: String,
    pub created_at: Timestamp,
    pub dissolved_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    Member,
    Manager,
    Owner,
}

impl Role {
    /// The stored number; higher may do more.
    #[must_use]
    pub fn rank(self) -> i64 {
        match self {
            Role::Member => 0,
            Role::Manager => 1,
            Role::Owner => 2,
        }
    }

    #[must_use]
    pub fn from_rank(rank: i64) -> Role {
        match rank {
            2 => Role::Owner,
            1 => Role::Manager,
            _ => Role::Member,
        }
    }
}

/// One account's seat in a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub account: AccountId,
    pub role: Role,
    /// The name used in this room; empty means the account's own.
    pub nickname: String,
    pub muted_until: Timestamp,
    pub joined_at: Timestamp,
    /// The first seq written while this account is a member.
    pub from_seq: Seq,
    /// Everything up to here was read.
    pub read_seq: Seq,
    /// No offline notifications wanted.
    pub quiet: bool,
}

/// A request to join a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinRequest {
    pub id: RequestId,
    pub room: RoomId,
    pub account: AccountId,
    pub reason: String,
    pub deny_reason: String,
    pub status: RequestStatus,
    pub created_at: Timestamp,
}

/// Running numbers of countable messages: in a group `low` counts all of them;
/// in a direct room `low` and `high` count what each side wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub low: i64,
    pub high: i64,
}

impl Counts {
    /// The counts after one more message by `sender`.
    #[must_use]
    pub fn after(self, kind: RoomKind, sender: AccountId, countable: bool) -> Counts {
        let by = i64::from(countable);
        match kind {
            RoomKind::Direct { high, low } if sender == high && high != low => Counts {
                low: self.low,
                high: self.high + by,
            },
            _ => Counts {
                low: self.low + by,
                high: self.high,
            },
        }
    }

    /// Of these counts, what `reader` did not write itself: the peer's in a direct room, all of them in a group.
    #[must_use]
    pub fn for_reader(self, kind: RoomKind, reader: AccountId) -> i64 {
        match kind {
            RoomKind::Direct { low, .. } if reader == low => self.high,
            RoomKind::Direct { .. } | RoomKind::Group => self.low,
        }
    }
}

/// A group to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewGroup {
    pub name: String,
    pub avatar: String,
    pub intro: String,
    pub owner: AccountId,
    /// Members besides the owner.
    pub members: Vec<AccountId>,
    /// Whether the owner is a member (GoBelieve's master need not be one).
    pub owner_joins: bool,
    pub member_limit: i64,
    pub rules: RoomRules,
    pub place: Place,
    pub super_group: bool,
    pub category: String,
    /// Takes the name for this group alone, among all groups that claim theirs. Refused with `Exists(Name)`.
    pub claims_name: bool,
    pub created_at: Timestamp,
}

/// How many groups one account may make; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupQuota {
    /// It owns fewer than so many.
    pub owned_max: Option<i64>,
    /// It has made fewer than so many of those it owns within a day.
    pub per_day_max: Option<u32>,
}

impl GroupQuota {
    pub const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
}

/// Everything a room's actor is built from, read in the transaction that took the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomSnapshot {
    pub info: RoomInfo,
    pub epoch: Epoch,
    pub last_seq: Seq,
    pub counts: Counts,
    pub members: Vec<Member>,
    /// Waiting requests to join.
    pub join_requests: Vec<JoinRequest>,
    /// Direct rooms: the sides that block the other one.
    pub blocked_by: Vec<AccountId>,
}

/// Where a room stood when one of its members looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPosition {
    pub room: RoomId,
    pub last_seq: Seq,
    /// The first seq written while this account is a member.
    pub from_seq: Seq,
}

/// A member together with the profile behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    pub member: Member,
    pub account: Account,
}
