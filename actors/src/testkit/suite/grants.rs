//! The grants' store: sign-ins and push channels.

use super::stage::{NOW, person};
use crate::model::{AccountId, Channel, ChannelId, Grant, SecretDigest, Timestamp};
use crate::ports::Ports;

/// A digest that no other case uses.
fn value() -> SecretDigest {
    let text = super::stage::unique("value");
    let mut digest = [0; 32];
    let tail = &text.as_bytes()[text.len() - 16..];
    digest[..16].copy_from_slice(tail);
    digest
}

fn grant(account: AccountId, issued_at: Timestamp) -> Grant {
    Grant { account, issued_at }
}

pub async fn a_sign_in_is_found_dated_anew_and_forgotten(ports: &Ports) {
    let (ann, value) = (person(ports, "ann").await, value());
    assert_eq!(ports.grants.find(value).await.unwrap(), None);
    ports.grants.put(value, grant(ann, NOW)).await.unwrap();
    assert_eq!(ports.grants.find(value).await.unwrap(), Some(grant(ann, NOW)));
    let later = grant(ann, NOW.plus_ms(5));
    ports.grants.put(value, later).await.unwrap();
    assert_eq!(ports.grants.find(value).await.unwrap(), Some(later));
    ports.grants.drop_grant(value).await.unwrap();
    ports.grants.drop_grant(value).await.unwrap();
    assert_eq!(ports.grants.find(value).await.unwrap(), None);
}

async fn open(ports: &Ports, account: AccountId, key: &str, since_ms: i64, now_ms: i64) -> Channel {
    let (since, now) = (NOW.plus_ms(since_ms), NOW.plus_ms(now_ms));
    ports
        .grants
        .open_channel(account, key, since, now)
        .await
        .expect("a channel")
}

pub async fn a_channel_is_the_same_until_it_is_too_old(ports: &Ports) {
    let (ann, bob) = (person(ports, "ann").await, person(ports, "bob").await);
    let first = open(ports, ann, "k1", -10, 0).await;
    assert_eq!(
        (first.account, first.key.as_str(), first.opened_at),
        (ann, "k1", NOW)
    );
    assert_eq!(open(ports, ann, "k2", -1, 9).await, first);
    let second = open(ports, ann, "k3", 0, 10).await;
    assert!(second.id != first.id && second.key == "k3");
    assert_ne!(open(ports, bob, "k4", -10, 0).await.id, first.id);
    assert_eq!(ports.grants.channel(first.id).await.unwrap(), Some(first));
    assert_eq!(ports.grants.channel(ChannelId(i64::MAX)).await.unwrap(), None);
}

pub async fn a_channel_asked_for_by_many_at_once_is_one(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let ports = ports.clone();
        tasks.spawn(async move { open(&ports, ann, &n.to_string(), -10, 0).await.key });
    }
    let mut keys = Vec::new();
    while let Some(key) = tasks.join_next().await {
        keys.push(key.unwrap());
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

pub async fn old_channels_are_forgotten(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let old = open(ports, ann, "k1", -1_000_001, -1_000_000).await;
    let new = open(ports, ann, "k2", -10, 0).await;
    assert!(ports.grants.forget_channels(NOW.plus_ms(-999_999)).await.unwrap() >= 1);
    assert_eq!(ports.grants.channel(old.id).await.unwrap(), None);
    assert_eq!(ports.grants.channel(new.id).await.unwrap(), Some(new));
}
