//! A live session: shows what it is pushed, reads back what it missed, and knows what it should have seen.

use super::checks::Book;
use super::host::Host;
use actix::dev::channel::channel;
use actix::prelude::*;
use roost_actors::Node;
use roost_actors::hub::{Hub, Place};
use roost_actors::model::{AccountId, Bundle, Caller, Push, RoomId, RoomPosition, Seq};
use roost_actors::session::SessionEvent;
use roost_actors::session::catch_up::{self, Step};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What the person in front of a session has seen.
pub struct Screen {
    pub who: String,
    pub me: AccountId,
    pub host: Arc<Host>,
    pub since: Instant,
    pub seen: BTreeMap<RoomId, Seq>,
    /// Messages of which it was heard that they were taken back.
    pub heard: BTreeSet<(RoomId, Seq)>,
    /// Who was shown to ask for friendship.
    pub asked_by: BTreeSet<AccountId>,
    pub closed: bool,
}

impl Screen {
    fn show(&mut self, book: &Book, push: &Push) {
        if self.closed {
            return;
        }
        book.shown(&self.who, push);
        match push {
            Push::Posted { message, .. } => {
                let expected = self.seen.get(&message.room).map(|seen| seen.next());
                if expected != Some(message.seq) {
                    book.wrong(&format!(
                        "{} was shown {} of room {} where {expected:?} was next",
                        self.who, message.seq, message.room
                    ));
                }
                self.seen.insert(message.room, message.seq);
            }
            Push::Revoked { message, .. } => {
                self.heard.insert((message.room, message.seq));
                // Read back: taken back before it was seen.
                if let Some(seen) = self.seen.get_mut(&message.room)
                    && seen.next() == message.seq
                {
                    *seen = message.seq;
                }
            }
            Push::FriendRequested { from, .. } => _ = self.asked_by.insert(*from),
            _ => {}
        }
    }
}

/// The actor of one session.
pub struct Session {
    me: Caller,
    node: Node,
    place: Place,
    screen: Rc<RefCell<Screen>>,
    book: Arc<Book>,
    /// How long it takes to show something, in milliseconds.
    slow_ms: u64,
    catching_up: bool,
    /// Whether something is on its way to the screen.
    showing: bool,
}

/// A session that its hub knows and that does not know yet where it starts.
pub struct Entered {
    place: Place,
    context: Context<Session>,
    address: Addr<Session>,
}

/// Enters a hub.
pub fn enter(hub: &Hub, me: Caller, queue_len: usize) -> Entered {
    let (sender, receiver) = channel(queue_len);
    let address: Addr<Session> = Addr::new(sender);
    Entered {
        place: hub.enter(me.account, address.clone().recipient()),
        context: Context::with_receiver(receiver),
        address,
    }
}

impl Entered {
    /// Starts where the account stands.
    pub fn start(
        self,
        node: Node,
        me: Caller,
        positions: &[RoomPosition],
        screen: &Rc<RefCell<Screen>>,
        book: Arc<Book>,
        slow_ms: u64,
    ) -> Addr<Session> {
        self.place.start(positions);
        {
            let mut screen = screen.borrow_mut();
            screen.since = Instant::now();
            screen.seen = positions.iter().map(|p| (p.room, p.last_seq)).collect();
        }
        let session = Session {
            me,
            node,
            place: self.place,
            screen: screen.clone(),
            book,
            slow_ms,
            catching_up: false,
            showing: false,
        };
        actix::spawn(self.context.into_future(session));
        self.address
    }
}

impl Session {
    fn show(&mut self, bundle: &Bundle, ctx: &mut Context<Self>) {
        for delivery in bundle.iter() {
            self.screen.borrow_mut().show(&self.book, &delivery.push);
        }
        let queued = &self.place.queued_bytes;
        queued.set(queued.get().saturating_sub(bundle.weight));
        self.look(ctx);
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.catching_up {
            return;
        }
        let Some(missed) = catch_up::missed(&self.place) else {
            return;
        };
        self.catching_up = true;
        let who = self.screen.borrow().who.clone();
        self.book
            .note(|| format!("{who} is behind: {:?}", self.place.behind()));
        let (node, me) = (self.node.clone(), self.me);
        let work = async move { catch_up::step(&node, me, missed).await };
        ctx.spawn(
            work.into_actor(self)
                .map(|step, session, ctx| session.caught_up(step, ctx)),
        );
    }

    fn caught_up(&mut self, step: Step, ctx: &mut Context<Self>) {
        if self.showing {
            // As in the real one: what waits comes first, and actix runs what was spawned once more before it waits.
            let again = actix::fut::ready(step).into_actor(self);
            ctx.spawn(again.map(|step, session, ctx| session.caught_up(step, ctx)));
            return;
        }
        self.catching_up = false;
        let who = self.screen.borrow().who.clone();
        self.book
            .note(|| format!("{who} reads back {}", step.pushes.len()));
        for push in &step.pushes {
            self.book.count(|tally| tally.read_back += 1);
            self.screen.borrow_mut().show(&self.book, push);
        }
        step.note(&self.place);
        self.look(ctx);
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.look(ctx);
    }
}

impl Handler<SessionEvent> for Session {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match event {
            SessionEvent::Deliver(bundle) if self.slow_ms > 0 => {
                self.showing = true;
                let shown = tokio::time::sleep(Duration::from_millis(self.slow_ms)).into_actor(self);
                ctx.wait(shown.map(move |(), session, ctx| {
                    session.showing = false;
                    session.show(&bundle, ctx);
                }));
            }
            SessionEvent::Deliver(bundle) => self.show(&bundle, ctx),
            SessionEvent::CatchUp | SessionEvent::Ledger(_) => self.look(ctx),
            SessionEvent::Close(_) => {
                self.screen.borrow_mut().closed = true;
                ctx.stop();
            }
        }
    }
}

/// The client hangs up.
pub struct HangUp;

impl Message for HangUp {
    type Result = ();
}

impl Handler<HangUp> for Session {
    type Result = ();

    fn handle(&mut self, _: HangUp, ctx: &mut Context<Self>) {
        self.screen.borrow_mut().closed = true;
        ctx.stop();
    }
}
