//! `/group/internal/member`: who is in a group, as what, and how they are rated when it has ended.

use super::auth::Call;
use super::form::{number_in, text_in};
use super::reply::{Answer, Refusal, bad, done, with};
use super::user::nickname;
use super::{convert, groups, wire};
use roost_actors::Failure;
use roost_actors::board::BoardRequest;
use roost_actors::model::{AccountId, Rating, RoomKind};
use roost_actors::room::RoomRequest;
use serde_json::Value;

pub async fn list(call: Call) -> Answer {
    let (view, seats) = call.state.node.room(groups::id(&call)?).seats(call.me).await?;
    if view.info.kind != RoomKind::Group {
        return Err(Failure::Unknown(roost_actors::Thing::Room).into());
    }
    if view.me.is_none() && !call.state.settings.members_open {
        return Err(Failure::NotMember.into());
    }
    let shown = call.state.shown();
    with(&wire::Members {
        users: seats.iter().map(|seat| convert::member(seat, shown)).collect(),
    })
}

/// The member that `user_id` names.
async fn named(call: &Call) -> Result<AccountId, Refusal> {
    let id = call.form.required("user_id")?;
    Ok(call.state.account_by(&id).await?.id)
}

pub async fn remove(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let request = RoomRequest::Kick {
        caller: call.me,
        accounts: vec![named(&call).await?],
        over_managers: true,
    };
    groups::act(&call, group, request).await
}

pub async fn set_nickname(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let request = RoomRequest::SetNickname {
        caller: call.me,
        nickname: nickname(&call)?,
    };
    groups::act(&call, group, request).await
}

pub async fn switch_admin(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let request = RoomRequest::SwitchManager {
        caller: call.me,
        account: named(&call).await?,
    };
    groups::act(&call, group, request).await
}

pub async fn rate(call: Call) -> Answer {
    let group = groups::id(&call)?;
    let items = call.form.items("rates")?;
    let mut ratings = Vec::with_capacity(items.len());
    for item in &items {
        ratings.push(rating(&call, item).await?);
    }
    let rate = BoardRequest::Rate { ratings };
    call.state.node.room(group).change_board(call.me, rate).await?;
    done()
}

async fn rating(call: &Call, item: &Value) -> Result<Rating, Refusal> {
    let stars = number_in(item, "star_rating");
    let stars = stars.ok_or_else(|| bad("rates[].star_rating must be a number"))?;
    let id = text_in(item, "user_id").ok_or_else(|| bad("rates[].user_id is missing"))?;
    Ok(Rating {
        account: call.state.account_by(&id).await?.id,
        stars,
    })
}
