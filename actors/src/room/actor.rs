//! A room's shell: loads the snapshot, asks [`RoomState`], does what the effects say, and brings outcomes back.

use super::messages::{RoomAnswer, RoomRequest};
use super::state::{CommitFailure, Effect, PageContext, RoomState, Ticket};
use crate::cluster::Standing;
use crate::failure::Failure;
use crate::fanout::Fanout;
use crate::journal::{Commit, Journal};
use crate::meters::Meters;
use crate::model::{HistoryQuery, Member, RoomId};
use crate::ports::{Clock, RoomStore};
use crate::registry::{Ask, Retire, Tombstone};
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What every room of a node shares.
pub struct RoomShell {
    pub store: Arc<dyn RoomStore>,
    pub journal: Addr<Journal>,
    pub fanout: Fanout,
    pub clock: Arc<dyn Clock>,
    pub meters: Arc<Meters>,
    /// This node's standing: its incarnation is written down as the room's owner.
    pub standing: Arc<Standing>,
}

type Reply = oneshot::Sender<Result<RoomAnswer, Failure>>;

enum Load {
    Loading,
    Ready(Box<RoomState>),
    Failed(Failure),
}

/// The actor of one room.
pub struct RoomActor {
    id: RoomId,
    load: Load,
    shell: Arc<RoomShell>,
    replies: HashMap<Ticket, Reply>,
    next_ticket: Ticket,
    retiring: bool,
    _tombstone: Tombstone<RoomId>,
}

impl RoomActor {
    /// Requests in the mailbox of a room, at most.
    pub const MAILBOX_LEN_MAX: usize = 4_096;
    /// How long a retired room still answers requests that were already on their way.
    const GRACE_MS: u64 = 1_000;

    #[must_use]
    pub fn new(id: RoomId, shell: Arc<RoomShell>, tombstone: Tombstone<RoomId>) -> RoomActor {
        RoomActor {
            id,
            load: Load::Loading,
            shell,
            replies: HashMap::new(),
            next_ticket: 1,
            retiring: false,
            _tombstone: tombstone,
        }
    }

    /// Lets the state decide, then does what it says.
    fn with_state(&mut self, ctx: &mut Context<Self>, decide: impl FnOnce(&mut RoomState, &mut Vec<Effect>)) {
        let Load::Ready(state) = &mut self.load else {
            return;
        };
        let mut effects = Vec::new();
        decide(state, &mut effects);
        for effect in effects {
            self.perform(effect, ctx);
        }
        if self.retiring && matches!(&self.load, Load::Ready(state) if state.is_idle()) {
            ctx.stop();
        }
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Answer(ticket, answer) => self.answer(ticket, answer),
            Effect::Commit(batch) => self.commit(batch, ctx),
            Effect::Save(epoch, change) => {
                let (shell, id) = (self.shell.clone(), self.id);
                let work = async move { shell.store.change(id, epoch, &change).await };
                ctx.spawn(work.into_actor(self).map(|result, room, ctx| {
                    let now = room.shell.clock.now();
                    room.with_state(ctx, |state, out| {
                        state.saved(result.map_err(Failure::from), now, out)
                    });
                }));
            }
            Effect::LoadPage(ticket, query, context) => self.load_page(ticket, query, context, ctx),
            Effect::LoadSeats(ticket, view, members) => {
                let shell = self.shell.clone();
                let work = async move { load_seats(&shell, view, members).await };
                ctx.spawn(
                    work.into_actor(self)
                        .map(move |answer, room, _| room.answer(ticket, answer)),
                );
            }
            Effect::LoadForRevoke {
                caller,
                message,
                within_ms,
            } => {
                let (shell, id) = (self.shell.clone(), self.id);
                let work = async move { shell.store.message(id, message).await.map_err(Failure::from) };
                ctx.spawn(work.into_actor(self).map(move |found, room, ctx| {
                    let now = room.shell.clock.now();
                    room.with_state(ctx, |state, out| {
                        state.revocable(caller, found, within_ms, now, out)
                    });
                }));
            }
            Effect::Publish(pushes) => self.shell.fanout.to_room(self.id, pushes),
            Effect::PushTo(account, push) => self.shell.fanout.to_account(account, push),
            Effect::Stop => ctx.stop(),
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<RoomAnswer, Failure>) {
        match &answer {
            Ok(RoomAnswer::Posted(_)) => self.shell.meters.posts_acknowledged.add(1),
            Err(_) => self.shell.meters.posts_refused.add(1),
            Ok(_) => {}
        }
        if let Some(reply) = self.replies.remove(&ticket) {
            // Whoever asked may have gone: what was stored is stored.
            let _ = reply.send(answer);
        }
    }

    fn commit(&mut self, batch: crate::ports::RoomBatch, ctx: &mut Context<Self>) {
        let (reply, outcome) = oneshot::channel();
        let sent = self.shell.journal.try_send(Commit { batch, reply });
        let work = async move {
            if sent.is_err() {
                let failure = Failure::Busy("the journal".to_owned());
                return Err(CommitFailure::Refused(failure));
            }
            outcome.await.unwrap_or(Err(CommitFailure::Unknown))
        };
        ctx.spawn(work.into_actor(self).map(|outcome, room, ctx| {
            let now = room.shell.clock.now();
            room.with_state(ctx, |state, out| state.committed(outcome, now, out));
        }));
    }

    fn load_page(
        &mut self,
        ticket: Ticket,
        query: HistoryQuery,
        context: PageContext,
        ctx: &mut Context<Self>,
    ) {
        let (shell, id) = (self.shell.clone(), self.id);
        let work = async move {
            let mut page = shell.store.page(id, &query).await?;
            if context.reader.0 != 0 {
                page.unread = shell
                    .store
                    .unread(id, context.kind, context.reader, context.read_seq)
                    .await?;
            }
            page.kind = Some(context.kind);
            page.read_seq = context.read_seq;
            page.peer_read_seq = context.peer_read_seq;
            page.last_seq = context.last_seq;
            Ok(RoomAnswer::Page(page))
        };
        ctx.spawn(
            work.into_actor(self)
                .map(move |answer, room, _| room.answer(ticket, answer)),
        );
    }

    fn loaded(&mut self, result: Result<crate::model::RoomSnapshot, Failure>, ctx: &mut Context<Self>) {
        match result {
            Ok(snapshot) => {
                let state = RoomState::new(snapshot);
                self.shell.fanout.announce(self.id, state.last_seq());
                self.load = Load::Ready(Box::new(state));
            }
            Err(failure) => {
                tracing::debug!(room = %self.id, %failure, "a room could not be loaded");
                self.load = Load::Failed(failure);
                // Requests already in the mailbox hear the failure; later ones start a new actor.
                ctx.notify(Leave);
            }
        }
    }
}

async fn load_seats(
    shell: &RoomShell,
    view: super::messages::RoomView,
    members: Vec<Member>,
) -> Result<RoomAnswer, Failure> {
    let seats = shell.store.seats(&members).await?;
    Ok(RoomAnswer::Seats(view, seats))
}

/// Comes after what was in the mailbox when loading failed.
struct Leave;

impl Message for Leave {
    type Result = ();
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(RoomActor::MAILBOX_LEN_MAX);
        let (shell, id) = (self.shell.clone(), self.id);
        let load = async move {
            shell
                .store
                .activate(id, shell.standing.me())
                .await
                .map_err(Failure::from)
        };
        ctx.wait(
            load.into_actor(self)
                .map(|result, room, ctx| room.loaded(result, ctx)),
        );
    }
}

impl Handler<Ask<RoomRequest, RoomAnswer>> for RoomActor {
    type Result = ();

    fn handle(&mut self, ask: Ask<RoomRequest, RoomAnswer>, ctx: &mut Context<Self>) {
        if let Load::Failed(failure) = &self.load {
            let _ = ask.reply.send(Err(failure.clone()));
            return;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.replies.insert(ticket, ask.reply);
        let now = self.shell.clock.now();
        self.with_state(ctx, |state, out| state.ask(ticket, ask.request, now, out));
    }
}

impl Handler<Leave> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl Handler<Retire> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Context<Self>) {
        ctx.run_later(
            std::time::Duration::from_millis(RoomActor::GRACE_MS),
            |room, ctx| {
                room.retiring = true;
                room.with_state(ctx, |_, _| {});
                if !matches!(room.load, Load::Ready(_)) {
                    ctx.stop();
                }
            },
        );
    }
}
