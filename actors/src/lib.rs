//! The core of Roost: model, rules, actors and ports. Knows no HTTP route, no dialect, no SQL, no TOML.

pub mod board;
pub mod cluster;
pub mod directory;
pub mod failure;
pub mod fanout;
pub mod hub;
pub mod journal;
pub mod ledger;
pub mod meters;
pub mod model;
pub mod near;
pub mod node;
pub mod ports;
pub mod registry;
pub mod room;
pub mod session;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod tree;
pub mod user;

pub use failure::{Failure, Thing};
pub use node::Node;
