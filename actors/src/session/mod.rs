//! One live connection of one account. The shell is the socket actor in the adapter; here is what it is told and how
//! it reads back what it has missed.

pub mod catch_up;
pub mod messages;

pub use messages::{CloseWhy, SessionEvent};
