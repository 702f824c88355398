//! The core of Roost: model, rules, actors and ports. Knows no HTTP route, no dialect, no SQL, no TOML.

pub mod failure;
pub mod journal;
pub mod model;
pub mod ports;

pub use failure::{Failure, Thing};
