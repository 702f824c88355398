//! Sessions of one hub: whatever arrives, in whatever state their sockets are, each is shown every seq once, in order.

use proptest::prelude::*;
use roost_actors::hub::{Arrival, HubState, SlotId, Wave};
use roost_actors::model::{AccountId, RoomId, Seq, Timestamp};
use std::cell::RefCell;

const ROOM: RoomId = RoomId(1);
const NOW: Timestamp = Timestamp(7);
const SESSIONS: usize = 3;

#[derive(Clone, Debug)]
enum Event {
    /// So many messages are stored and arrive here; sessions of this mask take nothing.
    Post { count: i64, full: u8 },
    /// So many are stored and never arrive.
    Lose { count: i64 },
    /// The last few arrive again.
    Repeat { count: i64 },
    /// The owner says where the room ends.
    Announce,
    /// A push without a seq.
    Signal { full: u8 },
    /// A session reads back, at most so many.
    ReadBack { session: usize, limit: i64 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (1..5i64, 0..8u8).prop_map(|(count, full)| Event::Post { count, full }),
        1 => (1..5i64).prop_map(|count| Event::Lose { count }),
        1 => (1..9i64).prop_map(|count| Event::Repeat { count }),
        1 => Just(Event::Announce),
        1 => (0..8u8).prop_map(|full| Event::Signal { full }),
        5 => (0..SESSIONS, 1..6i64).prop_map(|(session, limit)| Event::ReadBack { session, limit }),
    ]
}

struct Stage {
    hub: HubState<usize>,
    slots: Vec<SlotId>,
    /// What each session was shown.
    shown: RefCell<Vec<Vec<i64>>>,
    stored: i64,
}

impl Stage {
    fn new() -> Stage {
        let mut hub = HubState::default();
        let mut slots = Vec::new();
        for session in 0..SESSIONS {
            let (slot, _) = hub.enter(AccountId(session as i64), session);
            hub.start(slot, &[(ROOM, Seq(0))], NOW);
            slots.push(slot);
        }
        let shown = RefCell::new(vec![Vec::new(); SESSIONS]);
        Stage {
            hub,
            slots,
            shown,
            stored: 0,
        }
    }

    fn arrive(&mut self, first: i64, last: i64, full: u8) {
        let Arrival::Fresh { skip } = self.hub.arrived(ROOM, Seq(first), Seq(last)) else {
            return;
        };
        let first = first + skip as i64;
        let shown = &self.shown;
        let hand = |session: &usize| {
            let takes = full & (1 << session) == 0;
            if takes {
                shown.borrow_mut()[*session].extend(first..=last);
            }
            takes
        };
        let wave = wave(Seq(first), Seq(last));
        while !self.hub.hand_over(&wave, 2, hand, |_| {}).all {}
    }

    fn read_back(&mut self, session: usize, limit: i64) -> bool {
        let Some(behind) = self.hub.behind(self.slots[session]) else {
            return false;
        };
        let last = self.stored.min(behind.from.0 + limit - 1);
        self.shown.borrow_mut()[session].extend(behind.from.0..=last);
        let to_end = last == self.stored;
        let seen = Seq(last.max(behind.from.0 - 1));
        self.hub
            .caught_up(self.slots[session], ROOM, seen, to_end.then_some(behind.signals));
        true
    }

    fn play(&mut self, event: &Event) {
        match *event {
            Event::Post { count, full } => {
                let first = self.stored + 1;
                self.stored += count;
                self.arrive(first, self.stored, full);
            }
            Event::Lose { count } => self.stored += count,
            Event::Repeat { count } => {
                if self.stored > 0 {
                    self.arrive((self.stored - count + 1).max(1), self.stored, 0);
                }
            }
            Event::Announce => {
                let end = Seq(self.stored);
                if let Arrival::Fresh { .. } = self.hub.arrived(ROOM, end.next(), end) {
                    let wave = wave(end.next().next(), end);
                    self.hub.hand_over(&wave, usize::MAX, |_| false, |_| {});
                }
            }
            Event::Signal { full } => {
                self.hub
                    .hand_signal(ROOM, NOW, |session| full & (1 << session) == 0, |_| {});
            }
            Event::ReadBack { session, limit } => {
                self.read_back(session, limit);
            }
        }
    }
}

fn wave(first: Seq, last: Seq) -> Wave {
    Wave {
        room: ROOM,
        first,
        last,
        now: NOW,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn every_session_is_shown_every_seq_once_in_order(events in prop::collection::vec(event(), 1..80)) {
        let mut stage = Stage::new();
        for event in &events {
            stage.play(event);
            for shown in stage.shown.borrow().iter() {
                prop_assert!(shown.iter().zip(1..).all(|(seq, n)| *seq == n), "{shown:?}");
            }
        }
        stage.play(&Event::Announce);
        for session in 0..SESSIONS {
            for _ in 0..stage.stored + 2 {
                if !stage.read_back(session, 5) {
                    break;
                }
            }
            prop_assert_eq!(stage.hub.behind(stage.slots[session]), None);
            prop_assert_eq!(stage.shown.borrow()[session].len() as i64, stage.stored);
        }
        // All are live again.
        stage.play(&Event::Post { count: 1, full: 0 });
        for shown in stage.shown.borrow().iter() {
            prop_assert_eq!(shown.len() as i64, stage.stored);
        }
    }
}
