//! The secrets' store: keys that all nodes share, and codes that may be used once.

use super::stage::{NOW, STRANGE_TEXTS, taken_or_refused, unique};
use crate::ports::Ports;

const TRIES_MAX: i64 = 3;

async fn put(ports: &Ports, name: &str, code: &str) {
    let kept = ports.secrets.put_code(name, code, NOW.plus_ms(1_000)).await;
    kept.expect("a code is kept");
}

async fn take(ports: &Ports, name: &str, code: &str, after_ms: i64) -> Option<bool> {
    let taken = ports
        .secrets
        .take_code(name, code, NOW.plus_ms(after_ms), TRIES_MAX)
        .await;
    taken.expect("a code is asked for")
}

pub async fn the_first_key_of_a_name_stays(ports: &Ports) {
    let name = unique("key");
    assert_eq!(ports.secrets.key(&name, "first").await.unwrap(), "first");
    assert_eq!(ports.secrets.key(&name, "second").await.unwrap(), "first");
    let other = unique("key");
    assert_eq!(ports.secrets.key(&other, "second").await.unwrap(), "second");
}

pub async fn all_who_ask_for_a_key_at_once_get_the_same(ports: &Ports) {
    let name = unique("key");
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (ports, name) = (ports.clone(), name.clone());
        tasks.spawn(async move { ports.secrets.key(&name, &n.to_string()).await.unwrap() });
    }
    let mut keys = Vec::new();
    while let Some(key) = tasks.join_next().await {
        keys.push(key.unwrap());
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

pub async fn a_code_is_taken_once(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    assert_eq!(take(ports, &name, "1234", 1).await, Some(true));
    assert_eq!(take(ports, &name, "1234", 1).await, None);
}

pub async fn a_code_wanted_by_many_at_once_goes_to_one(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (ports, name) = (ports.clone(), name.clone());
        tasks.spawn(async move { take(&ports, &name, "1234", 1).await });
    }
    let mut taken = 0;
    while let Some(outcome) = tasks.join_next().await {
        taken += usize::from(outcome.unwrap() == Some(true));
    }
    assert_eq!(taken, 1);
}

pub async fn a_wrong_try_leaves_the_code(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    assert_eq!(take(ports, &name, "4321", 1).await, Some(false));
    assert_eq!(take(ports, &name, "", 1).await, Some(false));
    assert_eq!(take(ports, &name, "1234", 1).await, Some(true));
}

pub async fn after_too_many_wrong_tries_the_right_code_is_void(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    for _ in 0..TRIES_MAX {
        assert_eq!(take(ports, &name, "0000", 1).await, Some(false));
    }
    assert_eq!(take(ports, &name, "1234", 1).await, None);
    assert_eq!(take(ports, &name, "0000", 1).await, None);
}

pub async fn wrong_tries_at_the_same_time_are_all_counted(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (ports, name) = (ports.clone(), name.clone());
        tasks.spawn(async move { take(&ports, &name, "0000", 1).await });
    }
    let mut wrong = 0;
    while let Some(outcome) = tasks.join_next().await {
        wrong += i64::from(outcome.unwrap() == Some(false));
    }
    assert_eq!(wrong, TRIES_MAX);
    assert_eq!(take(ports, &name, "1234", 1).await, None);
}

pub async fn a_code_expires(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    assert_eq!(take(ports, &name, "1234", 1_001).await, None);
    put(ports, &name, "1234").await;
    assert_eq!(take(ports, &name, "1234", 999).await, Some(true));
}

pub async fn a_code_that_never_was_is_unknown(ports: &Ports) {
    assert_eq!(take(ports, &unique("code"), "1234", 1).await, None);
}

pub async fn a_new_code_replaces_the_old_and_its_wrong_tries(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    for _ in 0..TRIES_MAX {
        take(ports, &name, "0000", 1).await;
    }
    put(ports, &name, "5678").await;
    assert_eq!(take(ports, &name, "1234", 1).await, Some(false));
    assert_eq!(take(ports, &name, "5678", 1).await, Some(true));
}

pub async fn a_replaced_code_lives_as_long_as_the_new_one(ports: &Ports) {
    let name = unique("code");
    put(ports, &name, "1234").await;
    ports
        .secrets
        .put_code(&name, "5678", NOW.plus_ms(9_000))
        .await
        .unwrap();
    assert_eq!(take(ports, &name, "5678", 8_000).await, Some(true));
}

pub async fn codes_of_other_names_are_other_codes(ports: &Ports) {
    let (one, other) = (unique("code"), unique("code"));
    put(ports, &one, "1234").await;
    put(ports, &other, "1234").await;
    assert_eq!(take(ports, &one, "1234", 1).await, Some(true));
    assert_eq!(take(ports, &other, "1234", 1).await, Some(true));
}

pub async fn expired_codes_are_forgotten_and_the_rest_stay(ports: &Ports) {
    let (old, new) = (unique("code"), unique("code"));
    put(ports, &old, "1234").await;
    ports
        .secrets
        .put_code(&new, "1234", NOW.plus_ms(9_000))
        .await
        .unwrap();
    assert!(ports.secrets.forget_codes(NOW.plus_ms(5_000)).await.unwrap() >= 1);
    assert_eq!(take(ports, &old, "1234", 1).await, None);
    assert_eq!(take(ports, &new, "1234", 1).await, Some(true));
}

pub async fn strange_names_and_codes_are_taken_as_they_are(ports: &Ports) {
    for strange in STRANGE_TEXTS {
        let name = unique(strange);
        put(ports, &name, strange).await;
        assert_eq!(
            take(ports, &name, &format!("{strange}."), 1).await,
            Some(false),
            "{strange:?}"
        );
        assert_eq!(take(ports, &name, strange, 1).await, Some(true), "{strange:?}");
        assert_eq!(ports.secrets.key(&name, strange).await.unwrap(), **strange);
    }
    let name = unique("a\0b");
    let asked = ports.secrets.take_code(&name, "a\0b", NOW, TRIES_MAX).await;
    assert_eq!(taken_or_refused(asked).flatten(), None);
    taken_or_refused(ports.secrets.put_code(&name, "a\0b", NOW.plus_ms(1)).await);
}

pub async fn a_store_that_works_answers_the_probe(ports: &Ports) {
    ports.secrets.ping().await.expect("storage answers");
}
