//! The actor of one connection: shows its account what is pushed, and hears what the client says.

use super::{CloseCode, Frame, Heard, Incoming, Pipe, Said};
use actix::prelude::*;
use bytes::Bytes;
use futures_util::future::join_all;
use roost_actors::Node;
use roost_actors::model::{AccountId, Bundle, Caller, CodecId, Delivery, Push};
use roost_actors::session::catch_up::{self, Step};
use roost_actors::session::{CloseWhy, SessionEvent};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

/// What to do about something a client said.
pub enum Action {
    Nothing,
    Say(Vec<Frame>),
    Close(CloseCode, String),
    /// Say these, and then goodbye.
    Leave(Vec<Frame>, CloseCode, String),
    /// Work that takes a while: nothing more is heard from the client until it is done, so its order holds.
    Do(Pin<Box<dyn Future<Output = Action>>>),
}

/// How one dialect speaks over a websocket.
pub trait Codec: Unpin + 'static {
    /// Under which number this dialect's renderings are shared.
    fn id(&self) -> CodecId;

    /// Whether a session of this account is shown the push at all.
    fn shows(&self, _me: AccountId, _push: &Push) -> bool {
        true
    }

    /// Work without which the push cannot be rendered yet. Nothing more is shown until it is done, so the order holds.
    fn prepare(&self, _push: &Push) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        None
    }

    /// The push as every session of this dialect is sent it; `None` when the dialect does not know such a thing.
    fn render(&self, push: &Push) -> Option<Frame>;

    /// What a client says.
    fn hear(&mut self, me: Caller, said: Said) -> Action;
}

/// One live connection of one account.
pub struct Session<C: Codec> {
    me: Caller,
    codec: C,
    node: Node,
    pipe: Rc<Pipe>,
    incoming: Option<Incoming>,
    /// Whether something is being read back from history.
    catching_up: bool,
    /// Whether pushes wait for what must be done before they can be rendered.
    preparing: bool,
}

impl<C: Codec> Session<C> {
    pub(super) fn new(me: Caller, codec: C, node: Node, pipe: Rc<Pipe>, incoming: Incoming) -> Session<C> {
        Session {
            me,
            codec,
            node,
            pipe,
            incoming: Some(incoming),
            catching_up: false,
            preparing: false,
        }
    }

    /// All that must be done before these can be rendered; nothing, most of the time.
    fn prepare<'p>(&self, pushes: impl Iterator<Item = &'p Push>) -> Vec<Pin<Box<dyn Future<Output = ()>>>> {
        pushes
            .filter(|push| self.codec.shows(self.me.account, push))
            .filter_map(|push| self.codec.prepare(push))
            .collect()
    }

    fn show(&self, bundle: &Bundle) {
        let render = |push: &Push| self.codec.render(push).map(Frame::into_bytes);
        let shown = |delivery: &&Arc<Delivery>| self.codec.shows(self.me.account, &delivery.push);
        if bundle.iter().all(|delivery| shown(&delivery)) {
            let bytes = bundle.rendered(self.codec.id(), render);
            self.pipe.deliver(bytes, bundle.weight);
            return;
        }
        let mut frames: Vec<Bytes> = bundle
            .iter()
            .filter(shown)
            .filter_map(|delivery| delivery.rendered(self.codec.id(), render))
            .collect();
        let last = frames.pop().unwrap_or_default();
        frames.into_iter().for_each(|bytes| self.pipe.deliver(bytes, 0));
        self.pipe.deliver(last, bundle.weight);
    }

    fn show_read_back(&self, push: &Push) {
        if self.codec.shows(self.me.account, push)
            && let Some(frame) = self.codec.render(push)
        {
            self.pipe.read_back(frame.into_bytes());
        }
    }

    /// Starts reading back if anything was missed. One step at a time; and since the actor is asked only when its
    /// pipe is empty, the next step waits until the socket has taken the one before.
    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.catching_up || self.pipe.is_finished() {
            return;
        }
        let Some(missed) = self.pipe.place().and_then(|place| catch_up::missed(&place)) else {
            return;
        };
        self.catching_up = true;
        let (node, me) = (self.node.clone(), self.me);
        ctx.spawn(
            async move { catch_up::step(&node, me, missed).await }
                .into_actor(self)
                .map(|step, session, ctx| session.prepare_step(step, ctx)),
        );
    }

    fn prepare_step(&mut self, step: Step, ctx: &mut Context<Self>) {
        let work = self.prepare(step.pushes.iter());
        if work.is_empty() {
            self.caught_up(step, ctx);
            return;
        }
        ctx.spawn(
            join_all(work)
                .into_actor(self)
                .map(|_, session, ctx| session.caught_up(step, ctx)),
        );
    }

    fn caught_up(&mut self, step: Step, ctx: &mut Context<Self>) {
        if self.preparing {
            // What waits comes before what was read back, and actix runs what was spawned once more before it waits.
            ctx.spawn(
                actix::fut::ready(step)
                    .into_actor(self)
                    .map(|step, session, ctx| session.caught_up(step, ctx)),
            );
            return;
        }
        self.catching_up = false;
        for push in &step.pushes {
            self.show_read_back(push);
        }
        if let Some(place) = self.pipe.place() {
            step.note(&place);
        }
        self.look(ctx);
    }

    fn act(&mut self, action: Action, ctx: &mut Context<Self>) {
        match action {
            Action::Nothing => {}
            Action::Say(frames) => frames.into_iter().for_each(|frame| self.pipe.say(frame)),
            Action::Leave(frames, code, why) => {
                frames.into_iter().for_each(|frame| self.pipe.say(frame));
                self.pipe.finish(Frame::close(code, &why));
            }
            Action::Close(code, why) => self.pipe.finish(Frame::close(code, &why)),
            Action::Do(work) => {
                self.pipe.hold();
                ctx.spawn(work.into_actor(self).map(|action, session, ctx| {
                    session.pipe.listen();
                    session.act(action, ctx);
                }));
            }
        }
    }
}

impl<C: Codec> Actor for Session<C> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        if let Some(incoming) = self.incoming.take() {
            ctx.add_stream(incoming);
        }
        self.look(ctx);
    }
}

impl<C: Codec> Handler<SessionEvent> for Session<C> {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match event {
            SessionEvent::Deliver(bundle) => {
                let work = self.prepare(bundle.iter().map(|delivery| &delivery.push));
                if !work.is_empty() {
                    // What comes meanwhile stays in the mailbox.
                    self.preparing = true;
                    ctx.wait(join_all(work).into_actor(self).map(move |_, session, ctx| {
                        session.preparing = false;
                        session.show(&bundle);
                        session.look(ctx);
                    }));
                    return;
                }
                self.show(&bundle);
            }
            // Told only to sessions that ask for the ledger.
            SessionEvent::Ledger(_) => {}
            SessionEvent::CatchUp => {}
            SessionEvent::Close(CloseWhy::NodeStops) => {
                self.pipe
                    .finish(Frame::close(CloseCode::Restart, "this node stops"));
            }
        }
        self.look(ctx);
    }
}

/// Ends the actor when the client has gone: what still waits in the pipe goes out if it can.
impl<C: Codec> StreamHandler<Heard> for Session<C> {
    fn handle(&mut self, heard: Heard, ctx: &mut Context<Self>) {
        self.pipe.note_heard();
        match heard {
            Heard::Said(said) => {
                let action = self.codec.hear(self.me, said);
                self.act(action, ctx);
            }
            Heard::Ping(bytes) => self.pipe.say(Frame::pong(&bytes)),
            Heard::Pong => {}
            Heard::Goodbye(reason) => self.pipe.finish(Frame::close_with(reason)),
            Heard::Fault(code, why) => self.pipe.finish(Frame::close(code, why)),
        }
    }
}
