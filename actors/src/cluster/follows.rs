//! What this node's sessions follow, and which peer has been asked to tell of it. Pure.
//!
//! The peer that owns a room or an account is asked to follow it. When ownership moves the new owner is asked at once
//! and the old one is let go a while later, because what it was still committing is told by it alone. Whatever may
//! have been missed in between is found by asking storage where the rooms end.
//!
//! An account can be told something by any node, over its home: while any member is out of reach, accounts too are
//! compared with storage, wherever they are at home.

use super::membership::{Incarnation, View};
use super::placement::Placed;
use crate::model::{AccountId, RoomId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What to ask of one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub rooms: Vec<RoomId>,
    pub accounts: Vec<AccountId>,
}

impl Wishes {
    fn push(&mut self, placed: Placed) {
        match placed {
            Placed::Room(room) => self.rooms.push(room),
            Placed::User(account) => self.accounts.push(account),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.accounts.is_empty()
    }
}

/// What a change of interest, members or links asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub follow: BTreeMap<Incarnation, Wishes>,
    pub unfollow: BTreeMap<Incarnation, Wishes>,
    /// To be compared with storage now.
    pub check: Wishes,
    /// Of these another node told before: what was told in between is missed, and read again once the new one tells.
    pub moved: Vec<AccountId>,
    /// To be compared with storage now, and what they were told is to be read again.
    pub reread: Vec<AccountId>,
}

#[derive(Debug)]
struct LetGo {
    placed: Placed,
    peer: Incarnation,
    since: Timestamp,
}

/// Who tells this node of something it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Teller {
    /// It lives here.
    Here,
    Peer(Incarnation),
    /// Its owner is out of reach, or there is none.
    Nobody,
    /// Whoever told of it has stopped: at the next look it counts as moved.
    Lost,
}

/// The follower's side of interest.
#[derive(Debug, Default)]
pub struct Follows {
    told: BTreeMap<Placed, Teller>,
    old: Vec<LetGo>,
    again: Vec<(Placed, Timestamp)>,
    /// With the time since when.
    in_doubt: BTreeMap<Placed, Timestamp>,
    /// Members out of reach.
    apart: BTreeSet<Incarnation>,
    /// When one of them ceased to be a member last: what it told or was about to tell may be lost.
    ended_apart_at: Timestamp,
}

impl Follows {
    /// How long the former owner goes on telling, and when what moved is compared with storage once more, in
    /// milliseconds: longer than any hand-over, and than a commit outlives its node.
    pub const MOVED_MS: i64 = 5_000;

    /// Whether anything followed may have missed something that storage must be asked for.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        !self.again.is_empty() || !self.in_doubt.is_empty()
    }

    /// Everything followed.
    pub fn keys(&self) -> impl Iterator<Item = Placed> + '_ {
        self.told.keys().copied()
    }

    /// Compares what is wanted of these keys with what peers were asked for. `me` is this node, `linked` the peers
    /// it can talk to.
    pub fn reconcile(
        &mut self,
        keys: impl Iterator<Item = (Placed, bool)>,
        view: &View,
        me: Incarnation,
        linked: &BTreeSet<Incarnation>,
        now: Timestamp,
    ) -> Plan {
        let mut plan = Plan::default();
        self.look_apart(view, me, linked, now);
        for (placed, wanted) in keys {
            if !wanted {
                self.let_go(placed, &mut plan);
                continue;
            }
            let teller = match view.owner(placed).map(|member| member.incarnation) {
                Some(owner) if owner == me => Teller::Here,
                Some(owner) if linked.contains(&owner) => Teller::Peer(owner),
                Some(_) | None => Teller::Nobody,
            };
            let by_anyone = matches!(placed, Placed::User(_)) && !self.apart.is_empty();
            let doubted = if teller == Teller::Nobody || by_anyone {
                self.in_doubt.entry(placed).or_insert(now);
                None
            } else {
                self.in_doubt.remove(&placed)
            };
            let before = self.told.insert(placed, teller);
            if before == Some(teller) {
                if doubted.is_some_and(|since| since <= self.ended_apart_at) {
                    self.again.push((placed, now));
                }
                continue;
            }
            if let Some(Teller::Peer(peer)) = before {
                self.old.push(LetGo {
                    placed,
                    peer,
                    since: now,
                });
            }
            if before.is_some() {
                self.again.push((placed, now));
            }
            match (teller, placed) {
                (Teller::Peer(peer), _) => {
                    plan.follow.entry(peer).or_default().push(placed);
                    if let (Some(_), Placed::User(account)) = (before, placed) {
                        plan.moved.push(account);
                    }
                }
                (Teller::Here, Placed::User(account)) if before.is_some() => plan.reread.push(account),
                _ if before.is_some() => plan.check.push(placed),
                _ => {}
            }
        }
        plan
    }

    fn look_apart(&mut self, view: &View, me: Incarnation, linked: &BTreeSet<Incarnation>, now: Timestamp) {
        if self.apart.iter().any(|member| view.find(*member).is_none()) {
            self.ended_apart_at = now;
        }
        let others = view.members().iter().map(|member| member.incarnation);
        self.apart = others
            .filter(|member| *member != me && !linked.contains(member))
            .collect();
    }

    fn let_go(&mut self, placed: Placed, plan: &mut Plan) {
        self.in_doubt.remove(&placed);
        if let Some(Teller::Peer(peer)) = self.told.remove(&placed) {
            plan.unfollow.entry(peer).or_default().push(placed);
        }
        for old in self.old.extract_if(.., |old| old.placed == placed) {
            plan.unfollow.entry(old.peer).or_default().push(placed);
        }
    }

    /// A link has ended: its peer has forgotten what it was asked for. The accounts that it told of.
    pub fn link_ended(&mut self, peer: Incarnation) -> Vec<AccountId> {
        self.old.retain(|old| old.peer != peer);
        let mut accounts = Vec::new();
        for (placed, teller) in &mut self.told {
            if *teller == Teller::Peer(peer) {
                *teller = Teller::Lost;
                if let Placed::User(account) = placed {
                    accounts.push(*account);
                }
            }
        }
        accounts
    }

    /// This node was declared dead: what it took to live here may have lived elsewhere meanwhile.
    pub fn all_lost(&mut self) {
        for teller in self.told.values_mut() {
            if *teller == Teller::Here {
                *teller = Teller::Lost;
            }
        }
    }

    /// What is due by now: old owners to let go, keys to compare with storage once more, and those in doubt.
    pub fn due(&mut self, now: Timestamp) -> Plan {
        let mut plan = Plan::default();
        let ripe = |since: Timestamp| now.since_ms(since) >= Follows::MOVED_MS;
        for old in self.old.extract_if(.., |old| ripe(old.since)) {
            // Moved back in the meantime: it is told by the same peer again.
            if self.told.get(&old.placed) != Some(&Teller::Peer(old.peer)) {
                plan.unfollow.entry(old.peer).or_default().push(old.placed);
            }
        }
        let again = self.again.extract_if(.., |(_, since)| ripe(*since));
        let again: BTreeSet<Placed> = again.map(|(placed, _)| placed).collect();
        for placed in &again {
            match placed {
                Placed::Room(_) => plan.check.push(*placed),
                Placed::User(account) => plan.reread.push(*account),
            }
        }
        let in_doubt = self.in_doubt.keys().filter(|placed| !again.contains(placed));
        in_doubt.for_each(|placed| plan.check.push(*placed));
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::super::membership::member;
    use super::*;

    const ME: Incarnation = Incarnation(1);
    const NOW: Timestamp = Timestamp(1_000);

    fn view(names: &[(&str, i64)]) -> View {
        View::new(
            names
                .iter()
                .map(|(name, incarnation)| member(name, *incarnation))
                .collect(),
        )
    }

    /// A room that this member of the view owns.
    fn room_of(view: &View, owner: i64) -> Placed {
        (1..)
            .map(|id| Placed::Room(RoomId(id)))
            .find(|room| view.owner(*room).unwrap().incarnation == Incarnation(owner))
            .unwrap()
    }

    /// An account that is at home on this member of the view.
    fn account_of(view: &View, owner: i64) -> AccountId {
        let owned = |account: &AccountId| {
            view.owner(Placed::User(*account)).unwrap().incarnation == Incarnation(owner)
        };
        (1..).map(AccountId).find(owned).unwrap()
    }

    fn linked(peers: &[i64]) -> BTreeSet<Incarnation> {
        peers.iter().map(|peer| Incarnation(*peer)).collect()
    }

    fn wishes(placed: Placed) -> Wishes {
        let mut wishes = Wishes::default();
        wishes.push(placed);
        wishes
    }

    #[test]
    fn the_owner_is_asked_once_and_let_go_with_the_last_session() {
        let view = view(&[("a", 1), ("b", 2)]);
        let room = room_of(&view, 2);
        let mut follows = Follows::default();
        let plan = follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[2]), NOW);
        assert_eq!(plan.follow, BTreeMap::from([(Incarnation(2), wishes(room))]));
        let plan = follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[2]), NOW);
        assert_eq!(plan, Plan::default());
        let plan = follows.reconcile([(room, false)].into_iter(), &view, ME, &linked(&[2]), NOW);
        assert_eq!(plan.unfollow, BTreeMap::from([(Incarnation(2), wishes(room))]));
        assert_eq!(follows.keys().count(), 0);
    }

    #[test]
    fn nobody_is_asked_for_what_lives_here() {
        let view = view(&[("a", 1), ("b", 2)]);
        let mut follows = Follows::default();
        let plan = follows.reconcile(
            [(room_of(&view, 1), true)].into_iter(),
            &view,
            ME,
            &linked(&[2]),
            NOW,
        );
        assert_eq!(plan, Plan::default());
        assert_eq!(follows.due(NOW.plus_ms(60_000)), Plan::default());
    }

    #[test]
    fn what_moves_is_asked_of_the_new_owner_at_once_and_of_the_old_one_for_a_while_longer() {
        let (before, after) = (view(&[("a", 1), ("b", 2)]), view(&[("a", 1), ("c", 3)]));
        let room = (1..)
            .map(|id| Placed::Room(RoomId(id)))
            .find(|r| {
                before.owner(*r).unwrap().name.as_ref() == "b"
                    && after.owner(*r).unwrap().name.as_ref() == "c"
            })
            .unwrap();
        let mut follows = Follows::default();
        follows.reconcile([(room, true)].into_iter(), &before, ME, &linked(&[2]), NOW);
        let plan = follows.reconcile([(room, true)].into_iter(), &after, ME, &linked(&[2, 3]), NOW);
        assert_eq!(plan.follow, BTreeMap::from([(Incarnation(3), wishes(room))]));
        assert!(plan.unfollow.is_empty());
        assert_eq!(follows.due(NOW.plus_ms(4_999)), Plan::default());
        let plan = follows.due(NOW.plus_ms(5_000));
        assert_eq!(plan.unfollow, BTreeMap::from([(Incarnation(2), wishes(room))]));
        assert_eq!(plan.check, wishes(room));
        assert_eq!(follows.due(NOW.plus_ms(9_000)), Plan::default());
    }

    #[test]
    fn what_comes_to_live_here_is_compared_with_storage() {
        let (before, after) = (view(&[("b", 2)]), view(&[("a", 1), ("b", 2)]));
        let room = room_of(&after, 1);
        let mut follows = Follows::default();
        follows.reconcile([(room, true)].into_iter(), &before, ME, &linked(&[2]), NOW);
        let plan = follows.reconcile([(room, true)].into_iter(), &after, ME, &linked(&[2]), NOW);
        assert_eq!(plan.check, wishes(room));
    }

    #[test]
    fn a_new_link_to_the_same_peer_is_told_everything_anew() {
        let view = view(&[("a", 1), ("b", 2)]);
        let room = room_of(&view, 2);
        let mut follows = Follows::default();
        follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[2]), NOW);
        follows.link_ended(Incarnation(2));
        let keys: Vec<_> = follows.keys().map(|placed| (placed, true)).collect();
        let plan = follows.reconcile(keys.into_iter(), &view, ME, &linked(&[2]), NOW);
        assert_eq!(plan.follow, BTreeMap::from([(Incarnation(2), wishes(room))]));
    }

    #[test]
    fn while_the_owner_is_out_of_reach_storage_is_asked_at_every_look() {
        let view = view(&[("a", 1), ("b", 2)]);
        let room = room_of(&view, 2);
        let mut follows = Follows::default();
        follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[]), NOW);
        assert_eq!(follows.due(NOW).check, wishes(room));
        assert_eq!(follows.due(NOW).check, wishes(room));
        follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[2]), NOW);
        assert_eq!(follows.due(NOW).check, Wishes::default());
    }

    #[test]
    fn while_any_member_is_out_of_reach_accounts_are_compared_at_every_look_wherever_they_live() {
        let view = view(&[("a", 1), ("b", 2), ("c", 3)]);
        let (here, there) = (account_of(&view, 1), account_of(&view, 2));
        let keys = || {
            let accounts = [here, there].map(|account| (Placed::User(account), true));
            accounts.into_iter().chain([(room_of(&view, 1), true)])
        };
        let mut follows = Follows::default();
        follows.reconcile(keys(), &view, ME, &linked(&[2, 3]), NOW);
        assert_eq!(follows.due(NOW), Plan::default());
        let plan = follows.reconcile(keys(), &view, ME, &linked(&[2]), NOW);
        assert_eq!(plan, Plan::default());
        for _ in 0..2 {
            let mut check = follows.due(NOW).check;
            check.accounts.sort_unstable();
            let mut both = vec![here, there];
            both.sort_unstable();
            assert_eq!((check.accounts, check.rooms), (both, vec![]));
        }
        // The one that is back says what it must: see `Cluster::reread_home`.
        follows.reconcile(keys(), &view, ME, &linked(&[2, 3]), NOW);
        assert_eq!(follows.due(NOW.plus_ms(5_000)), Plan::default());
    }

    #[test]
    fn what_a_member_told_that_ended_out_of_reach_is_read_again() {
        let (before, after) = (view(&[("a", 1), ("c", 3)]), view(&[("a", 1)]));
        let account = account_of(&before, 1);
        let keys = || [(Placed::User(account), true)].into_iter();
        let mut follows = Follows::default();
        follows.reconcile(keys(), &before, ME, &linked(&[]), NOW);
        follows.reconcile(keys(), &after, ME, &linked(&[]), NOW.plus_ms(10));
        assert_eq!(follows.due(NOW.plus_ms(5_009)), Plan::default());
        let plan = follows.due(NOW.plus_ms(5_010));
        assert_eq!((plan.reread, plan.check), (vec![account], Wishes::default()));
    }

    #[test]
    fn an_account_that_moves_is_read_again_at_its_new_home() {
        let (alone, both) = (view(&[("a", 1)]), view(&[("a", 1), ("b", 2)]));
        let account = account_of(&both, 2);
        let keys = || [(Placed::User(account), true)].into_iter();
        let mut follows = Follows::default();
        follows.reconcile(keys(), &alone, ME, &linked(&[]), NOW);
        let plan = follows.reconcile(keys(), &both, ME, &linked(&[2]), NOW);
        assert_eq!((plan.moved, plan.reread), (vec![account], vec![]));
        assert_eq!(follows.link_ended(Incarnation(2)), [account]);
        let plan = follows.reconcile(keys(), &alone, ME, &linked(&[]), NOW);
        assert_eq!((plan.moved, plan.reread), (vec![], vec![account]));
        assert_eq!(follows.due(NOW.plus_ms(5_000)).reread, [account]);
    }

    #[test]
    fn a_node_that_was_dead_compares_what_lives_here_again() {
        let view = view(&[("a", 1), ("b", 2)]);
        let room = room_of(&view, 1);
        let mut follows = Follows::default();
        follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[]), NOW);
        follows.all_lost();
        let plan = follows.reconcile([(room, true)].into_iter(), &view, ME, &linked(&[]), NOW);
        assert_eq!(plan.check, wishes(room));
    }

    #[test]
    fn what_was_out_of_reach_and_comes_to_live_here_is_compared_once_more() {
        let (before, after) = (view(&[("b", 2)]), view(&[("a", 1)]));
        let room = room_of(&after, 1);
        let mut follows = Follows::default();
        follows.reconcile([(room, true)].into_iter(), &before, ME, &linked(&[]), NOW);
        assert!(follows.is_in_doubt());
        let plan = follows.reconcile([(room, true)].into_iter(), &after, ME, &linked(&[]), NOW);
        assert_eq!(plan.check, wishes(room));
        assert_eq!(follows.due(NOW.plus_ms(5_000)).check, wishes(room));
        assert!(!follows.is_in_doubt());
    }
}
