//! The journal: group commit of what rooms post. While commits are in flight the next batch gathers.

pub mod assign;

pub use assign::{Assigned, TokenFound, assign, dedupe};
