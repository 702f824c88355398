//! GoBelieve: the route table of groups, of what the app's server does, and of the IM protocol's websocket.

mod auth;
mod body;
mod content;
mod convert;
mod frame;
mod groups;
mod members;
mod notices;
mod posts;
mod reply;
mod session;
mod socket;
mod state;
pub mod tcp;
mod users;
mod wire;

use crate::config::{self, Config};
use crate::http::{Cors, Owner, Rates};
use actix_web::http::StatusCode;
use actix_web::web::{self, delete, get, patch, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use roost_actors::Node;
use std::sync::Arc;

/// The most members of a group, and of a super group.
const GROUP_MEMBERS_MAX: i64 = 10_000;
const SUPER_GROUP_MEMBERS_MAX: i64 = 100_000;

/// What GoBelieve's handlers and sessions hold. Given to the application as `web::Data`.
pub struct State {
    node: Node,
    settings: config::Gobelieve,
    app_key: auth::AppKey,
    rates: Arc<Rates>,
}

impl State {
    #[must_use]
    pub fn new(node: Node, config: &Config, rates: Arc<Rates>) -> State {
        let settings = config.gobelieve.clone();
        let secret = settings.app_secret.as_ref().map(|secret| secret.reveal());
        State {
            app_key: auth::AppKey::new(settings.app_id, secret),
            node,
            settings,
            rates,
        }
    }

    /// Seconds since the Unix epoch.
    fn seconds(&self) -> i64 {
        self.node.clock().now().0.div_euclid(1_000)
    }
}

/// Which paths are GoBelieve's, and how strangers are answered there.
#[must_use]
pub fn owner() -> Owner {
    Owner {
        name: "gobelieve",
        claims: |path| {
            let mut parts = path.split('/').skip(1);
            match parts.next() {
                Some("groups" | "notification" | "users") => true,
                Some("auth") => path == "/auth/grant",
                Some("ws") => path == "/ws",
                Some(first) => first.starts_with("post_") && parts.next().is_none(),
                None => false,
            }
        },
        class: |path| match path.split('/').nth(1) {
            Some("groups") => "groups",
            Some("notification") => "notification",
            Some("users") => "users",
            Some("auth") => "grant",
            Some("ws") => "ws",
            _ => "post",
        },
        cors: Cors::None,
        missing: |_| reply::status_only(StatusCode::NOT_FOUND),
    }
}

/// The routes. Needs `Data` of [`State`] and of each worker's `Sockets`; what matches none is left to [`owner`]'s `missing`.
#[rustfmt::skip]
pub fn configure(services: &mut web::ServiceConfig) {
    let at = |path: &str| {
        resource(path.to_owned())
            .app_data(web::PathConfig::default().error_handler(|_, _| reply::Refusal::invalid().into()))
            .app_data(web::QueryConfig::default().error_handler(|_, _| reply::Refusal::bad("invalid query param").into()))
            .default_service(web::to(wrong_method))
    };
    services
        .service(at("/groups").route(post().to(groups::create)).route(get().to(groups::mine)))
        .service(at("/groups/{gid:\\d+}")
            .route(get().to(groups::show)).route(patch().to(groups::rename)).route(delete().to(groups::disband)))
        .service(at("/groups/{gid:\\d+}/members").route(post().to(members::add)).route(delete().to(members::remove)))
        .service(at("/groups/{gid:\\d+}/members/{mid:\\d+}")
            .route(delete().to(members::remove_one))
            .route(post().to(members::quiet_member)).route(patch().to(members::quiet_member)))
        .service(at("/notification/groups/{gid:\\d+}")
            .route(post().to(members::quiet)).route(patch().to(members::quiet)))

        .service(at("/auth/grant").route(post().to(users::grant)))
        .service(at("/users/{uid:\\d+}").route(post().to(users::change)))

        .service(at("/post_peer_message").route(post().to(posts::peer_message)))
        .service(at("/post_group_message").route(post().to(posts::group_message)))
        .service(at("/post_group_notification").route(post().to(posts::group_notification)))
        .service(at("/post_system_message").route(post().to(posts::system_message)))
        .service(at("/post_notification").route(post().to(posts::notification)))
        .service(at("/post_realtime_message").route(post().to(posts::realtime_message)))
        .service(at("/post_room_message").route(post().to(posts::room_message)))

        .service(at("/ws").route(get().to(socket::open)));
}

async fn wrong_method(_: HttpRequest) -> HttpResponse {
    reply::status_only(StatusCode::METHOD_NOT_ALLOWED)
}
