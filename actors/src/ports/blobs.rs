//! Files: bytes of any length under a random id, streamed in and out in bounded memory.

use super::StoreResult;
use crate::failure::Failure;
use crate::model::Timestamp;
use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::pin::Pin;

/// A file's bytes on their way in or out. After an error nothing more comes.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// The name of a stored file: a random UUID, lower case with dashes, and therefore never a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobId(String);

impl BlobId {
    /// Length of a UUID as text, in bytes.
    const LEN: usize = 36;

    /// Reads an id. `None` for anything but a UUID in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<BlobId> {
        let shaped = text.len() == BlobId::LEN
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        shaped.then(|| BlobId(text.to_owned()))
    }

    /// A new id from the clock's randomness.
    pub fn random(clock: &dyn super::Clock) -> Result<BlobId, Failure> {
        let text = clock.uuid();
        BlobId::parse(&text).ok_or_else(|| Failure::Internal(format!("{text:?} is not a uuid")))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for BlobId {
    type Error = Failure;

    fn try_from(text: String) -> Result<BlobId, Failure> {
        BlobId::parse(&text).ok_or_else(|| Failure::invalid("blob id", "not a uuid in lower case"))
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> String {
        id.0
    }
}

/// What is known of a stored file. It never changes: blobs are written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobStat {
    pub id: BlobId,
    /// Length in bytes.
    pub len: u64,
    /// SHA-256 of the content in lower-case hexadecimal.
    pub sha256: String,
    pub stored_at: Timestamp,
}

/// A stored file as [`BlobStore::list`] tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobListed {
    pub id: BlobId,
    pub stored_at: Timestamp,
}

/// How long an upload may take, in milliseconds. Parts older than this belong to an upload that ended.
pub const UPLOAD_MS_MAX: i64 = 12 * 60 * 60 * 1_000;

#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores what the stream gives, durably, under an id that is not taken. Until it returns nobody sees the file.
    /// An error of the stream is returned as refused and nothing stays; so is `TooLong { field: "file" }` as soon as
    /// more than `len_max` bytes have come. Dropping the future stores nothing either.
    async fn put(&self, id: &BlobId, bytes: ByteStream, len_max: u64) -> StoreResult<BlobStat>;

    /// The bytes of a range that lies within the file, or all of them. Refused with `Unknown(File)`, or with
    /// `Invalid { field: "range" }` when the range does not.
    async fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> StoreResult<(BlobStat, ByteStream)>;

    /// Refused with `Unknown(File)`.
    async fn stat(&self, id: &BlobId) -> StoreResult<BlobStat>;

    /// Removes a file; one that is not there is removed already.
    async fn delete(&self, id: &BlobId) -> StoreResult<()>;

    /// Files in the order of their ids, from the one after `after`, at most `limit`.
    async fn list(&self, after: Option<&BlobId>, limit: usize) -> StoreResult<Vec<BlobListed>>;

    /// Removes what uploads that began before `before` and never ended have left. Returns how many there were.
    async fn sweep(&self, before: Timestamp) -> StoreResult<u64>;
}

/// The bytes a request for `range` gets of a file of `len` bytes.
pub fn within(range: Option<Range<u64>>, len: u64) -> Result<Range<u64>, Failure> {
    let range = range.unwrap_or(0..len);
    if range.start > range.end || range.end > len {
        return Err(Failure::invalid("range", "not within the file"));
    }
    Ok(range)
}
