//! Who asks: a signed token in the header `token`, in the query, or among the fields of the body.

use super::State;
use super::form::Form;
use super::reply::{Code, Refusal};
use crate::http::params::of_query;
use crate::http::{Params, Peering, Rate, Rates};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use roost_actors::Failure;
use roost_actors::model::{Account, AccountId, Caller, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4_096;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The account's number.
    sub: String,
    iat: i64,
    exp: i64,
}

/// Makes and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    good_for_seconds: i64,
}

impl Tokens {
    /// `key` is the same on every node of a cluster; a token is good for so many days.
    #[must_use]
    pub fn new(key: &[u8], days: u64) -> Tokens {
        Tokens {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            good_for_seconds: i64::try_from(days).unwrap_or(36_500).min(36_500) * DAY_SECONDS,
        }
    }

    /// A token for an account. It is dated after `tokens_from`, so that one made in the very second of a new
    /// password is told from those that the password voided.
    pub fn issue(&self, account: &Account, now: Timestamp) -> Result<String, Failure> {
        let iat = seconds(now).max(seconds(account.tokens_from) + 1);
        let claims = Claims {
            sub: account.id.to_string(),
            iat,
            exp: iat.saturating_add(self.good_for_seconds),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Failure::Internal(format!("a token could not be signed: {error}")))
    }

    /// The account and date of a token that is signed by us and has not expired.
    fn check(&self, token: &str, now: Timestamp) -> Result<(AccountId, i64), Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Code::TokenInvalid.into());
        }
        let mut rules = Validation::new(Algorithm::HS256);
        // Compared below with the node's clock.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules)
            .map_err(|_| Refusal::from(Code::TokenInvalid))?
            .claims;
        let id = claims
            .sub
            .parse()
            .map_err(|_| Refusal::from(Code::TokenInvalid))?;
        if claims.exp <= seconds(now) {
            return Err(Code::TokenExpired.into());
        }
        Ok((AccountId(id), claims.iat))
    }
}

/// Whether a token of this date (in seconds) still counts for the account.
fn still_counts(iat: i64, account: &Account) -> bool {
    account.tokens_from == Timestamp(0) || iat > seconds(account.tokens_from)
}

fn seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000)
}

/// The token that the head of a request shows: in its header, otherwise in its query.
fn shown_in_head(request: &HttpRequest) -> Result<Option<String>, Refusal> {
    if let Some(value) = request.headers().get("token").filter(|value| !value.is_empty()) {
        let text = value.to_str().map_err(|_| Refusal::from(Code::TokenInvalid))?;
        return Ok(Some(text.trim().to_owned()));
    }
    Ok(shown_in(&of_query(request)?))
}

fn shown_in(params: &Params) -> Option<String> {
    let token = params.text("token")?.into_owned();
    (!token.is_empty()).then_some(token)
}

/// The account that a token stands for.
async fn account_of(state: &State, token: Option<String>) -> Result<Arc<Account>, Refusal> {
    let token = token.ok_or(Code::TokenMissing)?;
    let (id, iat) = state.tokens.check(&token, state.node.clock().now())?;
    let account = match state.node.card(id).await {
        Ok(account) => account,
        Err(Failure::Unknown(_)) => return Err(Code::TokenInvalid.into()),
        Err(other) => return Err(other.into()),
    };
    if account.locked {
        return Err(Code::TokenInvalid.into());
    }
    if !still_counts(iat, &account) {
        return Err(Code::TokenExpired.into());
    }
    Ok(account)
}

/// Who asks, by the head of a request alone: for sockets.
pub async fn prove(state: &State, request: &HttpRequest) -> Result<Arc<Account>, Refusal> {
    account_of(state, shown_in_head(request)?).await
}

/// Who asks, by the head of a request or by the fields that stand before a file in its form: for uploads.
pub async fn prove_form(
    state: &State,
    request: &HttpRequest,
    fields: &Params,
) -> Result<Arc<Account>, Refusal> {
    let token = shown_in_head(request)?.or_else(|| shown_in(fields));
    account_of(state, token).await
}

/// A request of a proven caller. The token is looked at before the parameters.
pub struct Call {
    pub state: web::Data<State>,
    pub me: Caller,
    pub form: Form,
    pub request: HttpRequest,
}

impl FromRequest for Call {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Call, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state_of(&request)?;
            let (account, params) = match shown_in_head(&request)? {
                Some(token) => {
                    let account = account_of(&state, Some(token)).await?;
                    (account, Params::from_request(&request, &mut payload).await?)
                }
                None => {
                    let params = Params::from_request(&request, &mut payload).await;
                    let params = params.map_err(|_| Refusal::from(Code::TokenMissing))?;
                    (account_of(&state, shown_in(&params)).await?, params)
                }
            };
            Ok(Call {
                me: Caller::person(account.id),
                state,
                form: Form::new(params),
                request,
            })
        })
    }
}

impl Call {
    /// Counts one request of the caller.
    pub fn check_rate(&self, rate: Rate) -> Result<(), Failure> {
        check_account(&self.request, rate, self.me.account)
    }
}

/// Counts one request of an account.
pub fn check_account(request: &HttpRequest, rate: Rate, account: AccountId) -> Result<(), Failure> {
    match request.app_data::<web::Data<Rates>>() {
        Some(rates) => rates.check_account(rate, account),
        None => Ok(()),
    }
}

/// A request that needs no token.
pub struct OpenCall {
    pub state: web::Data<State>,
    pub form: Form,
    pub request: HttpRequest,
}

impl FromRequest for OpenCall {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<OpenCall, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state_of(&request)?;
            let form = Form::new(Params::from_request(&request, &mut payload).await?);
            Ok(OpenCall { state, form, request })
        })
    }
}

impl OpenCall {
    /// Counts one try of the address this comes from.
    pub fn check_rate(&self, rate: Rate) -> Result<(), Failure> {
        let Some(rates) = self.request.app_data::<web::Data<Rates>>() else {
            return Ok(());
        };
        let peering = self.request.app_data::<web::Data<Peering>>();
        let peering = peering.map_or_else(Peering::default, |data| *data.get_ref());
        rates.check_address(rate, peering.client(&self.request))
    }

    /// Whose token the request shows, if it is one that counts.
    pub async fn shown(&self) -> Result<Arc<Account>, Refusal> {
        let token = match shown_in_head(&self.request)? {
            None => self.form.optional("token")?,
            token => token,
        };
        account_of(&self.state, token).await
    }
}

pub fn state_of(request: &HttpRequest) -> Result<web::Data<State>, Refusal> {
    let state = request.app_data::<web::Data<State>>().cloned();
    state.ok_or_else(|| Failure::Internal("the dialect has no state".to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const NOW: Timestamp = Timestamp(1_700_000_000_500);

    fn ann() -> Account {
        Account {
            id: AccountId(10_000_000),
            ..Account::default()
        }
    }

    fn refused(token: &str, now: Timestamp) -> Code {
        Tokens::new(b"key", 7).check(token, now).unwrap_err().code
    }

    #[test]
    fn a_token_is_good_for_its_days_and_only_with_our_signature() {
        let tokens = Tokens::new(b"key", 7);
        let token = tokens.issue(&ann(), NOW).unwrap();
        assert_eq!(tokens.check(&token, NOW), Ok((ann().id, 1_700_000_000)));
        let week = NOW.plus_ms(7 * DAY_SECONDS * 1_000);
        assert_eq!(refused(&token, week), Code::TokenExpired);
        let other = Tokens::new(b"other", 7).issue(&ann(), NOW).unwrap();
        for bad in [other.as_str(), "", "a.b.c", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(refused(bad, NOW), Code::TokenInvalid);
        }
    }

    #[test]
    fn a_new_password_voids_older_tokens() {
        let account = Account {
            tokens_from: NOW,
            ..ann()
        };
        let tokens = Tokens::new(b"key", 7);
        let dated = |account: &Account| tokens.check(&tokens.issue(account, NOW).unwrap(), NOW).unwrap().1;
        assert!(!still_counts(dated(&ann()), &account));
        assert!(still_counts(dated(&account), &account));
    }

    #[test]
    fn the_token_is_in_the_header_and_else_in_the_query() {
        let shown = |header: Option<&str>, uri: &str| {
            let mut request = TestRequest::get().uri(uri);
            if let Some(header) = header {
                request = request.insert_header(("token", header));
            }
            shown_in_head(&request.to_http_request()).unwrap()
        };
        assert_eq!(shown(Some("abc"), "/?token=x").as_deref(), Some("abc"));
        assert_eq!(shown(Some(""), "/?token=abc").as_deref(), Some("abc"));
        assert_eq!(shown(None, "/?a=b&token=abc").as_deref(), Some("abc"));
        assert_eq!(shown(None, "/?token="), None);
    }
}
