//! The front door: a page for people at `/`.

use actix_web::http::header::{ACCEPT, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};

const PAGE: &str = include_str!("front.html");

/// `/` for browsers. What else may live at `/` is asked by its owner: see [`wants_html`].
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/")
            .guard(actix_web::guard::fn_guard(|context| {
                let accept = context.head().headers().get(ACCEPT);
                accept
                    .and_then(|value| value.to_str().ok())
                    .is_some_and(wants_html)
            }))
            .route(web::get().to(page)),
    );
}

/// Whether an `Accept` header names HTML.
#[must_use]
pub fn wants_html(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let media_type = range.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("text/html")
    })
}

async fn page(_request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(PAGE)
}
