//! Groups from outside and their end: made, joined, left, dismissed.

use super::auth::Call;
use super::form::Form;
use super::reply::{Answer, Code, Refusal, bad, done, with};
use super::wire;
use roost_actors::model::{NewGroup, Place, RequestId, RoomId, RoomKind, RoomRules, Timestamp};
use roost_actors::room::{RoomRequest, RoomView};
use roost_actors::{Failure, Thing};

/// The group that a form names.
pub fn id_in(form: &Form) -> Result<RoomId, Refusal> {
    Ok(RoomId(form.number("group_id")?))
}

pub fn id(call: &Call) -> Result<RoomId, Refusal> {
    id_in(&call.form)
}

/// What a group is, and the caller's seat in it. Other rooms are no groups.
pub async fn look(call: &Call, group: RoomId) -> Result<RoomView, Failure> {
    let view = call.state.node.room(group).look(call.me).await?;
    match view.info.kind {
        RoomKind::Group => Ok(view),
        RoomKind::Direct { .. } => Err(Failure::Unknown(Thing::Room)),
    }
}

/// Asks a group for something that answers with nothing but success.
pub async fn act(call: &Call, group: RoomId, request: RoomRequest) -> Answer {
    call.state.node.room(group).act(request).await?;
    done()
}

/// A type that groups may have here.
pub fn check_type(call: &Call, kind: &str) -> Result<(), Refusal> {
    let types = &call.state.settings.group_types;
    if types.is_empty() || types.iter().any(|known| known == kind) {
        return Ok(());
    }
    Err(Code::TypeUnknown.into())
}

pub async fn create(call: Call) -> Answer {
    let (category, name) = (call.form.required("type")?, call.form.required("name")?);
    let limit = call.form.number("user_limit")?;
    check_type(&call, &category)?;
    let max = i64::try_from(call.state.settings.group_user_limit).unwrap_or(i64::MAX);
    if !(1..=max).contains(&limit) {
        return Err(bad(format!("user_limit must be from 1 to {max}")));
    }
    let group = NewGroup {
        name,
        avatar: String::new(),
        intro: String::new(),
        owner: call.me.account,
        members: Vec::new(),
        owner_joins: true,
        member_limit: limit,
        rules: RoomRules {
            history_before_join: true,
            ..RoomRules::default()
        },
        place: Place::default(),
        super_group: false,
        category,
        claims_name: false,
        created_at: Timestamp(0),
    };
    let made = call.state.node.directory().create_group(group).await?;
    with(&wire::Created {
        msg: "success",
        group_id: made.0,
        id: made.0,
    })
}

pub async fn join(call: Call) -> Answer {
    let request = RoomRequest::Apply {
        caller: call.me,
        reason: String::new(),
        full_last: true,
    };
    act(&call, id(&call)?, request).await
}

pub async fn join_requests(call: Call) -> Answer {
    let waiting = call.state.node.user(call.me.account).join_requests().await?;
    let requests = waiting
        .into_iter()
        .map(|(request, account, _)| wire::JoinRequest {
            id: request.id.0,
            user_id: call.state.shown_id(&account),
            group_id: request.room.0,
        });
    with(&wire::JoinRequests {
        join_requests: requests.collect(),
    })
}

pub async fn process(call: Call) -> Answer {
    let id = RequestId(call.form.number("request_id")?);
    let accept = call.form.flag("action")?;
    let found = call.state.node.directory().join_request(id).await?;
    let request = RoomRequest::AnswerJoin {
        caller: call.me,
        id: Some(id),
        account: found.account,
        accept,
        reason: String::new(),
    };
    act(&call, found.room, request).await
}

pub async fn dismiss(call: Call) -> Answer {
    act(&call, id(&call)?, RoomRequest::Dissolve { caller: call.me }).await
}

pub async fn exit(call: Call) -> Answer {
    let request = RoomRequest::Leave {
        caller: call.me,
        owner_may: false,
    };
    act(&call, id(&call)?, request).await
}
