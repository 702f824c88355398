//! `friends/groups*` and `friends/group`: the names under which somebody gathers friends.

use super::auth::Call;
use super::form::Fields;
use super::reply::{Answer, Refusal, done, list, ok, words};
use super::{convert, wire};
use roost_actors::model::{AccountId, ContactGroup, ContactGroupId, Friend};
use roost_actors::user::UserRequest;
use roost_actors::{Failure, Thing};

/// The longest name of a group, in characters.
const NAME_CHARS_MAX: usize = 50;

fn group_of(fields: &Fields<'_>) -> ContactGroupId {
    ContactGroupId(fields.positive("groupId"))
}

fn name_of(fields: &Fields<'_>) -> String {
    fields.required_chars("name", 1, NAME_CHARS_MAX)
}

fn members_of(fields: &Fields<'_>) -> Vec<AccountId> {
    fields.ids("members").into_iter().map(AccountId).collect()
}

pub async fn create(call: Call) -> Answer {
    let request = call.form.read(|fields| UserRequest::AddContactGroup {
        name: name_of(fields),
        members: members_of(fields),
    })?;
    act(&call, request, words::ADDED).await
}

pub async fn remove(call: Call) -> Answer {
    let group = call.form.read(group_of)?;
    act(&call, UserRequest::RemoveContactGroup { group }, words::DELETED).await
}

pub async fn add_members(call: Call) -> Answer {
    let request = call.form.read(|fields| UserRequest::AddToContactGroup {
        group: group_of(fields),
        members: members_of(fields),
    })?;
    act(&call, request, words::ADDED).await
}

pub async fn remove_members(call: Call) -> Answer {
    let request = call.form.read(|fields| UserRequest::RemoveFromContactGroup {
        group: group_of(fields),
        members: members_of(fields),
    })?;
    act(&call, request, words::DELETED).await
}

pub async fn all(call: Call) -> Answer {
    let groups = call.state.node.user(call.me.account).contact_groups().await?;
    list(shown(&call, &groups).await?)
}

pub async fn one(call: Call) -> Answer {
    let group = call.form.read(group_of)?;
    ok(find(&call, group).await?, "")
}

/// Answers with the group, as the document does; the original answers with nothing.
pub async fn rename(call: Call) -> Answer {
    let (group, name) = call.form.read(|fields| (group_of(fields), name_of(fields)))?;
    let request = UserRequest::RenameContactGroup { group, name };
    call.state.node.user(call.me.account).act(request).await?;
    ok(find(&call, group).await?, words::SET)
}

async fn find(call: &Call, id: ContactGroupId) -> Result<wire::FriendGroup, Failure> {
    let mut groups = call.state.node.user(call.me.account).contact_groups().await?;
    groups.retain(|group| group.id == id);
    let found = shown(call, &groups).await?.pop();
    found.ok_or(Failure::Unknown(Thing::ContactGroup))
}

/// Groups with their members. A blocked friend is shown in the blacklist only.
async fn shown(call: &Call, groups: &[ContactGroup]) -> Result<Vec<wire::FriendGroup>, Failure> {
    let mut friends: Vec<Friend> = Vec::new();
    if groups.iter().any(|group| !group.members.is_empty()) {
        friends = call.state.node.user(call.me.account).friends().await?;
        friends.retain(|friend| {
            let held = |group: &ContactGroup| group.members.binary_search(&friend.contact.peer).is_ok();
            !friend.contact.blocked && groups.iter().any(held)
        });
    }
    let accounts = call
        .state
        .accounts(friends.iter().map(|friend| &friend.account))
        .await;
    let friends: Vec<(Friend, wire::Account)> = friends.into_iter().zip(accounts).collect();
    Ok(groups
        .iter()
        .map(|group| convert::friend_group(group, &friends))
        .collect())
}

async fn act(call: &Call, request: UserRequest, message: &str) -> Answer {
    let acted = call.state.node.user(call.me.account).act(request).await;
    acted.map_err(Refusal::of_a_list)?;
    done(message)
}
