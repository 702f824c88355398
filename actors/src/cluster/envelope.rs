//! The Envelope: the one unit between peer nodes, MessagePack behind a version byte.
//!
//! Within a version, fields and variants are only added: structs are arrays, so a new field goes last and has a
//! default; variants are named, so their order does not matter. `tests/core/envelopes` keeps bytes of every released
//! version, and they must decode for ever.

use crate::failure::Failure;
use crate::model::{AccountId, Epoch, Push, RoomId, Seq, TopicId};
use crate::room::{RoomAnswer, RoomRequest};
use crate::user::{UserAnswer, UserRequest};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of envelopes that this node writes, and the lowest it reads.
pub const VERSION: u8 = 1;
pub const VERSION_MIN: u8 = 1;
/// The longest envelope, in bytes: a page of history with the longest bodies is refused before it gets there.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How often a request is passed on from node to node, at most.
pub const HOPS_MAX: u8 = 3;

/// Names a question until its answer comes back on the same link.
pub type Ticket = u64;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Envelope {
    /// A question to an actor, or to the node itself.
    Ask {
        ticket: Ticket,
        hops: u8,
        question: Question,
    },
    Answer {
        ticket: Ticket,
        answer: Result<Answer, Failure>,
    },
    /// The actor was lost with the question on it: carried out or not.
    Lost {
        ticket: Ticket,
    },
    /// Pushes of a room, in order, for the sessions that follow it on the receiving node.
    Room {
        room: RoomId,
        pushes: Vec<Push>,
    },
    /// A push for the sessions of an account. `relay` asks the account's home node to pass it on to wherever they are.
    Account {
        account: AccountId,
        push: Push,
        relay: bool,
    },
    /// Where rooms end: whoever has seen less must read back.
    Ends {
        ends: Vec<(RoomId, Seq)>,
    },
    /// From now on tell me of these. Answered by `Followed` once it counts.
    Follow {
        ticket: Ticket,
        rooms: Vec<RoomId>,
        accounts: Vec<AccountId>,
    },
    Followed {
        ticket: Ticket,
    },
    Unfollow {
        rooms: Vec<RoomId>,
        accounts: Vec<AccountId>,
    },
    /// Pushes to these accounts, which the receiver follows, may have been lost on their way to the sender: what they
    /// told must be read again.
    Reread {
        accounts: Vec<AccountId>,
    },
    /// A push for whoever listens to a topic right now on the receiving node. Never stored.
    Topic {
        topic: TopicId,
        push: Push,
    },
    /// The room is placed on the sender, and the receiver took it with this epoch: it should give it back.
    LetGo {
        room: RoomId,
        epoch: Epoch,
    },
    /// The list of members has changed: read it again.
    MembersChanged,
    /// Shows that the link lives.
    Ping,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Question {
    Room(RoomId, RoomRequest),
    User(AccountId, UserRequest),
    /// Which of these accounts, all at home on the receiving node, have a session on any node.
    Online(Vec<AccountId>),
    /// What an operator wants to know of the receiving node.
    Census,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Room(RoomAnswer),
    User(UserAnswer),
    Online(Vec<AccountId>),
    Census(NodeCensus),
}

/// A node as an operator sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeCensus {
    pub rooms: usize,
    pub users: usize,
    pub sessions: u64,
    /// Rooms and accounts that peers follow here.
    pub followed_rooms: usize,
    pub followed_accounts: usize,
    /// The names of the peers it has a link to.
    pub links: Vec<String>,
}

/// Why bytes are no envelope.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    #[error("an empty envelope")]
    Empty,
    #[error("envelope version {0} is not between {VERSION_MIN} and {VERSION}")]
    Version(u8),
    #[error("not an envelope: {0}")]
    Malformed(#[from] rmp_serde::decode::Error),
}

impl Envelope {
    /// Appends the bytes of the envelope.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), rmp_serde::encode::Error> {
        out.push(VERSION);
        rmp_serde::encode::write(out, self)
    }

    pub fn decode(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
        match bytes {
            [] => Err(EnvelopeError::Empty),
            [VERSION_MIN..=VERSION, body @ ..] => Ok(rmp_serde::from_slice(body)?),
            [version, ..] => Err(EnvelopeError::Version(*version)),
        }
    }
}
