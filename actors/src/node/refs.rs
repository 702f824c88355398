//! Typed calls on a room, a user or the directory: each sends one request to the actor and unwraps its answer.

use super::Node;
use crate::directory::{CodeChannel, DirectoryAnswer, DirectoryRequest, IssuedCode};
use crate::failure::Failure;
use crate::model::{
    Account, AccountEdit, AccountId, AnsweredRequest, Caller, Channel, ChannelId, ChatMessage, CommitKey,
    ContactGroup, Conversation, FileId, Friend, FriendRequest, Grant, GroupQuota, HistoryPage, HistoryQuery,
    Inbox, JoinRequest, MessageId, NewAccount, NewGroup, Pass, Post, RequestId, RoomId, RoomInfo,
    RoomPosition, Seat, SecretDigest, Seq, SharedFile, Told, Upload, View, ViewId,
};
use crate::near::Wanted;
use crate::registry::Ask;
use crate::room::{RoomAnswer, RoomCensus, RoomRequest, RoomView};
use crate::user::{Relation, UserAnswer, UserRequest};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

pub(super) fn unexpected<T>(answer: impl std::fmt::Debug) -> Result<T, Failure> {
    Err(Failure::Internal(format!(
        "an actor answered another question: {answer:?}"
    )))
}

/// One room, wherever it lives.
pub struct RoomRef {
    node: Node,
    id: RoomId,
}

impl RoomRef {
    pub(super) fn new(node: Node, id: RoomId) -> RoomRef {
        RoomRef { node, id }
    }

    /// Sends any request to wherever the room lives, following it when it moves.
    pub async fn ask(&self, request: RoomRequest) -> Result<RoomAnswer, Failure> {
        self.node.ask_room(self.id, request).await
    }

    /// Asks for something that answers with nothing but success.
    pub async fn act(&self, request: RoomRequest) -> Result<(), Failure> {
        self.ask(request).await.map(drop)
    }

    /// Posts a message; answers with it as stored.
    pub async fn post(&self, caller: Caller, post: Post) -> Result<ChatMessage, Failure> {
        match self.ask(RoomRequest::Post { caller, post }).await? {
            RoomAnswer::Posted(message) => Ok(message),
            other => unexpected(other),
        }
    }

    pub async fn read(&self, caller: Caller, up_to: Option<Seq>) -> Result<Seq, Failure> {
        match self.ask(RoomRequest::Read { caller, up_to }).await? {
            RoomAnswer::Read(seq) => Ok(seq),
            other => unexpected(other),
        }
    }

    pub async fn revoke(
        &self,
        caller: Caller,
        message: MessageId,
        within_ms: i64,
    ) -> Result<ChatMessage, Failure> {
        match self
            .ask(RoomRequest::Revoke {
                caller,
                message,
                within_ms,
            })
            .await?
        {
            RoomAnswer::Revoked(message) => Ok(message),
            other => unexpected(other),
        }
    }

    /// A page of history as the caller may see it.
    pub async fn page(
        &self,
        caller: Caller,
        query: HistoryQuery,
        whole: bool,
    ) -> Result<HistoryPage, Failure> {
        match self.ask(RoomRequest::Page { caller, query, whole }).await? {
            RoomAnswer::Page(page) => Ok(page),
            other => unexpected(other),
        }
    }

    /// Messages for a session that follows the room: read where the session is, so that nodes whose link to the
    /// room's owner is down lose nothing.
    pub async fn range(&self, query: HistoryQuery) -> Result<HistoryPage, Failure> {
        Ok(self.node.0.ports.rooms.page(self.id, &query).await?)
    }

    /// What an operator wants to know of the room.
    pub async fn census(&self) -> Result<RoomCensus, Failure> {
        match self.ask(RoomRequest::Census).await? {
            RoomAnswer::Census(census) => Ok(census),
            other => unexpected(other),
        }
    }

    /// What the room is, and the caller's seat in it.
    pub async fn look(&self, caller: Caller) -> Result<RoomView, Failure> {
        match self.ask(RoomRequest::Look { caller }).await? {
            RoomAnswer::Look(view) => Ok(view),
            other => unexpected(other),
        }
    }

    pub async fn seats(&self, caller: Caller) -> Result<(RoomView, Vec<Seat>), Failure> {
        match self.ask(RoomRequest::Seats { caller }).await? {
            RoomAnswer::Seats(view, seats) => Ok((view, seats)),
            other => unexpected(other),
        }
    }
}

/// One account's actor, wherever it lives.
pub struct UserRef {
    node: Node,
    id: AccountId,
}

macro_rules! user_reads {
    ($($name:ident => $request:expr, $answer:ident, $type:ty;)*) => {
        $(pub async fn $name(&self) -> Result<$type, Failure> {
            match self.ask($request).await? {
                UserAnswer::$answer(value) => Ok(value),
                other => unexpected(other),
            }
        })*
    };
}

impl UserRef {
    pub(super) fn new(node: Node, id: AccountId) -> UserRef {
        UserRef { node, id }
    }

    /// Sends any request to wherever the user's actor lives.
    pub async fn ask(&self, request: UserRequest) -> Result<UserAnswer, Failure> {
        self.node.ask_user(self.id, request).await
    }

    user_reads! {
        profile => UserRequest::Profile, Profile, Account;
        friends => UserRequest::Friends { blocked: false }, Friends, Vec<Friend>;
        blocked => UserRequest::Friends { blocked: true }, Friends, Vec<Friend>;
        friend_requests => UserRequest::FriendRequests, FriendRequests, Vec<(FriendRequest, Account)>;
        groups => UserRequest::Groups, Groups, Vec<RoomInfo>;
        join_requests => UserRequest::JoinRequests, JoinRequests, Vec<(JoinRequest, Account, RoomInfo)>;
        conversations => UserRequest::Conversations, Conversations, Vec<Conversation>;
        peers => UserRequest::Peers, Peers, Vec<Account>;
        contact_groups => UserRequest::ContactGroups, ContactGroups, Vec<ContactGroup>;
    }

    pub async fn friend_request_history(&self) -> Result<Vec<(FriendRequest, Account)>, Failure> {
        match self.ask(UserRequest::FriendRequestHistory).await? {
            UserAnswer::FriendRequests(requests) => Ok(requests),
            other => unexpected(other),
        }
    }

    /// An open view by its id. Refused with `NotMember` unless this user is one of its two.
    pub async fn view(&self, id: ViewId) -> Result<View, Failure> {
        match self.ask(UserRequest::View { id }).await? {
            UserAnswer::View(view) => Ok(view),
            other => unexpected(other),
        }
    }

    pub async fn view_with(&self, peer: AccountId) -> Result<Option<View>, Failure> {
        match self.ask(UserRequest::ViewWith { peer }).await? {
            UserAnswer::MaybeView(view) => Ok(view),
            other => unexpected(other),
        }
    }

    pub async fn answer_request(&self, id: RequestId, accept: bool) -> Result<AnsweredRequest, Failure> {
        match self.ask(UserRequest::AnswerRequest { id, accept }).await? {
            UserAnswer::Answered(answered) => Ok(answered),
            other => unexpected(other),
        }
    }

    /// Asks for a friendship that both sides hold or neither.
    pub async fn ask_friendship(&self, to: AccountId) -> Result<RequestId, Failure> {
        match self.ask(UserRequest::AskFriendship { to }).await? {
            UserAnswer::Asked(id) => Ok(id),
            other => unexpected(other),
        }
    }

    pub async fn direct_room(&self, peer: AccountId) -> Result<RoomId, Failure> {
        match self.ask(UserRequest::DirectRoom { peer }).await? {
            UserAnswer::Room(room) => Ok(room),
            other => unexpected(other),
        }
    }

    /// What this user's rooms hold after a key, or after the one kept for its clients.
    pub async fn inbox(&self, after: Option<CommitKey>, limit: i64) -> Result<Inbox, Failure> {
        match self.ask(UserRequest::Inbox { after, limit }).await? {
            UserAnswer::Inbox(inbox) => Ok(inbox),
            other => unexpected(other),
        }
    }

    /// What this user holds of `peer`.
    pub async fn relation(&self, peer: AccountId) -> Result<Relation, Failure> {
        match self.ask(UserRequest::Relation { peer }).await? {
            UserAnswer::Relation(relation) => Ok(relation),
            other => unexpected(other),
        }
    }

    /// Asks for something that answers with nothing but success. What is cached of the account is dropped.
    pub async fn act(&self, request: UserRequest) -> Result<(), Failure> {
        let done = self.ask(request).await.map(drop);
        self.node.0.cards.remove(&self.id);
        done
    }

    pub async fn edit(&self, edit: AccountEdit) -> Result<(), Failure> {
        self.act(UserRequest::Edit(edit)).await
    }

    /// Sends a request to become friends.
    pub async fn ask_friend(&self, to: AccountId, reason: String) -> Result<RequestId, Failure> {
        match self.ask(UserRequest::AskFriend { to, reason }).await? {
            UserAnswer::Asked(id) => Ok(id),
            other => unexpected(other),
        }
    }

    /// Sets a new password; tokens issued before are void.
    pub async fn set_password(&self, password: String) -> Result<(), Failure> {
        let hash = self.node.directory().hash(password).await?;
        self.act(UserRequest::SetPassword { hash }).await
    }
}

/// The directory.
pub struct DirectoryRef {
    node: Node,
}

macro_rules! directory_asks {
    ($($name:ident($($field:ident: $type:ty),+) => $request:ident, $answer:ident, $result:ty;)*) => {
        $(pub async fn $name(&self, $($field: $type),+) -> Result<$result, Failure> {
            match self.ask(DirectoryRequest::$request { $($field),+ }).await? {
                DirectoryAnswer::$answer(value) => Ok(value),
                other => unexpected(other),
            }
        })*
    };
}

impl DirectoryRef {
    pub(super) fn new(node: Node) -> DirectoryRef {
        DirectoryRef { node }
    }

    /// Sends any request to the next actor of the pool.
    pub async fn ask(&self, request: DirectoryRequest) -> Result<DirectoryAnswer, Failure> {
        let addr = {
            let pool = self
                .node
                .0
                .directory
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let next = self.node.0.next_directory.fetch_add(1, Ordering::Relaxed);
            pool.get(next % pool.len().max(1)).cloned()
        };
        let addr = addr.ok_or_else(|| Failure::Unavailable("the node is starting".to_owned()))?;
        let (reply, answer) = oneshot::channel();
        addr.try_send(Ask { request, reply })
            .map_err(|_| Failure::Busy("the directory".to_owned()))?;
        answer.await.unwrap_or(Err(Failure::OutcomeUnknown))
    }

    pub async fn register(&self, account: NewAccount, password: Option<String>) -> Result<Account, Failure> {
        match self.ask(DirectoryRequest::Register { account, password }).await? {
            DirectoryAnswer::Account(account) => Ok(account),
            other => unexpected(other),
        }
    }

    pub async fn log_in(&self, name: String, password: String) -> Result<Account, Failure> {
        match self.ask(DirectoryRequest::LogIn { name, password }).await? {
            DirectoryAnswer::Account(account) => Ok(account),
            other => unexpected(other),
        }
    }

    /// The account behind an id at an outside identity provider, and whether it was made for this.
    pub async fn enter(&self, external: String, nickname: String) -> Result<(Account, bool), Failure> {
        match self.ask(DirectoryRequest::Enter { external, nickname }).await? {
            DirectoryAnswer::Entered(account, first) => Ok((account, first)),
            other => unexpected(other),
        }
    }

    pub async fn by_login(&self, name: String) -> Result<Option<Account>, Failure> {
        match self.ask(DirectoryRequest::ByLogin { name }).await? {
            DirectoryAnswer::MaybeAccount(account) => Ok(account),
            other => unexpected(other),
        }
    }

    pub async fn by_id(&self, id: AccountId) -> Result<Option<Account>, Failure> {
        match self.ask(DirectoryRequest::ById { id }).await? {
            DirectoryAnswer::MaybeAccount(account) => Ok(account),
            other => unexpected(other),
        }
    }

    directory_asks! {
        by_uuid(uuid: String) => ByUuid, MaybeAccount, Option<Account>;
        search_nicknames(text: String, limit: i64) => SearchNicknames, Accounts, Vec<Account>;
        search_claims(text: String, limit: i64) => SearchClaims, Groups, Vec<RoomInfo>;
        near_accounts(wanted: Wanted) => NearAccounts, NearAccounts, Vec<(Account, f64)>;
        near_groups(wanted: Wanted) => NearGroups, NearGroups, Vec<(RoomInfo, f64)>;
        add_upload(upload: Upload, total_max: i64) => AddUpload, Upload, Upload;
        upload(owner: AccountId, key: String) => Upload, Upload, Upload;
        claimed(name: String) => Claimed, MaybeRoom, Option<RoomId>;
        stored_positions(account: AccountId) => Positions, Positions, Vec<RoomPosition>;
        told(account: AccountId) => Told, Told, Told;
        find_grant(value: SecretDigest) => FindGrant, MaybeGrant, Option<Grant>;
        open_channel(account: AccountId) => OpenChannel, Channel, Channel;
        channel(id: ChannelId) => Channel, MaybeChannel, Option<Channel>;
        add_file(file: SharedFile) => AddFile, File, SharedFile;
        file(id: FileId) => File, File, SharedFile;
        take_ticket(ticket: SecretDigest) => TakeTicket, File, SharedFile;
    }

    /// Where an account stands in every room. A session reads it when it opens: what comes after that is told to it.
    pub async fn positions(&self, account: AccountId) -> Result<Vec<RoomPosition>, Failure> {
        if let Some(cluster) = self.node.cluster() {
            cluster.hears_of(account).await;
        }
        self.stored_positions(account).await
    }

    pub(super) async fn put_grant(&self, value: SecretDigest, account: AccountId) -> Result<(), Failure> {
        self.ask(DirectoryRequest::PutGrant { value, account })
            .await
            .map(drop)
    }

    pub(super) async fn drop_grant(&self, value: SecretDigest) -> Result<(), Failure> {
        self.ask(DirectoryRequest::DropGrant { value }).await.map(drop)
    }

    /// Gives the right to fetch a file once to whoever shows the secret with this digest.
    pub async fn put_ticket(&self, ticket: SecretDigest, file: FileId) -> Result<(), Failure> {
        self.ask(DirectoryRequest::PutTicket { ticket, file })
            .await
            .map(drop)
    }

    /// Management: many accounts at once, all or none.
    pub async fn create_many(&self, accounts: Vec<NewAccount>) -> Result<Vec<AccountId>, Failure> {
        match self.ask(DirectoryRequest::CreateMany { accounts }).await? {
            DirectoryAnswer::Ids(ids) => Ok(ids),
            other => unexpected(other),
        }
    }

    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        match self.ask(DirectoryRequest::Hash { password }).await? {
            DirectoryAnswer::Hash(hash) => Ok(hash),
            other => unexpected(other),
        }
    }

    pub async fn search_accounts(&self, text: String, limit: i64) -> Result<Vec<Account>, Failure> {
        match self.ask(DirectoryRequest::SearchAccounts { text, limit }).await? {
            DirectoryAnswer::Accounts(accounts) => Ok(accounts),
            other => unexpected(other),
        }
    }

    pub async fn search_groups(&self, text: String, limit: i64) -> Result<Vec<RoomInfo>, Failure> {
        match self.ask(DirectoryRequest::SearchGroups { text, limit }).await? {
            DirectoryAnswer::Groups(groups) => Ok(groups),
            other => unexpected(other),
        }
    }

    pub async fn create_group(&self, group: NewGroup) -> Result<RoomId, Failure> {
        self.create_group_within(group, GroupQuota::default()).await
    }

    /// The same within bounds on how many its owner makes: beyond them `Full` or `RateLimited`.
    pub async fn create_group_within(&self, group: NewGroup, quota: GroupQuota) -> Result<RoomId, Failure> {
        match self.ask(DirectoryRequest::CreateGroup { group, quota }).await? {
            DirectoryAnswer::Room(room) => Ok(room),
            other => unexpected(other),
        }
    }

    /// The operator's app server: sees to it that there are accounts of these ids.
    pub async fn admit(&self, ids: Vec<AccountId>) -> Result<(), Failure> {
        self.ask(DirectoryRequest::Admit { ids }).await.map(drop)
    }

    /// The app's token of an account, the same whenever asked.
    pub async fn pass(&self, id: AccountId) -> Result<String, Failure> {
        match self.ask(DirectoryRequest::Pass { id }).await? {
            DirectoryAnswer::Token(token) => Ok(token),
            other => unexpected(other),
        }
    }

    pub async fn by_pass(&self, token: String) -> Result<Option<Pass>, Failure> {
        match self.ask(DirectoryRequest::ByPass { token }).await? {
            DirectoryAnswer::MaybePass(pass) => Ok(pass),
            other => unexpected(other),
        }
    }

    pub async fn silence(&self, id: AccountId, silenced: bool) -> Result<(), Failure> {
        self.ask(DirectoryRequest::Silence { id, silenced })
            .await
            .map(drop)
    }

    /// Makes a code and sends it.
    pub async fn issue_code(
        &self,
        channel: CodeChannel,
        to: Option<String>,
        digits: u8,
        valid_ms: i64,
    ) -> Result<IssuedCode, Failure> {
        match self
            .ask(DirectoryRequest::IssueCode {
                channel,
                to,
                digits,
                valid_ms,
            })
            .await?
        {
            DirectoryAnswer::Code(code) => Ok(code),
            other => unexpected(other),
        }
    }

    /// Uses a code up. Refused with `CodeWrong`, `CodeExpired`.
    pub async fn use_code(&self, channel: CodeChannel, to: String, code: String) -> Result<(), Failure> {
        self.ask(DirectoryRequest::UseCode { channel, to, code })
            .await
            .map(drop)
    }
}
