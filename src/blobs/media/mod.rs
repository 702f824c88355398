//! What is made of stored media, away from the arbiters and few at once: small pictures, frames of films, durations.

mod duration;
mod picture;
mod reader;
mod turns;
mod video;

pub use picture::{Encoded, Fit, WANTED_SIDE_MAX};
pub use video::Ffmpeg;

use super::content::{Family, HEAD_BYTES, Media, sniff};
use futures_util::StreamExt;
use reader::BlobReader;
use roost_actors::Failure;
use roost_actors::ports::{BlobId, BlobStore};
use std::collections::{HashMap, VecDeque};
use std::io::BufReader;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use turns::Turns;

/// Works that may run at the same time. A picture takes up to half a GiB while it is decoded.
const RUNNING_MAX: usize = 2;
/// Callers that may wait for their turn before others are told that the node is busy.
const WAITING_MAX: usize = 64;
/// What finished pictures may take of memory, in bytes.
const CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Makes pictures and durations of stored files.
#[derive(Clone)]
pub struct MediaWorks {
    store: Arc<dyn BlobStore>,
    ffmpeg: Ffmpeg,
    turns: Arc<Turns>,
    cache: Arc<Mutex<Cache>>,
}

impl MediaWorks {
    #[must_use]
    pub fn new(store: Arc<dyn BlobStore>, ffmpeg: Ffmpeg) -> MediaWorks {
        MediaWorks {
            store,
            ffmpeg,
            turns: Arc::new(Turns::new("making of pictures", RUNNING_MAX, WAITING_MAX)),
            cache: Arc::default(),
        }
    }

    /// What a stored file is, by its own first bytes.
    pub async fn sniffed(&self, id: &BlobId) -> Result<Media, Failure> {
        let stat = self.store.stat(id).await?;
        let range = 0..stat.len.min(HEAD_BYTES as u64);
        let (_, mut bytes) = self.store.get(id, Some(range)).await?;
        let mut head = Vec::new();
        while let Some(piece) = bytes.next().await {
            head.extend_from_slice(&piece?);
        }
        Ok(sniff(&head))
    }

    /// A picture in another size. What is no picture, or too large a one, is refused as `Invalid { field: "picture" }`.
    pub async fn picture(&self, id: &BlobId, fit: Fit) -> Result<Encoded, Failure> {
        if let Some(made) = self.cached(id, fit) {
            return Ok(made);
        }
        let reader = self.reader(id, picture::FILE_BYTES_MAX).await?;
        if reader.1 > picture::FILE_BYTES_MAX {
            return Err(Failure::invalid("picture", "the file is too large"));
        }
        let made = self
            .turns
            .blocking(move || picture::fitted(BufReader::new(reader.0), fit))
            .await??;
        self.keep(id, fit, &made);
        Ok(made)
    }

    /// A picture of a film that fits into a square of `side`: a frame of it, or a placeholder where none can be had.
    pub async fn frame(&self, id: &BlobId, media: Media, side: u32) -> Result<Encoded, Failure> {
        let fit = Fit::Inside(side);
        if let Some(made) = self.cached(id, fit) {
            return Ok(made);
        }
        // Decided before the turn is taken: without the program there is nothing to wait for.
        let made = if media.family == Family::Video && self.has_ffmpeg() {
            let (reader, len) = self.reader(id, 2 * video::END_BYTES).await?;
            let _turn = self.turns.take().await?;
            let ends = tokio::task::spawn_blocking(move || video::ends_of(reader, len)).await;
            match ends.map_err(|error| Failure::Internal(error.to_string()))? {
                Ok(ends) => self.ffmpeg.frame(&ends, media, side).await,
                Err(error) => return Err(Failure::Unavailable(format!("copying a film: {error}"))),
            }
        } else {
            None
        };
        let made = match made {
            Some(made) => made,
            None => picture::placeholder()?,
        };
        self.keep(id, fit, &made);
        Ok(made)
    }

    /// How long sound or film lasts; `None` when its container does not tell, or it is neither.
    pub async fn duration(&self, id: &BlobId, media: Media) -> Result<Option<Duration>, Failure> {
        if !matches!(media.family, Family::Audio | Family::Video) {
            return Ok(None);
        }
        let (reader, _) = self.reader(id, duration::READ_BYTES_MAX).await?;
        self.turns.blocking(move || duration::of(reader, media)).await
    }

    async fn reader(&self, id: &BlobId, budget: u64) -> Result<(BlobReader, u64), Failure> {
        let len = self.store.stat(id).await?.len;
        // Parsers look at the same places more than once.
        let budget = budget.saturating_mul(2);
        let reader = BlobReader::new(
            Handle::current(),
            Arc::clone(&self.store),
            id.clone(),
            len,
            budget,
        );
        Ok((reader, len))
    }

    fn has_ffmpeg(&self) -> bool {
        let program = &self.ffmpeg.program;
        if program.components().count() > 1 {
            return program.is_file();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }

    fn cached(&self, id: &BlobId, fit: Fit) -> Option<Encoded> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.made.get(&(id.clone(), fit)).cloned()
    }

    fn keep(&self, id: &BlobId, fit: Fit, made: &Encoded) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.add((id.clone(), fit), made.clone());
    }
}

/// Finished pictures, the oldest leaving first. Files never change, so neither do these.
#[derive(Default)]
struct Cache {
    made: HashMap<(BlobId, Fit), Encoded>,
    order: VecDeque<(BlobId, Fit)>,
    bytes: usize,
}

impl Cache {
    fn add(&mut self, key: (BlobId, Fit), picture: Encoded) {
        self.bytes += picture.bytes.len();
        match self.made.insert(key.clone(), picture) {
            Some(before) => self.bytes -= before.bytes.len(),
            None => self.order.push_back(key),
        }
        while self.bytes > CACHE_BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(gone) = self.made.remove(&oldest) {
                self.bytes -= gone.bytes.len();
            }
        }
    }
}
