//! `accounts`: making many at once, as for migrations and load tests.

use super::State;
use super::guard::{Operator, Refusal};
use actix_web::{HttpResponse, web};
use roost_actors::Failure;
use roost_actors::model::{Account, AccountId, NewAccount};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Accounts in one request, at most.
const ACCOUNTS_MAX: usize = 5_000;
/// Of those with a password, at most: each costs a hash that is slow on purpose.
const PASSWORDS_MAX: usize = 100;
/// The longest body, in bytes.
const BODY_BYTES_MAX: usize = 4 << 20;

type Issue = Arc<dyn Fn(&Account) -> Result<String, Failure> + Send + Sync>;

/// What makes tokens for accounts, by the name of the dialect.
#[derive(Clone, Default)]
pub struct TokenIssuers(BTreeMap<&'static str, Issue>);

impl TokenIssuers {
    pub fn add(
        &mut self,
        dialect: &'static str,
        issue: impl Fn(&Account) -> Result<String, Failure> + Send + Sync + 'static,
    ) {
        self.0.insert(dialect, Arc::new(issue));
    }

    fn of(&self, dialect: &str) -> Result<Issue, Refusal> {
        let known: Vec<&str> = self.0.keys().copied().collect();
        self.0.get(dialect).cloned().ok_or_else(|| {
            Refusal::bad_request(format!(
                "tokens_for: expected one of {}, not {dialect:?}",
                known.join(", ")
            ))
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    accounts: Vec<WantedAccount>,
    tokens_for: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedAccount {
    username: String,
    nickname: Option<String>,
    password: Option<String>,
}

#[derive(Serialize)]
struct Made {
    accounts: Vec<MadeAccount>,
}

#[derive(Serialize)]
struct MadeAccount {
    id: i64,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// How bodies are read here.
pub(super) fn json() -> web::JsonConfig {
    web::JsonConfig::default()
        .limit(BODY_BYTES_MAX)
        .content_type_required(false)
        .error_handler(|error, _| Refusal::bad_request(error.to_string()).into())
}

/// Makes accounts, all or none.
pub(super) async fn create(
    _: Operator,
    state: web::Data<State>,
    wanted: web::Json<Wanted>,
) -> Result<HttpResponse, Refusal> {
    let Wanted { accounts, tokens_for } = wanted.into_inner();
    if accounts.is_empty() || accounts.len() > ACCOUNTS_MAX {
        return Err(Refusal::bad_request(format!(
            "accounts: expected 1 to {ACCOUNTS_MAX}"
        )));
    }
    if accounts
        .iter()
        .filter(|account| account.password.is_some())
        .count()
        > PASSWORDS_MAX
    {
        return Err(Refusal::bad_request(format!(
            "accounts: at most {PASSWORDS_MAX} of one request may have a password"
        )));
    }
    let issue = tokens_for
        .as_deref()
        .map(|dialect| state.tokens.of(dialect))
        .transpose()?;
    let names: Vec<String> = accounts.iter().map(|account| account.username.clone()).collect();
    let mut drafts = Vec::with_capacity(accounts.len());
    for account in accounts {
        drafts.push(draft(&state, account).await?);
    }
    let ids = state.node.directory().create_many(drafts).await?;
    let made = ids
        .into_iter()
        .zip(names)
        .map(|(id, username)| made(id, username, issue.as_ref()))
        .collect::<Result<_, Failure>>()?;
    Ok(HttpResponse::Ok().json(Made { accounts: made }))
}

async fn draft(state: &State, account: WantedAccount) -> Result<NewAccount, Refusal> {
    let password_hash = match account.password {
        Some(password) => Some(state.node.directory().hash(password).await?),
        None => None,
    };
    Ok(NewAccount {
        nickname: account.nickname.unwrap_or_else(|| account.username.clone()),
        username: Some(account.username),
        password_hash,
        ..NewAccount::default()
    })
}

fn made(id: AccountId, username: String, issue: Option<&Issue>) -> Result<MadeAccount, Failure> {
    let account = Account {
        id,
        ..Account::default()
    };
    Ok(MadeAccount {
        id: id.0,
        username,
        token: issue.map(|issue| issue(&account)).transpose()?,
    })
}
