//! Many nodes as one: who is a member, what lives where, what peers say to each other and whom they tell.
//!
//! The database is the arbiter: members are its rows, and a room's row says who owns it. Links between nodes only
//! make things fast; whatever a link loses is read back from storage.

mod check;
pub mod envelope;
pub mod follows;
mod hearing;
pub mod interest;
mod keeper;
pub mod membership;
pub mod placement;
pub mod routing;
mod shell;
mod standing;
mod traffic;

pub(crate) use check::TOLD_LATE_MS;
pub use envelope::{Answer, Envelope, EnvelopeError, NodeCensus, Question, Ticket};
pub use follows::{Follows, Plan, Wishes};
pub use interest::PeerInterest;
pub use membership::{Beat, Incarnation, Member, Membership, Step, Timing, View};
pub use placement::Placed;
pub use shell::{Cluster, ClusterParts, Route};
pub use standing::Standing;
