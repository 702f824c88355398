//! One account: profile, contacts, friend requests, and the way to its direct rooms.
//!
//! A user's actor is a cache: every change is one transaction guarded by constraints; then whoever is concerned is told.

mod actor;
pub mod contact_groups;
pub mod messages;
mod state;

pub use actor::{UserActor, UserShell};
pub use messages::{Relation, UserAnswer, UserRequest};
pub use state::UserState;
