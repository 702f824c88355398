//! Files of rooms and loose blobs, in memory.

use super::Memory;
use super::loose::{self, LooseBlob};
use super::tables::Tables;
use crate::failure::{Failure, Thing};
use crate::model::{FileId, RoomId, Spot, Timestamp, TreeItem};
use crate::ports::{StoreResult, TreeChange, TreeStore};
use crate::tree::rules::{self, Used};
use async_trait::async_trait;

#[async_trait]
impl TreeStore for Memory {
    async fn items(&self, room: RoomId, folder: Option<FileId>) -> StoreResult<Vec<TreeItem>> {
        let tables = self.begin().await?;
        path(&tables, room, folder)?;
        let inside = |item: &&TreeItem| item.room == room && item.spot == Spot::Folder(folder);
        let mut items: Vec<TreeItem> = tables.tree.values().filter(inside).cloned().collect();
        items.sort_by(|a, b| (!a.is_folder(), &a.name).cmp(&(!b.is_folder(), &b.name)));
        Ok(items)
    }

    async fn item(&self, room: RoomId, id: FileId) -> StoreResult<TreeItem> {
        Ok(find(&*self.begin().await?, room, id)?)
    }

    async fn used(&self, room: RoomId, spot: Spot) -> StoreResult<Used> {
        let tables = self.begin().await?;
        if let Spot::Folder(folder) = spot {
            path(&tables, room, folder)?;
        }
        Ok(used(&tables, room, spot))
    }

    async fn change(&self, room: RoomId, change: &TreeChange) -> StoreResult<TreeItem> {
        Memory::change(self, |tables| apply(tables, room, change)).await
    }

    async fn given_before(&self, before: Timestamp, limit: i64) -> StoreResult<Vec<TreeItem>> {
        let tables = self.begin().await?;
        let old = |item: &&TreeItem| item.spot == Spot::Chat && item.created_at < before;
        let mut old: Vec<TreeItem> = tables.tree.values().filter(old).cloned().collect();
        old.sort_by_key(|item| (item.created_at, item.id));
        old.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(old)
    }

    async fn note_blob(&self, blob: &str, due: Timestamp) -> StoreResult<()> {
        Memory::change(self, |tables| {
            loose::release(tables, blob.to_owned(), due);
            Ok(())
        })
        .await
    }

    async fn take_blobs(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<String>> {
        Memory::change(self, |tables| {
            let due = tables
                .loose_blobs
                .iter_mut()
                .filter(|(_, loose)| loose.due <= now);
            let mut due: Vec<_> = due.collect();
            due.sort_by_key(|(blob, loose)| (loose.due, (*blob).clone()));
            due.truncate(usize::try_from(limit).unwrap_or(0));
            let take = |(blob, loose): (&String, &mut LooseBlob)| {
                loose.taken = true;
                blob.clone()
            };
            Ok(due.into_iter().map(take).collect())
        })
        .await
    }

    async fn forget_blob(&self, blob: &str) -> StoreResult<()> {
        Memory::change(self, |tables| {
            tables.loose_blobs.remove(blob);
            Ok(())
        })
        .await
    }
}

fn find(tables: &Tables, room: RoomId, id: FileId) -> Result<TreeItem, Failure> {
    let found = tables.tree.get(&id).filter(|item| item.room == room);
    found.cloned().ok_or(Failure::Unknown(Thing::File))
}

/// A folder and all that it is in, up to the root.
fn path(tables: &Tables, room: RoomId, folder: Option<FileId>) -> Result<Vec<FileId>, Failure> {
    let mut path = Vec::new();
    let mut next = folder;
    while let Some(id) = next {
        let item = find(tables, room, id).ok().filter(TreeItem::is_folder);
        let Some(Spot::Folder(parent)) = item.map(|item| item.spot) else {
            return Err(Failure::Unknown(Thing::Folder));
        };
        path.push(id);
        next = parent;
    }
    Ok(path)
}

fn used(tables: &Tables, room: RoomId, spot: Spot) -> Used {
    let same = |item: &&TreeItem| item.room == room && (item.spot == Spot::Chat) == (spot == Spot::Chat);
    let mut used = Used::default();
    for item in tables.tree.values().filter(same) {
        used.items += 1;
        used.bytes += item.len();
    }
    used
}

/// What is in a folder, level by level, the folder itself first.
fn levels(tables: &Tables, id: FileId) -> Vec<Vec<FileId>> {
    let mut levels = vec![vec![id]];
    while let Some(last) = levels.last().filter(|level| !level.is_empty()) {
        let inside =
            |item: &&TreeItem| matches!(item.spot, Spot::Folder(Some(folder)) if last.contains(&folder));
        let next = tables.tree.values().filter(inside).map(|item| item.id).collect();
        levels.push(next);
    }
    levels.pop();
    levels
}

fn check_place(tables: &Tables, item: &TreeItem, folder: Option<FileId>) -> Result<(), Failure> {
    let there = |other: &&TreeItem| other.room == item.room && other.spot == Spot::Folder(folder);
    if tables
        .tree
        .values()
        .filter(there)
        .any(|other| other.name == item.name && other.id != item.id)
    {
        return Err(Failure::Exists(Thing::File));
    }
    rules::check_folder(tables.tree.values().filter(there).count() as i64)
}

fn apply(tables: &mut Tables, room: RoomId, change: &TreeChange) -> Result<TreeItem, Failure> {
    tables.room(room)?;
    match change {
        TreeChange::Add { item, quota_bytes } => add(tables, item, *quota_bytes),
        TreeChange::Rename { by, id, name } => {
            let mut item = find(tables, room, *id)?;
            rules::may_change(*by, &item)?;
            item.name.clone_from(name);
            if let Spot::Folder(folder) = item.spot {
                let there = |other: &TreeItem| other.room == room && other.spot == Spot::Folder(folder);
                let same = |other: &TreeItem| other.id != item.id && other.name == item.name;
                if tables.tree.values().any(|other| there(other) && same(other)) {
                    return Err(Failure::Exists(Thing::File));
                }
            }
            tables.tree.insert(*id, item.clone());
            Ok(item)
        }
        TreeChange::Move { by, id, folder } => {
            let mut item = find(tables, room, *id)?;
            rules::may_change(*by, &item)?;
            let path = path(tables, room, *folder)?;
            let Spot::Folder(from) = item.spot else {
                return Err(Failure::Unknown(Thing::File));
            };
            rules::check_path(*id, &path)?;
            if from == *folder {
                return Ok(item);
            }
            check_place(tables, &item, *folder)?;
            let folders = levels(tables, *id)
                .iter()
                .filter(|level| level.iter().any(|id| tables.tree[id].is_folder()))
                .count();
            rules::check_depth(path.len(), folders)?;
            item.spot = Spot::Folder(*folder);
            tables.tree.insert(*id, item.clone());
            Ok(item)
        }
        TreeChange::Remove { by, id, at } => {
            let item = find(tables, room, *id)?;
            rules::may_change(*by, &item)?;
            for gone in levels(tables, *id).concat() {
                let content = tables.tree.remove(&gone).and_then(|item| item.content);
                if let Some(content) = content {
                    loose::release(tables, content.blob, *at);
                }
            }
            Ok(item)
        }
    }
}

fn add(tables: &mut Tables, item: &TreeItem, quota_bytes: i64) -> Result<TreeItem, Failure> {
    if let Spot::Folder(folder) = item.spot {
        let path = path(tables, item.room, folder)?;
        check_place(tables, item, folder)?;
        rules::check_depth(path.len(), usize::from(item.is_folder()))?;
    }
    rules::check_room(used(tables, item.room, item.spot), item.len(), quota_bytes)?;
    if let Some(content) = &item.content {
        loose::bind(tables, &content.blob)?;
    }
    tables.tree_made += 1;
    let item = TreeItem {
        id: FileId(tables.tree_made),
        ..item.clone()
    };
    tables.tree.insert(item.id, item.clone());
    Ok(item)
}
