//! Who is asking, already proven by a dialect's `auth`.

use super::AccountId;
use serde::{Deserialize, Serialize};

/// A proven identity. Made only by a dialect's authentication or by the operator's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub account: AccountId,
    /// The operator's own app server: may act on any room (GoBelieve's server authorisation).
    pub trusted: bool,
}

impl Caller {
    #[must_use]
    pub fn person(account: AccountId) -> Caller {
        Caller {
            account,
            trusted: false,
        }
    }

    #[must_use]
    pub fn operator() -> Caller {
        Caller {
            account: AccountId(0),
            trusted: true,
        }
    }
}
