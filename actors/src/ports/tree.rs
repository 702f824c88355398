//! The store of rooms' files: the trees, what was given in chats, and the blobs that nothing refers to.
//!
//! A blob is noted before its bytes are stored, and its note goes in the transaction in which something refers to it;
//! it comes back in the transaction in which nothing does any more. So whatever dies in between, the bytes are either
//! referred to or noted, never both and never neither.

use super::StoreResult;
use crate::model::{FileId, RoomId, Spot, Timestamp, TreeItem};
use crate::tree::rules::{By, Used};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A change to a room's files. One transaction that holds the room's tree, guarded by constraints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TreeChange {
    /// Keeps a file or makes a folder; `id` is ignored. Refused with `Unknown(Folder)`, `Exists(File)`, `Full`, in this
    /// order, and with `Unknown(File)` when the file's blob is not noted: it may be gone by now.
    Add { item: TreeItem, quota_bytes: i64 },
    /// Refused with `Unknown(File)`, `Forbidden`, `Exists(File)`. Files of the chat have no names to be unique among.
    Rename { by: By, id: FileId, name: String },
    /// Refused with `Unknown(File)`, `Forbidden`, `Unknown(Folder)`, `Exists(File)`, `Full`.
    Move {
        by: By,
        id: FileId,
        folder: Option<FileId>,
    },
    /// Removes a file, or a folder with all that is in it; the blobs are noted as due `at` once.
    /// Refused with `Unknown(File)`, `Forbidden`.
    Remove { by: By, id: FileId, at: Timestamp },
}

#[async_trait]
pub trait TreeStore: Send + Sync {
    /// What a folder holds: folders first, then by name. Refused with `Unknown(Folder)`.
    async fn items(&self, room: RoomId, folder: Option<FileId>) -> StoreResult<Vec<TreeItem>>;

    /// A file or folder of the room. Refused with `Unknown(File)`.
    async fn item(&self, room: RoomId, id: FileId) -> StoreResult<TreeItem>;

    /// What the tree takes, or what was given in the chat. Refused with `Unknown(Folder)`.
    async fn used(&self, room: RoomId, spot: Spot) -> StoreResult<Used>;

    /// Answers with the item as it stands now; a removed one as it was.
    async fn change(&self, room: RoomId, change: &TreeChange) -> StoreResult<TreeItem>;

    /// Files given in chats before `before`, oldest first, at most `limit`.
    async fn given_before(&self, before: Timestamp, limit: i64) -> StoreResult<Vec<TreeItem>>;

    /// Notes a blob that is about to be stored: unless something refers to it by then, it goes when it is due.
    async fn note_blob(&self, blob: &str, due: Timestamp) -> StoreResult<()>;

    /// Blobs that are due and to which from now on nothing can refer, oldest first, at most `limit`. Those that were
    /// taken and not forgotten are among them.
    async fn take_blobs(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<String>>;

    /// Forgets a blob whose bytes are gone.
    async fn forget_blob(&self, blob: &str) -> StoreResult<()>;
}
