//! What the core needs from the world: few methods each, with an in-memory twin and a shared suite in `testkit`.

pub mod blobs;
pub mod board;
pub mod clock;
pub mod cluster;
pub mod directory;
pub mod files;
pub mod grants;
pub mod identities;
pub mod jobs;
pub mod journal;
pub mod ledger;
pub mod links;
pub mod notify;
pub mod passwords;
pub mod rooms;
pub mod secrets;
pub mod tree;
pub mod uploads;
pub mod users;
pub mod views;

pub use blobs::{BlobId, BlobListed, BlobStat, BlobStore, ByteStream};
pub use board::{BoardChange, BoardStore, TagChange, TagsOf};
pub use clock::Clock;
pub use cluster::{Charter, ClusterStore, Joined, Joining};
pub use directory::DirectoryStore;
pub use files::FileStore;
pub use grants::GrantStore;
pub use identities::Identities;
pub use jobs::JobStore;
pub use journal::{
    AppendError, BatchOutcome, InDoubt, JournalStore, PostDraft, PostOutcome, RoomBatch, Verdict,
};
pub use ledger::{LedgerStore, PassStore};
pub use links::{Inbound, Links, NoLinks};
pub use notify::{Notice, Notifier};
pub use passwords::Passwords;
pub use rooms::{RoomChange, RoomSaved, RoomStore};
pub use secrets::SecretStore;
pub use tree::{TreeChange, TreeStore};
pub use uploads::UploadStore;
pub use users::{UserChange, UserSaved, UserSnapshot, UserStore};
pub use views::ViewStore;

use crate::failure::Failure;
use std::sync::Arc;
use thiserror::Error;

/// How a store can fail besides answering.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Nothing was changed, for a reason the caller must hear.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// Nothing was changed: storage was not reached, or gave up before the commit. Safe to try again.
    #[error("storage is not available: {0}")]
    Unavailable(String),
    /// The commit was sent and its outcome is not known.
    #[error("the outcome of a commit is not known: {0}")]
    Unknown(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Refused(failure) => failure,
            StoreError::Unavailable(why) => Failure::Unavailable(why),
            StoreError::Unknown(_) => Failure::OutcomeUnknown,
        }
    }
}

pub type StoreResult<T> = Result<T, StoreError>;

/// Every store of one database. Closed when the last clone of any of them is dropped.
#[derive(Clone)]
pub struct Stores {
    pub journal: Arc<dyn JournalStore>,
    pub rooms: Arc<dyn RoomStore>,
    pub users: Arc<dyn UserStore>,
    pub views: Arc<dyn ViewStore>,
    pub grants: Arc<dyn GrantStore>,
    pub files: Arc<dyn FileStore>,
    pub tree: Arc<dyn TreeStore>,
    pub uploads: Arc<dyn UploadStore>,
    pub board: Arc<dyn BoardStore>,
    pub jobs: Arc<dyn JobStore>,
    pub directory: Arc<dyn DirectoryStore>,
    pub secrets: Arc<dyn SecretStore>,
    pub cluster: Arc<dyn ClusterStore>,
    pub ledger: Arc<dyn LedgerStore>,
    pub passes: Arc<dyn PassStore>,
}

/// Every port, as the node is given them.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub journal: Arc<dyn JournalStore>,
    pub rooms: Arc<dyn RoomStore>,
    pub users: Arc<dyn UserStore>,
    pub views: Arc<dyn ViewStore>,
    pub grants: Arc<dyn GrantStore>,
    pub files: Arc<dyn FileStore>,
    pub tree: Arc<dyn TreeStore>,
    pub uploads: Arc<dyn UploadStore>,
    pub board: Arc<dyn BoardStore>,
    pub jobs: Arc<dyn JobStore>,
    pub directory: Arc<dyn DirectoryStore>,
    pub secrets: Arc<dyn SecretStore>,
    pub cluster: Arc<dyn ClusterStore>,
    pub ledger: Arc<dyn LedgerStore>,
    pub passes: Arc<dyn PassStore>,
    pub passwords: Arc<dyn Passwords>,
    pub notifier: Arc<dyn Notifier>,
}

impl Ports {
    /// The stores of a database and what else a node needs of the world.
    #[must_use]
    pub fn new(
        stores: Stores,
        clock: Arc<dyn Clock>,
        passwords: Arc<dyn Passwords>,
        notifier: Arc<dyn Notifier>,
    ) -> Ports {
        Ports {
            clock,
            journal: stores.journal,
            rooms: stores.rooms,
            users: stores.users,
            views: stores.views,
            grants: stores.grants,
            files: stores.files,
            tree: stores.tree,
            uploads: stores.uploads,
            board: stores.board,
            jobs: stores.jobs,
            directory: stores.directory,
            secrets: stores.secrets,
            cluster: stores.cluster,
            ledger: stores.ledger,
            passes: stores.passes,
            passwords,
            notifier,
        }
    }
}
