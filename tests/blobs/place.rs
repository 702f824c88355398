//! Which store a configuration opens.

use crate::stores;
use roost::blobs;
use roost::clock::SystemClock;
use roost::config::{BlobPlace, Config, Secret};
use roost::storage::pool_for_files;
use roost_actors::ports::BlobStore;
use roost_actors::testkit::suite::blobs::{id, pattern, pieces, read};
use std::sync::Arc;
use tempfile::TempDir;

fn config(folder: &TempDir) -> Config {
    Config {
        data_dir: folder.path().to_owned(),
        ..Config::default()
    }
}

fn open(config: &Config, url: &str) -> Result<Arc<dyn BlobStore>, String> {
    let pool = pool_for_files(url, config.blobs.connections).map_err(|error| error.to_string())?;
    blobs::open(config, pool, Arc::new(SystemClock))
}

async fn works(store: Arc<dyn BlobStore>) {
    let content = pattern(1_000);
    store.put(&id(1), pieces(&content, 100), 1_000).await.unwrap();
    assert_eq!(read(&store, &id(1), None).await.unwrap().1, content);
}

#[tokio::test]
async fn sqlite_goes_with_a_folder_in_the_data_directory() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    works(open(&config, &config.storage_url()).unwrap()).await;
    let kept = folder.path().join("blobs/files/01").join(id(1).as_str());
    assert!(kept.is_file());
}

#[tokio::test]
async fn postgres_goes_with_its_own_database_or_a_folder_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (pool, database) = stores::pool().await;
    let mut config = config(&folder);
    works(open(&config, database.url()).unwrap()).await;
    let client = pool.get().await.unwrap();
    let row = client
        .query_one("SELECT len FROM blobs WHERE complete", &[])
        .await;
    assert_eq!(row.unwrap().get::<_, i64>(0), 1_000);
    assert!(!folder.path().join("blobs").exists());
    config.blobs.place = BlobPlace::Folder;
    config.blobs.folder = Some(folder.path().join("shared"));
    works(open(&config, database.url()).unwrap()).await;
    assert!(folder.path().join("shared/files/01").is_dir());
}

#[tokio::test]
async fn s3_goes_with_every_storage() {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, _keep) = stores::s3_server().await;
    let mut config = config(&folder);
    config.blobs.place = BlobPlace::S3;
    config.blobs.s3_bucket = Some(bucket.name);
    config.blobs.s3_endpoint = bucket.endpoint;
    let (key, secret) = bucket.keys.unwrap();
    config.blobs.s3_access_key = Some(key);
    config.blobs.s3_secret_key = Some(Secret::new(&secret));
    works(open(&config, &config.storage_url()).unwrap()).await;
    assert!(!folder.path().join("blobs").exists());
}

#[test]
fn what_cannot_be_opened_is_told_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder);
    let told = |config: &Config| open(config, &config.storage_url()).err().unwrap();
    config.blobs.place = BlobPlace::Database;
    assert!(told(&config).starts_with("blobs.place: "));
    config.blobs.place = BlobPlace::S3;
    assert!(told(&config).starts_with("blobs.s3_bucket: "));
    config.blobs.place = BlobPlace::Folder;
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    config.blobs.folder = Some(file);
    assert!(told(&config).starts_with("blobs.folder: "));
}
