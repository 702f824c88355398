//! What every store must do, one async function a behaviour, named as a sentence. [`port_suites!`](crate::port_suites)
//! makes a test of each. A case brings its own accounts and rooms, but each wants a database of its own: what is
//! there once (the charter of a cluster, the nodes that live) would be another case's too.

pub mod blobs;
pub mod cluster;
pub mod directory;
pub mod journal;
pub mod journal_faults;
mod list;
pub mod rooms;
pub mod rooms_history;
pub mod secrets;
pub mod stage;
pub mod users;

use crate::ports::{
    ClusterStore, DirectoryStore, JournalStore, Notifier, Passwords, Ports, RoomStore, SecretStore, UserStore,
};
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
    pub fn new(
        journal: Arc<dyn JournalStore>,
        rooms: Arc<dyn RoomStore>,
        users: Arc<dyn UserStore>,
        directory: Arc<dyn DirectoryStore>,
        secrets: Arc<dyn SecretStore>,
        cluster: Arc<dyn ClusterStore>,
        keep: Box<dyn Any + Send>,
    ) -> Opened {
        let passwords: Arc<dyn Passwords> = Arc::new(super::PlainPasswords);
        let notifier: Arc<dyn Notifier> = Arc::new(super::Outbox::default());
        let ports = Ports {
            clock: Arc::new(super::ManualClock::frozen(super::World::BEGIN_MS)),
            journal,
            rooms,
            users,
            directory,
            secrets,
            cluster,
            passwords,
            notifier,
        };
        Opened { ports, keep }
    }
}
