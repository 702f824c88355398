//! `groups`: making, showing, renaming and disbanding them.

use super::auth::{Call, PersonCall, Who};
use super::convert;
use super::notices::tell_group;
use super::reply::{Answer, Refusal, data, empty, success};
use super::wire::{self, Notification};
use super::{GROUP_MEMBERS_MAX, SUPER_GROUP_MEMBERS_MAX, State};
use actix_web::web;
use roost_actors::model::{AccountId, Caller, NewGroup, Place, RoomId, RoomInfo, RoomRules, Timestamp};
use roost_actors::room::{RoomEdit, RoomRequest};
use serde::Deserialize;

/// Members that the notification of a new group lists, at most.
const LISTED_MAX: usize = 1_000;

/// Sees to it that there are these accounts: the app's server may name people who were never there.
pub async fn admit(state: &State, who: Who, accounts: &[AccountId]) -> Result<(), Refusal> {
    if who == Who::App {
        state.node.directory().admit(accounts.to_vec()).await?;
    }
    Ok(())
}

pub async fn create(call: Call) -> Answer {
    let wanted: wire::NewGroup = call.json()?;
    let master = convert::account_id(wanted.master.0)?;
    if matches!(call.who, Who::Person(me) if me != master) {
        return Err(Refusal::bad("master must be self"));
    }
    let mut members = convert::accounts(wanted.members)?;
    // What is told of a group's beginning must fit a frame.
    let listed: Vec<i64> = members.iter().map(|member| member.0).take(LISTED_MAX).collect();
    let owner_joins = members.contains(&master);
    members.retain(|member| *member != master);
    let is_super = wanted.is_super.0;
    let mut everybody = members.clone();
    everybody.push(master);
    admit(&call.state, call.who, &everybody).await?;
    let group = NewGroup {
        name: wanted.name.clone(),
        avatar: String::new(),
        intro: String::new(),
        owner: master,
        members,
        owner_joins,
        member_limit: if is_super {
            SUPER_GROUP_MEMBERS_MAX
        } else {
            GROUP_MEMBERS_MAX
        },
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: is_super,
        category: String::new(),
        claims_name: false,
        created_at: Timestamp(0),
    };
    let id = call.state.node.directory().create_group(group).await?;
    let created = Notification::Create {
        group_id: id.0,
        master: master.0,
        name: wanted.name,
        members: listed,
        timestamp: call.state.seconds(),
    };
    tell_group(&call.state, id, &[created]).await?;
    data(wire::GroupId { group_id: id.0 })
}

/// What a caller may see of a group it is in, or is the master of.
async fn shown(state: &State, me: AccountId, id: RoomId, with_members: bool) -> Result<wire::Group, Refusal> {
    let room = state.node.room(id);
    let caller = Caller::person(me);
    let view = room.look(caller).await?;
    if view.me.is_none() && view.info.owner != me {
        return Err(Refusal::no_authority());
    }
    let mut group = convert::group(state.settings.app_id, &view.info);
    group.quiet = Some(view.me.is_some_and(|member| member.quiet));
    if with_members {
        let (_, seats) = room.seats(caller).await?;
        group.members = Some(seats.iter().map(convert::member).collect());
    }
    Ok(group)
}

pub async fn show(call: PersonCall, id: web::Path<i64>) -> Answer {
    let id = convert::group_id(id.into_inner())?;
    let live = call.state.node.room(id).look(Caller::person(call.me)).await?;
    refuse_dissolved(&live.info)?;
    data(shown(&call.state, call.me, id, true).await?)
}

fn refuse_dissolved(info: &RoomInfo) -> Result<(), Refusal> {
    if info.dissolved_at.is_some() {
        return Err(roost_actors::Failure::Dissolved.into());
    }
    Ok(())
}

#[derive(Deserialize)]
pub struct Fields {
    #[serde(default)]
    fields: String,
}

pub async fn mine(call: PersonCall, query: web::Query<Fields>) -> Answer {
    let wanted: Vec<&str> = query.fields.split(',').map(str::trim).collect();
    let (members, quiet) = (wanted.contains(&"members"), wanted.contains(&"quiet"));
    let infos = call.state.node.user(call.me).groups().await?;
    let mut groups = Vec::with_capacity(infos.len());
    for info in infos {
        let mut group = convert::group(call.state.settings.app_id, &info);
        if members || quiet {
            match shown(&call.state, call.me, info.id, members).await {
                Ok(shown) => group = shown,
                // Left while the list was made.
                Err(Refusal::Bad(_)) => continue,
                Err(refusal) => return Err(refusal),
            }
            if !quiet {
                group.quiet = None;
            }
        }
        groups.push(group);
    }
    data(groups)
}

pub async fn rename(call: Call, id: web::Path<i64>) -> Answer {
    let id = convert::group_id(id.into_inner())?;
    let wire::Rename { name } = call.json()?;
    let edit = RoomEdit {
        name: Some(name.clone()),
        ..RoomEdit::default()
    };
    let request = RoomRequest::Edit {
        caller: call.who.caller(),
        edit,
        owner_only: true,
    };
    call.state.node.room(id).act(request).await?;
    let renamed = Notification::UpdateName {
        group_id: id.0,
        timestamp: call.state.seconds(),
        name,
    };
    tell_group(&call.state, id, &[renamed]).await?;
    empty()
}

pub async fn disband(call: Call, id: web::Path<i64>) -> Answer {
    let id = convert::group_id(id.into_inner())?;
    let room = call.state.node.room(id);
    let caller = call.who.caller();
    let info = room.look(caller).await?.info;
    refuse_dissolved(&info)?;
    if !caller.trusted && info.owner != caller.account {
        return Err(Refusal::no_authority());
    }
    // Before the end, after which nothing is written there.
    let disbanded = Notification::Disband {
        group_id: id.0,
        timestamp: call.state.seconds(),
        name: info.name,
    };
    tell_group(&call.state, id, &[disbanded]).await?;
    room.act(RoomRequest::Dissolve { caller }).await?;
    success()
}
