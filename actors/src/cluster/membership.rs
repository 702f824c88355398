//! Who is a member, as last read from the database, and whether this node may still speak for what it owns. Pure.
//!
//! A node's lease runs from the moment it *sent* its last successful heartbeat, so it ends before the database can
//! let anybody else declare the node dead, whatever the heartbeat's way took.

use super::placement::{self, Placed};
use crate::model::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names one start of one node. Given out by the database, rising; 0 is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub i64);

/// A live node as the database lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub name: Arc<str>,
    pub incarnation: Incarnation,
    /// Where clients reach its HTTP.
    pub http: String,
    /// Where its links are taken, as host:port.
    pub peer: String,
    /// It is handing over: nothing new is placed there.
    pub draining: bool,
}

/// The members at one time. The same for every node that has read the same rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    members: Vec<Member>,
    /// Seeds of the members that take rooms, with their place in `members`.
    seeds: Vec<u64>,
    takers: Vec<usize>,
}

impl View {
    /// Sorted by name. When all members drain, the last ones to go still own what they have.
    #[must_use]
    pub fn new(mut members: Vec<Member>) -> View {
        members.sort_by(|a, b| (&a.name, a.incarnation).cmp(&(&b.name, b.incarnation)));
        let all_drain = members.iter().all(|member| member.draining);
        let takers: Vec<usize> = (0..members.len())
            .filter(|&index| all_drain || !members[index].draining)
            .collect();
        let seeds = takers
            .iter()
            .map(|&index| placement::seed(&members[index].name))
            .collect();
        View {
            members,
            seeds,
            takers,
        }
    }

    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member that should own a key.
    #[must_use]
    pub fn owner(&self, placed: Placed) -> Option<&Member> {
        let taker = placement::owner(&self.seeds, placed)?;
        Some(&self.members[self.takers[taker]])
    }

    #[must_use]
    pub fn find(&self, incarnation: Incarnation) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.incarnation == incarnation)
    }
}

/// What a heartbeat came back with.
#[derive(Clone, Debug, PartialEq)]
pub enum Beat {
    /// Counted. Everybody who lives, this node included.
    Alive(Vec<Member>),
    /// This incarnation was declared dead: what it owned may be owned by others by now.
    Dead,
    /// The database did not answer.
    Failed(String),
}

/// What a node must do after a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing has changed.
    Stay,
    /// The members have changed: hand over what is placed elsewhere, follow rooms anew.
    Moved,
    /// Drop every room and user at once and join again.
    Rejoin,
}

/// How soon nodes notice each other's end. The same on all nodes of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// How often a node says that it lives, in milliseconds.
    pub heartbeat_ms: i64,
    /// After so long without a heartbeat a node is dead, by the database's clock, in milliseconds.
    pub dead_after_ms: i64,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            heartbeat_ms: 500,
            dead_after_ms: 2_000,
        }
    }
}

impl Timing {
    /// One part in so many is taken off the lease for clocks that run at different speeds.
    const DRIFT_PARTS: i64 = 20;

    /// How long a node may answer from memory after it sent a heartbeat that counted, in milliseconds.
    #[must_use]
    pub fn lease_ms(self) -> i64 {
        self.dead_after_ms - self.dead_after_ms / Timing::DRIFT_PARTS
    }

    /// A heartbeat that takes longer counts as failed, in milliseconds.
    #[must_use]
    pub fn beat_ms_max(self) -> i64 {
        self.dead_after_ms * 3 / 4
    }
}

/// This node's own standing.
#[derive(Clone, Debug)]
pub struct Membership {
    me: Incarnation,
    timing: Timing,
    view: Arc<View>,
    lease_until: Timestamp,
    problem: Option<String>,
}

impl Membership {
    /// A node that has just joined, having asked to at `sent_at`.
    #[must_use]
    pub fn joined(me: Incarnation, timing: Timing, members: Vec<Member>, sent_at: Timestamp) -> Membership {
        Membership {
            me,
            timing,
            view: Arc::new(View::new(members)),
            lease_until: sent_at.plus_ms(timing.lease_ms()),
            problem: None,
        }
    }

    #[must_use]
    pub fn me(&self) -> Incarnation {
        self.me
    }

    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Until when this node may answer from memory.
    #[must_use]
    pub fn lease_until(&self) -> Timestamp {
        self.lease_until
    }

    /// Why heartbeats fail, if they do.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Takes in a heartbeat that was sent at `sent_at`, by this node's own steady clock.
    pub fn beat(&mut self, beat: Beat, sent_at: Timestamp) -> Step {
        match beat {
            Beat::Alive(members) => {
                self.problem = None;
                self.lease_until = self.lease_until.max(sent_at.plus_ms(self.timing.lease_ms()));
                let view = View::new(members);
                if view == *self.view {
                    return Step::Stay;
                }
                self.view = Arc::new(view);
                Step::Moved
            }
            Beat::Failed(why) => {
                self.problem = Some(why);
                Step::Stay
            }
            Beat::Dead => {
                self.problem = Some("this node was declared dead and joins again".to_owned());
                self.lease_until = Timestamp(0);
                Step::Rejoin
            }
        }
    }
}

#[cfg(test)]
pub(crate) fn member(name: &str, incarnation: i64) -> Member {
    Member {
        name: name.into(),
        incarnation: Incarnation(incarnation),
        http: format!("{name}:80"),
        peer: format!("{name}:90"),
        draining: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RoomId;

    fn joined_at(sent_at: i64) -> Membership {
        Membership::joined(
            Incarnation(1),
            Timing::default(),
            vec![member("a", 1)],
            Timestamp(sent_at),
        )
    }

    #[test]
    fn the_lease_runs_from_the_sending_of_the_last_heartbeat_that_counted() {
        let mut a = joined_at(1_000);
        assert_eq!(a.lease_until(), Timestamp(2_900));
        assert_eq!(
            a.beat(Beat::Alive(vec![member("a", 1)]), Timestamp(1_500)),
            Step::Stay
        );
        assert_eq!(a.lease_until(), Timestamp(3_400));
        a.beat(Beat::Failed("gone".to_owned()), Timestamp(2_000));
        assert_eq!(a.lease_until(), Timestamp(3_400));
        assert_eq!(a.problem(), Some("gone"));
        a.beat(Beat::Alive(vec![member("a", 1)]), Timestamp(2_500));
        assert_eq!(a.problem(), None);
    }

    #[test]
    fn a_late_answer_never_shortens_the_lease() {
        let mut a = joined_at(2_000);
        a.beat(Beat::Alive(vec![member("a", 1)]), Timestamp(1_000));
        assert_eq!(a.lease_until(), Timestamp(3_900));
    }

    #[test]
    fn a_node_that_was_declared_dead_has_no_lease_and_joins_again() {
        let mut a = joined_at(1_000);
        assert_eq!(a.beat(Beat::Dead, Timestamp(1_500)), Step::Rejoin);
        assert_eq!(a.lease_until(), Timestamp(0));
    }

    #[test]
    fn a_change_of_members_is_told_once() {
        let mut a = joined_at(1_000);
        let two = vec![member("b", 2), member("a", 1)];
        assert_eq!(a.beat(Beat::Alive(two.clone()), Timestamp(1_500)), Step::Moved);
        assert_eq!(a.beat(Beat::Alive(two), Timestamp(2_000)), Step::Stay);
        let restarted = vec![member("a", 1), member("b", 3)];
        assert_eq!(a.beat(Beat::Alive(restarted), Timestamp(2_500)), Step::Moved);
    }

    #[test]
    fn nothing_is_placed_on_a_node_that_drains_unless_all_do() {
        let drains = |name: &str| Member {
            draining: true,
            ..member(name, 1)
        };
        let owners = |view: &View| -> Vec<String> {
            let rooms = (1..200).map(|id| Placed::Room(RoomId(id)));
            let mut names: Vec<String> = rooms
                .map(|room| view.owner(room).unwrap().name.to_string())
                .collect();
            names.sort();
            names.dedup();
            names
        };
        assert_eq!(
            owners(&View::new(vec![member("a", 1), member("b", 2)])),
            ["a", "b"]
        );
        assert_eq!(owners(&View::new(vec![member("a", 1), drains("b")])), ["a"]);
        assert_eq!(owners(&View::new(vec![drains("a"), drains("b")])), ["a", "b"]);
        assert_eq!(View::default().owner(Placed::Room(RoomId(1))), None);
    }
}
