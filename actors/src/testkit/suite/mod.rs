//! What every store must do, one async function a behaviour, named as a sentence. [`port_suites!`](crate::port_suites)
//! makes a test of each. A case brings its own accounts and rooms, but each wants a database of its own: what is
//! there once (the charter of a cluster, the nodes that live) would be another case's too.

pub mod blobs;
pub mod cluster;
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
pub mod rooms;
pub mod rooms_changes;
pub mod rooms_history;
pub mod rooms_requests;
pub mod secrets;
pub mod stage;
pub mod users;
pub mod users_rooms;
pub mod views;

use crate::ports::{
    ClusterStore, DirectoryStore, FileStore, GrantStore, JobStore, JournalStore, LedgerStore, Notifier,
    PassStore, Passwords, Ports, RoomStore, SecretStore, UserStore, ViewStore,
};
use std::any::Any;
use std::sync::Arc;

/// An opened set of stores, and whatever must live as long as they are used (a temporary folder, a database to drop).
pub struct Opened {
    pub ports: Ports,
    pub keep: Box<dyn Any + Send>,
}

/// The stores of one database.
pub struct OpenedStores {
    pub journal: Arc<dyn JournalStore>,
    pub rooms: Arc<dyn RoomStore>,
    pub users: Arc<dyn UserStore>,
    pub views: Arc<dyn ViewStore>,
    pub grants: Arc<dyn GrantStore>,
    pub files: Arc<dyn FileStore>,
    pub jobs: Arc<dyn JobStore>,
    pub directory: Arc<dyn DirectoryStore>,
    pub secrets: Arc<dyn SecretStore>,
    pub ledger: Arc<dyn LedgerStore>,
    pub passes: Arc<dyn PassStore>,
    pub cluster: Arc<dyn ClusterStore>,
}

impl Opened {
    /// Stores together with a clock that stands still and the small ports in memory.
    #[must_use]
    pub fn new(stores: OpenedStores, keep: Box<dyn Any + Send>) -> Opened {
        let passwords: Arc<dyn Passwords> = Arc::new(super::PlainPasswords);
        let notifier: Arc<dyn Notifier> = Arc::new(super::Outbox::default());
        let ports = Ports {
            clock: Arc::new(super::ManualClock::frozen(super::World::BEGIN_MS)),
            journal: stores.journal,
            rooms: stores.rooms,
            users: stores.users,
            views: stores.views,
            grants: stores.grants,
            files: stores.files,
            jobs: stores.jobs,
            directory: stores.directory,
            secrets: stores.secrets,
            cluster: stores.cluster,
            ledger: stores.ledger,
            passes: stores.passes,
            passwords,
            notifier,
        };
        Opened { ports, keep }
    }
}
