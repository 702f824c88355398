//! A file that an account put up under a name of its own choice, for whoever has its address.

use super::{AccountId, Timestamp};
use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// What is known of such a file. Its bytes are a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub owner: AccountId,
    /// Its name, one of its owner's own; may look like a path.
    pub key: String,
    /// The name of the blob that holds the bytes.
    pub blob: String,
    /// Its media type, as judged by its bytes when it was stored.
    pub mime: String,
    pub sha256: String,
    /// In bytes.
    pub len: i64,
    pub created_at: Timestamp,
}

impl Upload {
    /// The longest key, in bytes.
    pub const KEY_BYTES_MAX: usize = 750;

    /// Refuses keys that are empty, too long, or hold what no address shows.
    pub fn check_key(key: &str) -> Result<(), Failure> {
        if key.is_empty() || key.chars().any(char::is_control) {
            let why = "must not be empty or hold control characters";
            return Err(Failure::invalid("key", why));
        }
        Failure::check_len("key", key, Upload::KEY_BYTES_MAX)
    }
}
