//! Failure: the one error type that adapters see. Each dialect maps every variant to its own code and words.

use crate::model::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a name or id in a failure speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Thing {
    Account,
    Login,
    Room,
    Member,
    Message,
    Contact,
    Block,
    FriendRequest,
    JoinRequest,
    ContactGroup,
    File,
    Folder,
    Picture,
    Tag,
    Announcement,
    Name,
    Secret,
}

impl Thing {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Thing::Account => "account",
            Thing::Login => "login name",
            Thing::Room => "room",
            Thing::Member => "member",
            Thing::Message => "message",
            Thing::Contact => "contact",
            Thing::Block => "block",
            Thing::FriendRequest => "friend request",
            Thing::JoinRequest => "join request",
            Thing::ContactGroup => "contact group",
            Thing::File => "file",
            Thing::Folder => "folder",
            Thing::Picture => "picture",
            Thing::Tag => "tag",
            Thing::Announcement => "announcement",
            Thing::Name => "name",
            Thing::Secret => "secret",
        }
    }
}

/// Every way a request can end without its answer.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Failure {
    // the caller's input
    #[error("{field} is not valid: {why}")]
    Invalid { field: String, why: String },
    #[error("{field} is longer than {max} bytes")]
    TooLong { field: String, max: u64 },

    // who the caller is
    #[error("wrong name or password")]
    WrongCredentials,
    #[error("this account is locked")]
    Locked,
    #[error("the code does not match")]
    CodeWrong,
    #[error("the code is unknown or has expired")]
    CodeExpired,

    // what there is and is not
    #[error("no such {}", .0.name())]
    Unknown(Thing),
    #[error("this {} exists already", .0.name())]
    Exists(Thing),
    #[error("an earlier {} still waits for its answer", .0.name())]
    Waiting(Thing),

    // what the caller may do
    #[error("not a member of this room")]
    NotMember,
    #[error("only a manager of the room may do this")]
    NotManager,
    #[error("only the owner of the room may do this")]
    NotOwner,
    #[error("only the author of the message may do this")]
    NotAuthor,
    #[error("the owner cannot leave: transfer or dissolve the group")]
    OwnerStays,
    #[error("not against an owner or manager")]
    Protected,
    #[error("the two are not friends")]
    NotFriends,
    #[error("the receiver has blocked the sender")]
    Blocked,
    #[error("muted until {until}")]
    Muted { until: Timestamp },
    #[error("the room takes no new members")]
    JoiningOff,
    #[error("{what} is full at {max}")]
    Full { what: String, max: i64 },
    #[error("the room was dissolved")]
    Dissolved,
    #[error("too late: allowed for {seconds} s")]
    TooLate { seconds: i64 },
    #[error("not allowed: {0}")]
    Forbidden(String),

    // retries
    #[error("this client token was used for another request")]
    TokenReused,
    #[error("the outcome is not known: it may or may not have been stored")]
    OutcomeUnknown,

    // the node itself
    #[error("too many requests: try again in {retry_ms} ms")]
    RateLimited { retry_ms: u64 },
    #[error("{0} is busy: try again")]
    Busy(String),
    #[error("not available now: {0}")]
    Unavailable(String),
    #[error("this {0} failed repeatedly and rests for a while")]
    Quarantined(String),
    /// Another node owns it now. Callers inside the node retry; no client sees it unless retries end.
    #[error("owned elsewhere by now")]
    Moved,
    #[error("internal error: {0}")]
    Internal(String),
}

impl Failure {
    /// An [`Failure::Invalid`] for a named field.
    #[must_use]
    pub fn invalid(field: &str, why: &str) -> Failure {
        Failure::Invalid {
            field: field.to_owned(),
            why: why.to_owned(),
        }
    }

    /// Refuses a text that its column does not take: longer than `max` bytes, or with a NUL character in it.
    pub fn check_len(field: &str, text: &str, max: usize) -> Result<(), Failure> {
        if text.contains('\0') {
            return Err(Failure::invalid(field, "must not hold a NUL character"));
        }
        if text.len() > max {
            return Err(Failure::TooLong {
                field: field.to_owned(),
                max: max as u64,
            });
        }
        Ok(())
    }
}
