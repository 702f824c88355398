//! Which peers must hear of a room or an account that lives here. Pure.
//!
//! A peer says what its sessions follow; what it said is forgotten with its link, because both sides then start anew.

use super::membership::Incarnation;
use crate::model::{AccountId, RoomId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What peers have asked this node to tell them.
#[derive(Debug, Default)]
pub struct PeerInterest {
    rooms: HashMap<RoomId, Vec<Incarnation>>,
    accounts: HashMap<AccountId, Vec<Incarnation>>,
    peers: HashMap<Incarnation, (HashSet<RoomId>, HashSet<AccountId>)>,
}

impl PeerInterest {
    pub fn follow(&mut self, peer: Incarnation, rooms: &[RoomId], accounts: &[AccountId]) {
        let (its_rooms, its_accounts) = self.peers.entry(peer).or_default();
        for &room in rooms {
            if its_rooms.insert(room) {
                self.rooms.entry(room).or_default().push(peer);
            }
        }
        for &account in accounts {
            if its_accounts.insert(account) {
                self.accounts.entry(account).or_default().push(peer);
            }
        }
    }

    pub fn unfollow(&mut self, peer: Incarnation, rooms: &[RoomId], accounts: &[AccountId]) {
        let Some((its_rooms, its_accounts)) = self.peers.get_mut(&peer) else {
            return;
        };
        for room in rooms {
            if its_rooms.remove(room) {
                drop_peer(&mut self.rooms, room, peer);
            }
        }
        for account in accounts {
            if its_accounts.remove(account) {
                drop_peer(&mut self.accounts, account, peer);
            }
        }
    }

    /// Forgets all that a peer asked for.
    pub fn forget(&mut self, peer: Incarnation) {
        let Some((rooms, accounts)) = self.peers.remove(&peer) else {
            return;
        };
        for room in rooms {
            drop_peer(&mut self.rooms, &room, peer);
        }
        for account in accounts {
            drop_peer(&mut self.accounts, &account, peer);
        }
    }

    /// The peers that follow a room.
    #[must_use]
    pub fn of_room(&self, room: RoomId) -> &[Incarnation] {
        self.rooms.get(&room).map_or(&[], Vec::as_slice)
    }

    /// The peers with a session of an account.
    #[must_use]
    pub fn of_account(&self, account: AccountId) -> &[Incarnation] {
        self.accounts.get(&account).map_or(&[], Vec::as_slice)
    }

    /// The accounts that each peer but this one follows here.
    #[must_use]
    pub fn accounts_of_others(&self, but: Incarnation) -> BTreeMap<Incarnation, Vec<AccountId>> {
        let others = self.peers.iter().filter(|(peer, _)| **peer != but);
        let accounts = |followed: &HashSet<AccountId>| {
            let mut accounts: Vec<AccountId> = followed.iter().copied().collect();
            accounts.sort_unstable();
            accounts
        };
        others
            .map(|(peer, (_, followed))| (*peer, accounts(followed)))
            .collect()
    }

    /// How many rooms and accounts peers follow here.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.rooms.len(), self.accounts.len())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.accounts.is_empty()
    }
}

fn drop_peer<K: Copy + Eq + std::hash::Hash>(
    map: &mut HashMap<K, Vec<Incarnation>>,
    key: &K,
    peer: Incarnation,
) {
    if let Some(peers) = map.get_mut(key) {
        peers.retain(|other| *other != peer);
        if peers.is_empty() {
            map.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Incarnation = Incarnation(1);
    const B: Incarnation = Incarnation(2);
    const ROOM: RoomId = RoomId(7);
    const ANN: AccountId = AccountId(10_000_000);

    #[test]
    fn a_peer_that_follows_twice_is_told_once() {
        let mut interest = PeerInterest::default();
        interest.follow(A, &[ROOM, ROOM], &[ANN]);
        interest.follow(A, &[ROOM], &[ANN]);
        interest.follow(B, &[ROOM], &[]);
        assert_eq!(interest.of_room(ROOM), [A, B]);
        assert_eq!(interest.of_account(ANN), [A]);
        assert_eq!(interest.accounts_of_others(B), BTreeMap::from([(A, vec![ANN])]));
        assert_eq!(interest.accounts_of_others(A), BTreeMap::from([(B, vec![])]));
    }

    #[test]
    fn what_a_peer_followed_goes_with_it() {
        let mut interest = PeerInterest::default();
        interest.follow(A, &[ROOM], &[ANN]);
        interest.follow(B, &[ROOM], &[]);
        interest.unfollow(B, &[ROOM], &[ANN]);
        assert_eq!(interest.of_room(ROOM), [A]);
        interest.forget(A);
        interest.forget(A);
        interest.unfollow(A, &[ROOM], &[]);
        assert!(interest.is_empty());
    }
}
