//! Carries out what a room has allowed, on the store.

use super::messages::{TreeAnswer, TreeRequest};
use super::rules::{self, By, Used};
use crate::failure::Failure;
use crate::model::{FileId, RoomId, Timestamp, TreeItem};
use crate::ports::{TreeChange, TreeStore};

/// Answers a request of somebody who may make it.
pub async fn answer(
    store: &dyn TreeStore,
    room: RoomId,
    by: By,
    request: TreeRequest,
    now: Timestamp,
) -> Result<TreeAnswer, Failure> {
    let change = match request {
        TreeRequest::List { folder } => return Ok(TreeAnswer::Items(store.items(room, folder).await?)),
        TreeRequest::Find { id } => return Ok(TreeAnswer::Item(store.item(room, id).await?)),
        TreeRequest::Left { spot, quota_bytes } => {
            let used: Used = store.used(room, spot).await?;
            return Ok(TreeAnswer::Left(rules::left(used, quota_bytes)?));
        }
        TreeRequest::Add {
            spot,
            name,
            content,
            quota_bytes,
        } => {
            rules::check_name(&name)?;
            TreeChange::Add {
                item: TreeItem {
                    id: FileId(0),
                    room,
                    spot,
                    owner: by.account,
                    name,
                    content,
                    created_at: now,
                },
                quota_bytes,
            }
        }
        TreeRequest::Rename { id, name } => {
            rules::check_name(&name)?;
            TreeChange::Rename { by, id, name }
        }
        TreeRequest::Move { id, folder } => TreeChange::Move { by, id, folder },
        TreeRequest::Remove { id } => TreeChange::Remove { by, id, at: now },
    };
    Ok(TreeAnswer::Item(store.change(room, &change).await?))
}
