//! What a set of receivers must see: the same messages, all of them, once each, in one order, which is history's.
//!
//! The first receiver that is shown a message has it parsed and proven; from then on the frame as it came is the
//! measure, so that checking a thousand receivers costs a comparison of bytes each.

use super::faults::Faults;
use super::freeim::{self, Item};
use super::stamp::Stamp;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A line that must come at its place, in runs that replay a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    /// The account that writes it.
    pub from: i64,
    pub body: String,
}

/// How the messages of a ledger prove themselves.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Each body is a [`Stamp`], and each sender's count up.
    Stamps,
    /// The n-th message is the n-th line.
    Script(Arc<[ScriptLine]>),
}

/// A message as first seen.
#[derive(Debug)]
struct Entry {
    id: i64,
    from: i64,
    body: Box<str>,
    /// The frame's text; empty when it was seen in history first.
    text: Box<[u8]>,
    stamp: Option<Stamp>,
    seen_by: usize,
}

/// How far one receiver is.
#[derive(Clone, Debug, Default)]
struct Receiver {
    next: usize,
    /// Entries before `next` that it was not shown.
    missing: Vec<usize>,
    /// Entries that it read in history after its socket was opened: the socket may bring each of them too, at once or
    /// later, because history shows what is stored and a push comes after that.
    read_back: Vec<usize>,
}

/// What a delivery was, when it was a message in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub stamp: Option<Stamp>,
    /// Whether it was the last receiver that had to see it.
    pub complete: bool,
}

/// A post that the node acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    pub id: i64,
    pub sender: usize,
    pub counter: u64,
}

/// One conversation and those who listen to it.
#[derive(Debug)]
pub struct Ledger {
    proof: Proof,
    entries: Vec<Entry>,
    by_id: HashMap<i64, usize>,
    /// By sender, the counter that comes next at the least, and every stamp so far.
    counters: HashMap<usize, u64>,
    stamps: HashSet<(usize, u64)>,
    receivers: Vec<Receiver>,
    faults: Faults,
}

impl Ledger {
    #[must_use]
    pub fn new(receivers: usize, proof: Proof) -> Ledger {
        Ledger {
            proof,
            entries: Vec::new(),
            by_id: HashMap::new(),
            counters: HashMap::new(),
            stamps: HashSet::new(),
            receivers: vec![Receiver::default(); receivers],
            faults: Faults::default(),
        }
    }

    /// Takes a frame that one receiver was sent. `None`: nothing that counts, or a fault, which is noted.
    pub fn deliver(&mut self, receiver: usize, text: &[u8]) -> Option<Delivered> {
        let next = self.receivers[receiver].next;
        if self.entries.get(next).is_some_and(|entry| *entry.text == *text) {
            self.receivers[receiver].next += 1;
            return Some(self.note_seen(next));
        }
        let Some(seen) = freeim::read_frame(text) else {
            self.faults.corrupted += 1;
            return None;
        };
        if !seen.is_message() {
            return None;
        }
        let index = match self.by_id.get(&seen.id) {
            Some(index) if self.is_same(*index, seen.from, &seen.body) => *index,
            Some(_) => {
                self.faults.corrupted += 1;
                return None;
            }
            None => self.append(seen.id, seen.from, &seen.body, text),
        };
        self.place(receiver, index)
    }

    /// Takes what a receiver that was away reads in history. What it has seen already is passed over.
    pub fn catch_up(&mut self, receiver: usize, items: &[Item]) {
        for item in items {
            let index = match self.by_id.get(&item.id) {
                Some(index) if self.is_same(*index, item.from, &item.body) => *index,
                Some(_) => {
                    self.faults.corrupted += 1;
                    continue;
                }
                None => self.append(item.id, item.from, &item.body, b""),
            };
            if index >= self.receivers[receiver].next {
                self.place(receiver, index);
                self.receivers[receiver].read_back.push(index);
            }
        }
    }

    fn is_same(&self, index: usize, from: i64, body: &str) -> bool {
        let entry = &self.entries[index];
        entry.from == from && *entry.body == *body
    }

    /// A message nobody has seen so far.
    fn append(&mut self, id: i64, from: i64, body: &str, text: &[u8]) -> usize {
        let index = self.entries.len();
        let stamp = self.prove(index, from, body);
        if self.entries.last().is_some_and(|last| last.id >= id) {
            self.faults.reordered += 1;
        }
        self.entries.push(Entry {
            id,
            from,
            body: body.into(),
            text: text.into(),
            stamp,
            seen_by: 0,
        });
        self.by_id.insert(id, index);
        index
    }

    fn prove(&mut self, index: usize, from: i64, body: &str) -> Option<Stamp> {
        match &self.proof {
            Proof::Stamps => {
                let Some(stamp) = Stamp::read(body) else {
                    self.faults.corrupted += 1;
                    return None;
                };
                let next = self.counters.entry(stamp.sender).or_default();
                if !self.stamps.insert((stamp.sender, stamp.counter)) {
                    // The same post under another id.
                    self.faults.duplicated += 1;
                } else if stamp.counter < *next {
                    self.faults.reordered += 1;
                }
                *next = (*next).max(stamp.counter + 1);
                Some(stamp)
            }
            Proof::Script(lines) => {
                let expected = lines.get(index);
                if expected.is_none_or(|line| line.from != from || line.body != body) {
                    self.faults.corrupted += 1;
                }
                None
            }
        }
    }

    /// One receiver is shown an entry.
    fn place(&mut self, receiver: usize, index: usize) -> Option<Delivered> {
        let place = &mut self.receivers[receiver];
        if index >= place.next {
            place.missing.extend(place.next..index);
            place.next = index + 1;
        } else if let Some(at) = place.missing.iter().position(|missing| *missing == index) {
            place.missing.swap_remove(at);
            self.faults.reordered += 1;
        } else if let Some(at) = place.read_back.iter().position(|read| *read == index) {
            place.read_back.swap_remove(at);
            return None;
        } else {
            self.faults.duplicated += 1;
            return None;
        }
        Some(self.note_seen(index))
    }

    fn note_seen(&mut self, index: usize) -> Delivered {
        let entry = &mut self.entries[index];
        entry.seen_by += 1;
        Delivered {
            stamp: entry.stamp,
            complete: entry.seen_by == self.receivers.len(),
        }
    }

    /// How many messages there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "nobody asks for an empty one")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many messages a receiver has been shown or has missed: where its reading of history goes on.
    #[must_use]
    pub fn position(&self, receiver: usize) -> usize {
        self.receivers[receiver].next
    }

    /// Everything that is wrong at the end, given what was acknowledged and what history holds.
    #[must_use]
    pub fn close(&self, acks: &[Ack], history: &[Item]) -> Faults {
        let mut faults = self.faults;
        for receiver in &self.receivers {
            let behind = self.entries.len() - receiver.next;
            faults.lost += (receiver.missing.len() + behind) as u64;
        }
        for ack in acks {
            match self.by_id.get(&ack.id).map(|index| self.entries[*index].stamp) {
                // Nobody was shown it.
                None => faults.lost += self.receivers.len() as u64,
                Some(Some(stamp)) if (stamp.sender, stamp.counter) != (ack.sender, ack.counter) => {
                    faults.corrupted += 1;
                }
                Some(_) => {}
            }
        }
        faults.history += self.differences(history);
        faults
    }

    fn differences(&self, history: &[Item]) -> u64 {
        let same = self.entries.iter().zip(history).filter(|(entry, item)| {
            entry.id == item.id && entry.from == item.from && *entry.body == *item.body
        });
        (self.entries.len().max(history.len()) - same.count()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: i64 = 10_000_000;

    fn body(counter: u64) -> String {
        let stamp = Stamp {
            sender: 0,
            counter,
            due_ns: 5,
        };
        stamp.body(60)
    }

    fn frame(id: i64, body: &str) -> Vec<u8> {
        freeim::frame_text(id, ANN, 1, body).into_bytes()
    }

    fn item(id: i64, body: &str) -> Item {
        Item {
            id,
            from: ANN,
            body: body.to_owned(),
        }
    }

    /// Shows `(receiver, id)` in this order to two receivers; message `id` has counter `id - 1`.
    fn shown(deliveries: &[(usize, i64)]) -> Ledger {
        let mut ledger = Ledger::new(2, Proof::Stamps);
        for (receiver, id) in deliveries {
            ledger.deliver(*receiver, &frame(*id, &body(*id as u64 - 1)));
        }
        ledger
    }

    fn history(ids: std::ops::RangeInclusive<i64>) -> Vec<Item> {
        ids.map(|id| item(id, &body(id as u64 - 1))).collect()
    }

    fn acks(ids: std::ops::RangeInclusive<i64>) -> Vec<Ack> {
        let ack = |id| Ack {
            id,
            sender: 0,
            counter: id as u64 - 1,
        };
        ids.map(ack).collect()
    }

    #[test]
    fn everything_once_and_in_order_is_no_fault() {
        let ledger = shown(&[(0, 1), (0, 2), (1, 1), (1, 2), (1, 3), (0, 3)]);
        assert!(ledger.close(&acks(1..=3), &history(1..=3)).is_none());
    }

    #[test]
    fn the_last_receiver_completes_a_message() {
        let mut ledger = Ledger::new(2, Proof::Stamps);
        let complete =
            |ledger: &mut Ledger, receiver| ledger.deliver(receiver, &frame(1, &body(0))).unwrap().complete;
        assert!(!complete(&mut ledger, 1));
        assert!(complete(&mut ledger, 0));
    }

    #[test]
    fn what_one_receiver_misses_is_lost_at_the_end_and_in_the_middle() {
        let faults = shown(&[(0, 1), (0, 2), (0, 3), (1, 1), (1, 3)]).close(&acks(1..=3), &history(1..=3));
        assert_eq!(
            faults,
            Faults {
                lost: 1,
                ..Faults::default()
            }
        );
        let faults = shown(&[(0, 1), (0, 2), (1, 1)]).close(&acks(1..=2), &history(1..=2));
        assert_eq!(
            faults,
            Faults {
                lost: 1,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn an_acknowledged_message_that_nobody_saw_is_lost_to_all() {
        let faults = shown(&[(0, 1), (1, 1)]).close(&acks(1..=2), &history(1..=2));
        assert_eq!(
            faults,
            Faults {
                lost: 2,
                history: 1,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn a_second_time_is_a_duplicate() {
        let faults =
            shown(&[(0, 1), (1, 1), (0, 2), (1, 2), (1, 2), (0, 1)]).close(&acks(1..=2), &history(1..=2));
        assert_eq!(
            faults,
            Faults {
                duplicated: 2,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn one_post_stored_twice_is_a_duplicate_whatever_its_id() {
        let mut ledger = Ledger::new(1, Proof::Stamps);
        ledger.deliver(0, &frame(1, &body(0)));
        ledger.deliver(0, &frame(2, &body(0)));
        let history = [item(1, &body(0)), item(2, &body(0))];
        assert_eq!(
            ledger.close(&acks(1..=1), &history),
            Faults {
                duplicated: 1,
                ..Faults::default()
            }
        );
    }

    #[test]
    fn another_order_is_noticed_between_receivers_and_against_ids_and_counters() {
        let faults = shown(&[(0, 1), (0, 2), (1, 2), (1, 1)]).close(&acks(1..=2), &history(1..=2));
        assert_eq!(
            faults,
            Faults {
                reordered: 1,
                ..Faults::default()
            }
        );
        // Both saw 2 before 1: against the ids, the sender's counter, and history.
        let faults = shown(&[(0, 2), (0, 1), (1, 2), (1, 1)]).close(&acks(1..=2), &history(1..=2));
        assert_eq!((faults.reordered, faults.history, faults.lost), (2, 2, 0));
    }

    #[test]
    fn changed_content_is_corrupted() {
        let mut ledger = shown(&[(0, 1)]);
        let mut changed = body(0);
        changed.pop();
        ledger.deliver(1, &frame(1, &changed));
        ledger.deliver(1, &frame(2, "hello"));
        ledger.deliver(1, b"{not json");
        assert_eq!(ledger.close(&[], &[]).corrupted, 3);
        // The id of one message in the answer to another.
        let swapped = [Ack {
            id: 1,
            sender: 0,
            counter: 7,
        }];
        assert_eq!(
            shown(&[(0, 1), (1, 1)])
                .close(&swapped, &history(1..=1))
                .corrupted,
            1
        );
    }

    #[test]
    fn history_must_be_the_same_in_order_and_content() {
        let ledger = || shown(&[(0, 1), (1, 1), (0, 2), (1, 2)]);
        let faults = |history: &[Item]| ledger().close(&acks(1..=2), history).history;
        assert_eq!(faults(&history(1..=2)), 0);
        assert_eq!(faults(&history(1..=1)), 1);
        assert_eq!(faults(&history(1..=3)), 1);
        assert_eq!(faults(&[item(1, &body(0)), item(2, "other")]), 1);
    }

    #[test]
    fn pings_are_passed_over() {
        let mut ledger = shown(&[]);
        let ping = br#"{"fromId":0,"toId":0,"ope":"","type":"ping","body":"","isPrivate":false,"status":"","isRead":false}"#;
        assert_eq!(ledger.deliver(0, ping), None);
        assert!(ledger.close(&[], &[]).is_none());
    }

    #[test]
    fn who_was_away_reads_back_and_is_not_charged_for_the_overlap() {
        let mut ledger = shown(&[(0, 1), (1, 1), (0, 2), (0, 3)]);
        assert_eq!(ledger.position(1), 1);
        ledger.catch_up(1, &history(1..=3));
        assert_eq!(ledger.deliver(1, &frame(3, &body(2))), None);
        assert!(ledger.deliver(1, &frame(4, &body(3))).is_some());
        assert!(ledger.deliver(0, &frame(4, &body(3))).is_some());
        assert!(ledger.close(&acks(1..=4), &history(1..=4)).is_none());
        // Once: its socket was opened once.
        ledger.deliver(1, &frame(3, &body(2)));
        assert_eq!(ledger.close(&acks(1..=4), &history(1..=4)).duplicated, 1);
    }

    #[test]
    fn a_script_is_followed_line_by_line() {
        let line = |body: &str| ScriptLine {
            from: ANN,
            body: body.to_owned(),
        };
        let script = Proof::Script([line("hi"), line("hi"), line("你好 \"x\"")].into());
        let run = |bodies: &[&str]| {
            let mut ledger = Ledger::new(1, script.clone());
            let mut items = Vec::new();
            for (id, body) in (1..).zip(bodies) {
                ledger.deliver(0, &frame(id, body));
                items.push(item(id, body));
            }
            ledger.close(&[], &items).corrupted
        };
        assert_eq!(run(&["hi", "hi", "你好 \"x\""]), 0);
        assert_eq!(run(&["hi", "你好 \"x\"", "hi"]), 2);
        assert_eq!(run(&["hi", "hi", "你好 \"x\"", "more"]), 1);
    }
}
