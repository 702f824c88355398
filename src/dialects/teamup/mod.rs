//! team-up: the route table of `/auth`, `/user`, `/group` and `/chat`, in the order of its document.

mod auth;
mod chat;
mod content;
mod convert;
mod files;
mod form;
mod intake;
mod login;
mod reply;
mod seen;
mod socket;
mod wire;

use crate::blobs::{MediaWorks, icon};
use crate::config::{self, Config};
use crate::http::upload::Uploads;
use crate::http::{Cors, Owner};
use actix_web::middleware::from_fn;
use actix_web::web::{self, get, post};
use actix_web::{HttpRequest, HttpResponse, Resource};
use auth::Tokens;
use bytes::Bytes;
use roost_actors::model::{Account, AccountId, CodecId, FileId, RoomId, Timestamp, TreeItem};
use roost_actors::ports::{BlobStore, Identities};
use roost_actors::{Failure, Node, Thing};
use seen::Seen;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes in the signature of an address.
const SIGN_BYTES: usize = 16;

/// What team-up's handlers hold. Given to the application as `web::Data`.
pub struct State {
    node: Node,
    settings: config::Teamup,
    codec: CodecId,
    tokens: Tokens,
    identities: Arc<dyn Identities>,
    blobs: Arc<dyn BlobStore>,
    media: MediaWorks,
    /// Takes files in that rooms keep.
    uploads: Uploads,
    /// Signs the addresses of files: the same on every node of a cluster.
    key: Vec<u8>,
    seen: Seen,
    /// The picture of whoever has none.
    icon: Bytes,
}

impl State {
    /// `key` signs tokens and addresses: the same on every node of a cluster; `codec` is this dialect's own.
    pub fn new(
        node: Node,
        config: &Config,
        codec: CodecId,
        key: &[u8],
        identities: Arc<dyn Identities>,
        (blobs, media, uploads): (Arc<dyn BlobStore>, MediaWorks, Uploads),
    ) -> Result<State, Failure> {
        Ok(State {
            node,
            settings: config.teamup.clone(),
            codec,
            tokens: Tokens::new(key, config.teamup.token_days),
            identities,
            blobs,
            media,
            uploads,
            key: key.to_vec(),
            seen: Seen::default(),
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

    /// Where this node is reached, as far as the request tells: scheme and host.
    fn base_url(request: &HttpRequest) -> String {
        let connection = request.connection_info();
        format!("{}://{}", connection.scheme(), connection.host())
    }

    fn sign_of(&self, room: RoomId, file: FileId) -> String {
        let mut digest = Sha256::new();
        digest.update(b"the address of a file of a room");
        digest.update(&self.key);
        digest.update(room.0.to_be_bytes());
        digest.update(file.0.to_be_bytes());
        let digest: [u8; 32] = digest.finalize().into();
        digest[..SIGN_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// An address under which a file can be fetched while it is kept, by whoever has the address.
    fn link_to(&self, base: &str, file: &TreeItem) -> String {
        let (room, id) = (file.room, file.id);
        let sign = self.sign_of(room, id);
        format!("{base}/chat/files/link?room_id={room}&file_id={id}&sign={sign}")
    }

    fn is_signed(&self, room: RoomId, file: FileId, sign: &str) -> bool {
        // Digests differ everywhere when texts differ anywhere: comparing them tells nothing by its time.
        Sha256::digest(sign) == Sha256::digest(self.sign_of(room, file))
    }

    async fn user_info(&self, account: &Account) -> Result<wire::UserInfo, Failure> {
        Ok(wire::UserInfo {
            id: self.shown_id(account),
            nickname: convert::display_name(account),
            info: account.intro.clone(),
            star_rating: 0.0,
            time: self.time(account.created_at),
        })
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
            .service(at("/auth/checkLogin").route(post().to(login::check_login))))

        .service(scope("/group").wrap(from_fn(reply::status))
            .service(at("/internal/files/get_dir").route(post().to(files::get_dir)))
            .service(at("/internal/files/mk_dir").route(post().to(files::mk_dir)))
            .service(at("/internal/files/download").route(get().to(files::download)))
            .service(at("/internal/files/upload").route(post().to(files::upload)))
            .service(at("/internal/files/delete").route(post().to(files::delete)))
            .service(at("/internal/files/edit_name").route(post().to(files::edit_name)))
            .service(at("/internal/files/move").route(post().to(files::move_to)))
            .service(at("/internal/files/share").route(post().to(files::share))))

        .service(scope("/chat").wrap(from_fn(reply::status))
            .service(at("/group").route(get().to(socket::group)))
            .service(at("/private").route(get().to(socket::private)))
            .service(at("/files/upload").route(post().to(chat::upload)))
            .service(at("/files/download").route(get().to(chat::download)))
            .service(at("/files/link").route(get().to(chat::linked)))
            .service(at("/getChat").route(post().to(chat::get_chat))));
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
