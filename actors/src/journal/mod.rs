//! The journal: group commit of what rooms post. While commits are in flight the next batch gathers.

mod actor;
pub mod assign;
mod state;

pub use actor::{Commit, Journal, Quiet};
pub use assign::{Assigned, TokenFound, assign, dedupe};
pub use state::{BatchId, JournalState, Next};
