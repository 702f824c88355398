//! Who asks: a person by the token that the app's server was given for it, or that server itself by the app's secret.

use super::State;
use super::body;
use super::reply::Refusal;
use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use md5::{Digest as _, Md5};
use roost_actors::model::{AccountId, Caller};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// The longest token that is looked up, in bytes.
const TOKEN_BYTES_MAX: usize = 255;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Person(AccountId),
    /// The operator's own server.
    App,
}

impl Who {
    /// As whom the core is asked.
    #[must_use]
    pub fn caller(self) -> Caller {
        match self {
            Who::Person(account) => Caller::person(account),
            Who::App => Caller::operator(),
        }
    }
}

/// What the app's server proves itself with, kept as a digest.
#[derive(Clone)]
pub struct AppKey(Option<[u8; 32]>);

impl AppKey {
    /// Without a secret no server is let in.
    #[must_use]
    pub fn new(app_id: i64, secret: Option<&str>) -> AppKey {
        AppKey(secret.map(|secret| {
            let digest: String = Md5::digest(secret)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            Sha256::digest(format!("{app_id}:{digest}")).into()
        }))
    }

    /// Whether this is what the header's base64 must hold. Hexadecimal digits of either case are the same.
    fn fits(&self, shown: &str) -> bool {
        let Some(key) = &self.0 else {
            return false;
        };
        let shown: [u8; 32] = Sha256::digest(shown.to_ascii_lowercase()).into();
        // Digests, so that the time taken tells nothing of where two differ.
        shown == *key
    }
}

fn header(request: &HttpRequest) -> Option<(&str, &str)> {
    let text = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    Some((scheme, rest.trim()))
}

async fn person(state: &State, request: &HttpRequest) -> Result<Who, Refusal> {
    let token = header(request)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token)
        .filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX && !token.contains('\0'))
        .ok_or(Refusal::Token)?;
    let pass = state.node.directory().by_pass(token.to_owned()).await?;
    pass.map(|pass| Who::Person(pass.account)).ok_or(Refusal::Token)
}

fn app(state: &State, request: &HttpRequest) -> Result<Who, Refusal> {
    let shown = header(request)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, text)| STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match shown {
        Some(shown) if state.app_key.fits(&shown) => Ok(Who::App),
        _ => Err(Refusal::App),
    }
}

async fn either(state: &State, request: &HttpRequest) -> Result<Who, Refusal> {
    match header(request)
        .map(|(scheme, _)| scheme.to_ascii_lowercase())
        .as_deref()
    {
        Some("bearer") => person(state, request).await,
        Some("basic") => app(state, request),
        _ => Err(Refusal::Authorization),
    }
}

/// A request of somebody proven. The proof is looked at before the body.
pub struct Call {
    pub state: web::Data<State>,
    pub who: Who,
    pub body: Bytes,
}

impl Call {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::json(&self.body)
    }
}

/// A person's request.
pub struct PersonCall {
    pub state: web::Data<State>,
    pub me: AccountId,
    pub body: Bytes,
}

/// A request of the app's server.
pub struct AppCall {
    pub state: web::Data<State>,
    pub body: Bytes,
}

impl AppCall {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        body::json(&self.body)
    }
}

impl FromRequest for Call {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Call, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state_of(&request)?;
            let who = either(&state, &request).await?;
            let body = body::read(&request, &mut payload).await?;
            Ok(Call { state, who, body })
        })
    }
}

impl FromRequest for PersonCall {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<PersonCall, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state_of(&request)?;
            let Who::Person(me) = person(&state, &request).await? else {
                return Err(Refusal::Token);
            };
            let body = body::read(&request, &mut payload).await?;
            Ok(PersonCall { state, me, body })
        })
    }
}

impl FromRequest for AppCall {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<AppCall, Refusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state_of(&request)?;
            app(&state, &request)?;
            let body = body::read(&request, &mut payload).await?;
            Ok(AppCall { state, body })
        })
    }
}

fn state_of(request: &HttpRequest) -> Result<web::Data<State>, Refusal> {
    request.app_data::<web::Data<State>>().cloned().ok_or_else(|| {
        tracing::error!("the dialect has no state");
        Refusal::Broken
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_apps_own_id_and_digest_fit() {
        let key = AppKey::new(7, Some("sec"));
        let digest = "ac8f53be13c1f02b2a1bd7b0d3a3f6c6";
        let right: String = Md5::digest("sec")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(key.fits(&format!("7:{right}")));
        assert!(key.fits(&format!("7:{}", right.to_uppercase())));
        for wrong in [
            format!("8:{right}"),
            format!("7:{digest}"),
            "7:sec".to_owned(),
            String::new(),
        ] {
            assert!(!key.fits(&wrong), "{wrong}");
        }
    }

    #[test]
    fn without_a_secret_nobody_fits() {
        let key = AppKey::new(7, None);
        let empty: String = Md5::digest("").iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!key.fits(&format!("7:{empty}")) && !key.fits(""));
    }
}
