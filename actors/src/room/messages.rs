//! What a room can be asked and what it answers. Closed and serde-able: requests cross nodes.

use crate::board::{BoardAnswer, BoardRequest};
use crate::cluster::routing::Retry;
use crate::model::{
    AccountId, Caller, ChatMessage, Epoch, HistoryPage, HistoryQuery, Image, JoinRequest, Member, MessageId,
    Place, Post, RequestId, RoomInfo, RoomRules, Seat, Seq, Timestamp,
};
use crate::tree::{TreeAnswer, TreeRequest};
use serde::{Deserialize, Serialize};

/// A request to one room. Unless said otherwise the caller must be a member, or is refused with `NotMember`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RoomRequest {
    /// Stores a message. Refused with `Muted`, `Blocked`, `Dissolved`, `TokenReused`.
    Post {
        caller: Caller,
        post: Post,
    },
    /// Moves the caller's read cursor up; `None` means to the end.
    Read {
        caller: Caller,
        up_to: Option<Seq>,
    },
    /// Takes the caller's own message back within `within_ms` of posting. Refused with `NotAuthor`, `TooLate`.
    Revoke {
        caller: Caller,
        message: MessageId,
        within_ms: i64,
    },
    /// A page of history. `whole` shows also what was written before the caller came.
    Page {
        caller: Caller,
        query: HistoryQuery,
        whole: bool,
    },
    /// Messages by seq for sessions that follow the room: asked by nodes, never by clients.
    Range {
        query: HistoryQuery,
    },
    /// What the room is, and the caller's own seat. Anyone may ask.
    Look {
        caller: Caller,
    },
    /// Everyone's seat with profile, highest role first. Anyone may ask; hidden members are a dialect's matter.
    Seats {
        caller: Caller,
    },
    /// Managers. Changes settings. `owner_only` refuses managers too.
    Edit {
        caller: Caller,
        edit: RoomEdit,
        owner_only: bool,
    },
    /// Managers. Sets the group's picture: its bytes, and the address at which anybody may see it.
    SetAvatar {
        caller: Caller,
        image: Image,
        address: String,
    },
    /// Asks to join. Refused with `JoiningOff`, `Full`, `Exists(Member)`, `Waiting(JoinRequest)`, in this order, or with
    /// `Full` last when `full_last`.
    Apply {
        caller: Caller,
        reason: String,
        full_last: bool,
    },
    /// Managers. Refused with `Unknown(JoinRequest)`. With an id only that very request of the account is answered.
    AnswerJoin {
        caller: Caller,
        id: Option<RequestId>,
        account: AccountId,
        accept: bool,
        reason: String,
    },
    /// Adds members directly. Managers, or any member when `by_member` and invitations are on.
    Add {
        caller: Caller,
        accounts: Vec<AccountId>,
        by_member: bool,
    },
    /// Comes in without asking (Kahla's open groups). Refused with `Full`, `Exists(Member)`.
    Enter {
        caller: Caller,
    },
    /// Refused with `OwnerStays` unless `owner_may`.
    Leave {
        caller: Caller,
        owner_may: bool,
    },
    /// Leaves whoever one is: an owner hands over to who came first, and the last one out dissolves the group.
    Quit {
        caller: Caller,
    },
    /// Managers. Refused with `Protected`, `Unknown(Member)`. An owner may remove managers when `over_managers`.
    Kick {
        caller: Caller,
        accounts: Vec<AccountId>,
        over_managers: bool,
    },
    /// Owner. Makes a member a manager, or a manager a member. Refused with `Protected`, `Unknown(Member)`.
    SwitchManager {
        caller: Caller,
        account: AccountId,
    },
    /// Owner.
    SetManager {
        caller: Caller,
        account: AccountId,
        manager: bool,
    },
    /// Managers. `until` in the past ends the mute.
    Mute {
        caller: Caller,
        account: AccountId,
        until: Timestamp,
    },
    SetNickname {
        caller: Caller,
        nickname: String,
    },
    SetQuiet {
        caller: Caller,
        quiet: bool,
    },
    /// Owner. The old owner leaves or becomes a plain member.
    Transfer {
        caller: Caller,
        to: AccountId,
        old_leaves: bool,
    },
    /// Owner.
    Dissolve {
        caller: Caller,
    },
    /// Of the room's files: see [`TreeRequest`].
    Files {
        caller: Caller,
        request: TreeRequest,
    },
    /// Of the group's board: see [`BoardRequest`].
    Board {
        caller: Caller,
        request: BoardRequest,
    },
    /// Told by a user's actor after its block of the peer was stored. Direct rooms.
    BlockChanged {
        by: AccountId,
        blocked: bool,
    },
    /// For the console and tests.
    Census,
    /// Dies in its handler: how tests see that a death is noticed.
    #[cfg(feature = "testkit")]
    Panic,
}

/// New settings of a group; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoomEdit {
    pub name: Option<String>,
    pub avatar: Option<String>,
    pub intro: Option<String>,
    pub place: Option<Place>,
    pub rules: Option<RoomRules>,
}

impl RoomRequest {
    /// What carrying it out twice does: whether it may be asked again when its outcome was lost.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            RoomRequest::Read { .. } => Retry::Safe,
            RoomRequest::Post { post, .. } if post.token.is_some() => Retry::Safe,
            other if other.is_read() => Retry::Reads,
            _ => Retry::Unsafe,
        }
    }

    /// Whether the request changes nothing that is stored.
    #[must_use]
    pub fn is_read(&self) -> bool {
        if let RoomRequest::Files { request, .. } = self {
            return request.is_read();
        }
        if let RoomRequest::Board { request, .. } = self {
            return request.is_read();
        }
        matches!(
            self,
            RoomRequest::Page { .. }
                | RoomRequest::Range { .. }
                | RoomRequest::Look { .. }
                | RoomRequest::Seats { .. }
                | RoomRequest::BlockChanged { .. }
                | RoomRequest::Census
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RoomAnswer {
    Posted(ChatMessage),
    Revoked(ChatMessage),
    /// Where the cursor stands now.
    Read(Seq),
    Page(HistoryPage),
    Look(RoomView),
    Seats(RoomView, Vec<Seat>),
    Files(TreeAnswer),
    Board(BoardAnswer),
    Applied(JoinRequest),
    /// The accounts that were not members before.
    Added(Vec<AccountId>),
    Done,
    Census(RoomCensus),
}

/// A room as a caller sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoomView {
    pub info: RoomInfo,
    pub me: Option<Member>,
    pub last_seq: Seq,
}

/// What an operator wants to know of a room's actor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoomCensus {
    pub epoch: Epoch,
    pub last_seq: Seq,
    pub members: usize,
    pub waiting: usize,
}
