//! Files as objects of an S3-compatible store, uploaded in parts.

use super::intake::Intake;
use super::trailer;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientOptions, Error, GetOptions, GetRange, MultipartId, ObjectStore, ObjectStoreExt,
    PutPayload, RetryConfig,
};
use roost_actors::model::Timestamp;
use roost_actors::ports::blobs::{BlobListed, within};
use roost_actors::ports::{BlobId, BlobStat, BlobStore, ByteStream, Clock, StoreError, StoreResult};
use roost_actors::{Failure, Thing};
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Bytes in a part of an upload: the least that S3 takes. Two of them are in memory for each upload.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// How long one part may take to be stored.
const PART_WAIT: Duration = Duration::from_secs(60);
/// How long the store may take to accept a connection, and to send anything.
const CONNECT_WAIT: Duration = Duration::from_secs(3);
const READ_WAIT: Duration = Duration::from_secs(20);
/// Tries after the first, and for how long there may be another.
const RETRIES_MAX: usize = 2;
const RETRY_WAIT: Duration = Duration::from_secs(5);

/// Where objects are kept, and with whose keys.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    pub region: String,
    /// `None`: Amazon's own for the region.
    pub endpoint: Option<String>,
    /// Put before every object's name; may be empty.
    pub prefix: String,
    /// Key and secret; `None`: what the environment of an Amazon machine offers.
    pub keys: Option<(String, String)>,
}

/// The S3 adapter. Each upload of several parts has a record beside it, by which a sweep can end it.
#[derive(Clone)]
pub struct S3Blobs {
    store: Arc<AmazonS3>,
    files: Path,
    uploads: Path,
    clock: Arc<dyn Clock>,
}

impl S3Blobs {
    /// Makes the adapter without speaking to the store. The error names what the bucket's settings lack.
    pub fn new(bucket: &Bucket, clock: Arc<dyn Clock>) -> Result<S3Blobs, String> {
        // An error says that one is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let options = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT_WAIT)
            .with_read_timeout(READ_WAIT);
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_WAIT,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket.name)
            .with_region(&bucket.region)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(endpoint) = &bucket.endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some((key, secret)) = &bucket.keys {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        }
        let prefix = Path::parse(&bucket.prefix).map_err(|error| error.to_string())?;
        Ok(S3Blobs {
            store: Arc::new(builder.build().map_err(|error| error.to_string())?),
            files: prefix.clone().join("files"),
            uploads: prefix.join("uploads"),
            clock,
        })
    }

    fn file(&self, id: &BlobId) -> Path {
        self.files.clone().join(id.as_str())
    }

    async fn put_whole(&self, id: &BlobId, content: Bytes, intake: Intake) -> StoreResult<BlobStat> {
        let stat = intake.stat(id, self.clock.now());
        let payload = with_trailer(content, &stat);
        let stored = in_time(self.store.put(&self.file(id), payload)).await?;
        stored.map_err(|error| StoreError::Unknown(error.to_string()))?;
        Ok(stat)
    }

    async fn put_parts(&self, id: &BlobId, first: Bytes, mut intake: Intake) -> StoreResult<BlobStat> {
        let mut upload = Upload::begin(self.clone(), id).await?;
        let mut part = first;
        while part.len() == PART_BYTES {
            // The next part fills while this one is stored.
            let (stored, next) = tokio::join!(upload.store_part(part.into()), intake.next(PART_BYTES));
            stored?;
            part = next?;
        }
        let stat = intake.stat(id, self.clock.now());
        upload.store_part(with_trailer(part, &stat)).await?;
        upload.complete().await?;
        Ok(stat)
    }
}

#[async_trait]
impl BlobStore for S3Blobs {
    async fn put(&self, id: &BlobId, bytes: ByteStream, len_max: u64) -> StoreResult<BlobStat> {
        match self.store.head(&self.file(id)).await {
            Ok(_) => return Err(Failure::Exists(Thing::File).into()),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(not_available(error)),
        }
        let mut intake = Intake::new(bytes, len_max);
        let first = intake.next(PART_BYTES).await?;
        if first.len() < PART_BYTES {
            return self.put_whole(id, first, intake).await;
        }
        self.put_parts(id, first, intake).await
    }

    async fn get(&self, id: &BlobId, range: Option<Range<u64>>) -> StoreResult<(BlobStat, ByteStream)> {
        let stat = self.stat(id).await?;
        let range = within(range, stat.len)?;
        if range.is_empty() {
            return Ok((stat, Box::pin(stream::empty())));
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.file(id), options).await;
        let bytes = found.map_err(not_found)?.into_stream();
        Ok((
            stat,
            Box::pin(bytes.map_err(|error| Failure::from(not_available(error)))),
        ))
    }

    async fn stat(&self, id: &BlobId) -> StoreResult<BlobStat> {
        let options = GetOptions {
            range: Some(GetRange::Suffix(trailer::LEN as u64)),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.file(id), options).await;
        let found = found.map_err(not_found)?;
        let stored = found.meta.size;
        let end = found.bytes().await.map_err(not_available)?;
        trailer::decode(id, &end, stored).map_err(StoreError::Unavailable)
    }

    async fn delete(&self, id: &BlobId) -> StoreResult<()> {
        match self.store.delete(&self.file(id)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(not_available(error)),
        }
    }

    async fn list(&self, after: Option<&BlobId>, limit: usize) -> StoreResult<Vec<BlobListed>> {
        let objects = match after {
            Some(after) => self.store.list_with_offset(Some(&self.files), &self.file(after)),
            None => self.store.list(Some(&self.files)),
        };
        let listed = objects.try_filter_map(async |object| {
            let id = object.location.filename().and_then(BlobId::parse);
            Ok(id.map(|id| BlobListed {
                id,
                stored_at: Timestamp(object.last_modified.timestamp_millis()),
            }))
        });
        listed.take(limit).try_collect().await.map_err(not_available)
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        let mut records = self.store.list(Some(&self.uploads));
        let mut count = 0;
        while let Some(record) = records.try_next().await.map_err(not_available)? {
            let began = Timestamp(record.last_modified.timestamp_millis());
            let id = record.location.filename().and_then(BlobId::parse);
            if let (Some(id), true) = (id, began < before) {
                let found = self.store.get(&record.location).await;
                let multipart = match found {
                    Ok(found) => found.bytes().await.map_err(not_available)?,
                    // Its own upload was quicker.
                    Err(Error::NotFound { .. }) => continue,
                    Err(error) => return Err(not_available(error)),
                };
                let multipart = String::from_utf8_lossy(&multipart).into_owned();
                self.abort(&id, &multipart).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}

impl S3Blobs {
    fn record(&self, id: &BlobId) -> Path {
        self.uploads.clone().join(id.as_str())
    }

    /// Ends an upload and forgets it. One that was completed keeps its file.
    async fn abort(&self, id: &BlobId, multipart: &MultipartId) -> StoreResult<()> {
        match self.store.abort_multipart(&self.file(id), multipart).await {
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(not_available(error)),
        }
        self.forget(id).await
    }

    async fn forget(&self, id: &BlobId) -> StoreResult<()> {
        match self.store.delete(&self.record(id)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(not_available(error)),
        }
    }
}

/// An upload of several parts; aborted when it is dropped before it is complete.
struct Upload {
    blobs: S3Blobs,
    id: BlobId,
    multipart: MultipartId,
    parts: Vec<PartId>,
    ended: bool,
}

impl Upload {
    async fn begin(blobs: S3Blobs, id: &BlobId) -> StoreResult<Upload> {
        let multipart = blobs.store.create_multipart(&blobs.file(id)).await;
        let upload = Upload {
            id: id.clone(),
            multipart: multipart.map_err(not_available)?,
            parts: Vec::new(),
            ended: false,
            blobs,
        };
        let record = PutPayload::from(upload.multipart.clone());
        let path = upload.blobs.record(id);
        let stored = in_time(upload.blobs.store.put(&path, record)).await?;
        stored.map_err(not_available)?;
        Ok(upload)
    }

    async fn store_part(&mut self, part: PutPayload) -> StoreResult<()> {
        let path = self.blobs.file(&self.id);
        let storing = self
            .blobs
            .store
            .put_part(&path, &self.multipart, self.parts.len(), part);
        let stored = in_time(storing).await?;
        self.parts.push(stored.map_err(not_available)?);
        Ok(())
    }

    async fn complete(mut self) -> StoreResult<()> {
        let parts = std::mem::take(&mut self.parts);
        let path = self.blobs.file(&self.id);
        let completing = self.blobs.store.complete_multipart(&path, &self.multipart, parts);
        let completed = in_time(completing).await?;
        completed.map_err(|error| StoreError::Unknown(error.to_string()))?;
        self.ended = true;
        if let Err(error) = self.blobs.forget(&self.id).await {
            tracing::debug!(%error, id = %self.id, "the record of an upload stays until it is swept");
        }
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (blobs, id, multipart) = (self.blobs.clone(), self.id.clone(), self.multipart.clone());
        runtime.spawn(async move {
            if let Err(error) = blobs.abort(&id, &multipart).await {
                tracing::warn!(%error, %id, "a part of an upload stays until it is swept");
            }
        });
    }
}

fn with_trailer(content: Bytes, stat: &BlobStat) -> PutPayload {
    PutPayload::from_iter([content, trailer::encode(stat).into()])
}

async fn in_time<T>(storing: impl Future<Output = T>) -> StoreResult<T> {
    tokio::time::timeout(PART_WAIT, storing)
        .await
        .map_err(|_| StoreError::Unknown("the object store took too long".to_owned()))
}

fn not_found(error: Error) -> StoreError {
    match error {
        Error::NotFound { .. } => Failure::Unknown(Thing::File).into(),
        error => not_available(error),
    }
}

fn not_available(error: impl Display) -> StoreError {
    StoreError::Unavailable(format!("the object store: {error}"))
}
