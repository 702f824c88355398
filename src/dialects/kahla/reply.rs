//! Answers in Kahla's wrapper `{…, code, message}`, and the code and words of every refusal.

use crate::http::ParamsError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentType, EXPIRES};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use roost_actors::{Failure, Thing};
use serde::Serialize;
use std::fmt;

/// What every handler returns.
pub type Answer = Result<HttpResponse, Refusal>;

/// The original's `ErrorType`. There is no -9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Success = 0,
    WrongKey = -1,
    RequireAttention = -3,
    NotFound = -4,
    UnknownError = -5,
    HasDoneAlready = -6,
    NotEnoughResources = -7,
    Unauthorized = -8,
    InvalidInput = -10,
    Timeout = -11,
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(*self as i32)
    }
}

pub const INVALID_INPUT: &str = "Your input contains several errors!";
const UNAUTHORIZED: &str = "Unauthorized!";
const CRASHED: &str = "Kahla server was crashed! Please tell us!";

/// Data, then `code` and `message`.
#[derive(Serialize)]
struct Wrapper<'a, T> {
    #[serde(flatten)]
    data: T,
    code: Code,
    message: &'a str,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Value<T> {
    value: T,
}

#[derive(Serialize)]
struct Items<T> {
    items: T,
}

/// A response with the headers that every answer of this dialect carries.
pub fn response(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((EXPIRES, "-1"));
    response
}

fn wrapped<T: Serialize>(status: StatusCode, data: T, code: Code, message: &str) -> HttpResponse {
    let wrapper = Wrapper { data, code, message };
    match serde_json::to_vec(&wrapper) {
        Ok(body) => response(status).content_type(ContentType::json()).body(body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as json");
            response(StatusCode::INTERNAL_SERVER_ERROR).finish()
        }
    }
}

/// An answer whose `code` and `message` stand among its own fields.
pub fn bare<T: Serialize>(body: &T) -> Answer {
    Ok(response(StatusCode::OK).json(body))
}

/// A success with fields of its own before `code` and `message`.
pub fn with<T: Serialize>(data: T, message: &str) -> Answer {
    Ok(wrapped(StatusCode::OK, data, Code::Success, message))
}

/// A success with a `value`.
pub fn value<T: Serialize>(value: T, message: &str) -> Answer {
    with(Value { value }, message)
}

/// A success with `items`.
pub fn items<T: Serialize>(items: T, message: &str) -> Answer {
    with(Items { items }, message)
}

/// A success that has nothing to show but its words.
pub fn done(message: &str) -> Answer {
    with(Nothing {}, message)
}

/// A refusal that carries fields of its own.
pub fn refused_with<T: Serialize>(data: T, code: Code, message: &str) -> Answer {
    Ok(wrapped(StatusCode::OK, data, code, message))
}

/// The answer to paths and methods that lead nowhere, as routing of the original gives it.
#[must_use]
pub fn missing() -> HttpResponse {
    response(StatusCode::NOT_FOUND).finish()
}

/// A request that ends without its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Said(Code, String),
    /// What validation found, one sentence each.
    Invalid(Vec<String>),
    /// Nobody is signed in.
    Unauthorized,
    /// The node cannot do it at the moment.
    Unavailable(String),
    /// A defect of ours.
    Crashed,
}

/// A refusal with these words.
pub fn said(code: Code, message: impl Into<String>) -> Refusal {
    Refusal::Said(code, message.into())
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Said(_, text) | Refusal::Unavailable(text) => f.write_str(text),
            Refusal::Invalid(items) => f.write_str(&items.join(" ")),
            Refusal::Unauthorized => f.write_str(UNAUTHORIZED),
            Refusal::Crashed => f.write_str(CRASHED),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Refusal::Said(..) | Refusal::Invalid(_) => StatusCode::OK,
            Refusal::Unauthorized => StatusCode::UNAUTHORIZED,
            Refusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Crashed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        match self {
            Refusal::Said(code, text) => wrapped(status, Nothing {}, *code, text),
            Refusal::Invalid(items) => wrapped(status, Items { items }, Code::InvalidInput, INVALID_INPUT),
            Refusal::Unauthorized => wrapped(status, Nothing {}, Code::Unauthorized, UNAUTHORIZED),
            Refusal::Unavailable(text) => wrapped(status, Nothing {}, Code::UnknownError, text),
            Refusal::Crashed => wrapped(status, Nothing {}, Code::UnknownError, CRASHED),
        }
    }
}

impl From<ParamsError> for Refusal {
    fn from(error: ParamsError) -> Refusal {
        Refusal::Invalid(vec![error.to_string()])
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let text = failure.to_string();
        let code = match failure {
            Failure::Invalid { .. } | Failure::TooLong { .. } => return Refusal::Invalid(vec![text]),
            Failure::WrongCredentials => return said(Code::Unauthorized, "Incorrect username or password."),
            Failure::Unknown(thing) => return unknown(thing),
            Failure::Exists(_) | Failure::Waiting(_) => Code::HasDoneAlready,
            Failure::NotMember => {
                let text = "You don't have any relationship with that conversation.";
                return said(Code::Unauthorized, text);
            }
            Failure::NotFriends => return said(Code::NotEnoughResources, "He is not your friend at all."),
            Failure::Locked
            | Failure::CodeWrong
            | Failure::CodeExpired
            | Failure::NotManager
            | Failure::NotOwner
            | Failure::NotAuthor
            | Failure::OwnerStays
            | Failure::Protected
            | Failure::Blocked
            | Failure::Muted { .. }
            | Failure::JoiningOff
            | Failure::TooLate { .. }
            | Failure::Forbidden(_) => Code::Unauthorized,
            Failure::Dissolved => Code::NotFound,
            Failure::Full { .. } | Failure::RateLimited { .. } => Code::NotEnoughResources,
            Failure::TokenReused => Code::InvalidInput,
            Failure::OutcomeUnknown => Code::Timeout,
            Failure::Busy(_) | Failure::Quarantined(_) | Failure::Moved => {
                return Refusal::Unavailable("The server is busy. Please try again later!".to_owned());
            }
            Failure::Unavailable(why) => {
                tracing::warn!(%why, "a request was refused for want of something outside");
                return Refusal::Unavailable("The server is not available now.".to_owned());
            }
            Failure::Internal(why) => {
                tracing::error!(%why, "a request failed inside");
                return Refusal::Crashed;
            }
        };
        said(code, sentence(&text))
    }
}

/// Our own texts as the sentences that this dialect shows.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(chars).collect();
    sentence.push('.');
    sentence
}

fn unknown(thing: Thing) -> Refusal {
    let what = match thing {
        Thing::Account | Thing::Login | Thing::Member => "user",
        Thing::Room => "conversation",
        Thing::FriendRequest | Thing::JoinRequest => "request",
        Thing::File | Thing::Picture => return said(Code::NotFound, "Could not find your file!"),
        Thing::Message
        | Thing::Contact
        | Thing::Block
        | Thing::ContactGroup
        | Thing::Folder
        | Thing::Tag
        | Thing::Announcement
        | Thing::Name
        | Thing::Secret => thing.name(),
    };
    said(Code::NotFound, format!("We can not find target {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    async fn shown(answer: HttpResponse) -> (u16, String) {
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn data_comes_before_code_and_message() {
        let answer = value(1234, "You have successfully created a new group and joined it!").unwrap();
        assert_eq!(answer.headers().get(EXPIRES).unwrap(), "-1");
        assert_eq!(answer.headers().get(CACHE_CONTROL).unwrap(), "no-cache");
        let text =
            r#"{"value":1234,"code":0,"message":"You have successfully created a new group and joined it!"}"#;
        assert_eq!(shown(answer).await, (200, text.to_owned()));
        let text = r#"{"code":0,"message":"Success."}"#;
        assert_eq!(shown(done("Success.").unwrap()).await, (200, text.to_owned()));
    }

    #[actix_web::test]
    async fn refusals_have_the_shape_that_clients_know() {
        let cases = [
            (
                Refusal::Unauthorized,
                401,
                r#"{"code":-8,"message":"Unauthorized!"}"#,
            ),
            (
                Refusal::Invalid(vec!["The value '' is invalid.".to_owned()]),
                200,
                r#"{"items":["The value '' is invalid."],"code":-10,"message":"Your input contains several errors!"}"#,
            ),
            (
                Failure::NotFriends.into(),
                200,
                r#"{"code":-7,"message":"He is not your friend at all."}"#,
            ),
            (
                Failure::Blocked.into(),
                200,
                r#"{"code":-8,"message":"The receiver has blocked the sender."}"#,
            ),
            (
                Failure::Internal("x".to_owned()).into(),
                500,
                r#"{"code":-5,"message":"Kahla server was crashed! Please tell us!"}"#,
            ),
        ];
        for (refusal, status, body) in cases {
            assert_eq!(shown(refusal.error_response()).await, (status, body.to_owned()));
        }
    }
}
