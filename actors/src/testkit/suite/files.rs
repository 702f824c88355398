//! The files' store: what is known of files, and who may fetch one once.

use super::stage::{NOW, loose, noted_blob, person, refused, unique, uuid};
use crate::failure::{Failure, Thing};
use crate::model::{FileId, FilePlace, RoomId, SecretDigest, SharedFile, Timestamp, ViewId};
use crate::ports::Ports;

fn ticket() -> SecretDigest {
    let text = unique("ticket");
    let mut digest = [1; 32];
    digest[..16].copy_from_slice(&text.as_bytes()[text.len() - 16..]);
    digest
}

/// A file whose blob was noted.
async fn noted(ports: &Ports, place: FilePlace, at: Timestamp) -> SharedFile {
    SharedFile {
        id: FileId(0),
        place,
        owner: person(ports, "ann").await,
        blob: noted_blob(ports).await,
        mime: "image/png".to_owned(),
        name: "a 你好.png".to_owned(),
        len: 1_000_000_000,
        created_at: at,
    }
}

async fn add(ports: &Ports, place: FilePlace, at: Timestamp) -> SharedFile {
    let file = noted(ports, place, at).await;
    let kept = ports.files.add(&file).await.expect("a file is kept");
    assert_eq!(
        SharedFile {
            id: FileId(0),
            ..kept.clone()
        },
        file
    );
    kept
}

pub async fn a_file_comes_back_as_it_was_kept(ports: &Ports) {
    for place in [
        FilePlace::View(ViewId(1_000_000_007)),
        FilePlace::Group(RoomId(7)),
    ] {
        let kept = add(ports, place, NOW).await;
        assert_eq!(ports.files.file(kept.id).await.unwrap(), Some(kept));
    }
    assert_eq!(ports.files.file(FileId(i64::MAX)).await.unwrap(), None);
}

pub async fn a_ticket_is_good_once_and_for_a_time(ports: &Ports) {
    let file = add(ports, FilePlace::Group(RoomId(7)), NOW).await;
    let (first, second) = (ticket(), ticket());
    for ticket in [first, second] {
        ports
            .files
            .put_ticket(ticket, file.id, NOW.plus_ms(10))
            .await
            .unwrap();
    }
    assert_eq!(
        ports.files.take_ticket(first, NOW.plus_ms(10)).await.unwrap(),
        Some(file)
    );
    assert_eq!(ports.files.take_ticket(first, NOW).await.unwrap(), None);
    assert_eq!(
        ports.files.take_ticket(second, NOW.plus_ms(11)).await.unwrap(),
        None
    );
    assert_eq!(ports.files.take_ticket(ticket(), NOW).await.unwrap(), None);
}

pub async fn a_ticket_shown_by_many_at_once_is_good_for_one(ports: &Ports) {
    let file = add(ports, FilePlace::Group(RoomId(7)), NOW).await;
    let ticket = ticket();
    ports
        .files
        .put_ticket(ticket, file.id, NOW.plus_ms(10))
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let ports = ports.clone();
        tasks.spawn(async move { ports.files.take_ticket(ticket, NOW).await.unwrap().is_some() });
    }
    let mut taken = 0;
    while let Some(outcome) = tasks.join_next().await {
        taken += i32::from(outcome.unwrap());
    }
    assert_eq!(taken, 1);
}

pub async fn old_files_are_listed_oldest_first_and_forgotten_with_their_tickets(ports: &Ports) {
    // Long before any other case.
    let at = |ms: i64| Timestamp(1_000_000 + ms);
    let second = add(ports, FilePlace::Group(RoomId(7)), at(2)).await;
    let first = add(ports, FilePlace::Group(RoomId(7)), at(1)).await;
    let third = add(ports, FilePlace::Group(RoomId(7)), at(3)).await;
    let older = |before, limit| async move { ports.files.older(before, limit).await.unwrap() };
    assert_eq!(older(at(3), 10).await, [first.clone(), second.clone()]);
    assert_eq!(older(at(4), 1).await, std::slice::from_ref(&first));
    let ticket = ticket();
    ports.files.put_ticket(ticket, first.id, NOW).await.unwrap();
    ports.files.forget(first.id).await.unwrap();
    ports.files.forget(first.id).await.unwrap();
    assert_eq!(ports.files.take_ticket(ticket, at(0)).await.unwrap(), None);
    assert_eq!(older(at(4), 10).await, [second, third]);
}

pub async fn old_tickets_are_forgotten(ports: &Ports) {
    let file = add(ports, FilePlace::Group(RoomId(7)), NOW).await;
    let (old, new) = (ticket(), ticket());
    ports
        .files
        .put_ticket(old, file.id, NOW.plus_ms(-2))
        .await
        .unwrap();
    ports
        .files
        .put_ticket(new, file.id, NOW.plus_ms(10))
        .await
        .unwrap();
    assert!(ports.files.forget_tickets(NOW.plus_ms(-1)).await.unwrap() >= 1);
    assert_eq!(ports.files.take_ticket(old, NOW.plus_ms(-3)).await.unwrap(), None);
    assert_eq!(ports.files.take_ticket(new, NOW).await.unwrap(), Some(file));
}

pub async fn the_blob_of_a_file_is_referred_to_or_noted_and_never_both(ports: &Ports) {
    let place = FilePlace::Group(RoomId(7));
    let kept = add(ports, place, NOW).await;
    let late = noted(ports, place, NOW).await;
    let unheard = SharedFile {
        blob: uuid(),
        ..late.clone()
    };
    let unknown = Failure::Unknown(Thing::File);
    for file in [&kept, &unheard] {
        refused(ports.files.add(file).await, &unknown);
    }
    let blobs = loose(ports, &[&kept.blob, &unheard.blob, &late.blob]).await;
    assert_eq!(blobs, std::slice::from_ref(&late.blob));
    // What is on its way out is not kept any more.
    refused(ports.files.add(&late).await, &unknown);
    assert_eq!(ports.files.file(kept.id).await.unwrap(), Some(kept));
}
