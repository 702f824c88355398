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
    /// So many messages are stored and arrive here, and go along with the wave that is under way, if one is.
    Post { count: i64 },
    /// The wave that is under way comes by so many sessions; those of this mask take nothing.
    Advance { by: usize, full: u8 },
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
        6 => (1..5i64).prop_map(|count| Event::Post { count }),
        9 => (1..6usize, 0..8u8).prop_map(|(by, full)| Event::Advance { by, full }),
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
    under_way: Option<Wave>,
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
            under_way: None,
        }
    }

    fn arrive(&mut self, first: i64, last: i64) {
        if self.under_way.is_some_and(|wave| wave.last.0 + 1 != first) {
            self.advance(usize::MAX, 0);
        }
        let Arrival::Fresh { skip } = self.hub.arrived(ROOM, Seq(first), Seq(last)) else {
            return;
        };
        let first = self.under_way.map_or(Seq(first + skip as i64), |wave| wave.first);
        self.under_way = Some(wave(first, Seq(last)));
    }

    fn advance(&mut self, by: usize, full: u8) {
        let Some(wave) = self.under_way else { return };
        let shown = &self.shown;
        let hand = |session: &usize, seen: Seq| {
            let takes = full & (1 << session) == 0;
            if takes {
                shown.borrow_mut()[*session].extend(seen.0 + 1..=wave.last.0);
            }
            takes
        };
        if self.hub.hand_over(&wave, by, hand, |_| {}).all {
            self.under_way = None;
        }
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
        // A hub lets a wave end before it does anything else.
        if matches!(event, Event::Announce | Event::Signal { .. }) {
            self.advance(usize::MAX, 0);
        }
        match *event {
            Event::Post { count } => {
                let first = self.stored + 1;
                self.stored += count;
                self.arrive(first, self.stored);
            }
            Event::Advance { by, full } => self.advance(by, full),
            Event::Lose { count } => self.stored += count,
            Event::Repeat { count } => {
                if self.stored > 0 {
                    self.arrive((self.stored - count + 1).max(1), self.stored);
                }
            }
            Event::Announce => {
                let end = Seq(self.stored);
                if let Arrival::Fresh { .. } = self.hub.arrived(ROOM, end.next(), end) {
                    let wave = wave(end.next().next(), end);
                    self.hub.hand_over(&wave, usize::MAX, |_, _| false, |_| {});
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
        stage.play(&Event::Post { count: 1 });
        stage.play(&Event::Advance { by: SESSIONS, full: 0 });
        for shown in stage.shown.borrow().iter() {
            prop_assert_eq!(shown.len() as i64, stage.stored);
        }
    }
}
