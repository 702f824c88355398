//! `/group/internal/info/text`: what a group says of itself.

use super::auth::Call;
use super::reply::{Answer, with};
use super::{convert, groups};
use roost_actors::room::{RoomEdit, RoomRequest};

pub async fn edit(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let edit = RoomEdit {
        intro: Some(call.form.given("text")?),
        ..RoomEdit::default()
    };
    let request = RoomRequest::Edit {
        caller: call.me,
        edit,
        owner_only: false,
    };
    groups::act(&call, group, request).await
}

pub async fn get(call: Call) -> Answer {
    let view = groups::look(&call, groups::id(&call)?).await?;
    with(&convert::group_info(&view.info, call.state.shown()))
}

pub async fn set_name(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let edit = RoomEdit {
        name: Some(call.form.required("name")?),
        ..RoomEdit::default()
    };
    let request = RoomRequest::Edit {
        caller: call.me,
        edit,
        owner_only: true,
    };
    groups::act(&call, group, request).await
}
