//! The store behind membership: which nodes live, by the database's own clock, and what makes them one cluster.

use super::StoreResult;
use crate::cluster::{Beat, Incarnation, Member, Timing};
use async_trait::async_trait;

/// What the first node of a cluster stores, and every other must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    pub cluster: String,
    /// A salted hash of the cluster's secret (a PHC string).
    pub verifier: String,
    pub timing: Timing,
}

/// A node that wants to be a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    pub name: String,
    /// Where clients reach its HTTP.
    pub http: String,
    /// Where its links are taken; empty for a node that is alone.
    pub peer: String,
    pub timing: Timing,
}

/// What became of an attempt to join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// A member from now on, with everybody who lives.
    Member(Incarnation, Vec<Member>),
    /// A node of this name was heard of so many milliseconds ago, and is not dead yet.
    NameTaken { heard_ms_ago: i64 },
}

#[async_trait]
pub trait ClusterStore: Send + Sync {
    /// The charter that stands; `fresh` is stored first if there is none. Without `fresh` nothing is written.
    async fn charter(&self, fresh: Option<&Charter>) -> StoreResult<Option<Charter>>;

    /// Makes a node a member under a new incarnation, unless its name lives. The dead are removed first.
    async fn join(&self, joining: &Joining) -> StoreResult<Joined>;

    /// Says that an incarnation lives, removes nodes that have not been heard of for the charter's
    /// [`Timing::dead_after_ms`] (its default where there is no charter) by the database's clock, and reads the rest. A
    /// node that was removed stays so: its beats come back as `Dead`.
    async fn beat(&self, me: Incarnation, draining: bool) -> Beat;

    /// Removes an incarnation. What it owned may be taken at once.
    async fn leave(&self, me: Incarnation) -> StoreResult<()>;
}
