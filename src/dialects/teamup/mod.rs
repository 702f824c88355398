//! team-up: the route table of `/auth`, `/user`, `/group` and `/chat`, in the order of its document.

mod announcements;
mod auth;
mod avatars;
mod chat;
mod content;
mod convert;
mod files;
mod form;
mod groups;
mod info;
mod intake;
mod login;
mod members;
mod pictures;
mod reply;
mod search;
mod seen;
mod socket;
mod tags;
mod upload;
mod user;
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

    fn shown(&self) -> convert::Shown {
        convert::Shown {
            openid: self.settings.openid_shown,
            utc_offset_hours: self.settings.utc_offset_hours,
        }
    }

    /// A moment as it is shown.
    fn time(&self, at: Timestamp) -> String {
        convert::time(at, self.settings.utc_offset_hours)
    }

    /// People with their stars, in the order given.
    async fn profiles(&self, accounts: &[Account]) -> Result<Vec<wire::Profile>, Failure> {
        let ids = accounts.iter().map(|account| account.id).collect();
        let stars = self.node.directory().stars(ids).await?;
        let of = |account: &Account| stars.get(&account.id).copied().unwrap_or_default();
        let shown = self.shown();
        let profiles = accounts
            .iter()
            .map(|account| convert::profile(account, of(account), shown));
        Ok(profiles.collect())
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
#[expect(clippy::too_many_lines, reason = "one line a route")]
pub fn configure(services: &mut web::ServiceConfig) {
    let scope = |path: &str| web::scope(path).default_service(web::to(nowhere));
    services
        .service(scope("/auth").wrap(from_fn(reply::status))
            .service(at("/login").route(post().to(login::login)))
            .service(at("/checkLogin").route(post().to(login::check_login))))

        .service(scope("/user").wrap(from_fn(reply::status))
            // The document has `/auth` under this heading.
            .service(at("/auth/login").route(post().to(login::login)))
            .service(at("/auth/checkLogin").route(post().to(login::check_login)))
            .service(at("/info/text/editInfo").route(post().to(user::edit_info)))
            .service(at("/info/text/getInfo").route(post().to(user::get_info)))
            .service(at("/info/text/setNickname").route(post().to(user::set_nickname)))
            .service(at("/info/avatar/add").route(post().to(avatars::set_users)))
            .service(at("/info/avatar/get").route(get().to(avatars::users)))
            // Where addresses of avatars lead that others are shown.
            .service(at("/info/avatar/shown/{blob}").route(get().to(avatars::anybodys)))
            .service(at("/info/tag/add").route(post().to(tags::add_users)))
            .service(at("/info/tag/get").route(post().to(tags::users)))
            // The document has no paths for these two.
            .service(at("/info/tag/remove").route(post().to(tags::remove_users)))
            .service(at("/info/tag/delete").route(post().to(tags::remove_users)))
            .service(at("/info/tag/del").route(post().to(tags::remove_users)))
            .service(at("/info/tag/edit").route(post().to(tags::edit_users)))
            .service(at("/info/tag/update").route(post().to(tags::edit_users))))

        .service(scope("/group").wrap(from_fn(reply::status))
            .service(at("/external/group/create").route(post().to(groups::create)))
            .service(at("/external/group/join").route(post().to(groups::join)))
            .service(at("/external/joinRequest/getAll").route(post().to(groups::join_requests)))
            .service(at("/external/joinRequest/process").route(post().to(groups::process)))
            .service(at("/external/search/name_hint").route(post().to(search::name_hint)))
            .service(at("/external/search/tag_hint").route(post().to(search::tag_hint)))
            .service(at("/external/search/group").route(post().to(search::group)))
            .service(at("/external/search/my_group").route(post().to(search::my_group)))

            .service(at("/internal/info/text/edit").route(post().to(info::edit)))
            .service(at("/internal/info/text/get").route(post().to(info::get)))
            .service(at("/internal/info/text/set_name").route(post().to(info::set_name)))
            .service(at("/internal/info/avatar/add").route(post().to(avatars::set_groups)))
            .service(at("/internal/info/avatar/get").route(get().to(avatars::groups)))
            .service(at("/internal/info/picture/getAll").route(post().to(pictures::all)))
            .service(at("/internal/info/picture/get").route(get().to(pictures::one)))
            .service(at("/internal/info/picture/add").route(post().to(pictures::add)))
            .service(at("/internal/info/picture/del").route(post().to(pictures::remove)))
            .service(at("/internal/info/tag/get").route(post().to(tags::groups)))
            .service(at("/internal/info/tag/add").route(post().to(tags::add_groups)))
            .service(at("/internal/info/tag/remove").route(post().to(tags::remove_groups)))
            // The document has the path of `add` here.
            .service(at("/internal/info/tag/edit").route(post().to(tags::edit_groups)))

            .service(at("/internal/member/get").route(post().to(members::list)))
            .service(at("/internal/member/remove").route(post().to(members::remove)))
            .service(at("/internal/member/setNickname").route(post().to(members::set_nickname)))
            .service(at("/internal/member/rate").route(post().to(members::rate)))
            .service(at("/internal/member/switchAdmin").route(post().to(members::switch_admin)))
            .service(at("/internal/setting/dismiss").route(post().to(groups::dismiss)))
            .service(at("/internal/setting/exit").route(post().to(groups::exit)))

            .service(at("/internal/announcement/getAll").route(post().to(announcements::all)))
            .service(at("/internal/announcement/get").route(post().to(announcements::one)))
            .service(at("/internal/announcement/add").route(post().to(announcements::add)))
            .service(at("/internal/announcement/edit").route(post().to(announcements::edit)))
            .service(at("/internal/announcement/delete").route(post().to(announcements::delete)))
            .service(at("/internal/announcement/setPic").route(post().to(announcements::set_picture)))
            .service(at("/internal/announcement/delPic").route(post().to(announcements::remove_picture)))
            .service(at("/internal/announcement/getPic").route(get().to(announcements::picture)))

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
