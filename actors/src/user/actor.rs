//! A user's shell: keeps a cache of what the rules need, stores changes one at a time, tells whoever is concerned.

use super::messages::{UserAnswer, UserRequest};
use super::state::{Told, UserState};
use crate::board;
use crate::failure::{Failure, Thing};
use crate::fanout::Fanout;
use crate::model::{
    AccountId, AnsweredRequest, FriendRequest, Inbox, Push, RequestId, RequestStatus, RoomKind, Seq,
};
use crate::node::WeakNode;
use crate::ports::{BoardStore, Clock, LedgerStore, RoomStore, UserChange, UserSaved, UserStore, ViewStore};
use crate::registry::{Ask, Retire, Tombstone};
use crate::room::RoomRequest;
use actix::prelude::*;
use std::sync::Arc;

/// What every user's actor of a node shares.
pub struct UserShell {
    pub users: Arc<dyn UserStore>,
    pub views: Arc<dyn ViewStore>,
    pub rooms: Arc<dyn RoomStore>,
    pub ledger: Arc<dyn LedgerStore>,
    pub board: Arc<dyn BoardStore>,
    pub fanout: Fanout,
    pub clock: Arc<dyn Clock>,
    pub node: WeakNode,
}

/// People that are listed as talked to, at most.
const PEERS_MAX: i64 = 1_000;

/// The actor of one account.
pub struct UserActor {
    /// First, so that it is dropped first: the registry knows of a death before anybody who waits hears of it.
    _tombstone: Tombstone<AccountId>,
    id: AccountId,
    /// `None` until the first request, and after every change.
    state: Option<Arc<UserState>>,
    shell: Arc<UserShell>,
}

impl UserActor {
    /// Requests in the mailbox of a user, at most.
    pub const MAILBOX_LEN_MAX: usize = 256;
    const GRACE_MS: u64 = 1_000;

    #[must_use]
    pub fn new(id: AccountId, shell: Arc<UserShell>, tombstone: Tombstone<AccountId>) -> UserActor {
        UserActor {
            id,
            state: None,
            shell,
            _tombstone: tombstone,
        }
    }
}

impl Actor for UserActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(UserActor::MAILBOX_LEN_MAX);
    }
}

impl Handler<Ask<UserRequest, UserAnswer>> for UserActor {
    type Result = ();

    fn handle(&mut self, ask: Ask<UserRequest, UserAnswer>, ctx: &mut Context<Self>) {
        let Ask { request, reply } = ask;
        let (shell, id, cached) = (self.shell.clone(), self.id, self.state.clone());
        let reads_store_only = matches!(
            request,
            UserRequest::Friends { .. }
                | UserRequest::FriendRequests
                | UserRequest::FriendRequestHistory
                | UserRequest::Conversations
                | UserRequest::View { .. }
                | UserRequest::ViewWith { .. }
                | UserRequest::Groups
                | UserRequest::JoinRequests
                | UserRequest::Peers
                | UserRequest::DirectRoom { .. }
                | UserRequest::Inbox { .. }
                | UserRequest::KeepKey { .. }
                | UserRequest::Tags(_)
        );
        if reads_store_only {
            let work = async move { read(&shell, id, request).await };
            ctx.spawn(work.into_actor(self).map(|answer, _, _| drop(reply.send(answer))));
            return;
        }
        // One at a time: the mailbox waits, so that each decision sees the change before it.
        let work = async move { decide(&shell, id, cached, request).await };
        ctx.wait(work.into_actor(self).map(|(answer, state), user, _| {
            user.state = state;
            drop(reply.send(answer));
        }));
    }
}

impl Handler<Retire> for UserActor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Context<Self>) {
        // A cache has nothing to hand over; what waits in the mailbox is still answered.
        ctx.run_later(std::time::Duration::from_millis(UserActor::GRACE_MS), |_, ctx| {
            ctx.stop()
        });
    }
}

async fn read(shell: &UserShell, id: AccountId, request: UserRequest) -> Result<UserAnswer, Failure> {
    Ok(match request {
        UserRequest::Friends { blocked } => UserAnswer::Friends(shell.users.friends(id, blocked).await?),
        UserRequest::FriendRequests => UserAnswer::FriendRequests(shell.users.friend_requests(id).await?),
        UserRequest::FriendRequestHistory => UserAnswer::FriendRequests(shell.views.requests_to(id).await?),
        UserRequest::Conversations => UserAnswer::Conversations(shell.views.conversations(id).await?),
        UserRequest::View { id: view } => {
            let view = shell.views.view(view).await?.filter(|view| !view.closed);
            let view = view.ok_or(Failure::Unknown(Thing::Room))?;
            view.open_for(id).ok_or(Failure::NotMember)?;
            UserAnswer::View(view)
        }
        UserRequest::ViewWith { peer } => UserAnswer::MaybeView(shell.views.open_view(id, peer).await?),
        UserRequest::Groups => UserAnswer::Groups(shell.users.groups(id).await?),
        UserRequest::JoinRequests => UserAnswer::JoinRequests(shell.users.join_requests(id).await?),
        UserRequest::Peers => UserAnswer::Peers(shell.users.peers(id, PEERS_MAX).await?),
        UserRequest::Tags(request) => {
            UserAnswer::Tags(board::tags(shell.board.as_ref(), id, request, shell.clock.now()).await?)
        }
        UserRequest::Inbox { after, limit } => {
            let after = match after {
                Some(key) => key,
                None => shell.ledger.key(id).await?,
            };
            UserAnswer::Inbox(
                shell
                    .ledger
                    .inbox(id, after, limit.clamp(0, Inbox::LIMIT_MAX))
                    .await?,
            )
        }
        UserRequest::KeepKey { key } => {
            shell.ledger.keep_key(id, key).await?;
            UserAnswer::Done
        }
        UserRequest::DirectRoom { peer } => {
            let kind = RoomKind::direct(id, peer);
            let room = shell.rooms.direct_room(kind, shell.clock.now()).await?;
            for account in [id, peer] {
                // Sessions that follow the room already take no notice.
                shell.fanout.to_account(
                    account,
                    Push::Joined {
                        room,
                        account,
                        at: Seq(0),
                    },
                );
            }
            UserAnswer::Room(room)
        }
        other => return Err(Failure::Internal(format!("not a read of the store: {other:?}"))),
    })
}

type Decided = (Result<UserAnswer, Failure>, Option<Arc<UserState>>);

async fn decide(
    shell: &UserShell,
    id: AccountId,
    cached: Option<Arc<UserState>>,
    request: UserRequest,
) -> Decided {
    if matches!(request, UserRequest::Forget) {
        return (Ok(UserAnswer::Done), None);
    }
    let state = match cached {
        Some(state) => state,
        None => match shell.users.load(id).await {
            Ok(snapshot) => Arc::new(UserState::new(snapshot)),
            Err(error) => return (Err(error.into()), None),
        },
    };
    match request {
        UserRequest::Profile => (Ok(UserAnswer::Profile(state.account().clone())), Some(state)),
        UserRequest::Relation { peer } => (Ok(UserAnswer::Relation(state.relation(peer))), Some(state)),
        UserRequest::ContactGroups => (
            Ok(UserAnswer::ContactGroups(state.contact_groups().to_vec())),
            Some(state),
        ),
        UserRequest::Typing { from, active } => {
            if !state.relation(from).is_blocked() {
                shell.fanout.to_account(id, Push::Typing { from, to: id, active });
            }
            (Ok(UserAnswer::Done), Some(state))
        }
        UserRequest::Signal { from, body } => {
            if !state.relation(from).is_blocked() {
                shell.fanout.to_account(id, Push::Signal { from, to: id, body });
            }
            (Ok(UserAnswer::Done), Some(state))
        }
        UserRequest::AnswerRequest { id: request, accept } => {
            answer_request(shell, id, state, request, accept).await
        }
        request => match state.decide(&request, shell.clock.now()) {
            Ok(Some(change)) => store(shell, id, state, change).await,
            Ok(None) => (
                Err(Failure::Internal("a user was asked for nothing".to_owned())),
                Some(state),
            ),
            Err(failure) => (Err(failure), Some(state)),
        },
    }
}

async fn answer_request(
    shell: &UserShell,
    id: AccountId,
    state: Arc<UserState>,
    request: RequestId,
    accept: bool,
) -> Decided {
    let (request, were_friends) = match open_request(shell, id, request).await {
        Ok(found) => found,
        Err(failure) => return (Err(failure), Some(state)),
    };
    let change = UserChange::AnswerFriend {
        from: request.from,
        accept,
        reason: String::new(),
        at: shell.clock.now(),
    };
    let (answer, state) = store(shell, id, state, change).await;
    let were_friends = were_friends && accept;
    let answer = answer.map(|_| {
        UserAnswer::Answered(AnsweredRequest {
            request,
            were_friends,
        })
    });
    (answer, state)
}

/// A request to this user that waits, and whether the two are friends already.
async fn open_request(
    shell: &UserShell,
    id: AccountId,
    request: RequestId,
) -> Result<(FriendRequest, bool), Failure> {
    let request = shell.views.request(request).await?;
    let request = request.ok_or(Failure::Unknown(Thing::FriendRequest))?;
    if request.to != id {
        let why = "the target user of this request is not you";
        return Err(Failure::Forbidden(why.to_owned()));
    }
    if request.status != RequestStatus::Waiting {
        return Err(Failure::Exists(Thing::FriendRequest));
    }
    let view = shell.views.open_view(id, request.from).await?;
    Ok((request, view.is_some()))
}

async fn store(shell: &UserShell, id: AccountId, state: Arc<UserState>, change: UserChange) -> Decided {
    let saved = match shell.users.change(id, &change).await {
        Ok(saved) => saved,
        Err(error) => return (Err(error.into()), None),
    };
    let mut keep = Some(state.clone());
    for told in state.told(&change) {
        match told {
            Told::Push(account, push) => shell.fanout.to_account(account, push),
            Told::Reload => keep = None,
            Told::Forget(account) => {
                if let Some(node) = shell.node.upgrade()
                    && let Err(failure) = node.forget_user(account).await
                {
                    tracing::warn!(%account, %failure, "a user's actor did not hear that its cache is stale");
                }
            }
            Told::Block { peer, blocked } => {
                if let Err(failure) = tell_block(shell, id, peer, blocked).await {
                    tracing::warn!(account = %id, %peer, %failure, "a direct room did not hear of a block");
                }
            }
        }
    }
    let answer = match saved {
        UserSaved::Done => UserAnswer::Done,
        UserSaved::Asked(request) => UserAnswer::Asked(request),
        UserSaved::Grouped(group) => UserAnswer::Grouped(group),
    };
    (Ok(answer), keep)
}

async fn tell_block(shell: &UserShell, by: AccountId, peer: AccountId, blocked: bool) -> Result<(), Failure> {
    let Some(node) = shell.node.upgrade() else {
        return Ok(());
    };
    let room = shell
        .rooms
        .direct_room(RoomKind::direct(by, peer), shell.clock.now())
        .await?;
    node.room(room)
        .ask(RoomRequest::BlockChanged { by, blocked })
        .await
        .map(drop)
}
