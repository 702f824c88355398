//! Which rooms a session should follow, as storage has it, when what it was told of may not be all. Pure.

use super::{HubState, SlotId};
use crate::model::{RoomId, RoomPosition, Timestamp};
use std::collections::HashSet;

impl<S> HubState<S> {
    /// Moves of one session that are kept to compare them with what storage said, at most.
    pub const MOVES_KEPT_MAX: usize = 64;

    /// Notes that a session was told that its account came into a room or left it.
    pub fn moved(&mut self, slot: SlotId, room: RoomId, now: Timestamp) {
        let Some(session) = self.slots.get_mut(slot) else {
            return;
        };
        if session.moves.len() >= Self::MOVES_KEPT_MAX {
            session.moves.pop_front();
        }
        session.moves.push_back((room, now));
    }

    /// What a session should follow and does not, and what it follows and should not. `wanted` is what storage said to
    /// somebody who asked at `asked_at`: of rooms that the session has been told of since, it may not know yet.
    pub fn differences(
        &self,
        slot: SlotId,
        wanted: &[RoomPosition],
        asked_at: Timestamp,
    ) -> (Vec<RoomPosition>, Vec<RoomId>) {
        let Some(session) = self.slots.get(slot) else {
            return (Vec::new(), Vec::new());
        };
        let has: HashSet<RoomId> = session.rooms.iter().copied().collect();
        let wants: HashSet<RoomId> = wanted.iter().map(|position| position.room).collect();
        let moves = session.moves.iter().filter(|(_, at)| *at >= asked_at);
        let newer: HashSet<RoomId> = moves.map(|(room, _)| *room).collect();
        let missing = wanted
            .iter()
            .filter(|p| !has.contains(&p.room) && !newer.contains(&p.room))
            .copied()
            .collect();
        let gone = session
            .rooms
            .iter()
            .filter(|room| !wants.contains(room) && !newer.contains(room))
            .copied()
            .collect();
        (missing, gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Seq};

    const ASKED_AT: Timestamp = Timestamp(50);

    fn position(room: i64) -> RoomPosition {
        RoomPosition {
            room: RoomId(room),
            last_seq: Seq(3),
            from_seq: Seq(1),
        }
    }

    #[test]
    fn what_storage_says_counts_but_for_what_it_was_asked_before() {
        let mut hub: HubState<()> = HubState::default();
        let (ann, _) = hub.enter(AccountId(1), ());
        for room in 1..=3 {
            hub.follow(ann, RoomId(room), Seq(0), ASKED_AT);
        }
        let stored = [position(1), position(4), position(5)];
        let gone = vec![RoomId(2), RoomId(3)];
        assert_eq!(
            hub.differences(ann, &stored, ASKED_AT),
            (stored[1..].to_vec(), gone.clone())
        );
        // Moves from before the question are known to storage.
        for room in [3, 5] {
            hub.moved(ann, RoomId(room), Timestamp(49));
        }
        assert_eq!(
            hub.differences(ann, &stored, ASKED_AT),
            (stored[1..].to_vec(), gone)
        );
        for room in [3, 5] {
            hub.moved(ann, RoomId(room), ASKED_AT);
        }
        assert_eq!(
            hub.differences(ann, &stored, ASKED_AT),
            (vec![position(4)], vec![RoomId(2)])
        );
    }

    #[test]
    fn moves_are_kept_within_a_bound() {
        let mut hub: HubState<()> = HubState::default();
        let (ann, _) = hub.enter(AccountId(1), ());
        for room in 0..=HubState::<()>::MOVES_KEPT_MAX as i64 {
            hub.moved(ann, RoomId(room), ASKED_AT);
        }
        let (missing, _) = hub.differences(ann, &[position(0), position(1)], ASKED_AT);
        assert_eq!(missing, [position(0)]);
    }
}
