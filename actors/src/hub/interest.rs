//! Which hubs of this node must hear of a room or an account: one bit a hub. Pure.

use crate::model::{AccountId, RoomId};
use dashmap::DashMap;

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
}

impl Interest {
    pub fn follow_room(&self, room: RoomId, hub: HubId) {
        *self.rooms.entry(room).or_default() |= hub.bit();
    }

    pub fn leave_room(&self, room: RoomId, hub: HubId) {
        clear(&self.rooms, room, hub);
    }

    pub fn follow_account(&self, account: AccountId, hub: HubId) {
        *self.accounts.entry(account).or_default() |= hub.bit();
    }

    pub fn leave_account(&self, account: AccountId, hub: HubId) {
        clear(&self.accounts, account, hub);
    }

    /// The hubs with a session that follows the room.
    pub fn hubs_of_room(&self, room: RoomId) -> impl Iterator<Item = usize> + use<> {
        bits(self.rooms.get(&room).map_or(0, |mask| *mask))
    }

    /// The hubs with a session of the account.
    pub fn hubs_of_account(&self, account: AccountId) -> impl Iterator<Item = usize> + use<> {
        bits(self.accounts.get(&account).map_or(0, |mask| *mask))
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
}

fn clear<K: Eq + std::hash::Hash + Copy>(map: &DashMap<K, u64>, key: K, hub: HubId) {
    if let Some(mut mask) = map.get_mut(&key) {
        *mask &= !hub.bit();
    }
    map.remove_if(&key, |_, mask| *mask == 0);
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
    fn an_account_is_online_while_a_hub_has_it() {
        let interest = Interest::default();
        assert!(!interest.is_online(AccountId(1)));
        interest.follow_account(AccountId(1), HubId(2));
        assert!(interest.is_online(AccountId(1)));
        interest.leave_account(AccountId(1), HubId(2));
        assert!(!interest.is_online(AccountId(1)));
    }
}
