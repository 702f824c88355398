//! The operators' API under `/admin/api/v1`, and its description at `/docs`.

mod accounts;
mod cluster;
mod guard;
pub mod operate;

pub use accounts::TokenIssuers;
pub use cluster::{Census, Home, Row, Status};

use actix_web::http::header::ContentType;
use actix_web::web::{self, get, post};
use actix_web::{HttpResponse, Responder};
use roost_actors::Node;

/// The OpenAPI description, kept by hand beside the routes.
const OPENAPI: &str = include_str!("openapi.json");

/// What the operators' handlers hold. Given to the application as `web::Data`.
pub struct State {
    node: Node,
    tokens: TokenIssuers,
}

impl State {
    /// `tokens` makes tokens for accounts, by the name of the dialect.
    #[must_use]
    pub fn new(node: Node, tokens: TokenIssuers) -> State {
        State { node, tokens }
    }
}

/// The routes. Needs `Data` of [`State`] and of the admin token.
pub fn configure(services: &mut web::ServiceConfig) {
    services.route("/docs", get().to(docs)).service(
        web::scope("/admin/api/v1")
            .service(
                web::resource("/accounts")
                    .app_data(accounts::json())
                    .route(post().to(accounts::create)),
            )
            .route("/cluster", get().to(cluster::status))
            .route("/cluster/rooms/{room}", get().to(cluster::room)),
    );
}

async fn docs() -> impl Responder {
    HttpResponse::Ok().content_type(ContentType::json()).body(OPENAPI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_openapi_and_names_every_route() {
        let described: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(described["openapi"], "3.1.0");
        for path in [
            "/admin/api/v1/accounts",
            "/admin/api/v1/cluster",
            "/admin/api/v1/cluster/rooms/{room}",
            "/healthz",
            "/readyz",
            "/metrics",
            "/docs",
        ] {
            assert!(described["paths"][path].is_object(), "{path}");
        }
    }
}
