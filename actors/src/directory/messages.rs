//! What the directory can be asked and what it answers.

use crate::model::{
    Account, AccountId, Channel, ChannelId, FileId, Grant, GroupHit, GroupQuery, GroupQuota, HintOf, Image,
    JoinRequest, LoginName, NewAccount, NewGroup, Pass, Rating, RequestId, RoomId, RoomInfo, RoomPosition,
    SecretDigest, SharedFile, Told, Upload,
};
use crate::near::Wanted;
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
    /// The account of a person whom an outside identity provider knows by `external`; made on first sight, with this
    /// nickname. Refused with `Locked`, and with `Exists(Login)` when somebody else logs in by that very text.
    Enter {
        external: String,
        nickname: String,
    },
    ByLogin {
        name: String,
    },
    ById {
        id: AccountId,
    },
    ByUuid {
        uuid: String,
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
    /// The accounts nearest to a point.
    NearAccounts {
        wanted: Wanted,
    },
    NearGroups {
        wanted: Wanted,
    },
    /// By a part of the nickname.
    SearchNicknames {
        text: String,
        limit: i64,
    },
    /// Groups by a part of the name they claim.
    SearchClaims {
        text: String,
        limit: i64,
    },
    /// The group that claims a name.
    Claimed {
        name: String,
    },
    /// Every room of an account and where it stands: asked when a session opens, which starts no user's actor.
    Positions {
        account: AccountId,
    },
    /// What an account was told that is in no room, as it stands: asked when some of it may have been lost on its way.
    Told {
        account: AccountId,
    },
    /// Keeps a sign-in, or dates it anew.
    PutGrant {
        value: SecretDigest,
        account: AccountId,
    },
    FindGrant {
        value: SecretDigest,
    },
    DropGrant {
        value: SecretDigest,
    },
    /// The push channel of an account, a new one when there is none that is valid.
    OpenChannel {
        account: AccountId,
    },
    Channel {
        id: ChannelId,
    },
    /// Keeps a file of a conversation.
    AddFile {
        file: SharedFile,
    },
    /// Refused with `Unknown(File)`, also when it is past its time.
    File {
        id: FileId,
    },
    /// Gives the right to fetch a file once, shown by the secret with this digest.
    PutTicket {
        ticket: SecretDigest,
        file: FileId,
    },
    /// Uses such a right up. Refused with `Unknown(File)`.
    TakeTicket {
        ticket: SecretDigest,
    },
    /// Keeps a file that an account put up, unless its files would then have more than `total_max` bytes. Refused
    /// with `Exists(File)` when another one has its key, `Full`.
    AddUpload {
        upload: Upload,
        total_max: i64,
    },
    /// Refused with `Unknown(File)`.
    Upload {
        owner: AccountId,
        key: String,
    },
    /// How people are rated; those nobody has rated are left out.
    Stars {
        accounts: Vec<AccountId>,
    },
    /// The avatar whose bytes are this blob.
    Avatar {
        blob: String,
    },
    /// Groups by what they show, in the order asked for.
    FindGroups {
        query: GroupQuery,
    },
    /// What a search for groups of a category may be completed with.
    Hints {
        of: HintOf,
        category: String,
        key: String,
        limit: i64,
    },
    /// A request to join a group, answered or not. Refused with `Unknown(JoinRequest)`.
    JoinRequest {
        id: RequestId,
    },
    /// Makes a group. Refused with `Unknown(Account)`, and beyond the quota with `Full` or `RateLimited`.
    CreateGroup {
        group: NewGroup,
        quota: GroupQuota,
    },
    /// The operator's app server: the accounts of these ids; those below [`AccountId::FIRST`] are made where they are
    /// missing. Refused with `Unknown(Account)` for any other.
    Admit {
        ids: Vec<AccountId>,
    },
    /// The token of an account, made on first asking.
    Pass {
        id: AccountId,
    },
    ByPass {
        token: String,
    },
    /// Whether the account may say anything in topics.
    Silence {
        id: AccountId,
        silenced: bool,
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
    /// Whether the account was made for this.
    Entered(Account, bool),
    MaybeAccount(Option<Account>),
    Accounts(Vec<Account>),
    Ids(Vec<AccountId>),
    Groups(Vec<RoomInfo>),
    NearAccounts(Vec<(Account, f64)>),
    NearGroups(Vec<(RoomInfo, f64)>),
    Upload(Upload),
    Stars(Vec<Rating>),
    MaybeImage(Option<Image>),
    Hits(Vec<GroupHit>),
    Texts(Vec<String>),
    JoinRequest(JoinRequest),
    Room(RoomId),
    MaybeRoom(Option<RoomId>),
    Positions(Vec<RoomPosition>),
    Told(Told),
    MaybeGrant(Option<Grant>),
    Channel(Channel),
    MaybeChannel(Option<Channel>),
    File(SharedFile),
    Hash(String),
    Code(IssuedCode),
    Token(String),
    MaybePass(Option<Pass>),
    Done,
}
