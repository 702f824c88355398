//! What a room can be asked of its files and what it answers. Closed and serde-able: requests cross nodes.

use crate::model::{FileId, Spot, TreeContent, TreeItem};
use serde::{Deserialize, Serialize};

/// A request of a member; direct rooms have files of the chat only. What changes something is refused with `Dissolved`
/// in a dissolved group; its former members may go on reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TreeRequest {
    /// What a folder holds. Refused with `Unknown(Folder)`.
    List { folder: Option<FileId> },
    /// A file or folder of the tree, or a file of the chat. Refused with `Unknown(File)`.
    Find { id: FileId },
    /// How many bytes may be added there, of `quota_bytes` in all. Refused with `Unknown(Folder)`, and with `Full` when
    /// none may.
    Left { spot: Spot, quota_bytes: i64 },
    /// Keeps a file whose blob was noted before it was stored, or makes a folder. Refused with `Unknown(Folder)`,
    /// `Exists(File)`, `Full`.
    Add {
        spot: Spot,
        name: String,
        content: Option<TreeContent>,
        quota_bytes: i64,
    },
    /// Who made it or a manager. Refused with `Unknown(File)`, `Forbidden`, `Exists(File)`.
    Rename { id: FileId, name: String },
    /// Who made it or a manager. Refused with `Unknown(File)`, `Forbidden`, `Unknown(Folder)` (also for a folder that is
    /// to go into itself), `Exists(File)`, `Full`.
    Move { id: FileId, folder: Option<FileId> },
    /// Who made it or a manager; a folder goes with all that is in it. Refused with `Unknown(File)`, `Forbidden`.
    Remove { id: FileId },
}

impl TreeRequest {
    /// Whether the request changes nothing that is stored.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            TreeRequest::List { .. } | TreeRequest::Find { .. } | TreeRequest::Left { .. }
        )
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TreeAnswer {
    /// Folders first, then by name.
    Items(Vec<TreeItem>),
    Item(TreeItem),
    Left(i64),
}
