//! What all dialects share over HTTP, and nothing of any one of them: listeners, bounds, probes, metrics, parameters.

pub mod bearer;
pub mod core_metrics;
pub mod cors;
pub mod download;
pub mod edge;
pub mod front;
pub mod health;
pub mod metrics;
pub mod owners;
pub mod params;
pub mod peer;
pub mod rate;
pub mod server;
pub mod tokens;
pub mod upload;

pub use bearer::AdminToken;
pub use cors::Cors;
pub use download::Face;
pub use health::Readiness;
pub use metrics::Metrics;
pub use owners::{Owner, Owners};
pub use params::{KeyCase, Param, Params, ParamsError, ParamsLimits};
pub use peer::Peering;
pub use rate::{Rate, Rates};
pub use server::{Shared, bind, serve};
pub use upload::{Form, FormLimits, Uploads};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The plain JSON refusal of paths that belong to no dialect.
#[must_use]
pub fn refusal(status: StatusCode, why: &str) -> HttpResponse {
    HttpResponse::build(status).json(serde_json::json!({ "error": why }))
}
