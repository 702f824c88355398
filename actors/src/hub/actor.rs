//! What a hub does with pushes and sessions: hands the ones to the others. Its actor is in `surge.rs`.

use super::interest::{HubId, Interest};
use super::state::{Arrival, Behind, HubState, SlotId, Wave};
use super::surge::{Run, Surge};
use crate::ledger::Bell;
use crate::meters::Meters;
use crate::model::{AccountId, Bundle, Delivery, Entry, Push, RoomId, RoomPosition, Seq, Timestamp, TopicId};
use crate::ports::Clock;
use crate::session::{CloseWhy, SessionEvent};
use actix::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// What a hub is told.
#[derive(Clone, Debug)]
pub enum HubMessage {
    /// Pushes of one room, in order. Those with a seq are without holes among themselves.
    Room(RoomId, Arc<[Arc<Delivery>]>),
    /// A push for every session of one account.
    Account(AccountId, Arc<Delivery>),
    /// A push for every session that listens to a topic.
    Topic(TopicId, Arc<Delivery>),
    /// New lines of the ledger, without holes.
    Ledger(Arc<[Entry]>),
    /// The room ends at this seq: whoever has seen less must read back.
    Announce(RoomId, Seq),
    /// The account was in exactly these rooms when storage was asked, at that time of this node's clock: its sessions
    /// follow them from where it came in.
    Sync(AccountId, Arc<[RoomPosition]>, Timestamp),
    /// Pushes to the account may have been lost on their way here: its sessions read again what they were about.
    Reread(AccountId),
    /// Every session says goodbye.
    CloseAll(CloseWhy),
}

impl Message for HubMessage {
    type Result = ();
}

/// How a hub reaches one session, and how much it has sent there that was not shown yet.
#[derive(Debug)]
pub struct Sink {
    to: Recipient<SessionEvent>,
    queued_bytes: Rc<Cell<usize>>,
    missed_account_push: Rc<Cell<bool>>,
    missed_lines: Rc<Cell<bool>>,
}

/// The sessions of one thread, as their socket actors use it. Cheap to clone, stays on its thread.
#[derive(Clone)]
pub struct Hub {
    id: HubId,
    state: Rc<RefCell<HubState<Sink>>>,
    interest: Arc<Interest>,
    meters: Arc<Meters>,
    clock: Arc<dyn Clock>,
    bell: Bell,
}

/// A session's place in its hub. Dropping it lets the session go.
pub struct Place {
    hub: Hub,
    slot: SlotId,
    /// Bytes handed to this session and not yet written by it: the session takes off what it has written.
    pub queued_bytes: Rc<Cell<usize>>,
    /// A push for the account did not fit: what it told must be re-read.
    pub missed_account_push: Rc<Cell<bool>>,
    /// Lines of the ledger did not fit: where the account stands in it must be read again.
    pub missed_lines: Rc<Cell<bool>>,
}

impl Hub {
    /// Bytes that may wait for one session; above this it is behind and reads back from history.
    pub const OUTBOX_BYTES_MAX: usize = 256 * 1024;
    /// Sessions that a wave comes by before others have their turn on this thread.
    pub const SESSIONS_AT_ONCE_MAX: usize = 64;
    /// Events in the mailbox of one session, at most.
    pub const OUTBOX_EVENTS_MAX: usize = 64;

    #[must_use]
    pub fn new(
        id: HubId,
        interest: Arc<Interest>,
        meters: Arc<Meters>,
        clock: Arc<dyn Clock>,
        bell: Bell,
    ) -> Hub {
        Hub {
            id,
            state: Rc::new(RefCell::new(HubState::default())),
            interest,
            meters,
            clock,
            bell,
        }
    }

    /// Lets a session in.
    #[must_use]
    pub fn enter(&self, account: AccountId, to: Recipient<SessionEvent>) -> Place {
        let queued_bytes = Rc::new(Cell::new(0));
        let missed_account_push = Rc::new(Cell::new(false));
        let missed_lines = Rc::new(Cell::new(false));
        let sink = Sink {
            to,
            queued_bytes: queued_bytes.clone(),
            missed_account_push: missed_account_push.clone(),
            missed_lines: missed_lines.clone(),
        };
        let (slot, first) = self.state.borrow_mut().enter(account, sink);
        if first {
            self.interest.follow_account(account, self.id);
        }
        self.meters.sessions.up();
        Place {
            hub: self.clone(),
            slot,
            queued_bytes,
            missed_account_push,
            missed_lines,
        }
    }

    /// Hands pushes without a seq to the followers of their room, but for revocations that arrived before.
    pub(super) fn signal(&self, room: RoomId, deliveries: &Arc<[Arc<Delivery>]>) {
        let mut state = self.state.borrow_mut();
        let fresh = deliveries.iter().filter(|delivery| match &delivery.push {
            Push::Revoked { message, .. } => state.revocation(room, message.id),
            _ => true,
        });
        let fresh: Vec<Arc<Delivery>> = fresh.cloned().collect();
        if fresh.is_empty() {
            return;
        }
        // Told late, perhaps: whoever is behind must look as far back.
        let taken_back = fresh.iter().filter_map(|delivery| match &delivery.push {
            Push::Revoked { message, .. } => message.revoked_at,
            _ => None,
        });
        let since = taken_back.fold(self.clock.now(), std::cmp::Ord::min);
        let fresh = Bundle::new(fresh);
        let taken = state.hand_signal(room, since, |sink| sink.offer(&fresh), Sink::wake);
        self.meters.deliveries.add(taken * fresh.len() as u64);
    }

    /// What of these messages is new here, as a wave that can begin.
    pub(super) fn fresh(&self, room: RoomId, run: &Run) -> Option<Surge> {
        let skip = self.arrived(room, run)?;
        Some(Surge::new(room, run, skip, self.clock.now()))
    }

    /// Lets messages go with the wave that is under way in their room, from where it is.
    pub(super) fn join(&self, surge: &mut Surge, run: &Run) {
        if self.arrived(surge.room(), run).is_some() {
            surge.add(run, self.clock.now());
        }
    }

    /// How many of these messages were here before, unless all were.
    fn arrived(&self, room: RoomId, run: &Run) -> Option<usize> {
        match self.state.borrow_mut().arrived(room, run.first, run.last) {
            Arrival::Fresh { skip } => Some(skip),
            Arrival::Nobody | Arrival::Old => None,
        }
    }

    /// Lets a wave come by some more sessions. `true`: it has come by all.
    pub(super) fn advance(&self, surge: &mut Surge) -> bool {
        let mut state = self.state.borrow_mut();
        let wave = surge.wave;
        let handed = state.hand_over(
            &wave,
            Hub::SESSIONS_AT_ONCE_MAX,
            |sink, seen| sink.offer(surge.after(seen)),
            |sink| {
                self.meters.catch_ups.add(1);
                sink.wake();
            },
        );
        self.meters.deliveries.add(handed.taken);
        if handed.all && state.has_ledger_readers() {
            self.bell.ring();
        }
        handed.all
    }

    pub(super) fn topic(&self, topic: TopicId, delivery: Arc<Delivery>) {
        let state = self.state.borrow();
        let bundle = Bundle::new([delivery]);
        // Nothing keeps what is said there: who cannot take it misses it.
        let taken = state.listeners(topic).filter(|sink| sink.offer(&bundle)).count();
        self.meters.deliveries.add(taken as u64);
    }

    pub(super) fn ledger(&self, entries: &[Entry]) {
        let newcomers = self.state.borrow().newcomers(entries);
        for (slot, room, seen) in newcomers {
            self.follow(slot, room, seen);
        }
        let state = self.state.borrow();
        for (slot, lines) in state.readers(entries) {
            let Some(sink) = state.sink(slot) else { continue };
            if sink.to.try_send(SessionEvent::Ledger(lines.into())).is_err() {
                sink.missed_lines.set(true);
            }
        }
    }

    pub(super) fn announce(&self, room: RoomId, end: Seq) {
        let mut state = self.state.borrow_mut();
        if let Arrival::Fresh { .. } = state.arrived(room, end.next(), end) {
            self.meters.cluster.repairs.add(1);
            let now = self.clock.now();
            // Nobody has seen `end`, so nobody takes this: all are behind, and read back.
            let wave = Wave {
                room,
                first: end.next().next(),
                last: end,
                now,
            };
            state.hand_over(&wave, usize::MAX, |_, _| false, Sink::wake);
            if state.has_ledger_readers() {
                self.bell.ring();
            }
        }
    }

    pub(super) fn account(&self, account: AccountId, delivery: Arc<Delivery>) {
        let slots = self.state.borrow().slots_of(account);
        let now = self.clock.now();
        match &delivery.push {
            Push::Joined { room, at, .. } => {
                for slot in &slots {
                    self.state.borrow_mut().moved(*slot, *room, now);
                    self.follow(*slot, *room, *at);
                }
            }
            Push::Left { room, .. } => {
                for slot in &slots {
                    self.state.borrow_mut().moved(*slot, *room, now);
                    self.unfollow(*slot, *room);
                }
            }
            _ => {}
        }
        let state = self.state.borrow();
        let bundle = Bundle::new([delivery]);
        for sink in slots.iter().filter_map(|slot| state.sink(*slot)) {
            if sink.offer(&bundle) {
                self.meters.deliveries.add(1);
            } else {
                sink.missed_account_push.set(true);
                sink.wake();
            }
        }
    }

    pub(super) fn sync(&self, account: AccountId, positions: &[RoomPosition], asked_at: Timestamp) {
        let slots = self.state.borrow().slots_of(account);
        for slot in slots {
            let (missing, gone) = self.state.borrow().differences(slot, positions, asked_at);
            for position in missing {
                self.follow(slot, position.room, Seq(position.from_seq.0 - 1));
            }
            for room in gone {
                self.unfollow(slot, room);
            }
        }
    }

    /// Says goodbye to every session.
    pub(super) fn close_all(&self, why: CloseWhy) {
        for sink in self.state.borrow().sinks() {
            let _ = sink.to.try_send(SessionEvent::Close(why));
        }
    }

    /// A push for the account was lost on the way here: what it told must be re-read.
    pub(super) fn lose(&self, account: AccountId) {
        let state = self.state.borrow();
        for sink in state
            .slots_of(account)
            .iter()
            .filter_map(|slot| state.sink(*slot))
        {
            sink.missed_account_push.set(true);
            sink.wake();
        }
    }

    fn follow(&self, slot: SlotId, room: RoomId, seen: Seq) {
        let mut state = self.state.borrow_mut();
        if state.follow(slot, room, seen, self.clock.now()) {
            self.interest.follow_room(room, self.id);
        }
        if state.behind(slot).is_some()
            && let Some(sink) = state.sink(slot)
        {
            sink.wake();
        }
    }

    fn unfollow(&self, slot: SlotId, room: RoomId) {
        if self.state.borrow_mut().unfollow(slot, room) {
            self.interest.leave_room(room, self.id);
        }
    }
}

impl Sink {
    /// Offers pushes; refused when the session's outbox is full.
    fn offer(&self, bundle: &Arc<Bundle>) -> bool {
        let queued = self.queued_bytes.get();
        if queued > 0 && queued + bundle.weight > Hub::OUTBOX_BYTES_MAX {
            return false;
        }
        let taken = self.to.try_send(SessionEvent::Deliver(bundle.clone())).is_ok();
        if taken {
            self.queued_bytes.set(queued + bundle.weight);
        }
        taken
    }

    /// Makes the session look whether it is behind. When its mailbox is full it will look anyway.
    fn wake(&self) {
        let _ = self.to.try_send(SessionEvent::CatchUp);
    }
}

impl Place {
    /// Tells where the session starts, as read after it entered: see [`HubState::start`].
    pub fn start(&self, positions: &[RoomPosition]) {
        let positions: Vec<_> = positions.iter().map(|p| (p.room, p.last_seq)).collect();
        let now = self.hub.clock.now();
        let fresh = self.hub.state.borrow_mut().start(self.slot, &positions, now);
        for room in fresh {
            self.hub.interest.follow_room(room, self.hub.id);
        }
    }

    /// From now on the session is told the ledger's lines of its rooms, those of newcomers included.
    pub fn read_ledger(&self) {
        self.hub.state.borrow_mut().read_ledger(self.slot);
    }

    /// Listens to one topic, or to none.
    pub fn listen(&self, topic: Option<TopicId>) {
        let (interest, id) = (&self.hub.interest, self.hub.id);
        let left = self.hub.state.borrow_mut().listen(self.slot, topic);
        if let Some(left) = left {
            interest.leave_topic(left, id);
        }
        if let Some(topic) = topic {
            interest.listen(topic, id);
        }
    }

    /// What to read back next.
    #[must_use]
    pub fn behind(&self) -> Option<Behind> {
        self.hub.state.borrow().behind(self.slot)
    }

    /// Says how far the session has shown a room, and which missed signals it has re-read. `true`: it is live there again.
    pub fn caught_up(&self, room: RoomId, seen: Seq, signals: Option<u32>) -> bool {
        self.hub
            .state
            .borrow_mut()
            .caught_up(self.slot, room, seen, signals)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let emptied = self.hub.state.borrow_mut().exit(self.slot);
        let (interest, id) = (&self.hub.interest, self.hub.id);
        for room in emptied.rooms {
            interest.leave_room(room, id);
        }
        if let Some(account) = emptied.account {
            interest.leave_account(account, id);
        }
        if let Some(topic) = emptied.topic {
            interest.leave_topic(topic, id);
        }
        self.hub.meters.sessions.down();
    }
}
