//! Carries out what a room or a user has allowed, on the store.

use super::messages::{BoardAnswer, BoardRequest, TagRequest};
use super::rules;
use crate::failure::Failure;
use crate::model::{AccountId, RoomId, Tag, Timestamp};
use crate::ports::{BoardChange, BoardStore, TagChange, TagsOf};

/// Answers a request to a room of somebody who may make it.
pub async fn answer(
    store: &dyn BoardStore,
    room: RoomId,
    by: AccountId,
    request: BoardRequest,
    now: Timestamp,
) -> Result<BoardAnswer, Failure> {
    let change = match request {
        BoardRequest::Tags(TagRequest::List) => {
            return Ok(BoardAnswer::Tags(store.tags(TagsOf::Room(room)).await?));
        }
        BoardRequest::Tags(request) => BoardChange::Tag(tag_change(request)?),
        BoardRequest::Pictures => return Ok(BoardAnswer::Pictures(store.pictures(room).await?)),
        BoardRequest::Picture { id } => return Ok(BoardAnswer::Picture(store.picture(room, id).await?)),
        BoardRequest::AddPicture { image, max } => BoardChange::AddPicture { image, max },
        BoardRequest::RemovePicture { id } => BoardChange::RemovePicture { id },
        BoardRequest::Announcements => {
            return Ok(BoardAnswer::Announcements(store.announcements(room).await?));
        }
        BoardRequest::Announcement { id } => {
            return Ok(BoardAnswer::Announcement(store.announcement(room, id).await?));
        }
        BoardRequest::Announce { title, text } => {
            rules::check_announcement(&title, &text)?;
            BoardChange::Announce {
                author: by,
                title,
                text,
            }
        }
        BoardRequest::Reword { id, title, text } => {
            rules::check_announcement(&title, &text)?;
            BoardChange::Reword { id, title, text }
        }
        BoardRequest::Withdraw { id } => BoardChange::Withdraw { id },
        BoardRequest::Illustrate { id, image } => BoardChange::Illustrate { id, image },
        BoardRequest::Rate { ratings } => BoardChange::Rate { by, ratings },
    };
    Ok(BoardAnswer::Done(store.change(room, &change, now).await?))
}

/// Answers a request of an account about its own tags, or anybody's who lists them.
pub async fn tags(
    store: &dyn BoardStore,
    account: AccountId,
    request: TagRequest,
    now: Timestamp,
) -> Result<Vec<Tag>, Failure> {
    if request.is_read() {
        return Ok(store.tags(TagsOf::Account(account)).await?);
    }
    store.change_tags(account, &tag_change(request)?, now).await?;
    Ok(Vec::new())
}

fn tag_change(request: TagRequest) -> Result<TagChange, Failure> {
    Ok(match request {
        TagRequest::List => return Err(Failure::Internal("listing changes nothing".to_owned())),
        TagRequest::Add { text } => TagChange::Add {
            text: rules::tag(&text)?,
        },
        TagRequest::Edit { id, text } => TagChange::Edit {
            id,
            text: rules::tag(&text)?,
        },
        TagRequest::Remove { id } => TagChange::Remove { id },
    })
}
