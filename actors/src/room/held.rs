//! The rooms that this node owns by their rows, with or without an actor: what an actor left owned when it died, or
//! could not give back, must be given back all the same, or no other node could ever take it.

use crate::model::{Epoch, RoomId};
use dashmap::DashMap;

/// Every room with an actor here, and those that actors have left behind.
#[derive(Debug, Default)]
pub struct Held(DashMap<RoomId, Hold>);

#[derive(Debug, Default)]
struct Hold {
    actors: u32,
    owned: Owned,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Owned {
    #[default]
    No,
    /// It was asked for, and whether it was given is not known.
    Perhaps,
    Under(Epoch),
}

impl Held {
    /// An actor begins to take the room.
    pub fn taking(&self, room: RoomId) {
        let mut hold = self.0.entry(room).or_default();
        hold.actors += 1;
        hold.owned = Owned::Perhaps;
    }

    /// It has the room, or it is known that it does not.
    pub fn taken(&self, room: RoomId, epoch: Option<Epoch>) {
        if let Some(mut hold) = self.0.get_mut(&room) {
            hold.owned = epoch.map_or(Owned::No, Owned::Under);
        }
    }

    /// The room was given back, unless another actor here has taken it since.
    pub fn given_back(&self, room: RoomId, epoch: Epoch) {
        if let Some(mut hold) = self.0.get_mut(&room)
            && hold.owned == Owned::Under(epoch)
        {
            hold.owned = Owned::No;
        }
    }

    /// An actor has ended, however it did.
    pub fn ended(&self, room: RoomId) {
        if let Some(mut hold) = self.0.get_mut(&room) {
            hold.actors = hold.actors.saturating_sub(1);
        }
        self.0
            .remove_if(&room, |_, hold| hold.actors == 0 && hold.owned == Owned::No);
    }

    /// Rooms without an actor that this node may still own.
    #[must_use]
    pub fn left_behind(&self) -> Vec<RoomId> {
        let left = self.0.iter().filter(|hold| hold.actors == 0);
        let mut rooms: Vec<RoomId> = left.map(|hold| *hold.key()).collect();
        // A simulated node does the same every time.
        rooms.sort_unstable();
        rooms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(1);

    #[test]
    fn what_was_given_back_is_forgotten_with_its_actor() {
        let held = Held::default();
        held.taking(ROOM);
        held.taken(ROOM, Some(Epoch(1)));
        held.given_back(ROOM, Epoch(1));
        held.ended(ROOM);
        assert!(held.0.is_empty());
        held.taking(ROOM);
        held.taken(ROOM, None);
        held.ended(ROOM);
        assert!(held.0.is_empty());
    }

    #[test]
    fn what_a_dead_actor_owned_or_may_own_is_left_behind_until_it_is_taken_again() {
        let held = Held::default();
        held.taking(ROOM);
        held.ended(ROOM);
        assert_eq!(held.left_behind(), [ROOM]);
        held.taking(ROOM);
        assert!(held.left_behind().is_empty());
        held.taken(ROOM, Some(Epoch(2)));
        held.ended(ROOM);
        assert_eq!(held.left_behind(), [ROOM]);
    }

    #[test]
    fn an_actor_that_gives_back_late_does_not_speak_for_the_next() {
        let held = Held::default();
        held.taking(ROOM);
        held.taken(ROOM, Some(Epoch(1)));
        held.taking(ROOM);
        held.taken(ROOM, Some(Epoch(2)));
        held.given_back(ROOM, Epoch(1));
        held.ended(ROOM);
        held.ended(ROOM);
        assert_eq!(held.left_behind(), [ROOM]);
    }
}
