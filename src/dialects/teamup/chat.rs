//! `/chat` besides its sockets: files that are given in a chat, and whom one has talked to.

use super::auth::{Call, state_of};
use super::files;
use super::form::Form;
use super::intake::{self, Purpose};
use super::reply::{Answer, Bytes, Code, Refusal, bad, chat, with};
use super::{State, convert, wire};
use crate::http::params::of_query;
use actix_web::{HttpRequest, web};
use roost_actors::model::{Caller, FileId, RoomId};
use roost_actors::{Failure, Thing};

/// Reads a failure about a room that a form names.
#[must_use]
pub fn of_room(failure: Failure) -> Refusal {
    match failure {
        Failure::Unknown(Thing::Room | Thing::Account) => Code::RoomUnknown.into(),
        Failure::NotMember => Code::NotInRoom.into(),
        other => chat(other),
    }
}

/// The room that a form names: a group by its id; a private one by whom it is with, or by its own number.
pub async fn room_of(state: &State, me: Caller, form: &Form) -> Result<RoomId, Refusal> {
    let kind = form.required("type")?;
    let named = form.required("room_id")?;
    let number = named.parse::<i64>();
    match kind.as_str() {
        "group" => {
            let id = number.map_err(|_| bad("room_id must be a whole number"))?;
            convert::group_id(id).map_err(of_room)
        }
        "private" => {
            if let Ok(id) = number
                && id >= RoomId::FIRST_DIRECT.0
            {
                return Ok(RoomId(id));
            }
            private_room(state, me, &named).await.map_err(of_room)
        }
        _ => Err(Code::RoomKindUnknown.into()),
    }
}

/// The private room of the caller and somebody else. Refused with `Unknown(Account)`.
pub async fn private_room(state: &State, me: Caller, user_id: &str) -> Result<RoomId, Failure> {
    let peer = state.account_by(user_id).await?.id;
    if peer == me.account {
        return Err(Failure::Unknown(Thing::Account));
    }
    state.node.direct_room(me.account, peer).await
}

pub async fn upload(request: HttpRequest, payload: web::Payload) -> Answer {
    let file_id = intake::receive(&request, payload, Purpose::Chat).await?.id.0;
    with(&wire::FileKept { file_id })
}

/// A file of a chat: given there, or shared from the group's folders.
pub async fn download(call: Call) -> Bytes {
    let room = room_of(&call.state, call.me, &call.form).await?;
    let id = FileId(call.form.number("file_id")?);
    let found = call.state.node.room(room).find_file(call.me, id).await;
    let item = found.map_err(of_room)?;
    if item.is_folder() {
        return Err(Code::TemporaryFileUnknown.into());
    }
    files::send(&call, &item).await
}

/// The address of a file in messages as other dialects see them: whoever has it may fetch the file while it is kept.
pub async fn linked(request: HttpRequest) -> Bytes {
    let state = state_of(&request)?;
    let form = Form::new(of_query(&request)?);
    let (room, id) = (RoomId(form.number("room_id")?), FileId(form.number("file_id")?));
    if !state.is_signed(room, id, &form.required("sign")?) {
        return Err(Code::TemporaryFileUnknown.into());
    }
    let found = state.node.room(room).find_file(Caller::operator(), id).await;
    let item = found.map_err(chat)?;
    let sent = files::answer_with(&state, &request, &item, false).await;
    sent.map_err(chat)
}

pub async fn get_chat(call: Call) -> Answer {
    let peers = call.state.node.user(call.me.account).peers().await?;
    let private = call.state.profiles(&peers).await?;
    with(&wire::Chats { private })
}
