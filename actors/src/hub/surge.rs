//! The actor of a hub: takes what rooms and users push, in order, and gives each turn of its thread a bounded part.
//!
//! A message for a thousand sessions keeps a thread busy for milliseconds. So it is handed over to some sessions at a
//! time, and requests and other actors have their turn in between. What a room has stored meanwhile does not wait for
//! the end of that: it goes along from the session where the wave is and once round all of them, so that each session
//! is given all there is for it whenever its turn comes, in one write.

use super::actor::{Hub, HubMessage};
use super::state::Wave;
use crate::model::{Bundle, Delivery, RoomId, Seq, Timestamp};
use actix::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// Messages `first..=last` of a room, without holes.
pub(super) struct Run {
    pub first: Seq,
    pub last: Seq,
    pub deliveries: Arc<[Arc<Delivery>]>,
}

impl Run {
    /// These, if they have seqs.
    fn of(deliveries: &Arc<[Arc<Delivery>]>) -> Option<Run> {
        let seq = |delivery: &Arc<Delivery>| delivery.position().map(|(_, seq)| seq);
        Some(Run {
            first: seq(deliveries.first()?)?,
            last: seq(deliveries.last()?)?,
            deliveries: deliveries.clone(),
        })
    }
}

/// A wave and what it carries.
pub(super) struct Surge {
    pub wave: Wave,
    carried: Vec<Arc<Delivery>>,
    carried_bytes: usize,
    /// What a session is given that has seen up to this seq: most have seen the same.
    cut: Option<(Seq, Arc<Bundle>)>,
}

impl Surge {
    /// Messages that a wave carries at the same time, at most: with these it must come by everybody before more begin.
    const CARRIED_LEN_MAX: usize = 256;

    pub fn new(room: RoomId, run: &Run, skip: usize, now: Timestamp) -> Surge {
        let wave = Wave {
            room,
            first: Seq(run.first.0 + skip as i64),
            last: run.last,
            now,
        };
        let mut surge = Surge {
            wave,
            carried: Vec::new(),
            carried_bytes: 0,
            cut: None,
        };
        surge.carry(&run.deliveries[skip..]);
        surge
    }

    pub fn room(&self) -> RoomId {
        self.wave.room
    }

    /// These, if they can go with what it carries.
    fn takes(&self, room: RoomId, deliveries: &Arc<[Arc<Delivery>]>) -> Option<Run> {
        let run = Run::of(deliveries)?;
        let fits = room == self.wave.room
            && run.first == self.wave.last.next()
            && self.carried.len() + deliveries.len() <= Surge::CARRIED_LEN_MAX
            && self.carried_bytes + weight(deliveries) <= Hub::OUTBOX_BYTES_MAX;
        fits.then_some(run)
    }

    /// Carries these too, those included that were known here before: what is carried has no holes.
    pub fn add(&mut self, run: &Run, now: Timestamp) {
        self.carry(&run.deliveries);
        self.wave.last = run.last;
        self.wave.now = now;
        self.cut = None;
    }

    fn carry(&mut self, deliveries: &[Arc<Delivery>]) {
        self.carried.extend(deliveries.iter().cloned());
        self.carried_bytes += weight(deliveries);
    }

    /// What a session has not seen of what is carried.
    pub fn after(&mut self, seen: Seq) -> &Arc<Bundle> {
        if self.cut.as_ref().is_none_or(|(after, _)| *after != seen) {
            self.cut = None;
        }
        let (carried, first) = (&self.carried, self.wave.first);
        let cut = || {
            let skip = (seen.0 + 1 - first.0).max(0) as usize;
            (seen, Bundle::new(carried.get(skip..).unwrap_or_default()))
        };
        &self.cut.get_or_insert_with(cut).1
    }
}

fn weight(deliveries: &[Arc<Delivery>]) -> usize {
    let weights = deliveries
        .iter()
        .map(|delivery| Bundle::weight_of(&delivery.push));
    weights.sum()
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
            if let Some(surge) = &mut self.under_way {
                while let Some(run) = next_of(&mut self.waiting, surge) {
                    self.hub.join(surge, &run);
                }
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
            HubMessage::Room(room, deliveries) => match Run::of(&deliveries) {
                None => self.hub.signal(room, &deliveries),
                Some(run) => self.under_way = self.hub.fresh(room, &run),
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
}

/// What waits first, if it can go with the wave that is under way.
fn next_of(waiting: &mut VecDeque<HubMessage>, surge: &Surge) -> Option<Run> {
    let HubMessage::Room(room, deliveries) = waiting.front()? else {
        return None;
    };
    let run = surge.takes(*room, deliveries)?;
    waiting.pop_front();
    Some(run)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, ChatMessage, MessageId, MessageKind, Push, RoomKind};

    const ROOM: RoomId = RoomId(1);
    const NOW: Timestamp = Timestamp(7);

    fn posted(seq: i64) -> Arc<Delivery> {
        Delivery::new(Push::Posted {
            kind: RoomKind::Group,
            message: ChatMessage {
                id: MessageId(seq),
                room: ROOM,
                seq: Seq(seq),
                sender: AccountId(1),
                kind: MessageKind::Text,
                body: "hi".into(),
                private: false,
                extra: None,
                created_at: NOW,
                revoked_at: None,
            },
        })
    }

    fn run(seqs: std::ops::RangeInclusive<i64>) -> Arc<[Arc<Delivery>]> {
        seqs.map(posted).collect()
    }

    fn surge(seqs: std::ops::RangeInclusive<i64>, skip: usize) -> Surge {
        Surge::new(ROOM, &Run::of(&run(seqs)).expect("a run"), skip, NOW)
    }

    fn given(surge: &mut Surge, seen: i64) -> Vec<i64> {
        let bundle = surge.after(Seq(seen)).clone();
        let seqs = bundle.iter().filter_map(|delivery| delivery.position());
        seqs.map(|(_, seq)| seq.0).collect()
    }

    #[test]
    fn each_session_is_given_what_it_has_not_seen_of_what_is_carried() {
        let mut surge = surge(1..=4, 1);
        assert_eq!(given(&mut surge, 1), [2, 3, 4]);
        let more = surge.takes(ROOM, &run(5..=6)).expect("they go along");
        surge.add(&more, NOW);
        assert_eq!(given(&mut surge, 1), [2, 3, 4, 5, 6]);
        assert_eq!(given(&mut surge, 4), [5, 6]);
        assert_eq!(given(&mut surge, 5), [6]);
        assert_eq!((surge.wave.first, surge.wave.last), (Seq(2), Seq(6)));
    }

    #[test]
    fn only_what_follows_on_it_goes_along_and_no_more_than_it_can_carry() {
        let surge = surge(1..=4, 0);
        assert!(surge.takes(RoomId(2), &run(5..=5)).is_none(), "another room");
        assert!(surge.takes(ROOM, &run(6..=6)).is_none(), "a hole");
        assert!(surge.takes(ROOM, &run(4..=5)).is_none(), "known in part");
        let most = Surge::CARRIED_LEN_MAX as i64;
        assert!(surge.takes(ROOM, &run(5..=most)).is_some());
        assert!(surge.takes(ROOM, &run(5..=most + 1)).is_none(), "too many");
    }
}
