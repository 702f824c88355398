//! Telling a group's clients what has changed: notifications stored in the group, so that a sync brings them.

use super::State;
use super::content;
use super::wire::Notification;
use futures_util::future::try_join_all;
use roost_actors::Failure;
use roost_actors::model::{AccountId, Caller, Post, RoomId};

/// Notifications of one request that are under way together.
const TOGETHER_MAX: usize = 256;

/// The text of a notification.
fn text(notification: &Notification) -> Result<String, Failure> {
    serde_json::to_string(notification).map_err(|error| Failure::Internal(error.to_string()))
}

/// Stores notifications in a group, in this order.
pub async fn tell_group(state: &State, group: RoomId, notifications: &[Notification]) -> Result<(), Failure> {
    for chunk in notifications.chunks(TOGETHER_MAX) {
        let posts = chunk.iter().map(|notification| async move {
            let post = content::notice(&text(notification)?);
            state.node.room(group).post(Caller::operator(), post).await
        });
        try_join_all(posts).await?;
    }
    Ok(())
}

/// Stores something of the operator's for one person each: for those who are not in the group any more.
pub async fn tell_people(state: &State, posts: Vec<(AccountId, Post)>) -> Result<(), Failure> {
    let mut posts = posts.into_iter();
    loop {
        let chunk: Vec<_> = posts.by_ref().take(TOGETHER_MAX).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let told = chunk.into_iter().map(|(account, post)| async move {
            let room = state.node.direct_room(AccountId(0), account).await?;
            state.node.room(room).post(Caller::operator(), post).await
        });
        try_join_all(told).await?;
    }
}

/// Tells a group that members have left, and them too.
pub async fn tell_quit(state: &State, group: RoomId, left: &[(AccountId, String)]) -> Result<(), Failure> {
    let timestamp = state.seconds();
    let quit = |(account, name): &(AccountId, String)| Notification::QuitGroup {
        group_id: group.0,
        member_id: account.0,
        timestamp,
        name: name.clone(),
    };
    let notifications: Vec<Notification> = left.iter().map(quit).collect();
    tell_group(state, group, &notifications).await?;
    let own = left
        .iter()
        .zip(&notifications)
        .map(|((account, _), notification)| Ok((*account, content::notice(&text(notification)?))));
    tell_people(state, own.collect::<Result<_, Failure>>()?).await
}
