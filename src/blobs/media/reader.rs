//! A stored file as a blocking, seekable reader, for libraries that parse it on threads of their own.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::StreamExt;
use roost_actors::ports::{BlobId, BlobStore};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use symphonia::core::io::MediaSource;
use tokio::runtime::Handle;

/// What is read ahead at once, in bytes.
const WINDOW_BYTES: u64 = 256 * 1024;

/// Reads a file window by window. Only on blocking threads: it waits for the store.
pub struct BlobReader {
    runtime: Handle,
    store: Arc<dyn BlobStore>,
    id: BlobId,
    len: u64,
    at: u64,
    window: Bytes,
    /// How much may still be fetched: what jumps about in a file for ever comes to an end.
    budget: u64,
}

impl BlobReader {
    /// A reader of a file of `len` bytes that fetches at most `budget` of them, repetitions counted.
    pub fn new(runtime: Handle, store: Arc<dyn BlobStore>, id: BlobId, len: u64, budget: u64) -> BlobReader {
        BlobReader {
            runtime,
            store,
            id,
            len,
            at: 0,
            window: Bytes::new(),
            budget,
        }
    }

    fn fetch(&mut self) -> io::Result<()> {
        let want = WINDOW_BYTES.min(self.len.saturating_sub(self.at));
        if want == 0 {
            return Ok(());
        }
        self.budget = self
            .budget
            .checked_sub(want)
            .ok_or_else(|| io::Error::other("too much of the file would have to be read"))?;
        let (store, id, range) = (Arc::clone(&self.store), self.id.clone(), self.at..self.at + want);
        self.window = self.runtime.block_on(async move {
            let (_, mut bytes) = store.get(&id, Some(range)).await.map_err(io::Error::other)?;
            let mut window = BytesMut::new();
            while let Some(piece) = bytes.next().await {
                window.extend_from_slice(&piece.map_err(io::Error::other)?);
            }
            Ok::<_, io::Error>(window.freeze())
        })?;
        Ok(())
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.window.is_empty() {
            self.fetch()?;
        }
        let count = out.len().min(self.window.len());
        self.window.copy_to_slice(&mut out[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let target = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        match target.checked_sub(self.at) {
            Some(ahead) if ahead <= self.window.len() as u64 => self.window.advance(ahead as usize),
            _ => self.window.clear(),
        }
        self.at = target;
        Ok(target)
    }
}

impl MediaSource for BlobReader {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
