//! `RegisterKahla`, `AuthByPassword`, `SigninStatus`, `Me`, `UpdateInfo`, `ChangePassword`, `LogOff`.

use super::auth::{self, Call};
use super::convert;
use super::reply::{Answer, Code, Refusal, done, said, value};
use crate::http::Rate;
use roost_actors::model::{AccountEdit, NewAccount};
use roost_actors::{Failure, Thing};

const NICK_NAME_UNITS_MAX: usize = 20;
const BIO_UNITS_MAX: usize = 80;
const HEAD_IMG_URL_UNITS_MAX: usize = 180;
const PASSWORD_UNITS_MIN: usize = 6;
const PASSWORD_UNITS_MAX: usize = 32;
const NEW_ACCOUNT_PASSWORD_UNITS_MAX: usize = 100;
/// The `HeadImgKey` that leaves the picture as it is.
const KEEP_IMAGE: i64 = -1;

pub async fn register(call: Call) -> Answer {
    let (email, password) = call.form.read(|f| {
        let email = f.text("Email").required().email().get();
        let password = f.text("Password").required();
        let password = password
            .between(PASSWORD_UNITS_MIN, NEW_ACCOUNT_PASSWORD_UNITS_MAX)
            .get();
        let confirm = f.text("ConfirmPassword").shown_as("Confirm password");
        _ = confirm.same_as("Password", "The password and confirmation password do not match.");
        (email, password)
    })?;
    call.check_rate(Rate::Register, None)?;
    let account = NewAccount {
        nickname: convert::name_of_email(&email)
            .chars()
            .take(NICK_NAME_UNITS_MAX)
            .collect(),
        email: Some(email.clone()),
        ..NewAccount::default()
    };
    match call
        .state
        .node
        .directory()
        .register(account, Some(password))
        .await
    {
        Ok(_) => done("Successfully created your account."),
        Err(Failure::Exists(Thing::Login)) => Err(said(
            Code::NotEnoughResources,
            format!("A user with email '{email}' already exists!"),
        )),
        Err(other) => Err(other.into()),
    }
}

pub async fn auth_by_password(call: Call) -> Answer {
    let (email, password) = call.form.read(|f| {
        (
            f.text("Email").required().email().get(),
            f.text("Password").required().get(),
        )
    })?;
    call.check_rate(Rate::Login, Some(&email))?;
    let account = match call.state.node.directory().log_in(email, password).await {
        // Whether there is such an account is nobody's business.
        Err(Failure::Unknown(Thing::Account)) => return Err(Failure::WrongCredentials.into()),
        account => account?,
    };
    let token = auth::sign_in(&call.state, account.id).await?;
    let mut answer = value(&token, "Auth success.")?;
    let cookie = auth::cookie(&call.state, &call.request, token);
    answer
        .add_cookie(&cookie)
        .map_err(|error| Refusal::from(Failure::Internal(format!("a cookie is no header value: {error}"))))?;
    Ok(answer)
}

pub async fn sign_in_status(call: Call) -> Answer {
    let signed_in = call.anyone().await?.is_some();
    value(signed_in, "Successfully get your signin status.")
}

pub async fn me(call: Call) -> Answer {
    let me = call.someone().await?;
    let account = call.state.node.user(me.account.id).profile().await?;
    value(convert::user(&account), "Successfully get your information.")
}

/// The nickname and the bio are always set, a picture only when one is given.
pub async fn update_info(call: Call) -> Answer {
    let (nickname, bio, url, key) = call.form.read(|f| {
        (
            f.text("NickName").required().max(NICK_NAME_UNITS_MAX).get(),
            f.text("Bio").max(BIO_UNITS_MAX).get(),
            f.text("HeadImgUrl").url().max(HEAD_IMG_URL_UNITS_MAX).optional(),
            f.number("HeadImgKey", KEEP_IMAGE),
        )
    })?;
    let me = call.someone().await?;
    let user = call.state.node.user(me.account.id);
    if key != KEEP_IMAGE && key != convert::USER_ICON_KEY && url.is_none() {
        // Files are private to a conversation and gone after a while: none can be everybody's picture.
        return Err(Failure::Unknown(Thing::Picture).into());
    }
    let edit = AccountEdit {
        nickname: Some(nickname),
        intro: Some(bio),
        avatar: url,
        ..AccountEdit::default()
    };
    user.edit(edit).await?;
    done("Successfully set your personal info.")
}

pub async fn change_password(call: Call) -> Answer {
    let (old, new) = call.form.read(|f| {
        let bounded = |name| {
            let text = f.text(name).required();
            text.min(PASSWORD_UNITS_MIN).max(PASSWORD_UNITS_MAX)
        };
        let (old, new) = (bounded("OldPassword").get(), bounded("NewPassword").get());
        let fault = "The new password and confirmation password do not match.";
        _ = bounded("RepeatPassword").same_as("NewPassword", fault);
        (old, new)
    })?;
    let me = call.someone().await?;
    let account = &me.account;
    let names = [
        &account.email,
        &account.username,
        &account.mobile,
        &account.external,
    ];
    let login = names.into_iter().flatten().next().cloned().unwrap_or_default();
    call.check_rate(Rate::Login, Some(&login))?;
    let node = &call.state.node;
    match node.directory().log_in(login, old).await {
        Ok(_) => {}
        Err(Failure::WrongCredentials) => return Err(said(Code::WrongKey, "Incorrect password.")),
        Err(other) => return Err(other.into()),
    }
    node.user(account.id).set_password(new).await?;
    // Every other device must sign in again; this one goes on.
    node.sign_in(me.value, account.id).await?;
    done("Successfully changed your password!")
}

/// Anybody may ask, signed in or not.
pub async fn log_off(call: Call) -> Answer {
    if let Some(me) = call.anyone().await? {
        call.state.node.sign_out(me.value).await?;
    }
    let mut answer = done("Success.")?;
    answer
        .add_cookie(&auth::no_cookie())
        .map_err(|error| Refusal::from(Failure::Internal(format!("a cookie is no header value: {error}"))))?;
    Ok(answer)
}
