//! The store of rooms' files: names, folders within folders, what they take, and blobs that nothing refers to.

use super::stage::{
    NOW, NOWHERE, STRANGE_TEXTS, direct, group, loose, new_group, noted_blob, person, refused, unique, uuid,
};
use crate::failure::{Failure, Thing};
use crate::model::{AccountId, FileId, RoomId, Spot, Timestamp, TreeContent, TreeItem};
use crate::ports::{Ports, StoreResult, TreeChange};
use crate::tree::rules::{By, DEPTH_FOLDERS_MAX, FULL, Used};
use std::collections::BTreeSet;

const QUOTA: i64 = 1_000;
const NO_FILE: Failure = Failure::Unknown(Thing::File);
const NO_FOLDER: Failure = Failure::Unknown(Thing::Folder);
const TAKEN: Failure = Failure::Exists(Thing::File);

/// A group of Ann's.
async fn room(ports: &Ports) -> (RoomId, AccountId) {
    let ann = person(ports, "ann").await;
    let made = ports.rooms.create_group(&new_group("a group", ann, &[])).await;
    (made.expect("a group is made"), ann)
}

fn item(room: RoomId, owner: AccountId, spot: Spot, name: &str, content: Option<TreeContent>) -> TreeItem {
    TreeItem {
        id: FileId(0),
        room,
        spot,
        owner,
        name: name.to_owned(),
        content,
        created_at: NOW,
    }
}

/// What is known of a file whose blob was noted.
async fn noted(ports: &Ports, len: i64) -> TreeContent {
    TreeContent {
        blob: noted_blob(ports).await,
        mime: "image/png".to_owned(),
        len,
        duration_ms: 1_500,
    }
}

async fn try_add(ports: &Ports, item: TreeItem) -> StoreResult<TreeItem> {
    let room = item.room;
    let add = TreeChange::Add {
        item,
        quota_bytes: QUOTA,
    };
    ports.tree.change(room, &add).await
}

async fn file(
    ports: &Ports,
    at: (RoomId, AccountId),
    spot: Spot,
    name: &str,
    len: i64,
) -> StoreResult<TreeItem> {
    let content = noted(ports, len).await;
    try_add(ports, item(at.0, at.1, spot, name, Some(content))).await
}

async fn folder(
    ports: &Ports,
    at: (RoomId, AccountId),
    parent: Option<FileId>,
    name: &str,
) -> StoreResult<TreeItem> {
    try_add(ports, item(at.0, at.1, Spot::Folder(parent), name, None)).await
}

async fn names(ports: &Ports, room: RoomId, folder: Option<FileId>) -> Vec<String> {
    let items = ports.tree.items(room, folder).await.expect("a folder is listed");
    items.into_iter().map(|item| item.name).collect()
}

fn by(account: AccountId) -> By {
    By {
        account,
        manages: false,
    }
}

async fn transfer(
    ports: &Ports,
    at: (RoomId, AccountId),
    id: FileId,
    folder: Option<FileId>,
) -> StoreResult<TreeItem> {
    let by = by(at.1);
    ports
        .tree
        .change(at.0, &TreeChange::Move { by, id, folder })
        .await
}

async fn rename(ports: &Ports, at: (RoomId, AccountId), id: FileId, name: &str) -> StoreResult<TreeItem> {
    let rename = TreeChange::Rename {
        by: by(at.1),
        id,
        name: name.to_owned(),
    };
    ports.tree.change(at.0, &rename).await
}

async fn remove(ports: &Ports, at: (RoomId, AccountId), id: FileId) -> StoreResult<TreeItem> {
    let by = by(at.1);
    let remove = TreeChange::Remove { by, id, at: NOW };
    ports.tree.change(at.0, &remove).await
}

/// The loose blobs among those of these files.
async fn loose_of(ports: &Ports, files: &[&TreeItem]) -> Vec<String> {
    let blobs: Vec<&str> = files.iter().map(|item| blob(item)).collect();
    loose(ports, &blobs).await
}

fn blob(item: &TreeItem) -> &str {
    &item.content.as_ref().expect("a file").blob
}

pub async fn a_folder_lists_folders_first_and_then_files_by_name(ports: &Ports) {
    let at = room(ports).await;
    assert_eq!(ports.tree.items(at.0, None).await.unwrap(), []);
    let a = file(ports, at, Spot::Folder(None), "a.png", 7).await.unwrap();
    let z = folder(ports, at, None, "z").await.unwrap();
    file(ports, at, Spot::Folder(None), "B.png", 7).await.unwrap();
    let inner = file(ports, at, Spot::Folder(Some(z.id)), "a.png", 7)
        .await
        .unwrap();
    assert_eq!(names(ports, at.0, None).await, ["z", "B.png", "a.png"]);
    assert_eq!(names(ports, at.0, Some(z.id)).await, ["a.png"]);
    for kept in [a, z, inner] {
        assert_eq!(ports.tree.item(at.0, kept.id).await.unwrap(), kept);
    }
}

pub async fn strange_file_names_are_kept(ports: &Ports) {
    let at = room(ports).await;
    for name in STRANGE_TEXTS {
        let kept = file(ports, at, Spot::Folder(None), name, 1).await.unwrap();
        assert_eq!(kept.name, **name);
    }
    let all: BTreeSet<String> = names(ports, at.0, None).await.into_iter().collect();
    assert_eq!(all, STRANGE_TEXTS.iter().map(|name| (*name).to_owned()).collect());
}

pub async fn a_name_is_one_in_its_folder_among_files_and_folders(ports: &Ports) {
    let at = room(ports).await;
    let one = file(ports, at, Spot::Folder(None), "one", 1).await.unwrap();
    let two = folder(ports, at, None, "two").await.unwrap();
    for name in ["one", "two"] {
        refused(file(ports, at, Spot::Folder(None), name, 1).await, &TAKEN);
        refused(folder(ports, at, None, name).await, &TAKEN);
    }
    refused(rename(ports, at, one.id, "two").await, &TAKEN);
    let inner = file(ports, at, Spot::Folder(Some(two.id)), "one", 1)
        .await
        .unwrap();
    refused(transfer(ports, at, inner.id, None).await, &TAKEN);
    refused(transfer(ports, at, one.id, Some(two.id)).await, &TAKEN);
    assert_eq!(rename(ports, at, one.id, "one").await.unwrap().name, "one");
    assert_eq!(
        rename(ports, at, one.id, "three.gif").await.unwrap().name,
        "three.gif"
    );
    assert_eq!(names(ports, at.0, None).await, ["two", "three.gif"]);
    assert_eq!(
        ports.tree.used(at.0, Spot::Folder(None)).await.unwrap(),
        Used { bytes: 2, items: 3 }
    );
}

pub async fn a_name_wanted_by_many_at_once_goes_to_one(ports: &Ports) {
    let at = room(ports).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let ports = ports.clone();
        tasks.spawn(async move { file(&ports, at, Spot::Folder(None), "same", 1).await });
    }
    let mut kept = 0;
    while let Some(outcome) = tasks.join_next().await {
        match outcome.unwrap() {
            Ok(_) => kept += 1,
            other => refused(other, &TAKEN),
        }
    }
    assert_eq!((kept, names(ports, at.0, None).await.len()), (1, 1));
}

pub async fn files_of_other_rooms_and_folders_that_are_none_are_unknown(ports: &Ports) {
    let (at, other) = (room(ports).await, room(ports).await);
    let one = file(ports, at, Spot::Folder(None), "one", 1).await.unwrap();
    let theirs = folder(ports, other, None, "theirs").await.unwrap();
    let nothing = FileId(i64::MAX);
    for id in [theirs.id, nothing, FileId(0), FileId(-1)] {
        refused(ports.tree.item(at.0, id).await, &NO_FILE);
        refused(rename(ports, at, id, "x").await, &NO_FILE);
        refused(transfer(ports, at, id, None).await, &NO_FILE);
        refused(remove(ports, at, id).await, &NO_FILE);
    }
    for id in [theirs.id, nothing, one.id] {
        refused(ports.tree.items(at.0, Some(id)).await, &NO_FOLDER);
        refused(ports.tree.used(at.0, Spot::Folder(Some(id))).await, &NO_FOLDER);
        refused(file(ports, at, Spot::Folder(Some(id)), "x", 1).await, &NO_FOLDER);
        refused(folder(ports, at, Some(id), "x").await, &NO_FOLDER);
        refused(transfer(ports, at, one.id, Some(id)).await, &NO_FOLDER);
    }
    let nowhere = (NOWHERE, at.1);
    refused(
        folder(ports, nowhere, None, "x").await,
        &Failure::Unknown(Thing::Room),
    );
}

pub async fn a_folder_moves_with_what_is_in_it_and_never_into_itself(ports: &Ports) {
    let at = room(ports).await;
    let a = folder(ports, at, None, "a").await.unwrap();
    let b = folder(ports, at, Some(a.id), "b").await.unwrap();
    let c = folder(ports, at, Some(b.id), "c").await.unwrap();
    let deep = file(ports, at, Spot::Folder(Some(c.id)), "deep", 1)
        .await
        .unwrap();
    for folder in [a.id, b.id, c.id] {
        refused(transfer(ports, at, a.id, Some(folder)).await, &NO_FOLDER);
    }
    let moved = transfer(ports, at, b.id, None).await.unwrap();
    assert_eq!(moved.spot, Spot::Folder(None));
    assert_eq!(names(ports, at.0, None).await, ["a", "b"]);
    assert_eq!(names(ports, at.0, Some(a.id)).await, Vec::<String>::new());
    assert_eq!(ports.tree.item(at.0, deep.id).await.unwrap(), deep);
    // To where it is already is no change.
    assert_eq!(transfer(ports, at, b.id, None).await.unwrap(), moved);
    transfer(ports, at, a.id, Some(c.id)).await.unwrap();
    assert_eq!(names(ports, at.0, Some(c.id)).await, ["a", "deep"]);
}

pub async fn two_folders_do_not_move_into_each_other_at_once(ports: &Ports) {
    let at = room(ports).await;
    for _ in 0..8 {
        let (one, two) = (unique("one"), unique("two"));
        let one = folder(ports, at, None, &one).await.unwrap().id;
        let two = folder(ports, at, None, &two).await.unwrap().id;
        let (there, back) = tokio::join!(
            transfer(ports, at, one, Some(two)),
            transfer(ports, at, two, Some(one))
        );
        assert!(there.is_ok() != back.is_ok(), "{there:?} {back:?}");
    }
}

pub async fn folders_are_only_so_deep(ports: &Ports) {
    let at = room(ports).await;
    let mut parent = None;
    let mut chain = Vec::new();
    for _ in 0..DEPTH_FOLDERS_MAX {
        let next = folder(ports, at, parent, "deeper").await.unwrap();
        parent = Some(next.id);
        chain.push(next.id);
    }
    let full = Failure::Full {
        what: FULL.to_owned(),
        max: DEPTH_FOLDERS_MAX as i64,
    };
    refused(folder(ports, at, parent, "too deep").await, &full);
    file(ports, at, Spot::Folder(parent), "a file", 1).await.unwrap();
    let two = folder(ports, at, None, "two").await.unwrap();
    folder(ports, at, Some(two.id), "levels").await.unwrap();
    let above = chain[DEPTH_FOLDERS_MAX - 2];
    refused(transfer(ports, at, two.id, Some(above)).await, &full);
    transfer(ports, at, two.id, Some(chain[DEPTH_FOLDERS_MAX - 3]))
        .await
        .unwrap();
}

pub async fn only_who_made_it_or_a_manager_changes_a_file(ports: &Ports) {
    let at = room(ports).await;
    let bob = (at.0, person(ports, "bob").await);
    let one = file(ports, at, Spot::Folder(None), "one", 1).await.unwrap();
    for outcome in [
        rename(ports, bob, one.id, "x").await,
        transfer(ports, bob, one.id, None).await,
        remove(ports, bob, one.id).await,
    ] {
        let why = outcome.unwrap_err();
        assert!(
            matches!(&why, crate::ports::StoreError::Refused(Failure::Forbidden(_))),
            "{why:?}"
        );
    }
    let manager = By {
        account: bob.1,
        manages: true,
    };
    let rename = TreeChange::Rename {
        by: manager,
        id: one.id,
        name: "two".to_owned(),
    };
    let renamed = ports.tree.change(at.0, &rename).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.owner), ("two", at.1));
}

pub async fn a_quota_is_kept_by_many_at_once(ports: &Ports) {
    let at = room(ports).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..12 {
        let ports = ports.clone();
        tasks.spawn(async move { file(&ports, at, Spot::Folder(None), &format!("{n}"), 300).await });
    }
    let full = Failure::Full {
        what: FULL.to_owned(),
        max: QUOTA,
    };
    let mut kept = 0;
    while let Some(outcome) = tasks.join_next().await {
        match outcome.unwrap() {
            Ok(_) => kept += 1,
            other => refused(other, &full),
        }
    }
    assert_eq!(kept, 3);
    let used = |spot| async move { ports.tree.used(at.0, spot).await.unwrap() };
    assert_eq!(used(Spot::Folder(None)).await, Used { bytes: 900, items: 3 });
    refused(file(ports, at, Spot::Folder(None), "much", 101).await, &full);
    file(ports, at, Spot::Folder(None), "just", 100).await.unwrap();
    folder(ports, at, None, "takes nothing").await.unwrap();
    // The chat has its own.
    file(ports, at, Spot::Chat, "given", 1_000).await.unwrap();
    refused(file(ports, at, Spot::Chat, "given", 1).await, &full);
    assert_eq!(
        used(Spot::Chat).await,
        Used {
            bytes: 1_000,
            items: 1
        }
    );
    assert_eq!(
        used(Spot::Folder(None)).await,
        Used {
            bytes: 1_000,
            items: 5
        }
    );
}

pub async fn a_removed_folder_goes_with_everything_in_it(ports: &Ports) {
    let at = room(ports).await;
    let a = folder(ports, at, None, "a").await.unwrap();
    let b = folder(ports, at, Some(a.id), "b").await.unwrap();
    let one = file(ports, at, Spot::Folder(Some(a.id)), "one", 10)
        .await
        .unwrap();
    let two = file(ports, at, Spot::Folder(Some(b.id)), "two", 20)
        .await
        .unwrap();
    let stays = file(ports, at, Spot::Folder(None), "stays", 40).await.unwrap();
    let given = file(ports, at, Spot::Chat, "given", 80).await.unwrap();
    assert_eq!(remove(ports, at, a.id).await.unwrap(), a);
    for id in [a.id, b.id, one.id, two.id] {
        refused(ports.tree.item(at.0, id).await, &NO_FILE);
    }
    assert_eq!(names(ports, at.0, None).await, ["stays"]);
    let used = ports.tree.used(at.0, Spot::Folder(None)).await.unwrap();
    assert_eq!(used, Used { bytes: 40, items: 1 });
    assert_eq!(ports.tree.item(at.0, given.id).await.unwrap(), given);
    let gone: BTreeSet<String> = loose_of(ports, &[&one, &two, &stays, &given])
        .await
        .into_iter()
        .collect();
    assert_eq!(gone, [blob(&one).to_owned(), blob(&two).to_owned()].into());
    remove(ports, at, given.id).await.unwrap();
    assert_eq!(loose_of(ports, &[&stays, &given]).await, [blob(&given)]);
}

pub async fn files_given_in_a_chat_are_in_no_tree_and_their_names_are_nobodys(ports: &Ports) {
    let at = room(ports).await;
    let bob = person(ports, "bob").await;
    let with_bob = (direct(ports, at.1, bob).await.room, at.1);
    for at in [at, with_bob] {
        let first = file(ports, at, Spot::Chat, "same", 1).await.unwrap();
        let second = file(ports, at, Spot::Chat, "same", 1).await.unwrap();
        assert_ne!(first.id, second.id);
        assert_eq!(ports.tree.item(at.0, first.id).await.unwrap(), first);
        assert_eq!(ports.tree.items(at.0, None).await.unwrap(), []);
        refused(transfer(ports, at, first.id, None).await, &NO_FILE);
        refused(folder(ports, at, Some(first.id), "x").await, &NO_FOLDER);
    }
}

pub async fn old_files_of_chats_are_listed_oldest_first(ports: &Ports) {
    let at = room(ports).await;
    // Long before any other case.
    let given = |ms: i64, spot| async move {
        let content = noted(ports, 1).await;
        let mut item = item(at.0, at.1, spot, &format!("{ms}"), Some(content));
        item.created_at = Timestamp(1_000_000 + ms);
        try_add(ports, item).await.unwrap()
    };
    let second = given(2, Spot::Chat).await;
    let first = given(1, Spot::Chat).await;
    given(1, Spot::Folder(None)).await;
    given(3, Spot::Chat).await;
    let before = |ms: i64, limit| async move {
        ports
            .tree
            .given_before(Timestamp(1_000_000 + ms), limit)
            .await
            .unwrap()
    };
    assert_eq!(before(3, 10).await, [first.clone(), second]);
    assert_eq!(before(9, 1).await, [first]);
}

pub async fn a_blob_is_referred_to_or_noted_and_never_both(ports: &Ports) {
    let at = room(ports).await;
    let take = |now: i64| async move { ports.tree.take_blobs(Timestamp(now), 1_000).await.unwrap() };
    // Long before any other case.
    let note = |due: i64| async move {
        let blob = uuid();
        ports.tree.note_blob(&blob, Timestamp(due)).await.unwrap();
        TreeContent {
            blob,
            ..noted(ports, 1).await
        }
    };
    let (kept, lost, late) = (note(100).await, note(100).await, note(200).await);
    let add = |content: &TreeContent, name: &str| {
        try_add(
            ports,
            item(at.0, at.1, Spot::Folder(None), name, Some(content.clone())),
        )
    };
    let kept = add(&kept, "kept").await.unwrap();
    assert_eq!(take(99).await, Vec::<String>::new());
    assert_eq!(take(100).await, std::slice::from_ref(&lost.blob));
    // What was taken is taken again until it is forgotten, and nothing can refer to it any more.
    assert_eq!(take(100).await, std::slice::from_ref(&lost.blob));
    refused(add(&lost, "lost").await, &NO_FILE);
    ports.tree.forget_blob(&lost.blob).await.unwrap();
    ports.tree.forget_blob(&lost.blob).await.unwrap();
    refused(add(&lost, "lost").await, &NO_FILE);
    assert_eq!(take(199).await, Vec::<String>::new());
    assert_eq!(take(200).await, std::slice::from_ref(&late.blob));
    ports.tree.forget_blob(&late.blob).await.unwrap();
    // A blob is referred to once.
    let again = kept.content.clone().unwrap();
    refused(add(&again, "again").await, &NO_FILE);
    assert_eq!(names(ports, at.0, None).await, ["kept"]);
}

pub async fn a_file_of_which_nothing_was_kept_leaves_its_blob_noted(ports: &Ports) {
    let at = room(ports).await;
    file(ports, at, Spot::Folder(None), "one", 1).await.unwrap();
    let content = noted(ports, 1).await;
    let twin = item(at.0, at.1, Spot::Folder(None), "one", Some(content.clone()));
    refused(try_add(ports, twin).await, &TAKEN);
    let large = TreeContent {
        len: QUOTA + 1,
        ..content.clone()
    };
    let large = item(at.0, at.1, Spot::Folder(None), "two", Some(large));
    assert!(try_add(ports, large).await.is_err());
    let other = item(at.0, at.1, Spot::Folder(None), "two", Some(content));
    try_add(ports, other).await.unwrap();
}

/// Used by no other case: a room in which nothing was ever kept.
pub async fn a_room_without_files_takes_nothing(ports: &Ports) {
    let ann = person(ports, "ann").await;
    let room = group(ports, ann, &[]).await.room;
    for spot in [Spot::Folder(None), Spot::Chat] {
        assert_eq!(ports.tree.used(room, spot).await.unwrap(), Used::default());
    }
}
