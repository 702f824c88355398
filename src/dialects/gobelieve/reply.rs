//! Answers as GoBelieve's servers give them: `data` on success, `meta` with a code and a message on refusal.

use super::wire::{Data, Success};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use roost_actors::{Failure, Thing};
use serde::Serialize;
use serde_json::json;
use std::fmt;

/// What every handler returns.
pub type Answer = Result<HttpResponse, Refusal>;

/// The words of the original server, typos included: clients show them.
mod words {
    pub const BAD_TOKEN: &str = "非法的access token";
    pub const BAD_APP: &str = "非法的appid";
    pub const BAD_AUTHORIZATION: &str = "非法的authorization";
    pub const INVALID: &str = "非法的输入参数";
    pub const NO_GROUP: &str = "group non exists";
    pub const NO_MEMBER: &str = "非法的群成员id";
    pub const NO_USER: &str = "user non exists";
    pub const NO_AUTHORITY: &str = "no authority";
    pub const BUSY: &str = "server is busy";
    pub const UNKNOWN_OUTCOME: &str = "the outcome is not known";
    pub const SERVER_ERROR: &str = "Server Internal Error!";
}

/// A success with something to show.
pub fn data<T: Serialize>(data: T) -> Answer {
    Ok(HttpResponse::Ok().json(Data { data }))
}

/// A success of those routes that say so.
pub fn success() -> Answer {
    Ok(HttpResponse::Ok().json(Success { success: true }))
}

/// A success of those routes that say nothing.
pub fn empty() -> Answer {
    Ok(HttpResponse::Ok().finish())
}

/// The answer to unknown paths and to methods that a path does not have.
#[must_use]
pub fn status_only(status: StatusCode) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "meta": { "code": status.as_u16() } }))
}

/// A request that ends without its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No token, or nobody's.
    Token,
    /// The app's own server did not prove itself.
    App,
    /// Neither a person nor the app's server.
    Authorization,
    Bad(String),
    /// The node cannot answer now; the client did nothing wrong.
    Unavailable(&'static str),
    /// A defect.
    Broken,
}

impl Refusal {
    /// A refusal with words of its own.
    #[must_use]
    pub fn bad(words: &str) -> Refusal {
        Refusal::Bad(words.to_owned())
    }

    /// What was sent cannot be read.
    #[must_use]
    pub fn invalid() -> Refusal {
        Refusal::bad(words::INVALID)
    }

    #[must_use]
    pub fn no_authority() -> Refusal {
        Refusal::bad(words::NO_AUTHORITY)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Token => words::BAD_TOKEN,
            Refusal::App => words::BAD_APP,
            Refusal::Authorization => words::BAD_AUTHORIZATION,
            Refusal::Bad(text) => text,
            Refusal::Unavailable(text) => text,
            Refusal::Broken => words::SERVER_ERROR,
        })
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Refusal::Token | Refusal::App | Refusal::Authorization | Refusal::Bad(_) => {
                StatusCode::BAD_REQUEST
            }
            Refusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let meta = json!({ "code": status.as_u16(), "message": self.to_string() });
        let body = match self {
            // Older clients look for `error`.
            Refusal::Token => json!({ "error": self.to_string(), "meta": meta }),
            _ => json!({ "meta": meta }),
        };
        HttpResponse::build(status).json(body)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        match failure {
            Failure::Unknown(Thing::Room) | Failure::Dissolved => Refusal::bad(words::NO_GROUP),
            Failure::Unknown(Thing::Account) => Refusal::bad(words::NO_USER),
            Failure::Unknown(Thing::Member) => Refusal::bad(words::NO_MEMBER),
            Failure::NotMember
            | Failure::NotManager
            | Failure::NotOwner
            | Failure::NotAuthor
            | Failure::OwnerStays
            | Failure::Protected
            | Failure::NotFriends
            | Failure::Blocked
            | Failure::Locked
            | Failure::JoiningOff
            | Failure::Muted { .. } => Refusal::no_authority(),
            Failure::Invalid { .. }
            | Failure::TooLong { .. }
            | Failure::WrongCredentials
            | Failure::CodeWrong
            | Failure::CodeExpired
            | Failure::Unknown(_)
            | Failure::Exists(_)
            | Failure::Waiting(_)
            | Failure::Full { .. }
            | Failure::TooLate { .. }
            | Failure::Forbidden(_)
            | Failure::TokenReused => Refusal::Bad(failure.to_string()),
            Failure::RateLimited { .. } => Refusal::Bad(failure.to_string()),
            Failure::Busy(_) | Failure::Quarantined(_) | Failure::Moved => Refusal::Unavailable(words::BUSY),
            Failure::OutcomeUnknown => Refusal::Unavailable(words::UNKNOWN_OUTCOME),
            Failure::Unavailable(why) => {
                tracing::warn!(%why, "a request was refused for want of something outside");
                Refusal::Unavailable(words::SERVER_ERROR)
            }
            Failure::Internal(why) => {
                tracing::error!(%why, "a request failed inside");
                Refusal::Broken
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    async fn shown(refusal: Refusal) -> (u16, String) {
        let answer = refusal.error_response();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn refusals_have_the_shape_that_clients_know() {
        let token = r#"{"error":"非法的access token","meta":{"code":400,"message":"非法的access token"}}"#;
        assert_eq!(shown(Refusal::Token).await, (400, token.to_owned()));
        let app = r#"{"meta":{"code":400,"message":"非法的appid"}}"#;
        assert_eq!(shown(Refusal::App).await, (400, app.to_owned()));
        let owner = r#"{"meta":{"code":400,"message":"no authority"}}"#;
        assert_eq!(shown(Failure::NotOwner.into()).await, (400, owner.to_owned()));
    }

    #[actix_web::test]
    async fn storage_that_is_away_is_told_without_saying_where_it_was() {
        let (status, body) = shown(Failure::Unavailable("postgres at 10.0.0.1".to_owned()).into()).await;
        assert_eq!(status, 503);
        assert_eq!(
            body,
            r#"{"meta":{"code":503,"message":"Server Internal Error!"}}"#
        );
    }
}
