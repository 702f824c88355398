//! A node that is killed in the middle of an upload: nothing is seen, and a sweep removes what is left.

use crate::stores;
use roost::blobs::{FolderBlobs, PostgresBlobs, S3Blobs};
use roost::clock::SystemClock;
use roost_actors::model::Timestamp;
use roost_actors::ports::{BlobStore, ByteStream};
use roost_actors::testkit::suite::blobs::{id, is_gone, pattern, pieces};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Longer than two parts of any store.
const LONG: usize = 12 * 1024 * 1024;
const AFTER_ALL: Timestamp = Timestamp(i64::MAX / 2);

/// Uploads to a store on a runtime that ends, with everything on it, before the upload does.
fn upload_and_die(open: impl FnOnce() -> Arc<dyn BlobStore> + Send + 'static) {
    let dying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap();
        let store = runtime.block_on(async { open() });
        let endless: ByteStream = Box::pin(futures_util::StreamExt::chain(
            pieces(&pattern(LONG), 100_000),
            futures_util::stream::pending(),
        ));
        let uploading = runtime.spawn(async move { store.put(&id(1), endless, 1 << 40).await });
        runtime.block_on(async { tokio::time::sleep(Duration::from_secs(4)).await });
        assert!(!uploading.is_finished());
        // As a kill would: no destructor of the upload runs.
        std::mem::forget(uploading);
        std::mem::forget(runtime);
    });
    dying.join().unwrap();
}

async fn is_swept(store: Arc<dyn BlobStore>) {
    is_gone(&store, &id(1)).await;
    assert!(store.list(None, 10).await.unwrap().is_empty());
    assert_eq!(store.sweep(Timestamp(1)).await.unwrap(), 0);
    assert_eq!(store.sweep(AFTER_ALL).await.unwrap(), 1);
    assert_eq!(store.sweep(AFTER_ALL).await.unwrap(), 0);
    is_gone(&store, &id(1)).await;
    // The id is free again.
    store
        .put(&id(1), pieces(&pattern(LONG), 100_000), 1 << 40)
        .await
        .unwrap();
}

#[tokio::test]
async fn in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let open = |path: &Path| FolderBlobs::open(path, Arc::new(SystemClock)).unwrap();
    upload_and_die(move || Arc::new(open(&path)));
    let parts = || std::fs::read_dir(folder.path().join("parts")).unwrap().count();
    assert_eq!(parts(), 1);
    is_swept(Arc::new(open(folder.path()))).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(parts(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_postgres() {
    let (pool, database) = stores::pool().await;
    let url = database.url().to_owned();
    upload_and_die(move || {
        let pool = stores::pool_to(&url);
        Arc::new(PostgresBlobs::new(pool, Arc::new(SystemClock)))
    });
    let client = pool.get().await.unwrap();
    let chunks = async || -> i64 {
        let row = client.query_one("SELECT count(*) FROM blob_chunks", &[]).await;
        row.unwrap().get(0)
    };
    assert!(chunks().await > 1);
    let store = PostgresBlobs::new(pool.clone(), Arc::new(SystemClock));
    store.sweep(AFTER_ALL).await.unwrap();
    assert_eq!(chunks().await, 0);
    store
        .put(&id(1), pieces(&pattern(LONG), 100_000), 1 << 40)
        .await
        .unwrap();
    store.delete(&id(1)).await.unwrap();
    assert_eq!(chunks().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_s3() {
    let (bucket, _folder) = stores::s3_server().await;
    let at_dying = bucket.clone();
    upload_and_die(move || Arc::new(S3Blobs::new(&at_dying, Arc::new(SystemClock)).unwrap()));
    is_swept(Arc::new(S3Blobs::new(&bucket, Arc::new(SystemClock)).unwrap())).await;
}
