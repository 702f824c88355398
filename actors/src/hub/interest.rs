//! Which hubs of this node must hear of a room, an account or a topic: one bit a hub. Pure.

use super::watch::Changes;
use crate::cluster::Placed;
use crate::model::{AccountId, RoomId, TopicId};
use dashmap::DashMap;
use std::sync::OnceLock;

/// The number of a hub within its node, below [`HubId::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubId(pub u8);

impl HubId {
    pub const MAX: usize = 64;

    fn bit(self) -> u64 {
        1 << (u64::from(self.0) % HubId::MAX as u64)
    }
}

/// Interest of the hubs of one node.
#[derive(Debug, Default)]
pub struct Interest {
    rooms: DashMap<RoomId, u64>,
    accounts: DashMap<AccountId, u64>,
    topics: DashMap<TopicId, u64>,
    /// Set in a cluster, where peers must hear what the node as a whole follows.
    pub(super) changes: OnceLock<Changes>,
}

impl Interest {
    pub fn follow_room(&self, room: RoomId, hub: HubId) {
        if set(&self.rooms, room, hub) {
            self.changed(Placed::Room(room));
        }
    }

    pub fn leave_room(&self, room: RoomId, hub: HubId) {
        if clear(&self.rooms, room, hub) {
            self.changed(Placed::Room(room));
        }
    }

    pub fn follow_account(&self, account: AccountId, hub: HubId) {
        if set(&self.accounts, account, hub) {
            self.changed(Placed::User(account));
        }
    }

    pub fn leave_account(&self, account: AccountId, hub: HubId) {
        if clear(&self.accounts, account, hub) {
            self.changed(Placed::User(account));
        }
    }

    /// Whether any session here follows it.
    #[must_use]
    pub fn follows(&self, placed: Placed) -> bool {
        match placed {
            Placed::Room(room) => self.rooms.contains_key(&room),
            Placed::User(account) => self.accounts.contains_key(&account),
        }
    }

    pub fn listen(&self, topic: TopicId, hub: HubId) {
        *self.topics.entry(topic).or_default() |= hub.bit();
    }

    pub fn leave_topic(&self, topic: TopicId, hub: HubId) {
        clear(&self.topics, topic, hub);
    }

    /// The hubs with a session that listens to the topic.
    pub fn hubs_of_topic(&self, topic: TopicId) -> impl Iterator<Item = usize> + use<> {
        bits(self.topics.get(&topic).map_or(0, |mask| *mask))
    }

    /// The hubs with a session that follows the room.
    pub fn hubs_of_room(&self, room: RoomId) -> impl Iterator<Item = usize> + use<> {
        bits(self.rooms.get(&room).map_or(0, |mask| *mask))
    }

    /// The hubs with a session of the account.
    pub fn hubs_of_account(&self, account: AccountId) -> impl Iterator<Item = usize> + use<> {
        bits(self.accounts.get(&account).map_or(0, |mask| *mask))
    }

    /// Whether any session of this node follows the room.
    #[must_use]
    pub fn is_followed(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|mask| *mask != 0)
    }

    /// Whether the account has a session on this node.
    #[must_use]
    pub fn is_online(&self, account: AccountId) -> bool {
        self.accounts.get(&account).is_some_and(|mask| *mask != 0)
    }

    /// The rooms any session of this node follows.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.rooms.iter().map(|entry| *entry.key()).collect()
    }

    /// The accounts with a session on this node.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        self.accounts.iter().map(|entry| *entry.key()).collect()
    }
}

/// `true`: it is the first hub of this node.
fn set<K: Eq + std::hash::Hash + Copy>(map: &DashMap<K, u64>, key: K, hub: HubId) -> bool {
    let mut mask = map.entry(key).or_default();
    let first = *mask == 0;
    *mask |= hub.bit();
    first
}

/// `true`: it was the last hub of this node.
fn clear<K: Eq + std::hash::Hash + Copy>(map: &DashMap<K, u64>, key: K, hub: HubId) -> bool {
    if let Some(mut mask) = map.get_mut(&key) {
        *mask &= !hub.bit();
    }
    map.remove_if(&key, |_, mask| *mask == 0).is_some()
}

fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let bit = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        Some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_is_kept_by_hub_and_forgotten_with_the_last() {
        let interest = Interest::default();
        interest.follow_room(RoomId(1), HubId(0));
        interest.follow_room(RoomId(1), HubId(5));
        assert_eq!(interest.hubs_of_room(RoomId(1)).collect::<Vec<_>>(), vec![0, 5]);
        interest.leave_room(RoomId(1), HubId(0));
        assert_eq!(interest.hubs_of_room(RoomId(1)).collect::<Vec<_>>(), vec![5]);
        interest.leave_room(RoomId(1), HubId(5));
        assert!(interest.rooms().is_empty());
    }

    #[test]
    fn changes_are_kept_once_somebody_watches_and_taken_once() {
        let interest = Interest::default();
        interest.follow_room(RoomId(1), HubId(0));
        assert!(interest.take_changes().is_empty());
        interest.watch();
        interest.follow_room(RoomId(1), HubId(1));
        interest.follow_account(AccountId(5), HubId(1));
        interest.leave_account(AccountId(5), HubId(1));
        let mut changes = interest.take_changes();
        changes.sort_by_key(|(_, followed)| *followed);
        assert_eq!(
            changes,
            [
                (Placed::User(AccountId(5)), false),
                (Placed::Room(RoomId(1)), true)
            ]
        );
        assert!(interest.take_changes().is_empty());
    }

    #[test]
    fn an_account_is_online_while_a_hub_has_it() {
        let interest = Interest::default();
        assert!(!interest.is_online(AccountId(1)));
        interest.follow_account(AccountId(1), HubId(2));
        assert!(interest.is_online(AccountId(1)));
        interest.leave_account(AccountId(1), HubId(2));
        assert!(!interest.is_online(AccountId(1)));
    }
}
