//! A user's shell: keeps a cache of what the rules need, stores changes one at a time, tells whoever is concerned.

use super::messages::{UserAnswer, UserRequest};
use super::state::{Told, UserState};
use crate::failure::Failure;
use crate::fanout::Fanout;
use crate::model::{AccountId, Push, RoomKind, Seq};
use crate::node::WeakNode;
use crate::ports::{Clock, RoomStore, UserChange, UserSaved, UserStore};
use crate::registry::{Ask, Retire, Tombstone};
use crate::room::RoomRequest;
use actix::prelude::*;
use std::sync::Arc;

/// What every user's actor of a node shares.
pub struct UserShell {
    pub users: Arc<dyn UserStore>,
    pub rooms: Arc<dyn RoomStore>,
    pub fanout: Fanout,
    pub clock: Arc<dyn Clock>,
    pub node: WeakNode,
}

/// The actor of one account.
pub struct UserActor {
    id: AccountId,
    /// `None` until the first request, and after every change.
    state: Option<Arc<UserState>>,
    shell: Arc<UserShell>,
    _tombstone: Tombstone<AccountId>,
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
                | UserRequest::Groups
                | UserRequest::JoinRequests
                | UserRequest::Positions
                | UserRequest::DirectRoom { .. }
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
        ctx.run_later(std::time::Duration::from_millis(UserActor::GRACE_MS), |_, ctx| {
            ctx.stop()
        });
    }
}

async fn read(shell: &UserShell, id: AccountId, request: UserRequest) -> Result<UserAnswer, Failure> {
    Ok(match request {
        UserRequest::Friends { blocked } => UserAnswer::Friends(shell.users.friends(id, blocked).await?),
        UserRequest::FriendRequests => UserAnswer::FriendRequests(shell.users.friend_requests(id).await?),
        UserRequest::Groups => UserAnswer::Groups(shell.users.groups(id).await?),
        UserRequest::JoinRequests => UserAnswer::JoinRequests(shell.users.join_requests(id).await?),
        UserRequest::Positions => UserAnswer::Positions(shell.users.positions(id).await?),
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
        UserRequest::Typing { from, active } => {
            if !state.relation(from).is_blocked() {
                shell.fanout.to_account(id, Push::Typing { from, to: id, active });
            }
            (Ok(UserAnswer::Done), Some(state))
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
                if let Some(node) = shell.node.upgrade() {
                    node.forget_user(account);
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
