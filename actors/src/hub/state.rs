//! Where the sessions of one hub stand in the rooms they follow. Pure; generic in how a session is reached.
//!
//! Each follower has `seen`, the last seq it was given. A push with seq `n` is handed over only when `seen` is
//! `n - 1`; a follower with less is behind and reads the missing part back from history before it goes on.

use crate::model::{AccountId, MessageId, RoomId, Seq, Timestamp, TopicId};
use slab::Slab;
use std::collections::{HashMap, VecDeque};

#[path = "readers.rs"]
mod readers;
#[path = "sync.rs"]
mod sync;

/// Names a session within its hub, for as long as it is there.
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
    /// Whether it is told the ledger's lines of its rooms.
    reads_ledger: bool,
    topic: Option<TopicId>,
    /// The rooms its account was last told to have come into or left, and when.
    moves: VecDeque<(RoomId, Timestamp)>,
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
    /// The follower that the wave under way comes by next. It goes round and round.
    next: usize,
    /// How many followers it still has to come by.
    left: usize,
    /// The revocations that arrived last, so that one that is told again is not shown again.
    revoked: VecDeque<MessageId>,
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

/// Messages `first..=last` of a room on their way to its followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wave {
    pub room: RoomId,
    pub first: Seq,
    pub last: Seq,
    pub now: Timestamp,
}

/// How far a wave has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOver {
    /// So many messages were taken by sessions, each counted once a session.
    pub taken: u64,
    /// Whether it has come by everybody.
    pub all: bool,
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
    slots: Slab<Slot<S>>,
    accounts: HashMap<AccountId, Vec<SlotId>>,
    rooms: HashMap<RoomId, Followed>,
    topics: HashMap<TopicId, Vec<SlotId>>,
    ledger_readers: usize,
}

impl<S> Default for HubState<S> {
    fn default() -> Self {
        HubState {
            slots: Slab::new(),
            accounts: HashMap::new(),
            rooms: HashMap::new(),
            topics: HashMap::new(),
            ledger_readers: 0,
        }
    }
}

/// What a session that has left leaves behind it: nobody here cares for these any more.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Emptied {
    /// It was the account's last session here.
    pub account: Option<AccountId>,
    pub rooms: Vec<RoomId>,
    pub topic: Option<TopicId>,
}

impl<S> HubState<S> {
    /// Revocations of one room that are known not to be new, at most.
    pub const REVOCATIONS_KEPT_MAX: usize = 64;

    /// Lets a session in. `true`: it is the account's first on this hub.
    pub fn enter(&mut self, account: AccountId, sink: S) -> (SlotId, bool) {
        let id = self.slots.insert(Slot {
            sink,
            account,
            rooms: Vec::new(),
            behind: Vec::new(),
            opening: Some(Vec::new()),
            reads_ledger: false,
            topic: None,
            moves: VecDeque::new(),
        });
        let slots = self.accounts.entry(account).or_default();
        slots.push(id);
        (id, slots.len() == 1)
    }

    /// Lets a session go.
    pub fn exit(&mut self, slot: SlotId) -> Emptied {
        let topic = self.listen(slot, None);
        let Some(gone) = self.slots.try_remove(slot) else {
            return Emptied::default();
        };
        self.ledger_readers -= usize::from(gone.reads_ledger);
        let mut rooms = gone.rooms;
        rooms.retain(|room| self.drop_follower(slot, *room));
        let last = self.accounts.get_mut(&gone.account).is_some_and(|slots| {
            slots.retain(|other| *other != slot);
            slots.is_empty()
        });
        if last {
            self.accounts.remove(&gone.account);
        }
        Emptied {
            account: last.then_some(gone.account),
            rooms,
            topic,
        }
    }

    /// Makes a session follow a room of which it has seen everything up to `seen`. `true`: the room is new here.
    /// Following twice changes nothing.
    pub fn follow(&mut self, slot: SlotId, room: RoomId, seen: Seq, now: Timestamp) -> bool {
        let Some(session) = self.slots.get_mut(slot) else {
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
            next: 0,
            left: 0,
            revoked: VecDeque::new(),
        });
        let away_since = (seen < followed.position).then_some(now);
        if away_since.is_some() {
            session.behind.push(room);
        }
        // A newcomer at the end of the circle stands among those whom a wave that goes round that end has to come by.
        followed.left += usize::from(followed.next + followed.left > followed.followers.len());
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
        let Some(left) = self.slots.get_mut(slot).and_then(|s| s.opening.take()) else {
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
            && let Some(session) = self.slots.get_mut(slot)
        {
            follower.away_since = None;
            session.behind.retain(|r| *r != room);
        }
    }

    /// Ends following. `true`: nobody here follows the room now.
    pub fn unfollow(&mut self, slot: SlotId, room: RoomId) -> bool {
        let Some(session) = self.slots.get_mut(slot) else {
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
        if let Some(index) = followed.followers.iter().position(|f| f.slot == slot) {
            let count = followed.followers.len();
            let ahead = (index + count - followed.next) % count;
            followed.left -= usize::from(ahead < followed.left);
            followed.followers.remove(index);
            followed.next -= usize::from(index < followed.next);
            if followed.next == followed.followers.len() {
                followed.next = 0;
            }
        }
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
        self.slots.get(slot).map(|s| &s.sink)
    }

    /// Every session.
    pub fn sinks(&self) -> impl Iterator<Item = &S> {
        self.slots.iter().map(|(_, s)| &s.sink)
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

    /// Notes that messages `first..=last` of a room arrived: from where it is now, a wave has to come by everybody.
    pub fn arrived(&mut self, room: RoomId, first: Seq, last: Seq) -> Arrival {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return Arrival::Nobody;
        };
        if last <= followed.position {
            return Arrival::Old;
        }
        let skip = (followed.position.0 - first.0 + 1).max(0) as usize;
        followed.position = last;
        followed.left = followed.followers.len();
        Arrival::Fresh { skip }
    }

    /// Hands what each follower has not seen of messages `first..=last` over to it, if it has seen all before `first`.
    /// `hand` is told how far the session has seen, and says whether it took the rest; one that did not, or had a hole
    /// before, is behind from now on and told by `wake`. Comes by `most` followers at a time: to be called again until
    /// it has come by all, with the same messages or with more that have [`arrived`](HubState::arrived) at their end
    /// meanwhile. Who leaves or comes meanwhile is neither missed nor given anything twice.
    pub fn hand_over(
        &mut self,
        wave: &Wave,
        most: usize,
        mut hand: impl FnMut(&S, Seq) -> bool,
        mut wake: impl FnMut(&S),
    ) -> HandedOver {
        let &Wave {
            room,
            first,
            last,
            now,
        } = wave;
        let Some(followed) = self.rooms.get_mut(&room) else {
            return HandedOver { taken: 0, all: true };
        };
        let mut taken = 0;
        for _ in 0..followed.left.min(most) {
            let at = followed.next;
            followed.left -= 1;
            followed.next = if at + 1 == followed.followers.len() {
                0
            } else {
                at + 1
            };
            let follower = &mut followed.followers[at];
            if follower.seen >= last || follower.away_since.is_some() {
                continue;
            }
            let Some(slot) = self.slots.get_mut(follower.slot) else {
                continue;
            };
            // A session that does not know yet where it starts is shown nothing: it may start after this.
            let ready = follower.seen.next() >= first && slot.opening.is_none();
            if ready && hand(&slot.sink, follower.seen) {
                taken += (last.0 - follower.seen.0) as u64;
                follower.seen = last;
            } else {
                follower.away_since = Some(now);
                slot.behind.push(room);
                wake(&slot.sink);
            }
        }
        HandedOver {
            taken,
            all: followed.left == 0,
        }
    }

    /// Notes that a revocation arrived. `false`: it did before.
    pub fn revocation(&mut self, room: RoomId, message: MessageId) -> bool {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return false;
        };
        if followed.revoked.contains(&message) {
            return false;
        }
        if followed.revoked.len() >= Self::REVOCATIONS_KEPT_MAX {
            followed.revoked.pop_front();
        }
        followed.revoked.push_back(message);
        true
    }

    /// Hands a push without a seq to every follower that is not behind; those who are will re-read its effect, which is
    /// of the moment `since`.
    pub fn hand_signal(
        &mut self,
        room: RoomId,
        since: Timestamp,
        mut hand: impl FnMut(&S) -> bool,
        mut wake: impl FnMut(&S),
    ) -> u64 {
        let Some(followed) = self.rooms.get_mut(&room) else {
            return 0;
        };
        let mut taken = 0;
        for follower in &mut followed.followers {
            if let Some(away) = &mut follower.away_since {
                *away = (*away).min(since);
                follower.signals = follower.signals.saturating_add(1);
                continue;
            }
            let Some(slot) = self.slots.get_mut(follower.slot) else {
                continue;
            };
            if slot.opening.is_none() && hand(&slot.sink) {
                taken += 1;
            } else {
                follower.away_since = Some(since);
                follower.signals = 1;
                slot.behind.push(room);
                wake(&slot.sink);
            }
        }
        taken
    }

    /// What a session must read back next, if it is behind anywhere.
    pub fn behind(&self, slot: SlotId) -> Option<Behind> {
        let room = *self.slots.get(slot)?.behind.first()?;
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
        if let Some(session) = self.slots.get_mut(slot) {
            session.behind.retain(|r| *r != room);
        }
        true
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
