//! Files on their way in: into a group's folders or into a chat, streamed, within what the room may still take.

use super::auth::{self, state_of};
use super::form::Form;
use super::reply::{Code, Refusal, bad, chat};
use super::{State, chat as rooms, convert, files};
use crate::http::Params;
use crate::http::upload::{FilePart, FormLimits, Uploaded};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use roost_actors::Failure;
use roost_actors::model::{Caller, RoomId, Spot, TreeContent, TreeItem};

/// The form field of the file.
const FIELD: &str = "file";
/// What a form may be longer than its file, in bytes: its other fields and what stands between them.
const FORM_BYTES: u64 = 1024 * 1024;

/// What an upload is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Group,
    Chat,
}

impl Purpose {
    /// Bytes that a room may hold of this.
    fn quota(self, state: &State) -> i64 {
        let bytes = match self {
            Purpose::Group => state.settings.group_files_bytes,
            Purpose::Chat => state.settings.chat_files_bytes,
        };
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }

    /// The longest file.
    fn longest(self, state: &State) -> u64 {
        match self {
            Purpose::Group => state.settings.group_files_bytes,
            Purpose::Chat => state.settings.chat_file_bytes,
        }
    }

    fn words(self, failure: Failure) -> Refusal {
        match self {
            Purpose::Group => failure.into(),
            Purpose::Chat => rooms::of_room(failure),
        }
    }

    /// The name of the field without which nobody knows where the file belongs.
    fn place(self) -> &'static str {
        match self {
            Purpose::Group => "group_id",
            Purpose::Chat => "room_id",
        }
    }

    /// Where the file belongs.
    async fn target(self, state: &State, me: Caller, form: &Form) -> Result<(RoomId, Spot), Refusal> {
        match self {
            Purpose::Group => {
                let room = convert::group_id(form.number("group_id")?)?;
                Ok((room, Spot::Folder(files::folder(form)?)))
            }
            Purpose::Chat => Ok((rooms::room_of(state, me, form).await?, Spot::Chat)),
        }
    }
}

/// Takes a file in and keeps it.
pub async fn receive(
    request: &HttpRequest,
    payload: web::Payload,
    purpose: Purpose,
) -> Result<TreeItem, Refusal> {
    let state = state_of(request)?;
    // A token that does not count is refused before anything is read; one may still come among the fields.
    match auth::prove(&state, request).await {
        Err(refusal) if refusal.code != Code::TokenMissing => return Err(refusal),
        _ => {}
    }
    let mut refused = None;
    let admit = async |fields: &Params, part: &FilePart| {
        let admitted = admitted(&state, request, purpose, fields, part).await;
        admitted.map_err(|refusal| {
            refused = Some(refusal);
            Failure::Forbidden("this file is not taken".to_owned())
        })
    };
    let limits = FormLimits::default();
    let received = state
        .uploads
        .receive(request, payload.into_inner(), limits, admit);
    let received = received.await;
    if let Some(refusal) = refused {
        return Err(refusal);
    }
    let mut form = match received {
        Ok(form) => form,
        Err(failure) => {
            // Who shows no token hears of that and of nothing else.
            auth::prove(&state, request).await?;
            return Err(too_long(&state, purpose, failure));
        }
    };
    let me = Caller::person(auth::prove_form(&state, request, &form.params).await?.id);
    let file = form.files.pop().ok_or_else(|| bad("file is missing"))?;
    let (room, spot) = purpose.target(&state, me, &Form::new(form.params)).await?;
    keep(&state, me, (room, spot), file, purpose).await
}

/// How long the file that begins may be, as far as the fields before it tell.
async fn admitted(
    state: &State,
    request: &HttpRequest,
    purpose: Purpose,
    fields: &Params,
    part: &FilePart,
) -> Result<u64, Refusal> {
    if part.field != FIELD {
        return Err(bad(format!("the file must be in the field {FIELD}")));
    }
    let me = Caller::person(auth::prove_form(state, request, fields).await?.id);
    let longest = purpose.longest(state);
    if fields.get(purpose.place()).is_none() {
        return Ok(longest);
    }
    let (room, spot) = purpose.target(state, me, &Form::new(fields.clone())).await?;
    let room = state.node.room(room);
    let left = room.files_left(me, spot, purpose.quota(state)).await;
    let left = left.map_err(|failure| purpose.words(failure))?.unsigned_abs();
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    if left < longest && announced.is_some_and(|bytes| bytes > left.saturating_add(FORM_BYTES)) {
        return Err(Code::FilesFull.into());
    }
    Ok(left.min(longest))
}

/// A file that is longer than any may be is a wrong one; one that is longer than what is left finds no space.
fn too_long(state: &State, purpose: Purpose, failure: Failure) -> Refusal {
    match failure {
        Failure::TooLong { field, max } if field == "file" && max < purpose.longest(state) => {
            Code::FilesFull.into()
        }
        Failure::TooLong { .. } if purpose == Purpose::Group => Code::FilesFull.into(),
        other => chat(other),
    }
}

async fn keep(
    state: &State,
    me: Caller,
    (room, spot): (RoomId, Spot),
    file: Uploaded,
    purpose: Purpose,
) -> Result<TreeItem, Refusal> {
    let (id, media, name) = (file.stat.id.clone(), file.media, file.part.name.clone());
    let duration = match state.media.duration(&id, media).await {
        Ok(duration) => duration.unwrap_or_default(),
        Err(failure) => {
            tracing::debug!(%failure, "a file is kept without its duration");
            std::time::Duration::ZERO
        }
    };
    let content = TreeContent {
        blob: id.to_string(),
        mime: media.mime.to_owned(),
        len: i64::try_from(file.stat.len).unwrap_or(i64::MAX),
        duration_ms: i64::try_from(duration.as_millis()).unwrap_or(0),
    };
    let (room, offered) = (state.node.room(room), file.offer());
    let kept = room
        .add_file(me, spot, name, Some(content), purpose.quota(state))
        .await;
    offered.settle(&kept);
    kept.map_err(|failure| purpose.words(failure))
}
