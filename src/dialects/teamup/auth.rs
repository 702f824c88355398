//! Who asks: a signed token in the header `token`, in the query, or among the fields of the body.

use super::State;
use super::form::Form;
use super::reply::{Code, Refusal};
use crate::http::params::of_query;
use crate::http::tokens::{Dates, Signer, has_ended, still_counts};
use crate::http::{Params, Rate, rate};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use roost_actors::Failure;
use roost_actors::model::{Account, AccountId, Caller, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    /// The account's number.
    sub: String,
    iat: i64,
    exp: i64,
}

/// Makes and checks tokens.
pub struct Tokens(Signer);

impl Tokens {
    /// `key` is the same on every node of a cluster; a token is good for so many days.
    #[must_use]
    pub fn new(key: &[u8], days: u64) -> Tokens {
        Tokens(Signer::new(key, days))
    }

    /// A token for an account.
    pub fn issue(&self, account: &Account, now: Timestamp) -> Result<String, Failure> {
        let Dates { iat, exp } = self.0.dates(account.tokens_from, now);
        self.0.sign(&Claims {
            sub: account.id.to_string(),
            iat,
            exp,
        })
    }

    /// The account and date of a token that is signed by us and has not expired.
    fn check(&self, token: &str, now: Timestamp) -> Result<(AccountId, i64), Refusal> {
        let claims: Claims = self.0.open(token).ok_or(Code::TokenInvalid)?;
        let id = claims
            .sub
            .parse()
            .map_err(|_| Refusal::from(Code::TokenInvalid))?;
        if has_ended(claims.exp, now) {
            return Err(Code::TokenExpired.into());
        }
        Ok((AccountId(id), claims.iat))
    }
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
        rate::check_account(&self.request, rate, self.me.account)
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
        rate::check_address(&self.request, rate)
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
    use crate::http::tokens::TOKEN_BYTES_MAX;
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
        let week = NOW.plus_ms(7 * 24 * 3_600 * 1_000);
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
