//! What only a folder can show: cut files, foreign files, parts of a node that died, no way out of the folder.

use roost::blobs::FolderBlobs;
use roost::clock::SystemClock;
use roost_actors::model::Timestamp;
use roost_actors::ports::{BlobId, BlobStore, Clock, StoreError};
use roost_actors::testkit::suite::blobs::{id, is_gone, pattern, pieces, read};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

fn open(folder: &TempDir) -> Arc<dyn BlobStore> {
    Arc::new(FolderBlobs::open(folder.path(), Arc::new(SystemClock)).unwrap())
}

fn path(folder: &TempDir, id: &BlobId) -> PathBuf {
    folder
        .path()
        .join("files")
        .join(&id.as_str()[..2])
        .join(id.as_str())
}

#[tokio::test]
async fn files_outlive_the_store_that_wrote_them() {
    let folder = tempfile::tempdir().unwrap();
    let content = pattern(1_000_000);
    let stat = open(&folder)
        .put(&id(1), pieces(&content, 5_000), 1 << 30)
        .await
        .unwrap();
    let again = open(&folder);
    assert_eq!(read(&again, &id(1), None).await.unwrap(), (stat, content));
}

#[tokio::test]
async fn a_cut_file_is_told_and_never_served_short() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store
        .put(&id(1), pieces(&pattern(10_000), 5_000), 1 << 30)
        .await
        .unwrap();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(path(&folder, &id(1)));
    file.unwrap().set_len(9_000).unwrap();
    let told = store.stat(&id(1)).await.unwrap_err();
    assert!(matches!(told, StoreError::Unavailable(_)), "{told:?}");
    assert!(read(&store, &id(1), None).await.is_err());
}

#[tokio::test]
async fn parts_of_a_node_that_died_are_swept_and_young_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let part = folder.path().join("parts").join("a-part");
    std::fs::write(&part, b"half of a file").unwrap();
    let now = SystemClock.now();
    assert_eq!(store.sweep(now.plus_ms(-60_000)).await.unwrap(), 0);
    assert!(part.exists());
    assert_eq!(store.sweep(now.plus_ms(60_000)).await.unwrap(), 1);
    assert!(!part.exists());
}

#[tokio::test]
async fn foreign_files_in_the_folder_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store
        .put(&id(1), pieces(&pattern(10), 10), 1 << 30)
        .await
        .unwrap();
    std::fs::write(path(&folder, &id(1)).with_file_name("notes.txt"), b"mine").unwrap();
    std::fs::write(path(&folder, &id(2)), b"no").unwrap_err();
    let listed = store.list(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].stored_at > Timestamp(0));
    is_gone(&store, &id(2)).await;
}

#[test]
fn nothing_but_a_uuid_is_an_id() {
    for text in [
        "",
        "..",
        "../../../../../../../etc/passwd-aaaaa",
        "/etc/passwd",
        "00000000-0000-4000-8000-00000000000",
        "00000000-0000-4000-8000-0000000000000",
        "00000000-0000-4000-8000-00000000000G",
        "0000000000000-4000-8000-000000000000",
        "ABCDEF00-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-0000000000/0",
    ] {
        assert_eq!(BlobId::parse(text), None, "{text}");
        assert!(serde_json::from_value::<BlobId>(text.into()).is_err(), "{text}");
    }
    assert!(BlobId::random(&SystemClock).is_ok());
}
