//! The files of a room: a tree of folders in groups, and what was given in a chat alone.

pub mod messages;
pub mod rules;
mod shell;

pub use messages::{TreeAnswer, TreeRequest};
pub use shell::answer;
