//! An upload on its way into a store: cut to the store's own chunks, counted, hashed and held to its limit.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use roost_actors::Failure;
use roost_actors::model::Timestamp;
use roost_actors::ports::{BlobId, BlobStat, ByteStream};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What is left of a stream, and what is known of the part that was taken.
pub struct Intake {
    source: ByteStream,
    pending: BytesMut,
    ended: bool,
    len: u64,
    len_max: u64,
    hash: Sha256,
}

impl Intake {
    pub fn new(source: ByteStream, len_max: u64) -> Intake {
        Intake {
            source,
            pending: BytesMut::new(),
            ended: false,
            len: 0,
            len_max,
            hash: Sha256::new(),
        }
    }

    /// Exactly `size` bytes, fewer only at the end of the stream, none after it.
    pub async fn next(&mut self, size: usize) -> Result<Bytes, Failure> {
        while self.pending.len() < size && !self.ended {
            let Some(piece) = self.source.next().await else {
                self.ended = true;
                break;
            };
            self.take(&piece?)?;
        }
        let size = size.min(self.pending.len());
        Ok(self.pending.split_to(size).freeze())
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.len += piece.len() as u64;
        if self.len > self.len_max {
            return Err(Failure::TooLong {
                field: "file".to_owned(),
                max: self.len_max,
            });
        }
        self.hash.update(piece);
        self.pending.extend_from_slice(piece);
        Ok(())
    }

    /// What the file is, once everything was taken.
    pub fn stat(self, id: &BlobId, stored_at: Timestamp) -> BlobStat {
        let mut sha256 = String::with_capacity(64);
        for byte in self.hash.finalize() {
            _ = write!(sha256, "{byte:02x}");
        }
        BlobStat {
            id: id.clone(),
            len: self.len,
            sha256,
            stored_at,
        }
    }
}
