//! `/group/internal/info/picture`: pictures that introduce a group.

use super::auth::Call;
use super::reply::{Answer, Bytes, done, with};
use super::{groups, upload, wire};
use crate::http::download::REVALIDATE;
use actix_web::{HttpRequest, web};
use roost_actors::board::BoardRequest;
use roost_actors::model::PictureId;

const FIELD: &str = "pic";

pub async fn all(call: Call) -> Answer {
    let pictures = call.state.node.room(groups::id(&call)?).pictures(call.me).await?;
    let pictures = pictures
        .into_iter()
        .map(|picture| wire::Picture { id: picture.id.0 });
    with(&wire::Pictures {
        pictures: pictures.collect(),
    })
}

pub async fn one(call: Call) -> Bytes {
    let (group, id) = (groups::id(&call)?, PictureId(call.form.number("pic_id")?));
    let picture = call.state.node.room(group).picture(call.me, id).await?;
    Ok(upload::send(&call.state, &call.request, &picture.image, REVALIDATE).await?)
}

pub async fn add(request: HttpRequest, payload: web::Payload) -> Answer {
    let sent = upload::picture(&request, payload, FIELD).await?;
    let group = groups::id_in(&sent.form)?;
    let add = BoardRequest::AddPicture {
        image: sent.image.clone(),
        max: i64::try_from(sent.state.settings.group_pictures).unwrap_or(i64::MAX),
    };
    let (room, me) = (sent.state.node.room(group), sent.me);
    let id = sent.keep(room.change_board(me, add)).await?;
    with(&wire::Made { msg: "success", id })
}

pub async fn remove(call: Call) -> Answer {
    let (group, id) = (groups::id(&call)?, PictureId(call.form.number("pic_id")?));
    let remove = BoardRequest::RemovePicture { id };
    call.state.node.room(group).change_board(call.me, remove).await?;
    done()
}
