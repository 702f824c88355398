//! Where the sessions of one hub stand in the rooms they follow. Pure; generic in how a session is reached.
//!
//! Each follower has `seen`, the last seq it was given. A push with seq `n` is handed over only when `seen` is
//! `n - 1`; a follower with less is behind and reads the missing part back from history before it goes on.

use crate::model::{AccountId, RoomId, Seq, Timestamp};
use std::collections::HashMap;

/// Names a session within its hub.
pub type SlotId = usize;

#[derive(Debug)]
struct Slot<S> {
    sink: S,
    account: AccountId,
    rooms: Vec<RoomId>,
    /// Rooms in which this session is behind, oldest first.
    behind: Vec<RoomId>,
    /// Until the session has been told where it starts: the rooms its account has left meanwhile.
    opening: Option<Vec<RoomId>>,
}

#[derive(Debug)]
struct Follower {
    slot: SlotId,
    seen: Seq,
    /// Set while the follower is behind: since when it may have missed pushes without a seq.
    away_since: Option<Timestamp>,
    /// How many pushes without a seq it has missed since.
    signals: u32,
}

#[derive(Debug)]
struct Followed {
    /// The last seq that arrived here.
    position: Seq,
    followers: Vec<Follower>,
}

/// What a session must read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    pub room: RoomId,
    pub from: Seq,
    pub to: Seq,
    /// So many revocations and the like were missed from here on.
    pub since: Timestamp,
    pub signals: u32,
}

/// What to do with pushes that arrive for a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody here follows the room.
    Nobody,
    /// Everything was here before.
    Old,
    /// Hand over, leaving out the first `skip`.
    Fresh { skip: usize },
}

/// The sessions of one worker thread.
#[derive(Debug)]
pub struct HubState<S> {
    slots: HashMap<SlotId, Slot<S>>,
    next_slot: SlotId,
    accounts: HashMap<AccountId, Vec<SlotId>>,
    rooms: HashMap<RoomId, Followed>,
}

impl<S> Default for HubState<S> {
    fn default() -> Self {
        HubState {
            slots: HashMap::new(),
            next_slot: 0,
            accounts: HashMap::new(),
            rooms: HashMap::new(),
        }
    }
}

impl<S> HubState<S> {
    /// Lets a session in. `true`: it is the account's first on this hub.
    pub fn enter(&mut self, account: AccountId, sink: S) -> (SlotId, bool) {
        let id = self.next_slot;
        self.next_slot += 1;
        self.slots.insert(
            id,
            Slot {
                sink,
                account,
                rooms: Vec::new(),
                behind: Vec::new(),
                opening: Some(Vec::new()),
            },
        );
        let slots = self.accounts.entry(account).or_default();
        slots.push(id);
        (id, slots.len() == 1)
    }

    /// Lets a session go. Returns the account if this was its last session here, and the rooms nobody follows now.
    pub fn exit(&mut self, slot: SlotId) -> (Option<AccountId>, Vec<RoomId>) {
        let Some(gone) = self.slots.remove(&slot) else {
            return (None, Vec::new());
        };
        let mut emptied = Vec::new();
        for room in gone.rooms {
            if self.drop_follower(slot, room) {
                emptied.push(room);
            }
        }
        let last = self.accounts.get_mut(&gone.account).is_some_and(|slots| {
            slots.retain(|other| *other != slot);
            slots.is_empty()
        });
        if last {
            self.accounts.remove(&gone.account);
        }
        (last.then_some(gone.account), emptied)
    }

    /// Makes a session follow a room of which it has seen everything up to `seen`. `true`: the room is new here.
    /// Following twice changes nothing.
    pub fn follow(&mut self, slot: SlotId, room: RoomId, seen: Seq, now: Timestamp) -> bool {
        let Some(session) = self.slots.get_mut(&slot) else {
            return false;
        };
        if let Some(left) = &mut session.opening {
            left.retain(|r| *r != room);
        }
        if session.rooms.contains(&room) {
            return false;
        }
        session.rooms.push(room);
        let fresh = !self.rooms.contains_key(&room);
        let followed = self.rooms.entry(room).or_insert(Followed {
            position: seen,
            followers: Vec::new(),
        });
        let away_since = (seen < followed.position).then_some(now);
        if away_since.is_some() {
            session.behind.push(room);
        }
        followed.followers.push(Follower {
            slot,
            seen,
            away_since,
            signals: 0,
        });
        fresh
    }

    /// Tells a session that entered where it starts, as read after it entered: it has seen these rooms up to these
    /// seqs. What its account left since then stays left. Returns the rooms that are new here.
    pub fn start(&mut self, slot: SlotId, positions: &[(RoomId, Seq)], now: Timestamp) -> Vec<RoomId> {
        let Some(left) = self.slots.get_mut(&slot).and_then(|s| s.opening.take()) else {
            return Vec::new();
        };
        let mut fresh = Vec::new();
        for &(room, seen) in positions.iter().filter(|(room, _)| !left.contains(room)) {
            if self.follow(slot, room, seen, now) {
                fresh.push(room);
            } else {
                // Followed since it entered, perhaps from an earlier seq.
                self.raise(slot, room, seen);
            }
        }
        fresh
    }

    fn raise(&mut self, slot: SlotId, room: RoomId, seen: Seq) {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return;
        };
        let position = followed.position;
        let follower = followed.followers.iter_mut().find(|f| f.slot == slot);
        let Some(follower) = follower.filter(|f| f.seen < seen) else {
            return;
        };
        follower.seen = seen;
        if seen >= position
            && follower.signals == 0
            && let Some(session) = self.slots.get_mut(&slot)
        {
            follower.away_since = None;
            session.behind.retain(|r| *r != room);
        }
    }

    /// Ends following. `true`: nobody here follows the room now.
    pub fn unfollow(&mut self, slot: SlotId, room: RoomId) -> bool {
        let Some(session) = self.slots.get_mut(&slot) else {
            return false;
        };
        session.rooms.retain(|r| *r != room);
        session.behind.retain(|r| *r != room);
        if let Some(left) = &mut session.opening
            && !left.contains(&room)
        {
            left.push(room);
        }
        self.drop_follower(slot, room)
    }

    fn drop_follower(&mut self, slot: SlotId, room: RoomId) -> bool {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return false;
        };
        followed.followers.retain(|f| f.slot != slot);
        if followed.followers.is_empty() {
            self.rooms.remove(&room);
            return true;
        }
        false
    }

    /// The sessions of an account.
    pub fn slots_of(&self, account: AccountId) -> Vec<SlotId> {
        self.accounts.get(&account).cloned().unwrap_or_default()
    }

    /// How to reach a session.
    pub fn sink(&self, slot: SlotId) -> Option<&S> {
        self.slots.get(&slot).map(|s| &s.sink)
    }

    /// Every session.
    pub fn sinks(&self) -> impl Iterator<Item = &S> {
        self.slots.values().map(|s| &s.sink)
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Every room followed here and the last seq that arrived.
    pub fn positions(&self) -> Vec<(RoomId, Seq)> {
        self.rooms.iter().map(|(room, f)| (*room, f.position)).collect()
    }

    /// Notes that messages `first..=last` of a room arrived.
    pub fn arrived(&mut self, room: RoomId, first: Seq, last: Seq) -> Arrival {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return Arrival::Nobody;
        };
        if last <= followed.position {
            return Arrival::Old;
        }
        let skip = (followed.position.0 - first.0 + 1).max(0) as usize;
        followed.position = last;
        Arrival::Fresh { skip }
    }

    /// Hands messages `first..=last` over to every follower that has seen all before `first`. `hand` says whether the
    /// session took them; one that did not, or had a hole before, is behind from now on and told by `wake`.
    /// Returns how many took them.
    pub fn hand_over(
        &mut self,
        room: RoomId,
        first: Seq,
        last: Seq,
        now: Timestamp,
        mut hand: impl FnMut(&S) -> bool,
        mut wake: impl FnMut(&S),
    ) -> u64 {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return 0;
        };
        let mut taken = 0;
        for follower in &mut followed.followers {
            if follower.seen >= last || follower.away_since.is_some() {
                continue;
            }
            let Some(slot) = self.slots.get_mut(&follower.slot) else {
                continue;
            };
            if follower.seen.next() == first && hand(&slot.sink) {
                follower.seen = last;
                taken += 1;
            } else {
                follower.away_since = Some(now);
                slot.behind.push(room);
                wake(&slot.sink);
            }
        }
        taken
    }

    /// Hands a push without a seq to every follower that is not behind; those who are will re-read its effect.
    pub fn hand_signal(
        &mut self,
        room: RoomId,
        now: Timestamp,
        mut hand: impl FnMut(&S) -> bool,
        mut wake: impl FnMut(&S),
    ) -> u64 {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return 0;
        };
        let mut taken = 0;
        for follower in &mut followed.followers {
            if follower.away_since.is_some() {
                follower.signals = follower.signals.saturating_add(1);
                continue;
            }
            let Some(slot) = self.slots.get_mut(&follower.slot) else {
                continue;
            };
            if hand(&slot.sink) {
                taken += 1;
            } else {
                follower.away_since = Some(now);
                follower.signals = 1;
                slot.behind.push(room);
                wake(&slot.sink);
            }
        }
        taken
    }

    /// What a session must read back next, if it is behind anywhere.
    pub fn behind(&self, slot: SlotId) -> Option<Behind> {
        let room = *self.slots.get(&slot)?.behind.first()?;
        let followed = self.rooms.get(&room)?;
        let follower = followed.followers.iter().find(|f| f.slot == slot)?;
        let since = follower.away_since.unwrap_or(Timestamp(0));
        Some(Behind {
            room,
            from: follower.seen.next(),
            to: followed.position,
            since,
            signals: follower.signals,
        })
    }

    /// A session has shown everything up to `seen` of a room, and what the first `signals` signals it missed told, if
    /// it has read that. `true`: it has caught up and is live again there.
    pub fn caught_up(&mut self, slot: SlotId, room: RoomId, seen: Seq, signals: Option<u32>) -> bool {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return true;
        };
        let position = followed.position;
        let Some(follower) = followed.followers.iter_mut().find(|f| f.slot == slot) else {
            return true;
        };
        follower.seen = follower.seen.max(seen);
        if follower.seen < position || signals != Some(follower.signals) {
            return false;
        }
        follower.away_since = None;
        follower.signals = 0;
        if let Some(session) = self.slots.get_mut(&slot) {
            session.behind.retain(|r| *r != room);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const ROOM: RoomId = RoomId(1);
    const NOW: Timestamp = Timestamp(7);

    /// Hands `first..=last` to the hub; sessions named in `full` take nothing. Returns who took it.
    fn deliver(hub: &mut HubState<&'static str>, first: i64, last: i64, full: &[&str]) -> Vec<&'static str> {
        let taken = RefCell::new(Vec::new());
        if let Arrival::Fresh { skip } = hub.arrived(ROOM, Seq(first), Seq(last)) {
            let hand = |sink: &&'static str| {
                let takes = !full.contains(sink);
                if takes {
                    taken.borrow_mut().push(*sink);
                }
                takes
            };
            hub.hand_over(ROOM, Seq(first + skip as i64), Seq(last), NOW, hand, |_| {});
        }
        taken.into_inner()
    }

    fn two() -> (HubState<&'static str>, SlotId, SlotId) {
        let mut hub = HubState::default();
        let (ann, first) = hub.enter(AccountId(1), "ann");
        assert!(first);
        let (bob, _) = hub.enter(AccountId(2), "bob");
        assert!(hub.follow(ann, ROOM, Seq(0), NOW));
        assert!(!hub.follow(bob, ROOM, Seq(0), NOW));
        (hub, ann, bob)
    }

    #[test]
    fn followers_get_every_message_once_in_order() {
        let (mut hub, ..) = two();
        assert_eq!(deliver(&mut hub, 1, 1, &[]), ["ann", "bob"]);
        assert_eq!(deliver(&mut hub, 1, 1, &[]), Vec::<&str>::new());
        assert_eq!(deliver(&mut hub, 1, 3, &[]), ["ann", "bob"]);
    }

    #[test]
    fn a_full_session_is_behind_until_it_has_read_back_what_it_missed() {
        let (mut hub, ann, _) = two();
        assert_eq!(deliver(&mut hub, 1, 2, &["ann"]), ["bob"]);
        assert_eq!(deliver(&mut hub, 3, 3, &[]), ["bob"]);
        assert_eq!(
            hub.behind(ann),
            Some(Behind {
                room: ROOM,
                from: Seq(1),
                to: Seq(3),
                since: NOW,
                signals: 0
            })
        );
        assert!(!hub.caught_up(ann, ROOM, Seq(2), Some(0)));
        assert_eq!(deliver(&mut hub, 4, 4, &[]), ["bob"]);
        assert!(!hub.caught_up(ann, ROOM, Seq(3), Some(0)));
        assert!(hub.caught_up(ann, ROOM, Seq(4), Some(0)));
        assert_eq!(hub.behind(ann), None);
        assert_eq!(deliver(&mut hub, 5, 5, &[]), ["ann", "bob"]);
    }

    #[test]
    fn a_hole_puts_every_follower_behind() {
        let (mut hub, ann, bob) = two();
        assert_eq!(deliver(&mut hub, 3, 3, &[]), Vec::<&str>::new());
        for slot in [ann, bob] {
            assert_eq!(hub.behind(slot).map(|b| (b.from, b.to)), Some((Seq(1), Seq(3))));
        }
    }

    #[test]
    fn a_session_that_has_seen_less_than_the_room_starts_behind() {
        let (mut hub, ..) = two();
        deliver(&mut hub, 1, 4, &[]);
        let (eve, _) = hub.enter(AccountId(3), "eve");
        hub.follow(eve, ROOM, Seq(2), NOW);
        assert_eq!(hub.behind(eve).map(|b| (b.from, b.to)), Some((Seq(3), Seq(4))));
    }

    #[test]
    fn a_session_that_has_seen_more_than_arrived_here_is_not_shown_it_again() {
        let (mut hub, ..) = two();
        let (eve, _) = hub.enter(AccountId(3), "eve");
        hub.follow(eve, ROOM, Seq(2), NOW);
        assert_eq!(deliver(&mut hub, 1, 2, &[]), ["ann", "bob"]);
        assert_eq!(deliver(&mut hub, 3, 3, &[]), ["ann", "bob", "eve"]);
    }

    #[test]
    fn the_last_session_to_leave_empties_the_room_and_the_account() {
        let (mut hub, ann, bob) = two();
        assert_eq!(hub.exit(ann), (Some(AccountId(1)), vec![]));
        assert_eq!(hub.exit(bob), (Some(AccountId(2)), vec![ROOM]));
        assert!(hub.is_empty());
        assert_eq!(hub.arrived(ROOM, Seq(1), Seq(1)), Arrival::Nobody);
    }

    #[test]
    fn a_second_session_of_an_account_keeps_it_here() {
        let (mut hub, ann, _) = two();
        let (again, first) = hub.enter(AccountId(1), "ann2");
        assert!(!first);
        assert_eq!(hub.exit(ann).0, None);
        assert_eq!(hub.slots_of(AccountId(1)), vec![again]);
    }

    #[test]
    fn a_missed_signal_is_re_read_too() {
        let (mut hub, ann, _) = two();
        assert_eq!(hub.hand_signal(ROOM, NOW, |sink| *sink != "ann", |_| {}), 1);
        assert_eq!(
            hub.behind(ann),
            Some(Behind {
                room: ROOM,
                from: Seq(1),
                to: Seq(0),
                since: NOW,
                signals: 1
            })
        );
        // Another one while the first is being re-read.
        assert_eq!(hub.hand_signal(ROOM, NOW, |_| true, |_| {}), 1);
        assert!(!hub.caught_up(ann, ROOM, Seq(0), Some(1)));
        assert_eq!(hub.behind(ann).map(|b| b.signals), Some(2));
        assert!(hub.caught_up(ann, ROOM, Seq(0), Some(2)));
        assert_eq!(hub.hand_signal(ROOM, NOW, |_| true, |_| {}), 2);
    }

    #[test]
    fn what_an_account_leaves_while_its_session_opens_stays_left() {
        let mut hub = HubState::default();
        let (ann, _) = hub.enter(AccountId(1), "ann");
        let other = RoomId(2);
        hub.unfollow(ann, ROOM);
        hub.unfollow(ann, other);
        hub.follow(ann, other, Seq(4), NOW);
        let fresh = hub.start(ann, &[(ROOM, Seq(7)), (other, Seq(4)), (RoomId(3), Seq(0))], NOW);
        assert_eq!(fresh, [RoomId(3)]);
        assert_eq!(hub.arrived(ROOM, Seq(8), Seq(8)), Arrival::Nobody);
        assert_eq!(hub.arrived(other, Seq(5), Seq(5)), Arrival::Fresh { skip: 0 });
    }

    #[test]
    fn a_room_followed_from_the_beginning_while_opening_starts_where_the_session_does() {
        let mut hub = HubState::default();
        let (ann, _) = hub.enter(AccountId(1), "ann");
        hub.follow(ann, ROOM, Seq(0), NOW);
        hub.start(ann, &[(ROOM, Seq(500))], NOW);
        assert_eq!(hub.behind(ann), None);
        assert_eq!(deliver(&mut hub, 501, 501, &[]), ["ann"]);
    }
}
