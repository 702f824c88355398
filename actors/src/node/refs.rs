//! Typed calls on a room, a user or the directory: each sends one request to the actor and unwraps its answer.

use super::Node;
use crate::directory::{CodeChannel, DirectoryAnswer, DirectoryRequest, IssuedCode};
use crate::failure::Failure;
use crate::model::{
    Account, AccountEdit, AccountId, Caller, ChatMessage, Friend, FriendRequest, HistoryPage, HistoryQuery,
    JoinRequest, MessageId, NewAccount, NewGroup, Post, RequestId, RoomId, RoomInfo, RoomPosition, Seat, Seq,
};
use crate::registry::Ask;
use crate::room::{RoomAnswer, RoomRequest, RoomView};
use crate::user::{Relation, UserAnswer, UserRequest};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

fn unexpected<T>(answer: impl std::fmt::Debug) -> Result<T, Failure> {
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
    /// How often a request follows a room that moves, at most.
    const MOVES_MAX: usize = 3;

    pub(super) fn new(node: Node, id: RoomId) -> RoomRef {
        RoomRef { node, id }
    }

    /// Sends any request. One that was certainly not carried out because the room moved is sent again.
    pub async fn ask(&self, request: RoomRequest) -> Result<RoomAnswer, Failure> {
        if self.node.is_draining() && !request.is_read() {
            return Err(Failure::Unavailable("this node stops".to_owned()));
        }
        for _ in 0..RoomRef::MOVES_MAX {
            let again = request.is_read().then(|| request.clone());
            match self.node.0.rooms.ask(self.id, request.clone(), again).await {
                Err(Failure::Moved) => tokio::task::yield_now().await,
                answer => return answer,
            }
        }
        Err(Failure::Busy(format!("room {}", self.id)))
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

    /// Messages for a session that follows the room.
    pub async fn range(&self, query: HistoryQuery) -> Result<HistoryPage, Failure> {
        match self.ask(RoomRequest::Range { query }).await? {
            RoomAnswer::Page(page) => Ok(page),
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

    /// Sends any request.
    pub async fn ask(&self, request: UserRequest) -> Result<UserAnswer, Failure> {
        let again = request.is_read().then(|| request.clone());
        self.node.0.users.ask(self.id, request, again).await
    }

    user_reads! {
        profile => UserRequest::Profile, Profile, Account;
        friends => UserRequest::Friends { blocked: false }, Friends, Vec<Friend>;
        blocked => UserRequest::Friends { blocked: true }, Friends, Vec<Friend>;
        friend_requests => UserRequest::FriendRequests, FriendRequests, Vec<(FriendRequest, Account)>;
        groups => UserRequest::Groups, Groups, Vec<RoomInfo>;
        join_requests => UserRequest::JoinRequests, JoinRequests, Vec<(JoinRequest, Account, RoomInfo)>;
        positions => UserRequest::Positions, Positions, Vec<RoomPosition>;
    }

    pub async fn direct_room(&self, peer: AccountId) -> Result<RoomId, Failure> {
        match self.ask(UserRequest::DirectRoom { peer }).await? {
            UserAnswer::Room(room) => Ok(room),
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
        match self.ask(DirectoryRequest::CreateGroup { group }).await? {
            DirectoryAnswer::Room(room) => Ok(room),
            other => unexpected(other),
        }
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
