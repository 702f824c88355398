//! What the directory can be asked and what it answers.

use crate::model::{Account, AccountId, LoginName, NewAccount, NewGroup, RoomId, RoomInfo};
use serde::{Deserialize, Serialize};

/// Where a one-time code goes, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeChannel {
    /// In a picture; `purpose` keeps a code for one thing from serving another.
    Captcha {
        purpose: String,
    },
    Email,
    Sms,
}

impl CodeChannel {
    /// The name of the channel in notices.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            CodeChannel::Captcha { .. } => "captcha",
            CodeChannel::Email => "email",
            CodeChannel::Sms => "sms",
        }
    }

    /// Under which name a code for `to` is kept.
    #[must_use]
    pub fn key_for(&self, to: &str) -> String {
        match self {
            CodeChannel::Captcha { purpose } => format!("captcha:{purpose}:{to}"),
            CodeChannel::Email => format!("email:{}", to.to_lowercase()),
            CodeChannel::Sms => format!("sms:{to}"),
        }
    }
}

/// A code that was made and sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCode {
    /// The address it went to; for a captcha a fresh UUID.
    pub to: String,
    pub code: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DirectoryRequest {
    /// Makes an account; the password, if any, is hashed here. Refused with `Exists(Login)`.
    Register {
        account: NewAccount,
        password: Option<String>,
    },
    /// Refused with `Unknown(Account)`, `Locked`, `WrongCredentials`, in this order.
    LogIn {
        name: String,
        password: String,
    },
    ByLogin {
        name: String,
    },
    ById {
        id: AccountId,
    },
    AddLogin {
        id: AccountId,
        name: LoginName,
    },
    /// Management: many accounts at once, all or none.
    CreateMany {
        accounts: Vec<NewAccount>,
    },
    /// Hashes a password for later storing.
    Hash {
        password: String,
    },
    SearchAccounts {
        text: String,
        limit: i64,
    },
    SearchGroups {
        text: String,
        limit: i64,
    },
    /// Makes a group. Refused with `Unknown(Account)`.
    CreateGroup {
        group: NewGroup,
    },
    /// Makes a code of `digits` decimal digits and sends it.
    IssueCode {
        channel: CodeChannel,
        to: Option<String>,
        digits: u8,
        valid_ms: i64,
    },
    /// Uses a code up. Refused with `CodeWrong` (it stays usable), `CodeExpired`.
    UseCode {
        channel: CodeChannel,
        to: String,
        code: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DirectoryAnswer {
    Account(Account),
    MaybeAccount(Option<Account>),
    Accounts(Vec<Account>),
    Ids(Vec<AccountId>),
    Groups(Vec<RoomInfo>),
    Room(RoomId),
    Hash(String),
    Code(IssuedCode),
    Done,
}
