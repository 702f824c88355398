//! What every store must do, one async function a behaviour, named as a sentence. [`port_suites!`](crate::port_suites)
//! makes a test of each. A case brings its own accounts and rooms, but each wants a database of its own: what is
//! there once (the charter of a cluster, the nodes that live) would be another case's too.

pub mod blobs;
pub mod board;
pub mod board_found;
pub mod cluster;
pub mod contact_groups;
pub mod directory;
pub mod files;
pub mod grants;
pub mod jobs;
pub mod journal;
pub mod journal_counts;
pub mod journal_faults;
pub mod journal_tokens;
pub mod ledger;
mod list;
pub mod near;
pub mod rooms;
pub mod rooms_changes;
pub mod rooms_history;
pub mod rooms_requests;
pub mod secrets;
pub mod stage;
pub mod tree;
pub mod uploads;
pub mod users;
pub mod users_rooms;
pub mod views;

use crate::ports::{Ports, Stores};
use std::any::Any;
use std::sync::Arc;

/// An opened set of stores, and whatever must live as long as they are used (a temporary folder, a database to drop).
pub struct Opened {
    pub ports: Ports,
    pub keep: Box<dyn Any + Send>,
}

impl Opened {
    /// Stores together with a clock that stands still and the small ports in memory.
    #[must_use]
    pub fn new(stores: Stores, keep: Box<dyn Any + Send>) -> Opened {
        let clock = Arc::new(super::ManualClock::frozen(super::World::BEGIN_MS));
        let notifier = Arc::new(super::Outbox::default());
        let ports = Ports::new(stores, clock, Arc::new(super::PlainPasswords), notifier);
        Opened { ports, keep }
    }
}
