//! SQLite: the file, its lock, its log, and migrations.

use crate::scene::{NOW, group, open, person, take};
use roost::clock::SystemClock;
use roost::storage::{self, OpenError};
use roost_actors::Failure;
use roost_actors::model::{AccountId, NewAccount};
use roost_actors::ports::{Clock, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

fn file() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("deep/er/roost.db");
    let url = format!("sqlite://{}", path.display());
    (folder, path, url)
}

fn raw(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).expect("the file opens")
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let (_folder, path, url) = file();
    let room = {
        let stores = open(&url).await;
        let ann = person(&stores).await;
        assert_eq!(ann, AccountId::FIRST);
        let mut room = group(&stores, ann).await;
        room.say(&stores, ann, "one").await;
        room
    };
    assert!(
        !path.with_extension("db-wal").exists(),
        "the log was folded into the file"
    );
    let stores = open(&url).await;
    let again = take(&stores, room.room).await;
    assert_eq!((again.epoch.0, again.last_seq), (room.epoch.0 + 1, room.last_seq));
    assert_eq!(again.transcript(&stores).await, ["one"]);
}

#[tokio::test]
async fn a_second_node_is_told_that_the_file_is_in_use() {
    let (_folder, path, url) = file();
    let first = open(&url).await;
    let Err(error) = storage::open(&url, 1, Arc::new(SystemClock)).await else {
        panic!("two nodes have one file open");
    };
    assert!(matches!(&error, OpenError::InUse { file } if *file == path));
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    drop(first);
    open(&url).await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path, url) = file();
    let stores = open(&url).await;
    person(&stores).await;
    for file in [path.clone(), path.with_extension("db-wal")] {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", file.display());
    }
}

#[tokio::test]
async fn commits_are_flushed_to_the_disk() {
    let (_folder, path, url) = file();
    drop(open(&url).await);
    let mode: String = raw(&path)
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn migrating_twice_applies_once() {
    let (_folder, _, url) = file();
    assert_eq!(storage::migrate(&url).await.unwrap()[0], "core");
    assert_eq!(storage::migrate(&url).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_of_a_newer_roost_is_refused() {
    let (_folder, path, url) = file();
    storage::migrate(&url).await.unwrap();
    raw(&path)
        .execute("INSERT INTO roost_migrations VALUES (9999, 'later', 'x', 0)", [])
        .unwrap();
    let Err(error) = storage::open(&url, 1, Arc::new(SystemClock)).await else {
        panic!("a newer database was opened");
    };
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_its_name() {
    let (_folder, path, url) = file();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "not a database, but long enough to look at".repeat(100)).unwrap();
    let Err(error) = storage::open(&url, 1, Arc::new(SystemClock)).await else {
        panic!("a text was opened as a database");
    };
    assert!(error.to_string().contains("roost.db"), "{error}");
}

#[tokio::test]
async fn ids_given_by_hand_are_stepped_over() {
    let (_folder, _, url) = file();
    let stores = open(&url).await;
    let given: Vec<NewAccount> = (0..50)
        .map(|n| NewAccount {
            id: Some(AccountId(AccountId::FIRST.0 + n)),
            uuid: SystemClock.uuid(),
            created_at: NOW,
            ..NewAccount::default()
        })
        .collect();
    stores.directory.create_many(&given).await.unwrap();
    assert_eq!(person(&stores).await, AccountId(AccountId::FIRST.0 + 50));
    let absurd = NewAccount {
        id: Some(AccountId(i64::MAX)),
        ..given[0].clone()
    };
    let refused = stores.directory.create(&absurd).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Failure::Invalid { .. }))),
        "{refused:?}"
    );
}
