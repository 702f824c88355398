//! One room: who is in it, what may be done there, and the one order of what is said.
//!
//! Invariants: posts get their seq only in the journal's transaction; at most one batch or one change of a room
//! is at the store at a time, so that every change has a place in the room's order; nothing is answered or
//! shown before its commit.

mod actor;
mod apply;
mod board;
mod files;
mod held;
pub mod messages;
mod read;
mod rules;
mod state;

pub use actor::{RoomActor, RoomShell};
pub use held::Held;
pub use messages::{RoomAnswer, RoomCensus, RoomEdit, RoomRequest, RoomView};
pub use rules::{AVATAR_BYTES_MAX, INTRO_BYTES_MAX, NAME_BYTES_MAX, REASON_BYTES_MAX};
pub use state::{CommitFailure, Effect, PageContext, RoomState, Ticket};
