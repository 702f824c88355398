//! `/user/info/text`: what people say of themselves.

use super::auth::Call;
use super::reply::{Answer, Code, Refusal, done, user, with};
use roost_actors::Failure;
use roost_actors::model::{Account, AccountEdit};

pub async fn edit_info(call: Call) -> Answer {
    let intro = Some(call.form.given("text")?);
    let edit = AccountEdit {
        intro,
        ..AccountEdit::default()
    };
    call.state
        .node
        .user(call.me.account)
        .edit(edit)
        .await
        .map_err(user)?;
    done()
}

pub async fn get_info(call: Call) -> Answer {
    let account = whom(&call).await?;
    let profiles = call.state.profiles(&[account]).await?;
    let none = || Failure::Internal("nobody was shown".to_owned());
    with(&profiles.into_iter().next().ok_or_else(none)?)
}

pub async fn set_nickname(call: Call) -> Answer {
    let edit = AccountEdit {
        nickname: Some(nickname(&call)?),
        ..AccountEdit::default()
    };
    call.state
        .node
        .user(call.me.account)
        .edit(edit)
        .await
        .map_err(user)?;
    done()
}

/// A nickname that says something, without the blanks around it.
pub fn nickname(call: &Call) -> Result<String, Refusal> {
    let nickname = call.form.given("nickname")?.trim().to_owned();
    if nickname.is_empty() {
        return Err(Code::NicknameEmpty.into());
    }
    Ok(nickname)
}

/// The account that `user_id` names: the caller's own without.
pub async fn whom(call: &Call) -> Result<Account, Refusal> {
    match call.form.optional("user_id")? {
        Some(id) => call.state.account_by(&id).await.map_err(user),
        // Not the one at hand, which may be a little old.
        None => call
            .state
            .node
            .user(call.me.account)
            .profile()
            .await
            .map_err(user),
    }
}
