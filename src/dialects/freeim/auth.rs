//! Tokens and callers: a raw JWT in `Authorization` or `?t=`, a fresh one on every authenticated answer.

use super::State;
use super::form::Form;
use super::reply::Refusal;
use crate::http::tokens::{Dates, Signer, has_ended, still_counts};
use crate::http::{Params, Rate, rate};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use roost_actors::Failure;
use roost_actors::model::{AccountId, Caller, Timestamp};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;

const ISSUER: &str = "SZKJ";

/// The claims in the order of the original server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    id: i64,
    exp: i64,
    iat: i64,
    iss: String,
}

/// Makes and checks tokens.
#[derive(Clone)]
pub struct Tokens(Signer);

impl Tokens {
    /// `key` is the same on every node of a cluster; a token is good for so many days.
    #[must_use]
    pub fn new(key: &[u8], days: u64) -> Tokens {
        Tokens(Signer::new(key, days))
    }

    /// A token for an account.
    pub fn issue(&self, id: AccountId, tokens_from: Timestamp, now: Timestamp) -> Result<String, Failure> {
        let Dates { iat, exp } = self.0.dates(tokens_from, now);
        self.0.sign(&Claims {
            id: id.0,
            exp,
            iat,
            iss: ISSUER.to_owned(),
        })
    }

    /// The account and date of a token that is signed by us and has not expired.
    fn check(&self, token: &str, now: Timestamp) -> Option<(AccountId, i64)> {
        let claims: Claims = self.0.open(token)?;
        (!has_ended(claims.exp, now)).then_some((AccountId(claims.id), claims.iat))
    }
}

/// Left on a request by its handler's extractor: the answer carries a fresh token for this account.
#[derive(Clone, Copy)]
struct Proven(AccountId);

/// Proves who asks, from the header or, when that is empty, from `?t=`.
pub async fn prove(state: &State, request: &HttpRequest) -> Result<Caller, Refusal> {
    let token = shown_token(request).ok_or(Refusal::LoginExpired)?;
    let now = state.node.clock().now();
    let (id, iat) = state.tokens.check(&token, now).ok_or(Refusal::LoginExpired)?;
    let account = match state.node.card(id).await {
        Ok(account) => account,
        Err(Failure::Unknown(_)) => return Err(Refusal::LoginExpired),
        Err(other) => return Err(other.into()),
    };
    if !still_counts(iat, &account) {
        return Err(Refusal::LoginExpired);
    }
    request.extensions_mut().insert(Proven(id));
    Ok(Caller::person(id))
}

fn shown_token(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION);
    if let Some(value) = header.filter(|value| !value.is_empty()) {
        let text = value.to_str().ok()?.trim();
        let raw = match text.split_at_checked(7) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer ") => rest.trim(),
            _ => text,
        };
        return Some(raw.to_owned());
    }
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?;
    query
        .into_inner()
        .into_iter()
        .find(|(key, _)| key == "t")
        .map(|(_, token)| token)
}

/// Around every route: puts a fresh token on answers to proven callers, refusals included.
pub async fn refresh(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut answer = next.call(request).await?;
    let proven = answer.request().extensions().get::<Proven>().copied();
    if let Some(Proven(id)) = proven
        && answer.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        let card = state.node.card(id).await;
        let token = card.and_then(|account| state.token_for(&account));
        match token.map(|token| HeaderValue::from_str(&token)) {
            Ok(Ok(value)) => _ = answer.headers_mut().insert(AUTHORIZATION, value),
            Ok(Err(error)) => tracing::error!(%error, "a token is no header value"),
            Err(failure) => tracing::debug!(%failure, "an answer goes out without a fresh token"),
        }
    }
    Ok(answer)
}

/// A request of a proven caller. The token is looked at before the body.
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
            let me = prove(&state, &request).await?;
            let form = Form::new(Params::from_request(&request, &mut payload).await?);
            Ok(Call {
                state,
                me,
                form,
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
    request: HttpRequest,
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
    /// Counts one try of the address this comes from, and of the name it is about, if any.
    pub fn check_rate(&self, rate: Rate, name: Option<&str>) -> Result<(), Failure> {
        rate::check_address(&self.request, rate)?;
        name.map_or(Ok(()), |name| rate::check_name(&self.request, rate, name))
    }

    /// Counts one try for a name or address, whoever tries.
    pub fn check_name(&self, rate: Rate, name: &str) -> Result<(), Failure> {
        rate::check_name(&self.request, rate, name)
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
    use roost_actors::model::Account;

    const ANN: AccountId = AccountId(10_000_000);
    const NOW: Timestamp = Timestamp(1_700_000_000_500);

    fn tokens() -> Tokens {
        Tokens::new(b"key", 7)
    }

    #[test]
    fn a_token_has_the_claims_of_the_original_in_its_order() {
        use base64::Engine;
        let token = tokens().issue(ANN, Timestamp(0), NOW).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(claims)
            .unwrap();
        assert_eq!(
            String::from_utf8(claims).unwrap(),
            r#"{"id":10000000,"exp":1700604800,"iat":1700000000,"iss":"SZKJ"}"#
        );
    }

    #[test]
    fn a_token_is_good_for_seven_days_and_only_with_our_signature() {
        let token = tokens().issue(ANN, Timestamp(0), NOW).unwrap();
        assert_eq!(tokens().check(&token, NOW), Some((ANN, 1_700_000_000)));
        let week = NOW.plus_ms(7 * 24 * 3_600 * 1_000);
        assert_eq!(
            tokens().check(&token, week.plus_ms(-1_000)),
            Some((ANN, 1_700_000_000))
        );
        assert_eq!(tokens().check(&token, week), None);
        assert_eq!(Tokens::new(b"other", 7).check(&token, NOW), None);
        assert_eq!(tokens().check("", NOW), None);
        assert_eq!(tokens().check("a.b.c", NOW), None);
    }

    #[test]
    fn a_new_password_voids_tokens_of_the_same_second_but_not_those_made_after_it() {
        let before = tokens().issue(ANN, Timestamp(0), NOW).unwrap();
        let account = Account {
            id: ANN,
            tokens_from: NOW,
            ..Account::default()
        };
        let after = tokens().issue(ANN, account.tokens_from, NOW).unwrap();
        let counts = |token: &str| {
            let (_, iat) = tokens().check(token, NOW).unwrap();
            still_counts(iat, &account)
        };
        assert!(!counts(&before));
        assert!(counts(&after));
    }

    #[test]
    fn the_token_is_raw_or_bearer_in_the_header_and_else_in_the_query() {
        let shown = |header: Option<&str>, uri: &str| {
            let mut request = TestRequest::get().uri(uri);
            if let Some(header) = header {
                request = request.insert_header((AUTHORIZATION, header));
            }
            shown_token(&request.to_http_request())
        };
        assert_eq!(shown(Some("abc"), "/").as_deref(), Some("abc"));
        assert_eq!(shown(Some("Bearer abc"), "/?t=x").as_deref(), Some("abc"));
        assert_eq!(shown(None, "/?a=b&t=abc").as_deref(), Some("abc"));
        assert_eq!(shown(Some(""), "/?t=abc").as_deref(), Some("abc"));
        assert_eq!(shown(None, "/?a=b"), None);
    }
}
