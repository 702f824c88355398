//! The store of files that accounts put up.

use super::stage::{NOBODY, NOW, STRANGE_TEXTS, loose, noted_blob, person, refused, unique};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, Upload};
use crate::ports::Ports;

/// A file whose blob was noted.
async fn upload(ports: &Ports, owner: AccountId, key: &str, len: i64) -> Upload {
    Upload {
        owner,
        key: key.to_owned(),
        blob: noted_blob(ports).await,
        mime: "image/png".to_owned(),
        sha256: unique("sum"),
        len,
        created_at: NOW,
    }
}

pub async fn an_upload_comes_back_as_it_was_kept(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    for key in STRANGE_TEXTS.iter().chain(&["a/b/c.png"]) {
        let kept = upload(ports, ann, key, 7).await;
        assert_eq!(ports.uploads.add(&kept).await.unwrap(), kept);
        assert_eq!(ports.uploads.upload(ann, key).await.unwrap(), Some(kept));
        assert_eq!(ports.uploads.upload(bob, key).await.unwrap(), None);
    }
}

pub async fn the_first_upload_of_a_key_stays(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    let first = upload(ports, ann, "key", 1).await;
    ports.uploads.add(&first).await.unwrap();
    let second = upload(ports, ann, "key", 2).await;
    assert_eq!(ports.uploads.add(&second).await.unwrap(), first);
    assert_eq!(ports.uploads.upload(ann, "key").await.unwrap(), Some(first));
    let other = upload(ports, bob, "key", 2).await;
    assert_eq!(ports.uploads.add(&other).await.unwrap(), other);
}

pub async fn the_bytes_of_an_account_are_those_of_its_uploads(ports: &Ports) {
    let ann = person(ports, "ann").await;
    assert_eq!(ports.uploads.bytes_of(ann).await.unwrap(), 0);
    for (key, len) in [("a", 5), ("b", 1 << 40), ("b", 9)] {
        let upload = upload(ports, ann, key, len).await;
        ports.uploads.add(&upload).await.unwrap();
    }
    assert_eq!(ports.uploads.bytes_of(ann).await.unwrap(), (1 << 40) + 5);
}

pub async fn nobody_puts_up_nothing(ports: &Ports) {
    let nobodys = upload(ports, NOBODY, "key", 1).await;
    refused(
        ports.uploads.add(&nobodys).await,
        &Failure::Unknown(Thing::Account),
    );
}

pub async fn the_blob_of_an_upload_is_referred_to_or_noted_and_never_both(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    let (first, second) = (
        upload(ports, ann, "key", 1).await,
        upload(ports, ann, "key", 2).await,
    );
    ports.uploads.add(&first).await.unwrap();
    ports.uploads.add(&second).await.unwrap();
    // One that is referred to, or of which nobody knows, is not kept.
    let again = Upload {
        key: "again".to_owned(),
        ..first.clone()
    };
    let unheard = Upload {
        blob: unique("blob"),
        ..again.clone()
    };
    for upload in [again, unheard] {
        refused(ports.uploads.add(&upload).await, &Failure::Unknown(Thing::File));
        assert_eq!(ports.uploads.upload(ann, "again").await.unwrap(), None);
    }
    let late = upload(ports, bob, "late", 3).await;
    let mut blobs = loose(ports, &[&first.blob, &second.blob, &late.blob]).await;
    blobs.sort();
    let mut expected = [second.blob, late.blob.clone()];
    expected.sort();
    assert_eq!(blobs, expected);
    // What is on its way out is not kept any more.
    refused(ports.uploads.add(&late).await, &Failure::Unknown(Thing::File));
    assert_eq!(ports.uploads.upload(bob, "late").await.unwrap(), None);
}
