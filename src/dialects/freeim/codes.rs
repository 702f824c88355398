//! `captcha/email`, `captcha/mobile`, and what their codes are good for: logging in and setting a new password.

use super::account::{CODE_MS, SHORT_CHARS_MAX, logged_in};
use super::auth::OpenCall;
use super::form::Fields;
use super::reply::{Answer, Refusal, done, words};
use crate::http::Rate;
use roost_actors::directory::CodeChannel;
use roost_actors::model::{Account, NewAccount};
use roost_actors::{Failure, Thing};

const CODE_DIGITS: u8 = 5;
/// The longest address, in characters.
const ADDRESS_CHARS_MAX: usize = 100;

/// By which road a code reaches somebody.
#[derive(Clone, Copy)]
enum Road {
    Email,
    Mobile,
}

impl Road {
    fn field(self) -> &'static str {
        match self {
            Road::Email => "email",
            Road::Mobile => "mobile",
        }
    }

    fn channel(self) -> CodeChannel {
        match self {
            Road::Email => CodeChannel::Email,
            Road::Mobile => CodeChannel::Sms,
        }
    }

    /// The address in the request. It need not exist, but must look as if a message could be sent there.
    fn address(self, fields: &Fields<'_>) -> String {
        let field = self.field();
        let address = fields.required_chars(field, 1, ADDRESS_CHARS_MAX);
        if !address.is_empty() && !self.is_address(&address) {
            fields.fails(field, field);
        }
        address
    }

    fn is_address(self, text: &str) -> bool {
        match self {
            Road::Email => {
                let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;:\"\\".contains(c);
                let parts = text.rsplit_once('@');
                parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) && !text.contains(odd)
            }
            Road::Mobile => {
                let digits = text.strip_prefix('+').unwrap_or(text);
                (5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
        }
    }

    /// Whether the account is reached by this address, and does not only bear it as a name.
    fn leads_to(self, account: &Account, address: &str) -> bool {
        let known = match self {
            Road::Email => &account.email,
            Road::Mobile => &account.mobile,
        };
        known
            .as_ref()
            .is_some_and(|known| known.to_lowercase() == address.to_lowercase())
    }

    fn new_account(self, address: &str) -> NewAccount {
        let mut account = NewAccount {
            nickname: address.to_owned(),
            ..NewAccount::default()
        };
        match self {
            Road::Email => account.email = Some(address.to_owned()),
            Road::Mobile => account.mobile = Some(address.to_owned()),
        }
        account
    }
}

pub async fn email_code(call: OpenCall) -> Answer {
    send_code(call, Road::Email).await
}

pub async fn mobile_code(call: OpenCall) -> Answer {
    send_code(call, Road::Mobile).await
}

pub async fn email_login(call: OpenCall) -> Answer {
    login(call, Road::Email).await
}

pub async fn mobile_login(call: OpenCall) -> Answer {
    login(call, Road::Mobile).await
}

pub async fn email_reset(call: OpenCall) -> Answer {
    reset(call, Road::Email).await
}

pub async fn mobile_reset(call: OpenCall) -> Answer {
    reset(call, Road::Mobile).await
}

async fn send_code(call: OpenCall, road: Road) -> Answer {
    let address = call.form.read(|fields| road.address(fields))?;
    call.check_rate(Rate::Captcha, None)?;
    call.check_name(Rate::Code, &address)?;
    let directory = call.state.node.directory();
    let sent = directory
        .issue_code(road.channel(), Some(address), CODE_DIGITS, CODE_MS)
        .await;
    match sent {
        Ok(_) => done(words::SENT),
        Err(Failure::Unavailable(why)) => {
            tracing::warn!(%why, "a code was not sent");
            Err(Refusal::Said(words::CODE_NOT_SENT))
        }
        Err(other) => Err(other.into()),
    }
}

/// Uses the code up that was sent to an address.
async fn use_code(call: &OpenCall, road: Road, address: &str, code: String) -> Result<(), Failure> {
    call.check_rate(Rate::Login, Some(address))?;
    let directory = call.state.node.directory();
    directory.use_code(road.channel(), address.to_owned(), code).await
}

/// Logs in, or registers an address that is not known yet.
async fn login(call: OpenCall, road: Road) -> Answer {
    let (address, code) = call.form.read(|fields| {
        fields.required_chars("platform", 1, SHORT_CHARS_MAX);
        (road.address(fields), fields.required("captcha"))
    })?;
    use_code(&call, road, &address, code).await?;
    let account = match known(&call, road, &address).await? {
        Some(account) => account,
        None => registered(&call, road, &address).await?,
    };
    if account.locked {
        return Err(Failure::Locked.into());
    }
    logged_in(&call, &account, words::LOGGED_IN)
}

async fn known(call: &OpenCall, road: Road, address: &str) -> Result<Option<Account>, Failure> {
    let found = call.state.node.directory().by_login(address.to_owned()).await?;
    Ok(found.filter(|account| road.leads_to(account, address)))
}

async fn registered(call: &OpenCall, road: Road, address: &str) -> Result<Account, Refusal> {
    let directory = call.state.node.directory();
    match directory.register(road.new_account(address), None).await {
        // Somebody else was faster with the same address; or it is the name of another account.
        Err(taken @ Failure::Exists(Thing::Login)) => Ok(known(call, road, address).await?.ok_or(taken)?),
        registered => Ok(registered?),
    }
}

async fn reset(call: OpenCall, road: Road) -> Answer {
    let (address, code, password) = call.form.read(|fields| {
        let code = fields.required("captcha");
        (road.address(fields), code, fields.required("password"))
    })?;
    use_code(&call, road, &address, code).await?;
    let account = known(&call, road, &address)
        .await?
        .ok_or(Failure::Unknown(Thing::Account))?;
    call.state.node.user(account.id).set_password(password).await?;
    done(words::SET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_no_message_could_reach() {
        for good in ["a@b", "1129443982@qq.com", "a+b@c.d", "\u{7ae5}@example.org"] {
            assert!(Road::Email.is_address(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a@b\r\nBcc: c@d",
            "<a@b>",
            "a b@c",
            "a@b,c@d",
        ] {
            assert!(!Road::Email.is_address(bad), "{bad}");
        }
        for good in ["15712345678", "+8615712345678", "10086"] {
            assert!(Road::Mobile.is_address(good), "{good}");
        }
        for bad in ["", "+", "1234", "157-1234", "one", "157123456781571234567"] {
            assert!(!Road::Mobile.is_address(bad), "{bad}");
        }
    }

    #[test]
    fn an_account_that_only_bears_the_address_as_its_name_is_not_reached_by_it() {
        let mut account = Account {
            username: Some("a@b".to_owned()),
            ..Account::default()
        };
        assert!(!Road::Email.leads_to(&account, "a@b"));
        account.email = Some("A@b".to_owned());
        assert!(Road::Email.leads_to(&account, "a@B"));
        assert!(!Road::Mobile.leads_to(&account, "a@b"));
    }
}
