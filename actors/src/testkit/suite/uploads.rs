//! The store of files that accounts put up.

use super::stage::{NOBODY, NOW, STRANGE_TEXTS, person, refused, unique};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, Upload};
use crate::ports::Ports;

fn upload(owner: AccountId, key: &str, len: i64) -> Upload {
    Upload {
        owner,
        key: key.to_owned(),
        blob: unique("blob"),
        mime: "image/png".to_owned(),
        sha256: unique("sum"),
        len,
        created_at: NOW,
    }
}

pub async fn an_upload_comes_back_as_it_was_kept(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    for key in STRANGE_TEXTS.iter().chain(&["a/b/c.png"]) {
        let kept = upload(ann, key, 7);
        assert_eq!(ports.uploads.add(&kept).await.unwrap(), kept);
        assert_eq!(ports.uploads.upload(ann, key).await.unwrap(), Some(kept));
        assert_eq!(ports.uploads.upload(bob, key).await.unwrap(), None);
    }
}

pub async fn the_first_upload_of_a_key_stays(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    let first = upload(ann, "key", 1);
    ports.uploads.add(&first).await.unwrap();
    assert_eq!(ports.uploads.add(&upload(ann, "key", 2)).await.unwrap(), first);
    assert_eq!(ports.uploads.upload(ann, "key").await.unwrap(), Some(first));
    let other = upload(bob, "key", 2);
    assert_eq!(ports.uploads.add(&other).await.unwrap(), other);
}

pub async fn the_bytes_of_an_account_are_those_of_its_uploads(ports: &Ports) {
    let ann = person(ports, "ann").await;
    assert_eq!(ports.uploads.bytes_of(ann).await.unwrap(), 0);
    ports.uploads.add(&upload(ann, "a", 5)).await.unwrap();
    ports.uploads.add(&upload(ann, "b", 1 << 40)).await.unwrap();
    ports.uploads.add(&upload(ann, "b", 9)).await.unwrap();
    assert_eq!(ports.uploads.bytes_of(ann).await.unwrap(), (1 << 40) + 5);
}

pub async fn nobody_puts_up_nothing(ports: &Ports) {
    let kept = ports.uploads.add(&upload(NOBODY, "key", 1)).await;
    refused(kept, &Failure::Unknown(Thing::Account));
}
