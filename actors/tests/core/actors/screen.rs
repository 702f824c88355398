//! A session for tests: what it shows is written down; its socket can be made to take nothing.

use actix::prelude::*;
use roost_actors::Node;
use roost_actors::hub::{Hub, Place};
use roost_actors::model::{AccountId, Caller, HistoryQuery, Push, RoomId, RoomPosition, Seq};
use roost_actors::session::{CloseWhy, SessionEvent};
use std::sync::{Arc, Mutex};

/// What a session has shown.
#[derive(Clone, Default)]
pub struct Shown(Arc<Mutex<Vec<Entry>>>);

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Message(RoomId, i64),
    Other(String),
    Closed(CloseWhy),
}

impl Shown {
    fn add(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }

    pub fn all(&self) -> Vec<Entry> {
        self.0.lock().unwrap().clone()
    }

    /// The seqs shown of one room, in the order shown.
    pub fn seqs(&self, room: RoomId) -> Vec<i64> {
        let of_room = |entry: Entry| match entry {
            Entry::Message(shown, seq) if shown == room => Some(seq),
            _ => None,
        };
        self.all().into_iter().filter_map(of_room).collect()
    }
}

pub struct Screen {
    node: Node,
    place: Place,
    shown: Shown,
    /// Taken from the hub and not yet by the socket.
    pipe: Vec<SessionEvent>,
    stuck: bool,
    reading: bool,
}

/// Makes the socket take nothing, or take again.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stick(pub bool);

impl Screen {
    /// Messages read back in one step.
    const STEP: i64 = 40;

    /// Opens a session of an account, as a socket does: it enters first and then reads where its rooms end.
    pub async fn open(node: &Node, hub: &Hub, account: AccountId) -> (Addr<Screen>, Shown) {
        let shown = Shown::default();
        let (node_of, hub, shown_too) = (node.clone(), hub.clone(), shown.clone());
        let screen = Screen::create(move |ctx| {
            ctx.set_mailbox_capacity(Hub::OUTBOX_EVENTS_MAX);
            Screen {
                place: hub.enter(account, ctx.address().recipient()),
                node: node_of,
                shown: shown_too,
                pipe: Vec::new(),
                stuck: false,
                reading: false,
            }
        });
        let positions = node.directory().positions(account).await.expect("positions");
        screen.send(Start(positions)).await.expect("the session starts");
        (screen, shown)
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        if self.stuck {
            return;
        }
        for event in self.pipe.drain(..) {
            if let SessionEvent::Deliver(bundle) = &event {
                let queued = &self.place.queued_bytes;
                queued.set(queued.get() - bundle.weight);
                for delivery in bundle.iter() {
                    self.shown.add(entry(&delivery.push));
                }
            }
        }
        self.look(ctx);
    }

    /// Reads back what is missing, one step at a time.
    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.stuck || self.reading {
            return;
        }
        let Some(behind) = self.place.behind() else {
            return;
        };
        self.reading = true;
        let room = self.node.room(behind.room);
        let read = async move {
            let query = HistoryQuery::range(behind.from, Seq(i64::MAX), Screen::STEP);
            room.range(query).await
        };
        ctx.spawn(read.into_actor(self).map(move |page, screen, ctx| {
            screen.reading = false;
            if let Ok(page) = page {
                let seen = page
                    .messages
                    .last()
                    .map_or(Seq(behind.from.0 - 1), |last| last.seq);
                let to_end = (page.messages.len() as i64) < Screen::STEP;
                for message in &page.messages {
                    screen.shown.add(Entry::Message(message.room, message.seq.0));
                }
                screen
                    .place
                    .caught_up(behind.room, seen, to_end.then_some(behind.signals));
            }
            screen.look(ctx);
        }));
    }
}

fn entry(push: &Push) -> Entry {
    match push {
        Push::Posted { message, .. } => Entry::Message(message.room, message.seq.0),
        other => Entry::Other(format!("{other:?}")),
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Start(Vec<RoomPosition>);

impl Actor for Screen {
    type Context = Context<Self>;
}

impl Handler<Start> for Screen {
    type Result = ();

    fn handle(&mut self, start: Start, ctx: &mut Context<Self>) {
        self.place.start(&start.0);
        self.look(ctx);
    }
}

impl Handler<SessionEvent> for Screen {
    type Result = ();

    fn handle(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        match event {
            SessionEvent::Close(why) => self.shown.add(Entry::Closed(why)),
            event => self.pipe.push(event),
        }
        self.flush(ctx);
    }
}

impl Handler<Stick> for Screen {
    type Result = ();

    fn handle(&mut self, stick: Stick, ctx: &mut Context<Self>) {
        self.stuck = stick.0;
        self.flush(ctx);
    }
}

/// A person who asks.
pub fn caller(account: AccountId) -> Caller {
    Caller::person(account)
}
