//! Who may call the operators' API, and how it refuses.

use crate::http::{AdminToken, refusal};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use roost_actors::Failure;
use std::fmt;
use std::future::{Ready, ready};

/// A request that showed the admin token.
pub struct Operator;

/// A request that ends without its answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    pub fn bad_request(why: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            why: why.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        refusal(self.status, &self.why)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let status = match &failure {
            Failure::Invalid { .. } | Failure::TooLong { .. } => StatusCode::BAD_REQUEST,
            Failure::Exists(_) | Failure::Waiting(_) | Failure::TokenReused | Failure::OutcomeUnknown => {
                StatusCode::CONFLICT
            }
            Failure::Unknown(_) => StatusCode::NOT_FOUND,
            Failure::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Failure::Busy(_) | Failure::Unavailable(_) | Failure::Quarantined(_) | Failure::Moved => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Failure::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        };
        if let Failure::Internal(why) = &failure {
            tracing::error!(%why, "an operator's request failed inside");
        }
        Refusal {
            status,
            why: failure.to_string(),
        }
    }
}

impl FromRequest for Operator {
    type Error = Refusal;
    type Future = Ready<Result<Operator, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = request.app_data::<web::Data<AdminToken>>();
        ready(if token.is_some_and(|token| token.is_shown_by(request)) {
            Ok(Operator)
        } else if request.headers().contains_key(AUTHORIZATION) {
            Err(Refusal {
                status: StatusCode::FORBIDDEN,
                why: "this is not the admin token".to_owned(),
            })
        } else {
            Err(Refusal {
                status: StatusCode::UNAUTHORIZED,
                why: "needs Authorization: Bearer with the admin token".to_owned(),
            })
        })
    }
}
