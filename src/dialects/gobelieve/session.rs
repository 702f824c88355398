//! A connection's shell: does what [`Connection`] says, over a websocket or a plain stream, and brings the answers back.

use super::State;
use super::convert;
use super::frame::{self, AuthToken};
use super::state::{Connection, Effect, Place, Proof, Target};
use crate::http::Rate;
use crate::ws::{CloseCode, Frame, Heard, Pipe, Said};
use actix::dev::channel::channel;
use actix::prelude::*;
use actix_web::web;
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use roost_actors::hub::Hub;
use roost_actors::ledger::LedgerSeat;
use roost_actors::model::{
    AccountId, Caller, ChatMessage, CommitKey, HistoryPage, HistoryQuery, Inbox, Order, Post, Push, RoomId,
    Seq, Timestamp,
};
use roost_actors::session::{CloseWhy, SessionEvent};
use roost_actors::user::UserRequest;
use roost_actors::{Failure, Node};
use std::rc::Rc;
use std::time::Duration;

/// Messages of a super group that a sync brings, at most.
const GROUP_SYNC_MESSAGES_MAX: i64 = 100;

/// How frames go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// Each in a binary message.
    WebSocket,
    /// One after the other.
    Stream,
}

/// The actor of one connection.
pub struct Session {
    state: web::Data<State>,
    hub: Hub,
    connection: Connection,
    wire: Wire,
    pipe: Rc<Pipe>,
    incoming: Option<LocalBoxStream<'static, Heard>>,
    seat: Option<LedgerSeat>,
    /// When the next timer fires.
    armed: Timestamp,
}

impl Session {
    /// A session and the context to run it in.
    pub fn new(
        state: web::Data<State>,
        hub: Hub,
        wire: Wire,
        pipe: Rc<Pipe>,
        incoming: LocalBoxStream<'static, Heard>,
    ) -> (Session, Context<Session>) {
        let (_, receiver) = channel(Hub::OUTBOX_EVENTS_MAX);
        let clock = state.node.clock();
        let mut origin = [0; 8];
        clock.random(&mut origin);
        let app = state.settings.app_id;
        let connection = Connection::new(app, u64::from_ne_bytes(origin), clock.steady());
        let session = Session {
            state,
            hub,
            connection,
            wire,
            pipe,
            incoming: Some(incoming),
            seat: None,
            armed: Timestamp(i64::MAX),
        };
        (session, Context::with_receiver(receiver))
    }

    fn node(&self) -> &Node {
        &self.state.node
    }

    /// Lets the connection decide, then does what it says.
    fn decide(
        &mut self,
        ctx: &mut Context<Self>,
        decide: impl FnOnce(&mut Connection, Timestamp, &mut Vec<Effect>),
    ) {
        let mut effects = Vec::new();
        decide(
            &mut self.connection,
            self.state.node.clock().steady(),
            &mut effects,
        );
        for effect in effects {
            self.perform(effect, ctx);
        }
        if !self.connection.takes_frames() {
            self.pipe.hold();
        } else if self.pipe.is_busy() {
            self.pipe.listen();
        }
        self.arm(ctx);
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        let due = self.connection.due();
        if due >= self.armed {
            return;
        }
        self.armed = due;
        let wait = due.since_ms(self.node().clock().steady()).unsigned_abs();
        ctx.run_later(Duration::from_millis(wait), move |session, ctx| {
            if session.armed == due {
                session.armed = Timestamp(i64::MAX);
                session.decide(ctx, Connection::tick);
            }
        });
    }

    /// Does something that takes a while, and brings its answer back.
    fn work<T: 'static>(
        &mut self,
        ctx: &mut Context<Self>,
        work: impl Future<Output = T> + 'static,
        answer: impl FnOnce(&mut Connection, T, Timestamp, &mut Vec<Effect>) + 'static,
    ) {
        ctx.spawn(work.into_actor(self).map(move |result, session, ctx| {
            session.decide(ctx, |connection, now, out| answer(connection, result, now, out));
        }));
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        let (state, me) = (self.state.clone(), self.connection.account());
        match effect {
            Effect::Send(bytes) => self.send(bytes),
            Effect::Close => self.close(CloseCode::Policy, ""),
            Effect::Prove(token) => self.prove(token, ctx),
            Effect::Sync { after, keep } => {
                let work = async move {
                    let user = state.node.user(me);
                    if let Some(key) = keep {
                        user.ask(UserRequest::KeepKey { key }).await?;
                    }
                    user.inbox(after, Inbox::LIMIT_MAX).await
                };
                self.work(ctx, work, Connection::synced);
            }
            Effect::SyncGroup { group, after } => {
                let work = async move { latest(&state.node, me, group, after).await };
                self.work(ctx, work, Connection::group_synced);
            }
            Effect::Post { to, post } => {
                let work = async move { post_to(&state, me, to, post).await };
                self.work(ctx, work, Connection::posted);
            }
            Effect::Learn(group) => {
                let work = async move { state.node.room(group).look(Caller::person(me)).await };
                self.work(ctx, work, move |connection, view, now, out| match view {
                    Ok(view) => connection.learned(group, view.info.super_group, now, out),
                    Err(failure) => tracing::debug!(%group, %failure, "a group could not be looked at"),
                });
            }
            Effect::Place => {
                let work = async move { place_of(&state.node, me).await };
                self.work(ctx, work, |connection, place, now, out| match place {
                    Ok(place) => connection.placed(place, now, out),
                    // It comes back and syncs.
                    Err(_) => connection.close(out),
                });
            }
            Effect::KeepKey(key) => keep_key(state, me, key),
            Effect::Signal { to, content } => {
                let request = UserRequest::Signal {
                    from: me,
                    body: content,
                };
                let work = async move { state.node.user(to).act(request).await };
                self.work(ctx, work, |connection, passed_on, now, out| {
                    if let Err(failure) = passed_on {
                        tracing::debug!(%failure, "a signal was not passed on");
                    }
                    connection.signalled(now, out);
                });
            }
            Effect::Listen(topic) => {
                if let Some(place) = self.pipe.place() {
                    place.listen(topic);
                }
            }
            Effect::Say { topic, content } => {
                let push = Push::Said {
                    topic,
                    from: me,
                    origin: self.connection.origin(),
                    body: content,
                };
                self.node().fanout().to_topic(topic, push);
            }
        }
    }

    fn send(&self, bytes: Bytes) {
        match self.wire {
            Wire::WebSocket => self.pipe.say(Frame::binary(&bytes)),
            Wire::Stream => self.pipe.deliver(bytes, 0),
        }
    }

    fn close(&self, code: CloseCode, why: &str) {
        match self.wire {
            Wire::WebSocket => self.pipe.finish(Frame::close(code, why)),
            Wire::Stream => self.pipe.finish_bare(),
        }
    }

    fn prove(&mut self, token: AuthToken, ctx: &mut Context<Self>) {
        let (state, hub, pipe) = (self.state.clone(), self.hub.clone(), self.pipe.clone());
        let events = ctx.address().recipient();
        let work = async move { let_in(&state.node, &hub, &pipe, events, token.token).await };
        ctx.spawn(work.into_actor(self).map(|entered, session, ctx| {
            let proof = entered.map(|entered| {
                entered.map(|(proof, seat)| {
                    session.seat = Some(seat);
                    proof
                })
            });
            session.decide(ctx, |connection, now, out| connection.proven(proof, now, out));
            session.look(ctx);
        }));
    }

    /// Looks whether the hub had something that did not fit.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let mut behind = Vec::new();
        let mut missed_lines = false;
        if let Some(place) = self.pipe.place() {
            missed_lines = place.missed_lines.take();
            // Of these only what happens in groups matters here, and that is learned from the groups.
            place.missed_account_push.set(false);
            while let Some(missed) = place.behind() {
                place.caught_up(missed.room, missed.to, Some(missed.signals));
                behind.push(missed);
            }
        }
        if missed_lines || !behind.is_empty() {
            self.decide(ctx, |connection, _, out| {
                if missed_lines {
                    connection.missed_lines(out);
                }
                for missed in behind {
                    connection.behind(missed.room, missed.to, out);
                }
            });
        }
    }
}

type Entered = Result<Option<(Proof, LedgerSeat)>, Failure>;

/// Finds out whose token it is, and lets the account's session into the hub. Everything pushed from then on waits in the
/// session's mailbox; where the account stands is read after that.
async fn let_in(
    node: &Node,
    hub: &Hub,
    pipe: &Pipe,
    events: Recipient<SessionEvent>,
    token: String,
) -> Entered {
    if node.is_draining() {
        return Err(Failure::Unavailable("this node stops".to_owned()));
    }
    let Some(pass) = node.directory().by_pass(token).await? else {
        return Ok(None);
    };
    let account = pass.account;
    let seat = node.read_ledger().await?;
    let place = hub.enter(account, events);
    place.read_ledger();
    pipe.take_place(place);
    let positions = node.directory().positions(account).await?;
    if let Some(place) = pipe.place() {
        place.start(&positions);
    }
    let groups = node.user(account).groups().await?;
    let proof = Proof {
        account,
        silenced: pass.silenced,
        groups: groups.iter().map(|group| (group.id, group.super_group)).collect(),
        place: place_of(node, account).await?,
    };
    Ok(Some((proof, seat)))
}

async fn place_of(node: &Node, account: AccountId) -> Result<Place, Failure> {
    let inbox = node.user(account).inbox(Some(CommitKey(i64::MAX)), 0).await?;
    Ok(Place {
        end: inbox.end,
        clear: inbox.clear,
    })
}

async fn latest(node: &Node, me: AccountId, group: RoomId, after: Seq) -> Result<HistoryPage, Failure> {
    let query = HistoryQuery {
        from_seq: after.next(),
        order: Order::Descending,
        limit: GROUP_SYNC_MESSAGES_MAX,
        ..HistoryQuery::all()
    };
    node.room(group).page(Caller::person(me), query, false).await
}

/// Posts a message. A sender that is too quick is slowed down, not refused: frames after this one wait.
async fn post_to(state: &State, me: AccountId, to: Target, post: Post) -> Result<ChatMessage, Failure> {
    while let Err(Failure::RateLimited { retry_ms }) = state.rates.check_account(Rate::Send, me) {
        tokio::time::sleep(Duration::from_millis(retry_ms)).await;
    }
    let room = match to {
        Target::Peer(peer) => state.node.direct_room(me, convert::account_id(peer.0)?).await?,
        Target::Group(group) => convert::group_id(group.0)?,
    };
    state.node.room(room).post(Caller::person(me), post).await
}

/// Stores a client's key. One that is lost has the client get again what it has.
fn keep_key(state: web::Data<State>, me: AccountId, key: CommitKey) {
    actix_web::rt::spawn(async move {
        let kept = state.node.user(me).ask(UserRequest::KeepKey { key }).await;
        if let Err(failure) = kept {
            tracing::debug!(account = %me, %failure, "a sync key was not kept");
        }
    });
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if let Some(incoming) = self.incoming.take() {
            ctx.add_stream(incoming);
        }
        self.arm(ctx);
    }

    fn stopping(&mut self, ctx: &mut Context<Self>) -> Running {
        self.decide(ctx, |connection, _, out| connection.end(out));
        Running::Stop
    }
}

impl Handler<SessionEvent> for Session {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match event {
            SessionEvent::Deliver(bundle) => {
                self.pipe.settle(bundle.weight);
                self.decide(ctx, |connection, now, out| {
                    for delivery in bundle.iter() {
                        connection.deliver(delivery, now, out);
                    }
                });
            }
            SessionEvent::Ledger(lines) => {
                self.decide(ctx, |connection, now, out| connection.lines(&lines, now, out));
            }
            SessionEvent::CatchUp => {}
            SessionEvent::Close(CloseWhy::NodeStops) => self.close(CloseCode::Restart, "this node stops"),
        }
        self.look(ctx);
    }
}

/// Ends the actor when the client has gone.
impl StreamHandler<Heard> for Session {
    fn handle(&mut self, heard: Heard, ctx: &mut Context<Self>) {
        match heard {
            Heard::Said(Said::Binary(bytes)) => match frame::decode(&bytes) {
                Ok(frame) => self.decide(ctx, |connection, now, out| connection.frame(frame, now, out)),
                Err(error) => {
                    tracing::debug!(%error, "a connection is closed for what came by it");
                    self.close(CloseCode::Protocol, "");
                }
            },
            Heard::Said(Said::Text(_)) => self.close(CloseCode::Unsupported, ""),
            Heard::Ping(bytes) => self.pipe.say(Frame::pong(&bytes)),
            Heard::Pong => {}
            Heard::Goodbye(reason) => self.pipe.finish(Frame::close_with(reason)),
            Heard::Fault(code, why) => self.close(code, why),
        }
    }
}
