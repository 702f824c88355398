//! `/group/internal/files`: the folders and files of a group.

use super::auth::Call;
use super::form::Form;
use super::intake::{self, Purpose};
use super::reply::{Answer, Bytes, Refusal, done, with};
use super::{State, content, convert, wire};
use crate::blobs::{Fit, Media};
use crate::http::Rate;
use crate::http::download::{self, Face, REVALIDATE};
use actix_web::{HttpRequest, HttpResponse, web};
use roost_actors::model::{FileId, Spot, TreeItem};
use roost_actors::node::RoomRef;
use roost_actors::ports::BlobId;
use roost_actors::{Failure, Thing};

/// The longest side of a small picture.
const THUMBNAIL_SIDE: u32 = 256;

/// The group that a call names.
fn group(call: &Call) -> Result<RoomRef, Refusal> {
    let id = convert::group_id(call.form.number("group_id")?)?;
    Ok(call.state.node.room(id))
}

/// The folder that a form names: the root when it names none, or 0.
pub fn folder(form: &Form) -> Result<Option<FileId>, Refusal> {
    let id = form.optional_number("parent_id")?;
    Ok(id.filter(|id| *id != 0).map(FileId))
}

fn file_id(form: &Form) -> Result<FileId, Refusal> {
    Ok(FileId(form.number("file_id")?))
}

pub async fn get_dir(call: Call) -> Answer {
    let items = group(&call)?.list_files(call.me, folder(&call.form)?).await?;
    let zone = call.state.settings.utc_offset_hours;
    let files = items.iter().map(|item| convert::file(item, zone)).collect();
    with(&wire::Files { files })
}

pub async fn mk_dir(call: Call) -> Answer {
    let (room, spot) = (group(&call)?, Spot::Folder(folder(&call.form)?));
    let name = call.form.required("name")?;
    room.add_file(call.me, spot, name, None, i64::MAX).await?;
    done()
}

/// A file, whole or a range of it, or a small picture of it.
pub async fn download(call: Call) -> Bytes {
    let (room, id) = (group(&call)?, file_id(&call.form)?);
    let item = room.find_file(call.me, id).await?;
    send(&call, &item).await
}

pub async fn upload(request: HttpRequest, payload: web::Payload) -> Answer {
    let file_id = intake::receive(&request, payload, Purpose::Group).await?.id.0;
    with(&wire::FileKept { file_id })
}

pub async fn delete(call: Call) -> Answer {
    let (room, id) = (group(&call)?, file_id(&call.form)?);
    room.remove_file(call.me, id).await?;
    done()
}

pub async fn edit_name(call: Call) -> Answer {
    let (room, id) = (group(&call)?, file_id(&call.form)?);
    room.rename_file(call.me, id, call.form.required("name")?).await?;
    done()
}

pub async fn move_to(call: Call) -> Answer {
    let (room, id) = (group(&call)?, file_id(&call.form)?);
    room.move_file(call.me, id, folder(&call.form)?).await?;
    done()
}

/// Posts a file into the group's chat, where it is what it is.
pub async fn share(call: Call) -> Answer {
    let (room, id) = (group(&call)?, file_id(&call.form)?);
    call.check_rate(Rate::Send)?;
    let item = room.find_file(call.me, id).await?;
    let link = call.state.link_to(&State::base_url(&call.request), &item);
    let post = content::file(&item, None, Vec::new(), &link).ok_or(Failure::Unknown(Thing::File))?;
    room.post(call.me, post).await?;
    done()
}

/// Answers with a file, or with a small picture of it where one is asked for and can be made.
pub async fn send(call: &Call, item: &TreeItem) -> Result<HttpResponse, Refusal> {
    let thumbnail = call.form.optional("thumbnail")?.is_some();
    Ok(answer_with(&call.state, &call.request, item, thumbnail).await?)
}

pub async fn answer_with(
    state: &State,
    request: &HttpRequest,
    item: &TreeItem,
    thumbnail: bool,
) -> Result<HttpResponse, Failure> {
    let content = item.content.as_ref().ok_or(Failure::Unknown(Thing::File))?;
    let blob = BlobId::parse(&content.blob).ok_or(Failure::Unknown(Thing::File))?;
    let media = Media::named(&content.mime);
    let face = Face {
        name: &item.name,
        media,
        attachment: false,
        cache: REVALIDATE,
    };
    if thumbnail && let Some(made) = small_picture(state, item, &blob, media).await? {
        let tag = format!("{blob}-{THUMBNAIL_SIDE}");
        return Ok(download::picture(request, &made, &tag, face));
    }
    download::file(request, state.blobs.as_ref(), &blob, face).await
}

/// `None` where none is made: the file is sent as it is.
async fn small_picture(
    state: &State,
    item: &TreeItem,
    blob: &BlobId,
    media: Media,
) -> Result<Option<crate::blobs::Encoded>, Failure> {
    match content::file_type(item) {
        Some(content::FileType::Image) => {
            match state.media.picture(blob, Fit::Inside(THUMBNAIL_SIDE)).await {
                Ok(made) => Ok(Some(made)),
                // What cannot be decoded is sent as it is.
                Err(Failure::Invalid { .. }) => Ok(None),
                Err(other) => Err(other),
            }
        }
        Some(content::FileType::Video) => Ok(Some(state.media.frame(blob, media, THUMBNAIL_SIDE).await?)),
        _ => Ok(None),
    }
}
