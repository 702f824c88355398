//! The operator's token, and whether a request shows it.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// The admin token, kept as its digest: comparing digests takes the same time wherever two tokens differ.
#[derive(Clone)]
pub struct AdminToken {
    digest: [u8; 32],
}

impl AdminToken {
    #[must_use]
    pub fn new(token: &str) -> AdminToken {
        AdminToken {
            digest: Sha256::digest(token.as_bytes()).into(),
        }
    }

    /// Whether the request carries `Authorization: Bearer TOKEN` with this token.
    #[must_use]
    pub fn is_shown_by(&self, request: &HttpRequest) -> bool {
        let shown = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        shown.is_some_and(|token| self.is(token))
    }

    fn is(&self, token: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let differing = self
            .digest
            .iter()
            .zip(shown)
            .fold(0, |differing, (a, b)| differing | (a ^ b));
        differing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_the_very_token_is_taken() {
        let token = AdminToken::new("open sesame");
        let shows = |text: &str| {
            let request = TestRequest::get().insert_header((AUTHORIZATION, text));
            token.is_shown_by(&request.to_http_request())
        };
        assert!(shows("Bearer open sesame"));
        assert!(shows("bearer open sesame"));
        assert!(!shows("Bearer open"));
        assert!(!shows("Basic open sesame"));
        assert!(!shows("open sesame"));
        assert!(!shows(""));
        assert!(!token.is_shown_by(&TestRequest::get().to_http_request()));
    }
}
