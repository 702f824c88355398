//! `me/*`: the caller's own account.

use super::auth::Call;
use super::reply::{Answer, done, ok, words};
use super::wire;
use roost_actors::model::AccountEdit;

pub async fn info(call: Call) -> Answer {
    let account = call.state.node.user(call.me.account).profile().await?;
    let shown = call.state.accounts(std::iter::once(&account)).await;
    let account = shown.into_iter().next().unwrap_or_default();
    ok(wire::Me { account }, "")
}

pub async fn update_password(call: Call) -> Answer {
    let password = call.form.read(|fields| fields.required("password"))?;
    let user = call.state.node.user(call.me.account);
    user.set_password(password).await?;
    done(words::SET)
}

/// Empty texts and zeros leave a field as it is.
pub async fn update_info(call: Call) -> Answer {
    let edit = call.form.read(|fields| {
        let text = |key| Some(fields.text(key)).filter(|text| !text.is_empty());
        let degrees = |key| Some(fields.float(key)).filter(|degrees| *degrees != 0.0);
        AccountEdit {
            nickname: text("nickname"),
            avatar: text("avatar"),
            gender: text("gender"),
            birth: None,
            intro: text("intro"),
            longitude: degrees("longitude"),
            latitude: degrees("latitude"),
            country: text("country"),
            province: text("province"),
            city: text("city"),
            district: text("district"),
        }
    })?;
    call.state.node.user(call.me.account).edit(edit).await?;
    done(words::SET)
}
