//! Tags of people and of groups.

use super::auth::Call;
use super::reply::{Answer, Refusal, done, user, with};
use super::user::whom;
use super::{groups, wire};
use roost_actors::board::{BoardRequest, TagRequest};
use roost_actors::model::TagId;

/// The document prints the path of adding for editing too: a number makes the difference.
fn add_or_edit(call: &Call) -> Result<TagRequest, Refusal> {
    let id = call.form.optional_number("tag_id")?.map(TagId);
    let text = call.form.given("tag_text")?;
    Ok(match id {
        Some(id) => TagRequest::Edit { id, text },
        None => TagRequest::Add { text },
    })
}

fn edit(call: &Call) -> Result<TagRequest, Refusal> {
    Ok(TagRequest::Edit {
        id: TagId(call.form.number("tag_id")?),
        text: call.form.given("tag_text")?,
    })
}

fn remove(call: &Call) -> Result<TagRequest, Refusal> {
    Ok(TagRequest::Remove {
        id: TagId(call.form.number("tag_id")?),
    })
}

async fn change_users(call: &Call, request: TagRequest) -> Answer {
    let me = call.state.node.user(call.me.account);
    me.tags(request).await.map_err(user)?;
    done()
}

pub async fn add_users(call: Call) -> Answer {
    change_users(&call, add_or_edit(&call)?).await
}

pub async fn edit_users(call: Call) -> Answer {
    change_users(&call, edit(&call)?).await
}

pub async fn remove_users(call: Call) -> Answer {
    change_users(&call, remove(&call)?).await
}

pub async fn users(call: Call) -> Answer {
    let account = whom(&call).await?;
    let tags = call.state.node.user(account.id).tags(TagRequest::List).await;
    let tags = tags.map_err(user)?.into_iter().map(|tag| wire::UserTag {
        id: tag.id.0,
        user_id: call.state.shown_id(&account),
        tag_text: tag.text,
    });
    with(&wire::UserTags { tags: tags.collect() })
}

async fn change_groups(call: &Call, request: TagRequest) -> Answer {
    let group = call.state.node.room(groups::id(call)?);
    group.change_board(call.me, BoardRequest::Tags(request)).await?;
    done()
}

pub async fn groups(call: Call) -> Answer {
    let tags = call.state.node.room(groups::id(&call)?).tags(call.me).await?;
    let tags = tags.into_iter().map(|tag| wire::GroupTag {
        id: tag.id.0,
        tag_text: tag.text,
    });
    with(&wire::GroupTags { tags: tags.collect() })
}

pub async fn add_groups(call: Call) -> Answer {
    change_groups(&call, add_or_edit(&call)?).await
}

pub async fn edit_groups(call: Call) -> Answer {
    change_groups(&call, edit(&call)?).await
}

pub async fn remove_groups(call: Call) -> Answer {
    change_groups(&call, remove(&call)?).await
}
