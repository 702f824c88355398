//! What sessions hear besides their rooms: the ledger's lines of these, and one topic each. Pure.

use super::{HubState, SlotId};
use crate::model::{Entry, RoomId, Seq, TopicId};
use std::collections::HashMap;

impl<S> HubState<S> {
    /// From now on the session is told the ledger's lines of its rooms.
    pub fn read_ledger(&mut self, slot: SlotId) {
        if let Some(session) = self.slots.get_mut(slot)
            && !std::mem::replace(&mut session.reads_ledger, true)
        {
            self.ledger_readers += 1;
        }
    }

    /// Whether any session here is told of the ledger.
    pub fn has_ledger_readers(&self) -> bool {
        self.ledger_readers > 0
    }

    /// Newcomers among these lines whose sessions here do not follow the room yet, and after which seq they should.
    pub fn newcomers(&self, entries: &[Entry]) -> Vec<(SlotId, RoomId, Seq)> {
        let mut found = Vec::new();
        for entry in entries {
            for slot in entry.newcomers.iter().flat_map(|account| self.slots_of(*account)) {
                let session = self.slots.get(slot);
                if session.is_some_and(|s| s.reads_ledger && !s.rooms.contains(&entry.room)) {
                    found.push((slot, entry.room, Seq(entry.seq.0 - 1)));
                }
            }
        }
        found
    }

    /// Which of these lines concern each session that reads the ledger, in their order.
    pub fn readers(&self, entries: &[Entry]) -> HashMap<SlotId, Vec<Entry>> {
        let mut lines: HashMap<SlotId, Vec<Entry>> = HashMap::new();
        for entry in entries {
            let Some(followed) = self.rooms.get(&entry.room) else {
                continue;
            };
            for follower in &followed.followers {
                if self.slots.get(follower.slot).is_some_and(|s| s.reads_ledger) {
                    lines.entry(follower.slot).or_default().push(entry.clone());
                }
            }
        }
        lines
    }

    /// Makes a session listen to one topic, or to none. Returns the topic that nobody here listens to now.
    pub fn listen(&mut self, slot: SlotId, topic: Option<TopicId>) -> Option<TopicId> {
        let session = self.slots.get_mut(slot)?;
        let before = std::mem::replace(&mut session.topic, topic);
        if before == topic {
            return None;
        }
        if let Some(topic) = topic {
            self.topics.entry(topic).or_default().push(slot);
        }
        let listeners = self.topics.get_mut(&before?)?;
        listeners.retain(|other| *other != slot);
        if !listeners.is_empty() {
            return None;
        }
        self.topics.remove(&before?);
        before
    }

    /// The sessions that listen to a topic.
    pub fn listeners(&self, topic: TopicId) -> impl Iterator<Item = &S> {
        let slots = self.topics.get(&topic).into_iter().flatten();
        slots.filter_map(|slot| self.sink(*slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, CommitKey, Timestamp};

    const ROOM: RoomId = RoomId(1);
    const NOW: Timestamp = Timestamp(7);

    /// Two who follow the room.
    fn two() -> (HubState<&'static str>, SlotId, SlotId) {
        let mut hub = HubState::default();
        let (ann, _) = hub.enter(AccountId(1), "ann");
        let (bob, _) = hub.enter(AccountId(2), "bob");
        hub.follow(ann, ROOM, Seq(0), NOW);
        hub.follow(bob, ROOM, Seq(0), NOW);
        (hub, ann, bob)
    }

    fn line(key: i64, room: RoomId, newcomers: &[i64]) -> Entry {
        Entry {
            key: CommitKey(key),
            room,
            seq: Seq(1),
            newcomers: newcomers.iter().copied().map(AccountId).collect(),
        }
    }

    #[test]
    fn the_ledger_is_told_to_those_who_read_it_and_only_of_their_rooms() {
        let (mut hub, ann, _) = two();
        assert!(!hub.has_ledger_readers());
        hub.read_ledger(ann);
        hub.read_ledger(ann);
        let lines = [line(1, ROOM, &[]), line(2, RoomId(2), &[]), line(3, ROOM, &[])];
        let told = hub.readers(&lines);
        assert_eq!(told.len(), 1);
        assert_eq!(told[&ann], [lines[0].clone(), lines[2].clone()]);
        hub.exit(ann);
        assert!(!hub.has_ledger_readers());
    }

    #[test]
    fn a_newcomer_who_was_not_told_of_the_room_is_found_by_its_first_line() {
        let (mut hub, ann, bob) = two();
        hub.read_ledger(ann);
        let elsewhere = RoomId(2);
        let lines = [line(1, ROOM, &[1]), line(2, elsewhere, &[1, 2, 3])];
        assert_eq!(hub.newcomers(&lines), [(ann, elsewhere, Seq(0))]);
        hub.read_ledger(bob);
        hub.follow(ann, elsewhere, Seq(0), NOW);
        assert_eq!(hub.newcomers(&lines), [(bob, elsewhere, Seq(0))]);
    }

    #[test]
    fn a_session_listens_to_one_topic_at_a_time() {
        let (mut hub, ann, bob) = two();
        let (one, other) = (TopicId(1), TopicId(2));
        assert_eq!(hub.listen(ann, Some(one)), None);
        assert_eq!(hub.listen(bob, Some(one)), None);
        assert_eq!(hub.listeners(one).copied().collect::<Vec<_>>(), ["ann", "bob"]);
        assert_eq!(hub.listen(ann, Some(other)), None);
        assert_eq!(hub.listeners(one).copied().collect::<Vec<_>>(), ["bob"]);
        assert_eq!(hub.exit(bob).topic, Some(one));
        assert_eq!(hub.listen(ann, None), Some(other));
        assert_eq!(hub.listeners(other).count(), 0);
    }
}
