//! Where files are kept: a folder, the PostgreSQL database, or S3; and what is known and made of their content.

pub mod content;
mod folder;
pub mod icon;
mod intake;
pub mod media;
pub mod names;
mod noted;
mod postgres;
mod s3;
mod sweeper;
mod trailer;

pub use content::{Family, Media};
pub use folder::FolderBlobs;
pub use media::{Encoded, Ffmpeg, Fit, MediaWorks};
pub use noted::NotedBlobs;
pub use postgres::PostgresBlobs;
pub use s3::{Bucket, S3Blobs};
pub use sweeper::keep_swept;

use crate::config::{BlobPlace, Blobs, Config};
use roost_actors::ports::{BlobStore, Clock};
use std::sync::Arc;

/// Opens the store that the configuration names. `pool` is what `storage::pool_for_files` gives.
/// The error names the key that is at fault.
pub fn open(
    config: &Config,
    pool: Option<deadpool_postgres::Pool>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn BlobStore>, String> {
    let place = match (config.blobs.place, &pool) {
        (BlobPlace::Auto, Some(_)) => BlobPlace::Database,
        (BlobPlace::Auto, None) => BlobPlace::Folder,
        (place, _) => place,
    };
    match (place, pool) {
        (BlobPlace::S3, _) => {
            let bucket = bucket(&config.blobs).ok_or("blobs.s3_bucket: needed because blobs.place is s3")?;
            let store = S3Blobs::new(&bucket, clock).map_err(|error| format!("blobs.s3_bucket: {error}"))?;
            Ok(Arc::new(store))
        }
        (BlobPlace::Database, Some(pool)) => Ok(Arc::new(PostgresBlobs::new(pool, clock))),
        (BlobPlace::Database, None) => {
            Err("blobs.place: database needs a postgres:// storage.url".to_owned())
        }
        (BlobPlace::Folder | BlobPlace::Auto, _) => {
            let folder = config.blobs_folder();
            let store =
                FolderBlobs::open(&folder, clock).map_err(|error| format!("blobs.folder: {error}"))?;
            Ok(Arc::new(store))
        }
    }
}

fn bucket(blobs: &Blobs) -> Option<Bucket> {
    let keys = blobs.s3_access_key.as_ref().zip(blobs.s3_secret_key.as_ref());
    Some(Bucket {
        name: blobs.s3_bucket.clone()?,
        region: blobs.s3_region.clone(),
        endpoint: blobs.s3_endpoint.clone(),
        prefix: blobs.s3_prefix.clone(),
        keys: keys.map(|(key, secret)| (key.clone(), secret.reveal().to_owned())),
    })
}
