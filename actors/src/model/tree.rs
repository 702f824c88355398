//! Files of rooms: what a group keeps in folders, and what was given in a chat alone.

use super::{AccountId, FileId, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a file is within its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spot {
    /// In a folder of the group's tree; `None` is its root.
    Folder(Option<FileId>),
    /// Beside the tree: given in the chat.
    Chat,
}

/// A folder of a group's tree, or a file of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeItem {
    pub id: FileId,
    pub room: RoomId,
    pub spot: Spot,
    /// Who made or uploaded it.
    pub owner: AccountId,
    pub name: String,
    /// What a file holds; `None` is a folder.
    pub content: Option<TreeContent>,
    pub created_at: Timestamp,
}

/// What is known of a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeContent {
    /// The name of the blob that holds the bytes.
    pub blob: String,
    /// Its media type, as judged by its bytes when it was stored.
    pub mime: String,
    /// In bytes.
    pub len: i64,
    /// How long sound or film lasts, in milliseconds; 0 when it is neither or nobody knows.
    pub duration_ms: i64,
}

impl TreeItem {
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.content.is_none()
    }

    /// In bytes; 0 for a folder.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.content.as_ref().map_or(0, |content| content.len)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
