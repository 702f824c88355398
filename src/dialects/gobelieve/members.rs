//! `groups/{gid}/members` and `notification/groups/{gid}`: who is in a group, and what each sets for itself.

use super::auth::{Call, PersonCall, Who};
use super::convert;
use super::groups::admit;
use super::notices::{tell_group, tell_quit};
use super::reply::{Answer, Refusal, empty, success};
use super::wire::{self, Members, Notification};
use super::{State, body};
use actix_web::web;
use roost_actors::Failure;
use roost_actors::model::{AccountId, Caller, RoomId};
use roost_actors::room::{RoomAnswer, RoomRequest};

/// Account ids that one request may name.
const IDS_MAX: usize = 10_000;

fn named(members: Members) -> Result<Vec<AccountId>, Refusal> {
    let named = match members {
        Members::List(list) | Members::Under { members: list } => list,
        Members::One(one) => vec![one],
    };
    if named.len() > IDS_MAX {
        let what = "the list".to_owned();
        let max = IDS_MAX as i64;
        return Err(Failure::Full { what, max }.into());
    }
    Ok(convert::accounts(named)?)
}

async fn name_of(state: &State, account: AccountId) -> String {
    // A notification without a name is better than none.
    let card = state.node.card(account).await;
    card.map(|account| convert::name(&account)).unwrap_or_default()
}

pub async fn add(call: Call, id: web::Path<i64>) -> Answer {
    let id = convert::group_id(id.into_inner())?;
    let accounts = named(call.json()?)?;
    if accounts.is_empty() {
        return empty();
    }
    admit(&call.state, call.who, &accounts).await?;
    let request = RoomRequest::Add {
        caller: call.who.caller(),
        accounts,
        by_member: true,
    };
    let mut told = Vec::new();
    if let RoomAnswer::Added(added) = call.state.node.room(id).ask(request).await? {
        let timestamp = call.state.seconds();
        for account in added {
            told.push(Notification::AddMember {
                group_id: id.0,
                member_id: account.0,
                timestamp,
                name: name_of(&call.state, account).await,
            });
        }
    }
    tell_group(&call.state, id, &told).await?;
    success()
}

/// Oneself, or by the master or the app's server anybody.
pub async fn remove_one(call: Call, path: web::Path<(i64, i64)>) -> Answer {
    let (id, member) = path.into_inner();
    let (id, member) = (convert::group_id(id)?, convert::account_id(member)?);
    let caller = call.who.caller();
    let leaves = call.who == Who::Person(member);
    let request = if leaves {
        RoomRequest::Leave {
            caller,
            owner_may: true,
        }
    } else {
        kick(caller, vec![member])
    };
    call.state.node.room(id).act(request).await?;
    told_of_leaving(&call.state, id, vec![member]).await
}

pub async fn remove(call: Call, id: web::Path<i64>) -> Answer {
    let id = convert::group_id(id.into_inner())?;
    let accounts = named(call.json()?)?;
    if accounts.is_empty() {
        // As the original spells it.
        return Err(Refusal::bad("no memebers to delete"));
    }
    let request = kick(call.who.caller(), accounts.clone());
    call.state.node.room(id).act(request).await?;
    told_of_leaving(&call.state, id, accounts).await
}

fn kick(caller: Caller, accounts: Vec<AccountId>) -> RoomRequest {
    RoomRequest::Kick {
        caller,
        accounts,
        over_managers: false,
    }
}

async fn told_of_leaving(state: &State, id: RoomId, accounts: Vec<AccountId>) -> Answer {
    let mut left = Vec::with_capacity(accounts.len());
    for account in accounts {
        left.push((account, name_of(state, account).await));
    }
    tell_quit(state, id, &left).await?;
    success()
}

async fn set_quiet(state: &State, me: AccountId, id: RoomId, bytes: &[u8]) -> Answer {
    let wire::Quiet {
        quiet,
        do_not_disturb,
    } = body::json(bytes)?;
    let quiet = quiet
        .or(do_not_disturb)
        .ok_or_else(|| Refusal::bad("no action"))?;
    let request = RoomRequest::SetQuiet {
        caller: Caller::person(me),
        quiet: quiet.0,
    };
    state.node.room(id).act(request).await?;
    empty()
}

pub async fn quiet_member(call: PersonCall, path: web::Path<(i64, i64)>) -> Answer {
    let (id, member) = path.into_inner();
    if member != call.me.0 {
        return Err(Refusal::bad("setting other is forbidden"));
    }
    set_quiet(&call.state, call.me, convert::group_id(id)?, &call.body).await
}

pub async fn quiet(call: PersonCall, id: web::Path<i64>) -> Answer {
    let id = convert::group_id(id.into_inner())?;
    set_quiet(&call.state, call.me, id, &call.body).await
}
