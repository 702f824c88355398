//! A file that somebody gave to a conversation, and the short-lived right to fetch it.

use super::{AccountId, FileId, RoomId, Timestamp, ViewId};
use serde::{Deserialize, Serialize};

/// Where a file was given to: who is there may fetch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilePlace {
    View(ViewId),
    Group(RoomId),
}

/// A file of a conversation. Its bytes are a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFile {
    pub id: FileId,
    pub place: FilePlace,
    pub owner: AccountId,
    /// The name of the blob that holds the bytes.
    pub blob: String,
    /// Its media type, as judged by its bytes when it was stored.
    pub mime: String,
    pub name: String,
    /// In bytes.
    pub len: i64,
    pub created_at: Timestamp,
}

impl SharedFile {
    /// The longest name that is kept, in bytes.
    pub const NAME_BYTES_MAX: usize = 255;
    /// How long a file is kept, in milliseconds: twenty days.
    pub const KEPT_MS: i64 = 20 * 24 * 60 * 60 * 1_000;

    /// Whether it is past its time.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.since_ms(self.created_at) >= SharedFile::KEPT_MS
    }
}
