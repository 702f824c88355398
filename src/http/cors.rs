//! Cross-origin rules. Each owner of paths has one; the edge applies it.

use actix_web::HttpResponse;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap,
    HeaderName, HeaderValue, ORIGIN, VARY,
};
use std::sync::Arc;

/// Methods that an open owner lets other origins use.
const METHODS: &str = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS";

/// What pages of other origins may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// No headers: browsers refuse, and `OPTIONS` is a method like any other.
    None,
    /// Any origin, without cookies; these answer headers may be read.
    Any { expose: &'static str },
    /// Listed origins, with cookies. With any other origin the first listed one is named, so that browsers refuse.
    Origins {
        origins: Arc<[String]>,
        /// Request headers they may send.
        headers: &'static str,
    },
}

impl Cors {
    /// The whole answer to a preflight (`OPTIONS` with an origin), `None` where there are no such answers.
    #[must_use]
    pub fn preflight(&self, request: &HeaderMap) -> Option<HttpResponse> {
        if *self == Cors::None {
            return None;
        }
        let mut answer = HttpResponse::NoContent().finish();
        self.mark(request.get(ORIGIN), answer.headers_mut());
        if matches!(self, Cors::Any { .. }) {
            let wanted = request.get("access-control-request-headers").cloned();
            let headers = answer.headers_mut();
            put(headers, ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            put(headers, ACCESS_CONTROL_MAX_AGE, "86400");
            headers.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                wanted.unwrap_or(HeaderValue::from_static("*")),
            );
        }
        Some(answer)
    }

    /// Puts the headers on an answer to a request from `origin`.
    pub fn mark(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        match self {
            Cors::None => {}
            Cors::Any { expose } => {
                put(answer, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
                if !expose.is_empty() {
                    put(answer, ACCESS_CONTROL_EXPOSE_HEADERS, expose);
                }
            }
            Cors::Origins { origins, headers } => {
                let origin = origin.and_then(|value| value.to_str().ok());
                let allowed = origins
                    .iter()
                    .find(|listed| Some(listed.as_str()) == origin)
                    .or_else(|| origins.first());
                let Some(allowed) = allowed else { return };
                put(answer, ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
                put(answer, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
                put(answer, ACCESS_CONTROL_ALLOW_HEADERS, headers);
                answer.append(VARY, HeaderValue::from_static("Origin"));
            }
        }
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        put(&mut headers, HeaderName::from_static("origin"), origin);
        put(
            &mut headers,
            HeaderName::from_static("access-control-request-headers"),
            "authorization,x-a",
        );
        headers
    }

    #[test]
    fn an_open_owner_allows_any_origin_and_the_headers_asked_for() {
        let cors = Cors::Any {
            expose: "Authorization",
        };
        let answer = cors.preflight(&from("http://a")).unwrap();
        assert_eq!(answer.status(), 204);
        let headers = answer.headers();
        assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
        assert_eq!(
            headers.get(ACCESS_CONTROL_ALLOW_HEADERS).unwrap(),
            "authorization,x-a"
        );
        assert_eq!(
            headers.get(ACCESS_CONTROL_EXPOSE_HEADERS).unwrap(),
            "Authorization"
        );
    }

    #[test]
    fn a_listed_origin_is_echoed_with_credentials_and_another_is_not() {
        let cors = Cors::Origins {
            origins: vec!["http://a".to_owned(), "http://b".to_owned()].into(),
            headers: "Authorization",
        };
        for (origin, expected) in [("http://b", "http://b"), ("http://evil", "http://a")] {
            let mut headers = HeaderMap::new();
            cors.mark(from(origin).get(ORIGIN), &mut headers);
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), expected);
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS).unwrap(), "true");
        }
    }

    #[test]
    fn an_owner_without_a_policy_answers_no_preflight() {
        assert!(Cors::None.preflight(&from("http://a")).is_none());
    }
}
