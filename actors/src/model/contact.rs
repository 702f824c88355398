//! What one account holds of another: friendship, block, remark; and the requests that lead there.

use super::{Account, AccountId, ContactGroupId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

/// One account's own record of a peer. The other side has its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    pub id: i64,
    pub owner: AccountId,
    pub peer: AccountId,
    pub friend: bool,
    pub blocked: bool,
    pub remark: String,
    pub label: String,
    pub created_at: Timestamp,
}

/// A name under which an account gathers some of its contacts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactGroup {
    pub id: ContactGroupId,
    pub name: String,
    /// The peers of these contacts, by id.
    pub members: Vec<AccountId>,
}

/// A contact together with the profile of the peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Friend {
    pub contact: Contact,
    pub account: Account,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestStatus {
    Waiting,
    Passed,
    Denied,
}

impl RequestStatus {
    /// The stored name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RequestStatus::Waiting => "wait",
            RequestStatus::Passed => "pass",
            RequestStatus::Denied => "deny",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> RequestStatus {
        match name {
            "pass" => RequestStatus::Passed,
            "deny" => RequestStatus::Denied,
            _ => RequestStatus::Waiting,
        }
    }
}

/// A request to become friends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FriendRequest {
    pub id: RequestId,
    pub from: AccountId,
    pub to: AccountId,
    pub reason: String,
    pub deny_reason: String,
    pub status: RequestStatus,
    pub created_at: Timestamp,
}
