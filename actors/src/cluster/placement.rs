//! Which node should own a room or an account: rendezvous hashing over the members' names. Pure.
//!
//! Every node that sees the same members gives the same answer, and when a node comes or goes only the keys it
//! gains or had move: one part in n of them.

use crate::model::{AccountId, RoomId};

/// Something that lives on one node at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placed {
    Room(RoomId),
    User(AccountId),
}

impl Placed {
    fn key(self) -> u64 {
        // Rooms and accounts are numbered apart, so that both kinds spread by themselves.
        match self {
            Placed::Room(id) => mix(id.0 as u64),
            Placed::User(id) => mix((id.0 as u64) ^ (1 << 63)),
        }
    }
}

/// The seed of a member's scores, from its name: it keeps its keys when it restarts.
#[must_use]
pub fn seed(name: &str) -> u64 {
    // FNV-1a: stable for ever, unlike the standard library's hashers.
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The index of the member with the highest score for a key. `None` without members.
#[must_use]
pub fn owner(seeds: &[u64], placed: Placed) -> Option<usize> {
    let key = placed.key();
    (0..seeds.len()).max_by_key(|&index| (mix(seeds[index] ^ key), seeds[index]))
}

/// The finalizer of splitmix64: every bit of the input moves every bit of the output.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOMS: i64 = 30_000;

    fn owners(names: &[&str]) -> Vec<String> {
        let seeds: Vec<u64> = names.iter().map(|name| seed(name)).collect();
        (1..=ROOMS)
            .map(|id| names[owner(&seeds, Placed::Room(RoomId(id))).unwrap()].to_owned())
            .collect()
    }

    #[test]
    fn the_order_in_which_members_are_listed_does_not_matter() {
        assert_eq!(owners(&["a", "b", "c"]), owners(&["c", "a", "b"]));
    }

    #[test]
    fn rooms_are_spread_evenly() {
        let owners = owners(&["a", "b", "c"]);
        for name in ["a", "b", "c"] {
            let share = owners.iter().filter(|owner| *owner == name).count() as f64 / ROOMS as f64;
            assert!((0.31..0.36).contains(&share), "{name} has {share}");
        }
    }

    #[test]
    fn a_node_that_joins_takes_its_part_and_nothing_else_moves() {
        let (before, after) = (owners(&["a", "b", "c"]), owners(&["a", "b", "c", "d"]));
        let moved: Vec<_> = before.iter().zip(&after).filter(|(b, a)| b != a).collect();
        assert!(moved.iter().all(|(_, now)| *now == "d"));
        let share = moved.len() as f64 / ROOMS as f64;
        assert!((0.23..0.27).contains(&share), "{share} moved");
    }

    #[test]
    fn a_node_that_leaves_gives_up_its_own_rooms_only() {
        let (before, after) = (owners(&["a", "b", "c"]), owners(&["a", "c"]));
        assert!(before.iter().zip(&after).all(|(b, a)| b == a || b == "b"));
    }

    #[test]
    fn placement_never_changes_between_versions() {
        let seeds = [seed("a"), seed("b"), seed("c")];
        let rooms = [1, 2, 3, 4, 5, 6, 7, 8].map(|id| owner(&seeds, Placed::Room(RoomId(id))).unwrap());
        let users = [10_000_000, 10_000_001, 10_000_002]
            .map(|id| owner(&seeds, Placed::User(AccountId(id))).unwrap());
        assert_eq!((rooms, users), (PINNED_ROOMS, PINNED_USERS));
        assert_eq!(owner(&[], Placed::Room(RoomId(1))), None);
    }

    const PINNED_ROOMS: [usize; 8] = [2, 2, 2, 1, 0, 0, 2, 2];
    const PINNED_USERS: [usize; 3] = [1, 1, 1];
}
