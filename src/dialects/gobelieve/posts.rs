//! `post_*`: what the app's server has delivered. The original answers these on a port of its own, to anybody; here the
//! server proves itself.

use super::State;
use super::auth::AppCall;
use super::body::{self, Id};
use super::content::{self, Origin};
use super::convert;
use super::notices::tell_people;
use super::reply::{Answer, Refusal, empty};
use super::wire;
use actix_web::web::Query;
use roost_actors::model::{AccountId, Caller, Push, TopicId};
use roost_actors::user::UserRequest;
use std::collections::HashSet;
use std::sync::Arc;

/// People that one system message may go to.
const RECEIVERS_MAX: usize = 10_000;

type Posting = Query<wire::Posting>;

fn bad_query() -> Refusal {
    Refusal::bad("invalid query param")
}

/// A parameter that must be there, in a request for this app.
fn needed(state: &State, posting: &wire::Posting, id: Option<Id>) -> Result<i64, Refusal> {
    if posting.appid.is_some_and(|app| app.0 != state.settings.app_id) {
        return Err(bad_query());
    }
    id.map(|id| id.0).ok_or_else(bad_query)
}

fn account(state: &State, posting: &wire::Posting, id: Option<Id>) -> Result<AccountId, Refusal> {
    convert::account_id(needed(state, posting, id)?).map_err(|_| bad_query())
}

fn content_of(call: &AppCall) -> Result<Arc<str>, Refusal> {
    Ok(body::text(&call.body)?.into())
}

/// The app's server speaks for the sender.
fn speaking_for(sender: AccountId) -> Caller {
    Caller {
        account: sender,
        trusted: true,
    }
}

pub async fn peer_message(call: AppCall, posting: Posting) -> Answer {
    let sender = account(&call.state, &posting, posting.sender)?;
    let receiver = account(&call.state, &posting, posting.receiver)?;
    let post = content::post(&content_of(&call)?, Origin::default());
    let room = call.state.node.direct_room(sender, receiver).await?;
    call.state
        .node
        .room(room)
        .post(speaking_for(sender), post)
        .await?;
    empty()
}

pub async fn group_message(call: AppCall, posting: Posting) -> Answer {
    let sender = account(&call.state, &posting, posting.sender)?;
    let group = convert::group_id(needed(&call.state, &posting, posting.receiver)?)?;
    let post = content::post(&content_of(&call)?, Origin::default());
    call.state
        .node
        .room(group)
        .post(speaking_for(sender), post)
        .await?;
    empty()
}

/// To the group, and to listed people who are not in it.
pub async fn group_notification(call: AppCall) -> Answer {
    let wanted: wire::GroupNotification = call.json()?;
    let group = convert::group_id(wanted.group_id.0)?;
    let text = wanted.notification.into_text();
    let room = call.state.node.room(group);
    let mut outside = Vec::new();
    if !wanted.members.is_empty() {
        let (_, seats) = room.seats(Caller::operator()).await?;
        let inside: HashSet<AccountId> = seats.iter().map(|seat| seat.account.id).collect();
        for id in wanted.members.iter().take(RECEIVERS_MAX) {
            let account = convert::account_id(id.0)?;
            if !inside.contains(&account) {
                outside.push((account, content::notice(&text)));
            }
        }
    }
    room.post(Caller::operator(), content::notice(&text)).await?;
    tell_people(&call.state, outside).await?;
    empty()
}

pub async fn system_message(call: AppCall) -> Answer {
    let wire::SystemMessage { receivers, content } = call.json()?;
    if receivers.len() > RECEIVERS_MAX {
        return Err(Refusal::invalid());
    }
    let text = content.into_text();
    let posts = receivers
        .iter()
        .map(|id| Ok((convert::account_id(id.0)?, content::system(&text))))
        .collect::<Result<_, Refusal>>()?;
    tell_people(&call.state, posts).await?;
    empty()
}

pub async fn notification(call: AppCall, posting: Posting) -> Answer {
    let to = account(&call.state, &posting, posting.uid)?;
    signal(&call, AccountId(0), to).await
}

pub async fn realtime_message(call: AppCall, posting: Posting) -> Answer {
    let from = account(&call.state, &posting, posting.sender)?;
    let to = account(&call.state, &posting, posting.receiver)?;
    signal(&call, from, to).await
}

async fn signal(call: &AppCall, from: AccountId, to: AccountId) -> Answer {
    let body = content_of(call)?;
    call.state
        .node
        .user(to)
        .act(UserRequest::Signal { from, body })
        .await?;
    empty()
}

pub async fn room_message(call: AppCall, posting: Posting) -> Answer {
    let from = account(&call.state, &posting, posting.uid)?;
    let topic = TopicId(needed(&call.state, &posting, posting.room)?);
    let push = Push::Said {
        topic,
        from,
        origin: 0,
        body: content_of(&call)?,
    };
    call.state.node.fanout().to_topic(topic, push);
    empty()
}
