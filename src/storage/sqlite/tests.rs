//! SQLite when the disk is full, when it does not come back from a commit, and when it is brought up to date.

use super::append::Attempt;
use super::run::{Stuck, raw};
use super::{Sqlite, execute, query};
use crate::storage::layout::{KnownTokens, lay_out, plan};
use crate::storage::migrations::{Engine, MIGRATIONS};
use crate::storage::sql::values;
use roost_actors::model::{AccountId, Counts, Epoch, MessageKind, RoomId, RoomKind, Seq, Timestamp};
use roost_actors::near::Point;
use roost_actors::ports::{AppendError, BatchOutcome, PostDraft, RoomBatch};

fn batch(last_seq: i64, body: &str) -> RoomBatch {
    RoomBatch {
        room: RoomId(1),
        kind: RoomKind::Group,
        epoch: Epoch(1),
        last_seq: Seq(last_seq),
        counts: Counts {
            low: last_seq,
            high: 0,
        },
        posts: vec![PostDraft {
            sender: AccountId(1),
            kind: MessageKind::Text,
            body: body.into(),
            private: false,
            extra: None,
            token: None,
            created_at: Timestamp(1),
        }],
        reads: vec![],
    }
}

async fn with_a_room() -> (Sqlite, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (sqlite, _) = Sqlite::open(&folder.path().join("r.db"), Timestamp(1)).unwrap();
    let room = "INSERT INTO rooms (id, epoch, created_at) VALUES (1, 1, 1)";
    let made = sqlite
        .writer
        .run(move |conn| execute(raw(conn)?, room, &[]))
        .await;
    assert_eq!(made, Ok(Ok(1)));
    (sqlite, folder)
}

/// Sets how large the file may grow, in pages beyond what it has.
async fn room_on_disk(sqlite: &Sqlite, pages: i64) {
    let set = sqlite.writer.run(move |conn| {
        let conn = raw(conn)?;
        let has: i64 = query(conn, "PRAGMA page_count", &[])?.remove(0).take()?;
        query(conn, &format!("PRAGMA max_page_count = {}", has + pages), &[]).map(drop)
    });
    assert_eq!(set.await, Ok(Ok(())));
}

#[tokio::test]
async fn a_full_disk_takes_nothing_and_loses_nothing() {
    let (sqlite, _folder) = with_a_room().await;
    room_on_disk(&sqlite, 0).await;
    let long = "x".repeat(60_000);
    let full = sqlite.append(&[batch(0, &long)]).await;
    assert!(matches!(full, Err(AppendError::Unavailable(_))), "{full:?}");
    room_on_disk(&sqlite, 1_000).await;
    let taken = sqlite.append(&[batch(0, &long)]).await.unwrap();
    assert!(matches!(
        &taken[..],
        [BatchOutcome::Committed { last_seq: Seq(1), .. }]
    ));
    let count = sqlite
        .writer
        .run(|conn| {
            query(raw(conn)?, "SELECT count(*) FROM messages", values![])?
                .remove(0)
                .take::<i64>()
        })
        .await;
    assert_eq!(count, Ok(Ok(1)));
}

#[tokio::test]
async fn an_append_behind_another_ones_lock_is_unavailable() {
    let (sqlite, folder) = with_a_room().await;
    let other = rusqlite::Connection::open(folder.path().join("r.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = sqlite.append(&[batch(0, "x")]).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(sqlite.append(&[batch(0, "x")]).await.is_ok());
}

#[test]
fn an_append_given_up_before_its_commit_does_not_commit() {
    let batches = [batch(0, "x")];
    let attempt = Attempt::default();
    let outcome = attempt.give_up(&batches, Stuck::Working);
    assert!(matches!(outcome, AppendError::Unavailable(_)), "{outcome:?}");
    assert!(!attempt.may_commit(vec![None]));
}

#[test]
fn an_append_given_up_within_its_commit_is_in_doubt() {
    let batches = [batch(0, "x"), batch(0, "fenced")];
    let (ours, stored) = ([&batches[0]], KnownTokens::new());
    let mut laid = lay_out(&ours, &stored, &plan(&ours, &stored), &[9]);
    let attempt = Attempt::default();
    assert!(attempt.may_commit(vec![laid.pop(), None]));
    let AppendError::InDoubt(doubts) = attempt.give_up(&batches, Stuck::Working) else {
        panic!("nobody knows whether it will commit");
    };
    assert_eq!(doubts.len(), 1);
    assert_eq!(doubts[0].marks(), [(Seq(1), roost_actors::model::MessageId(9))]);
}

#[tokio::test]
async fn places_that_were_known_before_are_filed_as_new_ones_are() {
    let (sqlite, _folder) = with_a_room().await;
    let cells = MIGRATIONS.iter().find(|migration| migration.name == "cells");
    let backfill = cells.unwrap().text(Engine::Sqlite);
    let mut places = vec![
        (113.887_611_329_555_51, 22.802_167_782_129_153),
        (-0.1276, 51.5072),
        (0.0, -0.000_001),
        (0.0, 0.0),
    ];
    for longitude in -12..=12 {
        places.extend((-6..=6).map(|latitude| (f64::from(longitude) * 15.0, f64::from(latitude) * 15.0)));
        places.push((
            f64::from(longitude) * 14.987_654_321,
            f64::from(longitude) * 7.412_345_678_9,
        ));
    }
    let stored = places.clone();
    let filed = sqlite.writer.run(move |conn| {
        let conn = raw(conn)?;
        for (id, (longitude, latitude)) in (1_i64..).zip(stored) {
            let sql =
                "INSERT INTO accounts (id, uuid, nickname, avatar, longitude, latitude, created_at, cell)
                VALUES ($1, $2, '', '', $3, $4, 1, $5)";
            let before = (longitude != 0.0 || latitude != 0.0).then_some(7_i64);
            execute(
                conn,
                sql,
                values![id, id.to_string(), longitude, latitude, before],
            )?;
        }
        conn.execute_batch(&backfill)
            .map_err(|error| crate::storage::sql::SqlError::Internal(error.to_string()))?;
        query(conn, "SELECT cell FROM accounts WHERE id > 0 ORDER BY id", &[])
    });
    let rows = filed.await.unwrap().unwrap();
    for (mut row, (longitude, latitude)) in rows.into_iter().zip(places) {
        let at = Point { longitude, latitude };
        assert_eq!(row.take::<Option<i64>>().unwrap(), at.cell(), "{at:?}");
    }
}
