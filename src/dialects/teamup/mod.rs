//! team-up: the route table of `/auth`, `/user`, `/group` and `/chat`, in the order of its document.

mod auth;
mod convert;
mod form;
mod login;
mod reply;
mod wire;

use crate::blobs::{MediaWorks, icon};
use crate::config::{self, Config};
use crate::http::{Cors, Owner};
use actix_web::middleware::from_fn;
use actix_web::web::{self, post};
use actix_web::{HttpRequest, HttpResponse, Resource};
use auth::Tokens;
use bytes::Bytes;
use roost_actors::model::{Account, AccountId, CodecId, Timestamp};
use roost_actors::ports::{BlobStore, Identities};
use roost_actors::{Failure, Node, Thing};
use std::sync::Arc;

/// What team-up's handlers hold. Given to the application as `web::Data`.
pub struct State {
    node: Node,
    settings: config::Teamup,
    codec: CodecId,
    tokens: Tokens,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobStore>,
    media: MediaWorks,
    /// The picture of whoever has none.
    icon: Bytes,
}

impl State {
    /// `key` signs tokens: the same on every node of a cluster; `codec` is this dialect's own.
    pub fn new(
        node: Node,
        config: &Config,
        codec: CodecId,
        key: &[u8],
        identities: Arc<dyn Identities>,
        (blobs, media): (Arc<dyn BlobStore>, MediaWorks),
    ) -> Result<State, Failure> {
        Ok(State {
            node,
            settings: config.teamup.clone(),
            codec,
            tokens: Tokens::new(key, config.teamup.token_days),
            identities,
            blobs,
            media,
            icon: icon::draw()?,
        })
    }

    /// A token with which this account can call.
    pub fn token_for(&self, account: &Account) -> Result<String, Failure> {
        self.tokens.issue(account, self.node.clock().now())
    }

    /// The id that a person is shown by.
    fn shown_id(&self, account: &Account) -> String {
        convert::shown_id(account, self.settings.openid_shown)
    }

    /// A moment as it is shown.
    fn time(&self, at: Timestamp) -> String {
        convert::time(at, self.settings.utc_offset_hours)
    }

    /// The account behind an id as clients know it. Refused with `Unknown(Account)`.
    async fn account_by(&self, id: &str) -> Result<Account, Failure> {
        let directory = self.node.directory();
        let named = directory.by_login(id.to_owned()).await?;
        if let Some(account) = named.filter(|account| account.external.as_deref() == Some(id)) {
            return Ok(account);
        }
        let number: i64 = id.parse().map_err(|_| Failure::Unknown(Thing::Account))?;
        // 0 is the operator, who is nobody to talk to.
        let found = directory.by_id(AccountId(number)).await?;
        found
            .filter(|account| account.id != AccountId(0))
            .ok_or(Failure::Unknown(Thing::Account))
    }
}

/// Which paths are team-up's, and how strangers are answered there. GoBelieve's `/auth/grant` is asked for before.
#[must_use]
pub fn owner() -> Owner {
    Owner {
        name: "teamup",
        claims: |path| matches!(path.split('/').nth(1), Some("auth" | "user" | "group" | "chat")),
        class: |path| match path.split('/').nth(1) {
            Some("auth") => "auth",
            Some("user") => "user",
            Some("group") => "group",
            _ => "chat",
        },
        cors: Cors::Any { expose: "" },
        missing: |_| reply::missing(),
    }
}

/// A path with the methods it takes.
fn at(path: &str) -> Resource {
    web::resource(path.to_owned()).default_service(web::to(wrong_method))
}

async fn wrong_method(_: HttpRequest) -> HttpResponse {
    reply::wrong_method()
}

async fn nowhere(_: HttpRequest) -> HttpResponse {
    reply::missing()
}

/// The routes. Needs `Data` of [`State`], of `Uploads` and of each worker's `Sockets`.
#[rustfmt::skip]
pub fn configure(services: &mut web::ServiceConfig) {
    let scope = |path: &str| web::scope(path).default_service(web::to(nowhere));
    services
        .service(scope("/auth").wrap(from_fn(reply::status))
            .service(at("/login").route(post().to(login::login)))
            .service(at("/checkLogin").route(post().to(login::check_login))))

        // The document has `/auth` under the heading `/user`.
        .service(scope("/user").wrap(from_fn(reply::status))
            .service(at("/auth/login").route(post().to(login::login)))
            .service(at("/auth/checkLogin").route(post().to(login::check_login))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_are_claimed_and_others_are_not() {
        let owner = owner();
        for path in [
            "/auth/login",
            "/user",
            "/group/external/group/create",
            "/chat/group",
        ] {
            assert!((owner.claims)(path), "{path}");
        }
        for path in [
            "/",
            "/groups",
            "/users/1",
            "/authx",
            "/chats",
            "/api/v1/chat",
            "/debug",
        ] {
            assert!(!(owner.claims)(path), "{path}");
        }
    }
}
