//! The store of boards: what groups are found by, and requests to join by their number.

use super::board::tag;
use super::stage::{NOW, Owner, STRANGE_TEXTS, group, new_group, person, three, unique};
use crate::model::{AccountId, GroupQuery, HintOf, RequestId, RequestStatus, RoomId};
use crate::ports::{Ports, RoomChange, RoomSaved};

/// A group of a category with tags.
async fn found_as(ports: &Ports, category: &str, name: &str, tags: &[&str], members: &[AccountId]) -> RoomId {
    let ann = person(ports, "ann").await;
    let mut group = new_group(name, ann, members);
    group.category = category.to_owned();
    let room = ports.rooms.create_group(&group).await.expect("a group is made");
    for text in tags {
        tag(ports, room, text).await;
    }
    room
}

async fn find(
    ports: &Ports,
    category: &str,
    key: &str,
    tags: &[&str],
    member: Option<AccountId>,
) -> Vec<RoomId> {
    let query = GroupQuery {
        category: category.to_owned(),
        key: key.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        member,
        limit: 100,
        ..GroupQuery::default()
    };
    let mut found = ports.board.find_groups(&query).await.expect("groups are found");
    found.sort_by_key(|group| group.id);
    found.into_iter().map(|group| group.id).collect()
}

pub async fn groups_are_found_by_category_key_and_tags(ports: &Ports) {
    let sport = unique("sport");
    let a = found_as(ports, &sport, "Chess Club", &["Open", "evening"], &[]).await;
    let b = found_as(ports, &sport, "Go", &["chess too", "open"], &[]).await;
    let other = unique("other");
    let c = found_as(ports, &other, "Chess", &["open"], &[]).await;
    assert_eq!(find(ports, &sport, "", &[], None).await, [a, b]);
    assert_eq!(find(ports, &sport, "CHESS", &[], None).await, [a, b]);
    assert_eq!(find(ports, &sport, "club", &[], None).await, [a]);
    assert_eq!(find(ports, &sport, "", &["open"], None).await, [a, b]);
    assert_eq!(
        find(ports, &sport, "", &["OPEN", "open", "Evening"], None).await,
        [a]
    );
    assert_eq!(find(ports, &sport, "go", &["evening"], None).await, []);
    assert_eq!(find(ports, &other, "chess", &["open"], None).await, [c]);
    let query = GroupQuery {
        category: sport,
        key: "club".to_owned(),
        limit: 1,
        ..GroupQuery::default()
    };
    let hit = ports.board.find_groups(&query).await.unwrap().remove(0);
    let counts = (
        hit.member_count,
        hit.member_limit,
        hit.created_at,
        hit.dissolved_at,
    );
    assert_eq!(
        (hit.tags, counts),
        (vec!["Open".to_owned(), "evening".to_owned()], (1, 500, NOW, None))
    );
}

pub async fn ones_own_groups_are_found_with_the_dissolved_ones(ports: &Ports) {
    let sport = unique("sport");
    let bob = person(ports, "bob").await;
    let (a, b) = (
        found_as(ports, &sport, "a", &["x"], &[bob]).await,
        found_as(ports, "", "b", &[], &[bob]).await,
    );
    let c = found_as(ports, &sport, "c", &["x"], &[]).await;
    let owner = Owner::of(ports, a).await;
    owner.change(ports, RoomChange::Dissolve { at: NOW }).await;
    assert_eq!(find(ports, "", "", &[], Some(bob)).await, [a, b]);
    assert_eq!(find(ports, &sport, "", &["x"], Some(bob)).await, [a]);
    assert_eq!(find(ports, &sport, "", &[], None).await, [c]);
    // Whoever left does not see it any more.
    Owner::of(ports, b).await.remove(ports, bob).await;
    assert_eq!(find(ports, "", "", &[], Some(bob)).await, [a]);
}

pub async fn hints_begin_with_the_key_and_then_the_most_used(ports: &Ports) {
    let sport = unique("sport");
    let (bob, eve) = (person(ports, "bob").await, person(ports, "eve").await);
    for (name, tags, members) in [
        ("Chess", &["beginners"][..], &[][..]),
        ("chess nights", &["open"], &[bob, eve]),
        ("All chess", &["open", "hop"], &[bob]),
        ("Chess", &["Open"], &[]),
        ("go", &["open"], &[bob, eve]),
    ] {
        found_as(ports, &sport, name, tags, members).await;
    }
    let gone = Owner::of(
        ports,
        found_as(ports, &sport, "chess gone", &["opera"], &[]).await,
    )
    .await;
    gone.change(ports, RoomChange::Dissolve { at: NOW }).await;
    let hints = async |of, key: &str, limit| ports.board.hints(of, &sport, key, limit).await.unwrap();
    assert_eq!(
        hints(HintOf::Names, "chess", 10).await,
        ["chess nights", "Chess", "All chess"]
    );
    assert_eq!(hints(HintOf::Names, "", 3).await, ["chess nights", "go", "Chess"]);
    assert_eq!(hints(HintOf::Tags, "OP", 10).await, ["open", "Open", "hop"]);
    assert_eq!(hints(HintOf::Tags, "", 1).await, ["open"]);
    assert_eq!(hints(HintOf::Tags, "opera", 10).await, Vec::<String>::new());
    let elsewhere = unique("none");
    let none = ports.board.hints(HintOf::Names, &elsewhere, "", 10).await;
    assert_eq!(none.unwrap(), Vec::<String>::new());
}

pub async fn strange_keys_find_groups_literally(ports: &Ports) {
    let category = unique("strange");
    for text in STRANGE_TEXTS.iter().filter(|text| !text.is_empty()) {
        let room = found_as(ports, &category, &format!("a{text}z"), &[text], &[]).await;
        assert!(
            find(ports, &category, text, &[], None).await.contains(&room),
            "{text:?}"
        );
        assert!(
            find(ports, &category, "", &[text], None).await.contains(&room),
            "{text:?}"
        );
    }
    assert_eq!(find(ports, &category, "%z%a%", &[], None).await, []);
}

pub async fn a_request_to_join_is_found_whatever_became_of_it(ports: &Ports) {
    let (ann, bob, _) = three(ports).await;
    let owner = group(ports, ann, &[]).await;
    let apply = RoomChange::Apply {
        account: bob,
        reason: String::new(),
        at: NOW,
    };
    let RoomSaved::Applied(request) = owner.change(ports, apply).await else {
        panic!("a request was made");
    };
    let found = async || ports.board.join_request(request.id).await.unwrap();
    assert_eq!(found().await.as_ref(), Some(&request));
    let deny = RoomChange::Deny {
        request: request.id,
        reason: String::new(),
    };
    owner.change(ports, deny).await;
    assert_eq!(
        found().await.map(|request| request.status),
        Some(RequestStatus::Denied)
    );
    assert_eq!(
        ports
            .board
            .join_request(RequestId(request.id.0 + 1_000_000))
            .await,
        Ok(None)
    );
}
