//! `/group/internal/announcement`: what a group's admins have to say, each with a picture or without.

use super::auth::Call;
use super::form::Form;
use super::reply::{Answer, Bytes, Refusal, done, with};
use super::{groups, upload, wire};
use crate::http::download::REVALIDATE;
use actix_web::{HttpRequest, web};
use roost_actors::board::BoardRequest;
use roost_actors::model::AnnouncementId;
use roost_actors::{Failure, Thing};

const FIELD: &str = "pic";

fn id_in(form: &Form) -> Result<AnnouncementId, Refusal> {
    Ok(AnnouncementId(form.number("announcement_id")?))
}

async fn change(call: &Call, request: BoardRequest) -> Answer {
    let group = call.state.node.room(groups::id(call)?);
    group.change_board(call.me, request).await?;
    done()
}

pub async fn all(call: Call) -> Answer {
    let all = call
        .state
        .node
        .room(groups::id(&call)?)
        .announcements(call.me)
        .await?;
    let lines = all.into_iter().map(|announcement| wire::AnnouncementLine {
        id: announcement.id.0,
        time: call.state.time(announcement.created_at),
        title: announcement.title,
    });
    with(&wire::Announcements {
        announcements: lines.collect(),
    })
}

pub async fn one(call: Call) -> Answer {
    let (group, id) = (groups::id(&call)?, id_in(&call.form)?);
    let found = call.state.node.room(group).announcement(call.me, id).await?;
    with(&wire::AnnouncementAnswer {
        announcement: wire::Announcement {
            id: found.id.0,
            time: call.state.time(found.created_at),
            title: found.title,
            text: found.text,
        },
    })
}

pub async fn add(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let announce = BoardRequest::Announce {
        title: call.form.required("title")?,
        text: call.form.given("text")?,
    };
    let id = call
        .state
        .node
        .room(group)
        .change_board(call.me, announce)
        .await?;
    with(&wire::Made { msg: "success", id })
}

pub async fn edit(call: Call) -> Answer {
    let reword = BoardRequest::Reword {
        id: id_in(&call.form)?,
        title: call.form.required("title")?,
        text: call.form.given("text")?,
    };
    change(&call, reword).await
}

pub async fn delete(call: Call) -> Answer {
    let id = id_in(&call.form)?;
    change(&call, BoardRequest::Withdraw { id }).await
}

pub async fn set_picture(request: HttpRequest, payload: web::Payload) -> Answer {
    let sent = upload::picture(&request, payload, FIELD).await?;
    let (group, id) = (groups::id_in(&sent.form)?, id_in(&sent.form)?);
    let illustrate = BoardRequest::Illustrate {
        id,
        image: Some(sent.image.clone()),
    };
    let (room, me) = (sent.state.node.room(group), sent.me);
    sent.keep(room.change_board(me, illustrate)).await?;
    done()
}

pub async fn remove_picture(call: Call) -> Answer {
    let id = id_in(&call.form)?;
    change(&call, BoardRequest::Illustrate { id, image: None }).await
}

pub async fn picture(call: Call) -> Bytes {
    let (group, id) = (groups::id(&call)?, id_in(&call.form)?);
    let found = call.state.node.room(group).announcement(call.me, id).await?;
    let image = found.image.ok_or(Failure::Unknown(Thing::Picture))?;
    Ok(upload::send(&call.state, &call.request, &image, REVALIDATE).await?)
}
