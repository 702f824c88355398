//! One live connection of one account. The shell is the socket actor in the adapter; here is what it is told
//! and the book a node keeps of where its sessions stand in each room.

pub mod messages;

pub use messages::{CloseWhy, SessionEvent};
