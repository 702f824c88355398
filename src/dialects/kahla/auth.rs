//! Who asks: the cookie that signing in sets, or the same value as a Bearer token. Each stands for a row in the database.

use super::State;
use super::convert;
use super::form::Form;
use super::reply::Refusal;
use crate::http::{Params, Rate, rate};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, ORIGIN};
use actix_web::{FromRequest, HttpRequest, web};
use roost_actors::Failure;
use roost_actors::model::{Account, AccountId, Caller, SecretDigest};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The name that ASP.NET gave it: clients never look.
const COOKIE: &str = ".AspNetCore.Identity.Application";
/// How long browsers keep the cookie; every answer to a signed-in caller could prolong it, but values never expire.
const COOKIE_DAYS: i64 = 14;
/// The longest value that is looked at, in bytes.
const VALUE_BYTES_MAX: usize = 128;

/// What is kept instead of a secret.
#[must_use]
pub fn digest(secret: &str) -> SecretDigest {
    Sha256::digest(secret.as_bytes()).into()
}

/// The value a request shows: in the header, otherwise in the cookie.
fn shown_value(request: &HttpRequest) -> Option<String> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, value)| value.trim().to_owned());
    let value = bearer.or_else(|| Some(request.cookie(COOKIE)?.value().to_owned()))?;
    (!value.is_empty() && value.len() <= VALUE_BYTES_MAX).then_some(value)
}

/// A signed-in account and the digest of the value it showed.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub account: Arc<Account>,
    pub value: SecretDigest,
}

/// Who is signed in, if anybody.
pub async fn signed_in(state: &State, request: &HttpRequest) -> Result<Option<SignedIn>, Failure> {
    let Some(value) = shown_value(request) else {
        return Ok(None);
    };
    let value = digest(&value);
    let account = state.node.signed_in(value).await?;
    Ok(account.map(|account| SignedIn { account, value }))
}

/// Signs an account in: the value to show from now on.
pub async fn sign_in(state: &State, account: AccountId) -> Result<String, Failure> {
    let clock = state.node.clock();
    let value = convert::value_from(|bytes| clock.random(bytes));
    state.node.sign_in(digest(&value), account).await?;
    Ok(value)
}

/// The cookie that carries a value.
#[must_use]
pub fn cookie(state: &State, request: &HttpRequest, value: String) -> Cookie<'static> {
    let secure = is_https(request);
    let mut cookie = Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        .secure(secure);
    if state.settings.lax_cookie {
        cookie = cookie.same_site(SameSite::Lax);
    } else if secure {
        // Browsers take this from other sites only over HTTPS.
        cookie = cookie.same_site(SameSite::None);
    }
    cookie.max_age(Duration::days(COOKIE_DAYS)).finish()
}

/// The cookie that takes it away.
#[must_use]
pub fn no_cookie() -> Cookie<'static> {
    let mut cookie = Cookie::build(COOKIE, "").path("/").http_only(true).finish();
    cookie.make_removal();
    cookie
}

/// Whether the client came over HTTPS, as far as its proxy says.
#[must_use]
pub fn is_https(request: &HttpRequest) -> bool {
    request.connection_info().scheme() == "https"
}

/// A request with its parameters read. Who asks is looked at after they were validated, as in the original.
pub struct Call {
    pub state: web::Data<State>,
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
            let mut params = Params::from_request(&request, &mut payload).await?;
            if let Some(id) = request.match_info().get("id") {
                params.add_route("id", id)?;
            }
            Ok(Call {
                state,
                form: Form::new(params),
                request,
            })
        })
    }
}

impl Call {
    /// Who asks, or nobody.
    pub async fn anyone(&self) -> Result<Option<SignedIn>, Refusal> {
        Ok(signed_in(&self.state, &self.request).await?)
    }

    /// Who asks; nobody is refused. A browser's page of a foreign origin is nobody.
    pub async fn someone(&self) -> Result<SignedIn, Refusal> {
        someone(&self.state, &self.request).await
    }

    pub async fn caller(&self) -> Result<Caller, Refusal> {
        Ok(Caller::person(self.someone().await?.account.id))
    }

    /// Counts one try of the address this comes from, and of the name it is about, if any.
    pub fn check_rate(&self, rate: Rate, name: Option<&str>) -> Result<(), Failure> {
        rate::check_address(&self.request, rate)?;
        name.map_or(Ok(()), |name| rate::check_name(&self.request, rate, name))
    }

    /// Counts one request of an account.
    pub fn check_account(&self, rate: Rate, account: AccountId) -> Result<(), Failure> {
        rate::check_account(&self.request, rate, account)
    }
}

/// Who asks; nobody is refused. A browser's page of a foreign origin is nobody: its cookie is not its own.
pub async fn someone(state: &State, request: &HttpRequest) -> Result<SignedIn, Refusal> {
    if is_foreign(state, request) {
        return Err(Refusal::Unauthorized);
    }
    signed_in(state, request).await?.ok_or(Refusal::Unauthorized)
}

/// Whether a page of an origin that is not listed asks with a cookie.
fn is_foreign(state: &State, request: &HttpRequest) -> bool {
    if request.headers().contains_key(AUTHORIZATION) {
        return false;
    }
    let origin = request
        .headers()
        .get(ORIGIN)
        .and_then(|value| value.to_str().ok());
    let own = || {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    };
    origin.is_some_and(|origin| {
        !state.settings.origins.iter().any(|listed| listed == origin) && origin != own()
    })
}

pub fn state_of(request: &HttpRequest) -> Result<web::Data<State>, Refusal> {
    let state = request.app_data::<web::Data<State>>().cloned();
    state.ok_or_else(|| Failure::Internal("the dialect has no state".to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_value_is_taken_from_the_header_or_the_cookie() {
        let bearer = TestRequest::get().insert_header((AUTHORIZATION, "Bearer FS1S6CV0"));
        assert_eq!(
            shown_value(&bearer.to_http_request()).as_deref(),
            Some("FS1S6CV0")
        );
        let cookie = TestRequest::get().cookie(Cookie::new(COOKIE, "7U1SYHM"));
        assert_eq!(shown_value(&cookie.to_http_request()).as_deref(), Some("7U1SYHM"));
        assert_eq!(shown_value(&TestRequest::get().to_http_request()), None);
        let long = TestRequest::get().insert_header((AUTHORIZATION, format!("Bearer {}", "A".repeat(129))));
        assert_eq!(shown_value(&long.to_http_request()), None);
    }
}
