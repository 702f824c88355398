//! A room's shell: loads the snapshot, asks [`RoomState`], does what the effects say, and brings outcomes back.

use super::held::Held;
use super::messages::{RoomAnswer, RoomRequest};
use super::state::{CommitFailure, Effect, PageContext, RoomState, Ticket};
use crate::board;
use crate::cluster::{Incarnation, Standing, TOLD_LATE_MS};
use crate::failure::Failure;
use crate::fanout::Fanout;
use crate::journal::{Commit, Journal};
use crate::meters::Meters;
use crate::model::{Epoch, HistoryQuery, Member, Push, RoomId};
use crate::ports::{BoardStore, Clock, RoomChange, RoomStore, StoreError, TreeStore};
use crate::registry::{Ask, Retire, Tombstone};
use crate::tree;
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What every room of a node shares.
pub struct RoomShell {
    pub store: Arc<dyn RoomStore>,
    pub tree: Arc<dyn TreeStore>,
    pub board: Arc<dyn BoardStore>,
    pub journal: Addr<Journal>,
    pub fanout: Fanout,
    pub clock: Arc<dyn Clock>,
    pub meters: Arc<Meters>,
    /// This node's standing: its incarnation is written down as the room's owner.
    pub standing: Arc<Standing>,
    pub held: Arc<Held>,
}

/// The way back to whoever asked.
struct Reply {
    to: oneshot::Sender<Result<RoomAnswer, Failure>>,
    is_post: bool,
}

enum Load {
    Loading,
    Ready(Box<RoomState>),
    Failed(Failure),
}

/// The actor of one room.
pub struct RoomActor {
    /// First, so that it is dropped first: the registry knows of a death before anybody who waits hears of it.
    tombstone: Tombstone<RoomId>,
    id: RoomId,
    load: Load,
    shell: Arc<RoomShell>,
    replies: HashMap<Ticket, Reply>,
    next_ticket: Ticket,
    retiring: Option<Retire>,
    /// Whether it is among what this node holds.
    is_counted: bool,
}

impl RoomActor {
    /// Requests in the mailbox of a room, at most.
    pub const MAILBOX_LEN_MAX: usize = 4_096;
    /// How long a retired room still answers requests that were already on their way.
    const GRACE_MS: u64 = 1_000;
    /// Revocations of late that a new actor shows once more, at most.
    const RETOLD_MAX: i64 = 1_000;
    /// How long it waits before it tries to read them again.
    const RETELL_PAUSE_MS: u64 = 500;
    /// How long one that was given back still sends on what was on its way.
    const SEND_ON_MS: u64 = 100;

    #[must_use]
    pub fn new(id: RoomId, shell: Arc<RoomShell>, tombstone: Tombstone<RoomId>) -> RoomActor {
        RoomActor {
            tombstone,
            id,
            load: Load::Loading,
            shell,
            replies: HashMap::new(),
            next_ticket: 1,
            retiring: None,
            is_counted: false,
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
        self.leave_when_idle(ctx);
    }

    /// Ends a retiring room once nothing is under way.
    fn leave_when_idle(&mut self, ctx: &mut Context<Self>) {
        let Some(how) = self.retiring else {
            return;
        };
        let epoch = match &self.load {
            Load::Ready(state) if state.is_idle() => state.census().epoch,
            Load::Ready(_) => return,
            Load::Loading | Load::Failed(_) => return ctx.stop(),
        };
        if self.shell.standing.me() == Incarnation(0) {
            // Nobody else could want it.
            return ctx.stop();
        }
        let (shell, id) = (self.shell.clone(), self.id);
        let release = async move {
            match shell.store.release(id, epoch).await {
                Ok(()) => shell.held.given_back(id, epoch),
                // It stays among what is held here without an actor, and is given back once another node should have it.
                Err(error) => {
                    tracing::warn!(room = %id, %error, "a room that was handed over could not be released");
                }
            }
        };
        ctx.wait(release.into_actor(self).map(move |(), room, ctx| {
            // What was on its way here learns that the room has moved, even to an actor that comes after this one.
            room.retiring = Some(Retire::HandOver);
            room.load = Load::Failed(Failure::Moved);
            let grace = match how {
                Retire::Rest => 0,
                Retire::HandOver => RoomActor::SEND_ON_MS,
            };
            ctx.run_later(Duration::from_millis(grace), |_, ctx| ctx.stop());
        }));
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::Answer(ticket, answer) => self.answer(ticket, answer),
            Effect::Commit(batch) => self.commit(batch, ctx),
            Effect::Save(epoch, change) => self.save(epoch, change, ctx),
            Effect::LoadPage(ticket, query, context) => self.load_page(ticket, query, context, ctx),
            Effect::LoadSeats(ticket, view, members) => {
                let shell = self.shell.clone();
                let work = async move { load_seats(&shell, view, members).await };
                ctx.spawn(
                    work.into_actor(self)
                        .map(move |answer, room, _| room.answer(ticket, answer)),
                );
            }
            Effect::Tree(ticket, by, request) => {
                let (shell, id, now) = (self.shell.clone(), self.id, self.shell.clock.now());
                let Some(reply) = self.replies.remove(&ticket) else {
                    return;
                };
                // Not the actor's own: what was begun is answered also when the room goes elsewhere meanwhile.
                actix::spawn(async move {
                    let answer = tree::answer(shell.tree.as_ref(), id, by, request, now).await;
                    // Whoever asked may have gone: what was stored is stored.
                    let _ = reply.to.send(answer.map(RoomAnswer::Files));
                });
            }
            Effect::Board(ticket, by, request) => {
                let (shell, id, now) = (self.shell.clone(), self.id, self.shell.clock.now());
                let Some(reply) = self.replies.remove(&ticket) else {
                    return;
                };
                actix::spawn(async move {
                    let answer = board::answer(shell.board.as_ref(), id, by, request, now).await;
                    let _ = reply.to.send(answer.map(RoomAnswer::Board));
                });
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
            Effect::Stop => self.leave(ctx),
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<RoomAnswer, Failure>) {
        let Some(reply) = self.replies.remove(&ticket) else {
            return;
        };
        if reply.is_post {
            let meters = &self.shell.meters;
            let meter = if answer.is_ok() {
                &meters.posts_acknowledged
            } else {
                &meters.posts_refused
            };
            meter.add(1);
        }
        // Whoever asked may have gone: what was stored is stored.
        let _ = reply.to.send(answer);
    }

    /// Leaves the registry, and ends once requests that were already on their way have been sent on.
    fn leave(&mut self, ctx: &mut Context<Self>) {
        self.tombstone.leave();
        let grace = std::time::Duration::from_millis(RoomActor::GRACE_MS);
        ctx.run_later(grace, |_, ctx| ctx.stop());
    }

    fn commit(&mut self, batch: crate::ports::RoomBatch, ctx: &mut Context<Self>) {
        self.tombstone.burden();
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
            let is_known = outcome != Err(CommitFailure::Unknown);
            room.with_state(ctx, |state, out| state.committed(outcome, now, out));
            // Not before it is shown: should the room die over it, the next one sees to it.
            if is_known {
                room.tombstone.unburden();
            }
        }));
    }

    fn save(&mut self, epoch: Epoch, change: RoomChange, ctx: &mut Context<Self>) {
        self.tombstone.burden();
        let (shell, id) = (self.shell.clone(), self.id);
        let work = async move { shell.store.change(id, epoch, &change).await };
        ctx.spawn(work.into_actor(self).map(|result, room, ctx| {
            let now = room.shell.clock.now();
            let is_known = !matches!(result, Err(StoreError::Unknown(_)));
            room.with_state(ctx, |state, out| {
                state.saved(result.map_err(Failure::from), now, out)
            });
            if is_known {
                room.tombstone.unburden();
            }
        }));
    }

    /// The room is placed here, and its row says that another node that lives has it. Unless that one is handing it over,
    /// it must be told: it may have put the room to rest long ago.
    fn ask_holder(&self) {
        let (shell, id) = (self.shell.clone(), self.id);
        actix::spawn(async move {
            match shell.store.holder(id).await {
                Ok(Some((holder, epoch))) => shell.fanout.let_go(holder, id, epoch),
                Ok(None) => {}
                Err(error) => tracing::debug!(room = %id, %error, "who has a room could not be read"),
            }
        });
    }

    /// Shows what was taken back of late: an earlier actor may have stored a revocation without showing it.
    fn retell(&mut self, ctx: &mut Context<Self>) {
        self.tombstone.burden();
        let (shell, id) = (self.shell.clone(), self.id);
        let work = async move {
            let since = shell.clock.now().plus_ms(-TOLD_LATE_MS);
            shell.store.revoked(&[id], since, RoomActor::RETOLD_MAX).await
        };
        ctx.spawn(work.into_actor(self).map(|found, room, ctx| match found {
            Ok(revoked) => {
                for (kind, message) in revoked {
                    let push = Push::Revoked { kind, message };
                    room.shell.fanout.to_room(room.id, vec![push]);
                }
                room.tombstone.unburden();
            }
            Err(error) => {
                tracing::debug!(room = %room.id, %error, "what was taken back of late could not be read");
                ctx.run_later(Duration::from_millis(RoomActor::RETELL_PAUSE_MS), |room, ctx| {
                    room.tombstone.unburden();
                    room.retell(ctx);
                });
            }
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
            page.last_seq = page.last_seq.max(context.last_seq);
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
                self.shell.held.taken(self.id, Some(snapshot.epoch));
                let state = RoomState::new(snapshot);
                self.shell.fanout.announce(self.id, state.last_seq());
                self.load = Load::Ready(Box::new(state));
                self.tombstone.ready();
                self.retell(ctx);
            }
            Err(failure) => {
                tracing::debug!(room = %self.id, %failure, "a room could not be loaded");
                if matches!(failure, Failure::Moved | Failure::Unknown(_)) {
                    self.shell.held.taken(self.id, None);
                }
                // Nothing that was asked for has been begun, whatever became of the activation.
                let failure = match failure {
                    Failure::OutcomeUnknown => Failure::Unavailable("a room could not be loaded".to_owned()),
                    other => other,
                };
                if !matches!(failure, Failure::Unavailable(_)) {
                    // No such room, or another node's: nothing is left to show here.
                    self.tombstone.ready();
                }
                if failure == Failure::Moved {
                    self.ask_holder();
                }
                self.load = Load::Failed(failure);
                // Requests already in the mailbox hear the failure; later ones start a new actor.
                self.leave(ctx);
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

impl Drop for RoomActor {
    fn drop(&mut self) {
        if self.is_counted {
            self.shell.held.ended(self.id);
        }
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(RoomActor::MAILBOX_LEN_MAX);
        self.shell.held.taking(self.id);
        self.is_counted = true;
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
        // Nothing is answered from memory once another node may know better.
        if self.retiring == Some(Retire::HandOver) || !self.shell.standing.holds() {
            let _ = ask.reply.send(Err(Failure::Moved));
            return;
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let is_post = matches!(ask.request, RoomRequest::Post { .. });
        self.replies.insert(
            ticket,
            Reply {
                to: ask.reply,
                is_post,
            },
        );
        let now = self.shell.clock.now();
        self.with_state(ctx, |state, out| state.ask(ticket, ask.request, now, out));
    }
}

impl Handler<Retire> for RoomActor {
    type Result = ();

    fn handle(&mut self, how: Retire, ctx: &mut Context<Self>) {
        let grace = match how {
            Retire::Rest => RoomActor::GRACE_MS,
            Retire::HandOver => 0,
        };
        if how == Retire::HandOver {
            self.retiring = Some(how);
        }
        ctx.run_later(Duration::from_millis(grace), move |room, ctx| {
            room.retiring.get_or_insert(how);
            room.leave_when_idle(ctx);
        });
    }
}
