//! What happens to every request before and after its handler: preflights, cross-origin headers, durations.

use super::metrics::RouteLabels;
use super::{Metrics, Owners};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::ORIGIN;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tokio::time::Instant;

/// The one middleware around all routes.
pub async fn edge(
    owners: web::Data<Owners>,
    metrics: web::Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let owner = owners.of(request.path());
    let started = Instant::now();
    let class = (owner.class)(request.path());
    // Copied, because the router wants the request for itself.
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight = (request.method() == Method::OPTIONS && origin.is_some())
        .then(|| owner.cors.preflight(request.headers()))
        .flatten();
    let mut answer = match preflight {
        Some(answer) => request.into_response(answer),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    owner.cors.mark(origin.as_ref(), answer.headers_mut());
    let labels = RouteLabels {
        dialect: owner.name,
        class,
        status: status_class(answer.status()),
    };
    metrics.observe_request(&labels, started.elapsed());
    Ok(answer)
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
