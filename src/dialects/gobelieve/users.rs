//! `auth/grant` and `users/{uid}`: what the app's server does for its people.

use super::State;
use super::auth::AppCall;
use super::convert;
use super::reply::{Answer, Refusal, data, empty};
use super::wire;
use actix_web::web;
use roost_actors::model::{AccountEdit, AccountId};

/// A person's token, the same whenever asked. People below the ids of registered accounts are made on first asking.
pub async fn grant(call: AppCall) -> Answer {
    let wire::NewGrant { uid, user_name } = call.json().map_err(|_| Refusal::bad("invalid param"))?;
    let account = convert::account_id(uid.0).map_err(|_| Refusal::bad("invalid param"))?;
    let directory = call.state.node.directory();
    directory.admit(vec![account]).await?;
    if let Some(name) = user_name.filter(|name| !name.is_empty()) {
        rename(&call.state, account, name).await?;
    }
    data(wire::Token {
        token: directory.pass(account).await?,
    })
}

async fn rename(state: &State, account: AccountId, name: String) -> Result<(), Refusal> {
    let user = state.node.user(account);
    if user.profile().await?.nickname != name {
        let edit = AccountEdit {
            nickname: Some(name),
            ..AccountEdit::default()
        };
        user.edit(edit).await?;
    }
    Ok(())
}

pub async fn change(call: AppCall, uid: web::Path<i64>) -> Answer {
    let account = convert::account_id(uid.into_inner())?;
    let wire::User { name, forbidden } = call.json()?;
    if name.is_none() && forbidden.is_none() {
        return Err(Refusal::invalid());
    }
    call.state.node.directory().admit(vec![account]).await?;
    if let Some(name) = name {
        rename(&call.state, account, name).await?;
    }
    if let Some(forbidden) = forbidden {
        call.state.node.directory().silence(account, forbidden.0).await?;
    }
    empty()
}
