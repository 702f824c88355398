//! Files in a folder, of one node or shared by all: written beside, synced, renamed into place.

use super::intake::Intake;
use super::trailer;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use roost_actors::model::Timestamp;
use roost_actors::ports::blobs::{BlobListed, within};
use roost_actors::ports::{BlobId, BlobStat, BlobStore, ByteStream, Clock, StoreError, StoreResult};
use roost_actors::{Failure, Thing};
use std::io::{self, ErrorKind, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// How much is read or written at once, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;
/// Uploads under way, inside the folder: a rename stays on one file system.
const PARTS: &str = "parts";
/// Finished files, in one folder for each first byte of an id.
const FILES: &str = "files";

/// The folder adapter.
pub struct FolderBlobs {
    root: PathBuf,
    clock: Arc<dyn Clock>,
}

impl FolderBlobs {
    /// Makes the folder when it is missing. The error names it.
    pub fn open(root: &Path, clock: Arc<dyn Clock>) -> io::Result<FolderBlobs> {
        for inner in [PARTS, FILES] {
            let path = root.join(inner);
            std::fs::create_dir_all(&path)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        }
        Ok(FolderBlobs {
            root: root.to_owned(),
            clock,
        })
    }

    fn shard(&self, id: &BlobId) -> PathBuf {
        self.root.join(FILES).join(&id.as_str()[..2])
    }

    fn path(&self, id: &BlobId) -> PathBuf {
        self.shard(id).join(id.as_str())
    }

    async fn write(&self, part: &Part, mut intake: Intake, id: &BlobId) -> StoreResult<BlobStat> {
        let mut file = File::create_new(&part.path).await.map_err(not_available)?;
        file.set_max_buf_size(CHUNK_BYTES);
        loop {
            let chunk = intake.next(CHUNK_BYTES).await?;
            if chunk.is_empty() {
                break;
            }
            file.write_all(&chunk).await.map_err(not_available)?;
        }
        let stat = intake.stat(id, self.clock.now());
        file.write_all(&trailer::encode(&stat))
            .await
            .map_err(not_available)?;
        file.flush().await.map_err(not_available)?;
        file.sync_all().await.map_err(not_available)?;
        Ok(stat)
    }

    /// Gives a finished part its name, which is the moment from which it exists.
    async fn publish(&self, part: &Part, id: &BlobId) -> StoreResult<()> {
        let shard = self.shard(id);
        match fs::create_dir(&shard).await {
            Ok(()) => sync_folder(&self.root.join(FILES)).await.map_err(not_available)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(not_available(error)),
        }
        // A link and not a rename: it does not take a name that is in use.
        match fs::hard_link(&part.path, self.path(id)).await {
            Ok(()) => part.remove().await,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Failure::Exists(Thing::File).into());
            }
            // Some shared file systems have no links.
            Err(_) => fs::rename(&part.path, self.path(id))
                .await
                .map_err(not_available)?,
        }
        sync_folder(&shard)
            .await
            .map_err(|error| StoreError::Unknown(error.to_string()))
    }

    async fn opened(&self, id: &BlobId) -> StoreResult<(File, BlobStat)> {
        let mut file = File::open(self.path(id)).await.map_err(|error| {
            if error.kind() == ErrorKind::NotFound {
                return Failure::Unknown(Thing::File).into();
            }
            not_available(error)
        })?;
        let stored = file.metadata().await.map_err(not_available)?.len();
        let mut end = [0; trailer::LEN];
        let from = stored.saturating_sub(trailer::LEN as u64);
        file.seek(SeekFrom::Start(from)).await.map_err(not_available)?;
        file.read_exact(&mut end).await.map_err(not_available)?;
        let stat = trailer::decode(id, &end, stored).map_err(StoreError::Unavailable)?;
        Ok((file, stat))
    }
}

#[async_trait]
impl BlobStore for FolderBlobs {
    async fn put(&self, id: &BlobId, bytes: ByteStream, len_max: u64) -> StoreResult<BlobStat> {
        let part = Part {
            path: self.root.join(PARTS).join(self.clock.uuid()),
        };
        let stat = self.write(&part, Intake::new(bytes, len_max), id).await?;
        self.publish(&part, id).await?;
        Ok(stat)
    }

    async fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> StoreResult<(BlobStat, ByteStream)> {
        let (mut file, stat) = self.opened(id).await?;
        let range = within(range, stat.len)?;
        file.seek(SeekFrom::Start(range.start))
            .await
            .map_err(not_available)?;
        file.set_max_buf_size(CHUNK_BYTES);
        Ok((stat, Box::pin(read(file, range.end - range.start))))
    }

    async fn stat(&self, id: &BlobId) -> StoreResult<BlobStat> {
        Ok(self.opened(id).await?.1)
    }

    async fn delete(&self, id: &BlobId) -> StoreResult<()> {
        match fs::remove_file(self.path(id)).await {
            Ok(()) => sync_folder(&self.shard(id)).await.map_err(not_available),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(not_available(error)),
        }
    }

    async fn list(&self, after: Option<&BlobId>, limit: usize) -> StoreResult<Vec<BlobListed>> {
        let (files, after) = (self.root.join(FILES), after.cloned());
        on_blocking(move || listed(&files, after.as_ref(), limit)).await
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        let parts = self.root.join(PARTS);
        on_blocking(move || swept(&parts, before)).await
    }
}

/// An upload's file; removed when its upload ends, however it ends.
struct Part {
    path: PathBuf,
}

impl Part {
    async fn remove(&self) {
        // What goes wrong here goes wrong once more when this is dropped, and is told then.
        _ = fs::remove_file(&self.path).await;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        let remove = move || match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, path = %path.display(), "a part of an upload stays until it is swept");
            }
            _ => {}
        };
        // Away from the arbiter: a long file takes its time to go.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

/// The next `left` bytes of a file, chunk by chunk.
fn read(file: File, left: u64) -> impl futures_util::Stream<Item = Result<Bytes, Failure>> + Send {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let want = left.min(CHUNK_BYTES as u64);
        // `want` is at most a chunk.
        let mut chunk = BytesMut::with_capacity(want as usize);
        let got = (&mut file)
            .take(want)
            .read_buf(&mut chunk)
            .await
            .map_err(not_available)?;
        if got == 0 {
            return Err(Failure::Unavailable("a stored file ended early".to_owned()));
        }
        Ok(Some((chunk.freeze(), (file, left - got as u64))))
    })
}

fn listed(files: &Path, after: Option<&BlobId>, limit: usize) -> io::Result<Vec<BlobListed>> {
    let mut out = Vec::new();
    let first = after.map_or("", |id| &id.as_str()[..2]);
    for shard in names_in(files)?.into_iter().filter(|name| name.as_str() >= first) {
        let folder = files.join(&shard);
        for name in names_in(&folder)? {
            let Some(id) = BlobId::parse(&name) else { continue };
            if after.is_some_and(|after| id <= *after) {
                continue;
            }
            if out.len() == limit {
                return Ok(out);
            }
            if let Some(stored_at) = changed_at(&folder.join(&name))? {
                out.push(BlobListed { id, stored_at });
            }
        }
    }
    Ok(out)
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

fn swept(parts: &Path, before: Timestamp) -> io::Result<u64> {
    let mut count = 0;
    for name in names_in(parts)? {
        let path = parts.join(name);
        // A part that is written to is young, whenever its upload began.
        if changed_at(&path)?.is_some_and(|changed| changed < before) {
            match std::fs::remove_file(&path) {
                Ok(()) => count += 1,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(count)
}

/// When a file was last written; `None` when it has gone meanwhile.
fn changed_at(path: &Path) -> io::Result<Option<Timestamp>> {
    let changed = match std::fs::metadata(path) {
        Ok(metadata) => metadata.modified()?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Some(Timestamp(
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
    )))
}

/// Makes names that were added to or taken from a folder durable.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}

async fn on_blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> StoreResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(not_available),
        Err(error) => Err(StoreError::Unavailable(error.to_string())),
    }
}

fn not_available(error: io::Error) -> StoreError {
    StoreError::Unavailable(format!("the folder of files: {error}"))
}
