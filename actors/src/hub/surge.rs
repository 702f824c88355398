//! The actor of a hub: takes what rooms and users push, in order, and gives each turn of its thread a bounded part.
//!
//! A message for a thousand sessions keeps a thread busy for milliseconds. So it is handed over to some sessions at a
//! time, and requests and other actors have their turn in between; what a room has stored meanwhile goes out together
//! with what waits, in one write a session.

use super::actor::{Hub, HubMessage};
use super::state::Wave;
use crate::model::{Delivery, RoomId, Seq};
use crate::session::SessionEvent;
use actix::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// Messages `first..=last` of a room, without holes.
pub(super) struct Run {
    pub first: Seq,
    pub last: Seq,
    pub deliveries: Arc<[Arc<Delivery>]>,
}

/// A wave and what it carries.
pub(super) struct Surge {
    pub wave: Wave,
    pub event: SessionEvent,
    pub bytes: usize,
    pub len: u64,
}

/// The actor of a hub.
pub struct HubActor {
    hub: Hub,
    /// What came while a wave was under way.
    waiting: VecDeque<HubMessage>,
    under_way: Option<Surge>,
}

impl HubActor {
    /// Messages in the mailbox of a hub, and messages that wait for a wave, at most. What does not fit is repaired from
    /// history.
    pub const MAILBOX_LEN_MAX: usize = 16_384;
    /// Messages of a room that go to a session in one event, at most.
    const RUN_LEN_MAX: usize = 64;

    #[must_use]
    pub fn new(hub: Hub) -> HubActor {
        HubActor {
            hub,
            waiting: VecDeque::new(),
            under_way: None,
        }
    }

    /// Goes on until nothing waits, or until others should have a turn.
    fn go_on(&mut self, ctx: &mut Context<Self>) {
        loop {
            if let Some(surge) = &self.under_way {
                if !self.hub.advance(surge) {
                    let turn = tokio::task::yield_now().into_actor(self);
                    ctx.spawn(turn.map(|(), hub, ctx| hub.go_on(ctx)));
                    return;
                }
                self.under_way = None;
            }
            let Some(message) = self.waiting.pop_front() else {
                return;
            };
            self.take(message);
        }
    }

    fn take(&mut self, message: HubMessage) {
        match message {
            HubMessage::Room(room, deliveries) => match run_of(&deliveries) {
                None => self.hub.signal(room, &deliveries),
                Some((first, last)) => {
                    let run = self.together(
                        room,
                        Run {
                            first,
                            last,
                            deliveries,
                        },
                    );
                    self.under_way = self.hub.fresh(room, &run);
                }
            },
            HubMessage::Account(account, delivery) => self.hub.account(account, delivery),
            HubMessage::Topic(topic, delivery) => self.hub.topic(topic, delivery),
            HubMessage::Ledger(entries) => self.hub.ledger(&entries),
            HubMessage::Announce(room, end) => self.hub.announce(room, end),
            HubMessage::Sync(account, positions, asked_at) => self.hub.sync(account, &positions, asked_at),
            HubMessage::Reread(account) => self.hub.lose(account),
            HubMessage::CloseAll(why) => self.hub.close_all(why),
        }
    }

    /// The run with those that follow on it and wait right behind it.
    fn together(&mut self, room: RoomId, run: Run) -> Run {
        let Run { first, mut last, .. } = run;
        let mut more: Vec<Arc<Delivery>> = Vec::new();
        while let Some(HubMessage::Room(next_room, next)) = self.waiting.front()
            && *next_room == room
            && let Some((next_first, next_last)) = run_of(next)
            && next_first == last.next()
            && run.deliveries.len() + more.len() + next.len() <= HubActor::RUN_LEN_MAX
        {
            last = next_last;
            more.extend(next.iter().cloned());
            self.waiting.pop_front();
        }
        if more.is_empty() {
            return run;
        }
        Run {
            first,
            last,
            deliveries: run.deliveries.iter().cloned().chain(more).collect(),
        }
    }
}

/// The first and last seq of pushes that have them.
fn run_of(deliveries: &[Arc<Delivery>]) -> Option<(Seq, Seq)> {
    let seq = |delivery: &Arc<Delivery>| delivery.position().map(|(_, seq)| seq);
    Some((seq(deliveries.first()?)?, seq(deliveries.last()?)?))
}

impl Actor for HubActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(HubActor::MAILBOX_LEN_MAX);
    }
}

impl Handler<HubMessage> for HubActor {
    type Result = ();

    fn handle(&mut self, message: HubMessage, ctx: &mut Context<Self>) {
        if self.under_way.is_none() {
            self.take(message);
            self.go_on(ctx);
            return;
        }
        if self.waiting.len() < HubActor::MAILBOX_LEN_MAX {
            self.waiting.push_back(message);
            return;
        }
        match message {
            HubMessage::Account(account, _) | HubMessage::Reread(account) => self.hub.lose(account),
            // Shown too early, it costs sessions a look into history; lost, it would let them wait for ever.
            HubMessage::CloseAll(why) => self.hub.close_all(why),
            HubMessage::Sync(account, positions, asked_at) => self.hub.sync(account, &positions, asked_at),
            // Repaired from history, or kept by nobody.
            HubMessage::Room(..)
            | HubMessage::Topic(..)
            | HubMessage::Ledger(_)
            | HubMessage::Announce(..) => {}
        }
    }
}
