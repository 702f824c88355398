//! `/auth`: logging in by a code, and whether a token still counts.

use super::auth::OpenCall;
use super::reply::{Answer, Code, refused_with, with};
use super::{convert, wire};
use crate::http::Rate;

pub async fn login(call: OpenCall) -> Answer {
    let code = call.form.required("code")?;
    call.check_rate(Rate::Login)?;
    let state = &call.state;
    let openid = state.identities.identify(&code).await?;
    let nickname = convert::NAMELESS.to_owned();
    let (account, first_login) = state.node.directory().enter(openid, nickname).await?;
    with(&wire::Login {
        token: state.token_for(&account)?,
        openid: state.shown_id(&account),
        first_login,
    })
}

/// An expired token is an answer, not an error.
pub async fn check_login(call: OpenCall) -> Answer {
    match call.shown().await {
        Ok(_) => with(&wire::LoginStatus { status: true }),
        Err(refusal) if refusal.code == Code::TokenExpired => with(&wire::LoginStatus { status: false }),
        Err(refusal) => refused_with(refusal, &wire::LoginStatus { status: false }),
    }
}
