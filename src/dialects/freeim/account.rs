//! `captcha/image`, `register/basic`, `login/basic`: accounts with a name and a password.

use super::auth::OpenCall;
use super::reply::{Answer, Refusal, ok, words};
use super::{captcha, convert, wire};
use crate::http::Rate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roost_actors::Failure;
use roost_actors::directory::CodeChannel;
use roost_actors::model::{Account, NewAccount};

/// How long a code is good for: five minutes.
pub const CODE_MS: i64 = 5 * 60 * 1_000;
const CAPTCHA_DIGITS: u8 = 4;
/// The longest purpose of a captcha and platform of a client, in characters.
pub const SHORT_CHARS_MAX: usize = 50;
const PASSWORD_CHARS_MIN: usize = 6;
const PASSWORD_CHARS_MAX: usize = 50;

/// What registering and logging in by name have in common.
struct Credentials {
    account: String,
    password: String,
    captcha_key: String,
    captcha: String,
}

impl Credentials {
    fn read(call: &OpenCall) -> Result<Credentials, Refusal> {
        call.form.read(|fields| {
            // Wanted by the original too, and as little used there.
            fields.required_chars("platform", 1, SHORT_CHARS_MAX);
            Credentials {
                account: fields.required("account"),
                password: fields.required_chars("password", PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX),
                captcha_key: fields.text("captchaKey"),
                captcha: fields.text("captcha"),
            }
        })
    }

    /// Uses the captcha up, where one is wanted.
    async fn use_captcha(&self, call: &OpenCall, purpose: &str) -> Result<(), Failure> {
        if !call.state.settings.captcha_required {
            return Ok(());
        }
        let channel = CodeChannel::Captcha {
            purpose: purpose.to_owned(),
        };
        let (key, code) = (self.captcha_key.clone(), self.captcha.clone());
        call.state.node.directory().use_code(channel, key, code).await
    }
}

pub async fn captcha_image(call: OpenCall) -> Answer {
    let purpose = call
        .form
        .read(|fields| fields.required_chars("type", 1, SHORT_CHARS_MAX))?;
    call.check_rate(Rate::Captcha, None)?;
    let node = &call.state.node;
    let channel = CodeChannel::Captcha { purpose };
    let issued = node
        .directory()
        .issue_code(channel, None, CAPTCHA_DIGITS, CODE_MS)
        .await?;
    let mut noise = [0; captcha::NOISE_BYTES];
    node.clock().random(&mut noise);
    let captcha = STANDARD.encode(captcha::draw(&issued.code, &noise)?);
    ok(
        wire::Captcha {
            key: issued.to,
            captcha,
        },
        "",
    )
}

pub async fn register(call: OpenCall) -> Answer {
    let wanted = Credentials::read(&call)?;
    call.check_rate(Rate::Register, None)?;
    wanted.use_captcha(&call, "register").await?;
    if convert::has_han(&wanted.account) {
        return Err(Refusal::Said(words::HAN_IN_NAME));
    }
    let account = NewAccount {
        username: Some(wanted.account.clone()),
        nickname: wanted.account,
        ..NewAccount::default()
    };
    let directory = call.state.node.directory();
    let account = directory.register(account, Some(wanted.password)).await?;
    logged_in(&call, &account, words::REGISTERED)
}

pub async fn login(call: OpenCall) -> Answer {
    let shown = Credentials::read(&call)?;
    call.check_rate(Rate::Login, Some(&shown.account))?;
    shown.use_captcha(&call, "login").await?;
    let directory = call.state.node.directory();
    let account = directory.log_in(shown.account, shown.password).await?;
    logged_in(&call, &account, words::LOGGED_IN)
}

/// The answer to everybody who has proven who they are.
pub fn logged_in(call: &OpenCall, account: &Account, message: &str) -> Answer {
    let answer = wire::LoggedIn {
        token: call.state.token_for(account)?,
        need_update_password: !account.has_password,
    };
    ok(answer, message)
}
