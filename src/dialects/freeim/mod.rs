//! FreeIM: the route table of `/api/v1`, in the order of its documentation.

mod account;
mod auth;
mod captcha;
mod chat;
mod codes;
mod contact_groups;
mod convert;
mod form;
mod friends;
mod groups;
mod me;
mod near;
mod qiniu;
mod reply;
mod socket;
mod system;
mod uploads;
mod wire;

pub use auth::Tokens;

use crate::config::{self, Config};
use crate::http::{Cors, Owner};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, delete, get, head, post, put};
use roost_actors::model::{Account, CodecId, ContactGroup, Friend};
use roost_actors::ports::BlobStore;
use roost_actors::{Failure, Node};
use std::sync::Arc;

/// What FreeIM's handlers hold. Given to the application as `web::Data`.
pub struct State {
    node: Node,
    settings: config::Freeim,
    tokens: Tokens,
    codec: CodecId,
    depot: uploads::Depot,
    system: system::Facts,
}

impl State {
    /// `key` signs tokens: the same on every node of a cluster. `codec` is the number of this dialect's renderings.
    #[must_use]
    pub fn new(node: Node, config: &Config, key: &[u8], codec: CodecId, blobs: Arc<dyn BlobStore>) -> State {
        State {
            depot: uploads::Depot::new(&config.freeim, key, blobs),
            system: system::Facts::new(config, node.clock().now()),
            node,
            settings: config.freeim.clone(),
            tokens: Tokens::new(key, config.freeim.token_days),
            codec,
        }
    }

    /// A token with which this account can call.
    pub fn token_for(&self, account: &Account) -> Result<String, Failure> {
        let now = self.node.clock().now();
        self.tokens.issue(account.id, account.tokens_from, now)
    }

    /// Accounts as everybody is shown them.
    async fn accounts(&self, accounts: impl Iterator<Item = &Account> + Clone) -> Vec<wire::Account> {
        let online = self.node.online(accounts.clone().map(|account| account.id)).await;
        accounts
            .map(|account| convert::account(account, online.contains(&account.id)))
            .collect()
    }

    async fn friends(&self, friends: &[Friend], groups: &[ContactGroup]) -> Vec<wire::Friend> {
        let accounts = self.accounts(friends.iter().map(|friend| &friend.account)).await;
        let shown = friends.iter().zip(accounts);
        shown
            .map(|(friend, account)| convert::friend(friend, account, groups))
            .collect()
    }
}

/// Which paths are FreeIM's, and how strangers are answered there.
#[must_use]
pub fn owner() -> Owner {
    Owner {
        name: "freeim",
        claims: |path| {
            path.strip_prefix("/api/v1")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        },
        class: |path| match path.split('/').nth(3) {
            Some("captcha" | "register" | "login" | "reset") => "account",
            Some("me") => "me",
            Some("friends") => "friends",
            Some("chatGroups") => "groups",
            Some("chat") => "chat",
            Some("upload") => "upload",
            Some("ws") => "ws",
            _ => "other",
        },
        cors: Cors::Any {
            expose: "Authorization",
        },
        missing: |_| reply::missing(),
    }
}

/// The routes. Needs `Data` of [`State`] and of each worker's `Sockets`; what matches none is left to [`owner`]'s `missing`.
#[rustfmt::skip]
pub fn configure(services: &mut web::ServiceConfig) {
    // Not in the scope below: what a socket carries is no body to compress.
    services.service(web::resource("/api/v1/ws").route(get().to(socket::open)).wrap(from_fn(auth::refresh)));
    // Nor these: files go out as they are.
    services
        .route("/api/v1/upload/qiniu", post().to(uploads::receive))
        .route("/api/v1/upload/qiniu/", post().to(uploads::receive))
        .route("/api/v1/upload/files/{owner}/{key:.*}", get().to(uploads::fetch))
        .route("/api/v1/upload/files/{owner}/{key:.*}", head().to(uploads::fetch));
    let table = web::scope("/api/v1")
        .route("/captcha/image", get().to(account::captcha_image))
        .route("/captcha/email", get().to(codes::email_code))
        .route("/captcha/mobile", get().to(codes::mobile_code))
        .route("/register/basic", post().to(account::register))
        .route("/login/basic", post().to(account::login))
        .route("/login/email", post().to(codes::email_login))
        .route("/login/mobile", post().to(codes::mobile_login))
        .route("/reset/password/email", post().to(codes::email_reset))
        .route("/reset/password/mobile", post().to(codes::mobile_reset))

        .route("/me/info", get().to(me::info))
        .route("/me/update/password", put().to(me::update_password))
        .route("/me/update/info", put().to(me::update_info))

        .route("/friends/search", get().to(friends::search))
        .route("/friends/add", post().to(friends::add))
        .route("/friends/add/reply", post().to(friends::reply))
        .route("/friends/add/applies", get().to(friends::applies))
        .route("/friends", get().to(friends::friends))
        .route("/friends", delete().to(friends::remove))
        .route("/friends/blaklist", post().to(friends::block))
        .route("/friends/blaklist", delete().to(friends::unblock))
        .route("/friends/remark", put().to(friends::remark))
        .route("/friends/label", put().to(friends::label))
        .route("/friends/groups", post().to(contact_groups::create))
        .route("/friends/groups", delete().to(contact_groups::remove))
        .route("/friends/groups", get().to(contact_groups::all))
        .route("/friends/groups/members", post().to(contact_groups::add_members))
        .route("/friends/groups/members", delete().to(contact_groups::remove_members))
        .route("/friends/group", get().to(contact_groups::one))
        .route("/friends/groups/name", put().to(contact_groups::rename))
        .route("/friends/info", get().to(friends::info))
        .route("/friends/verify", get().to(friends::verify))
        .route("/friends/near", get().to(near::friends))

        .route("/chatGroups", post().to(groups::create))
        .route("/chatGroups", put().to(groups::edit))
        .route("/chatGroups", get().to(groups::mine))
        .route("/chatGroups/join", post().to(groups::join))
        .route("/chatGroups/join", get().to(groups::join_requests))
        .route("/chatGroups/join/reply", post().to(groups::join_reply))
        .route("/chatGroups/info", get().to(groups::info))
        .route("/chatGroups/dissolve", post().to(groups::dissolve))
        .route("/chatGroups/exit", post().to(groups::exit))
        .route("/chatGroups/transfer", post().to(groups::transfer))
        .route("/chatGroups/kick", post().to(groups::kick))
        .route("/chatGroups/manager", post().to(groups::manager))
        .route("/chatGroups/banned", post().to(groups::banned))
        .route("/chatGroups/search", post().to(groups::search))
        .route("/chatGroups/near", get().to(near::groups))
        .route("/chatGroups/common", get().to(groups::common))
        .route("/chatGroups/invite", post().to(groups::invite))

        .route("/chat/send", post().to(chat::send))
        .route("/chat/revocation", post().to(chat::revoke))
        .route("/chat/read", post().to(chat::read))
        .route("/chat/messages", get().to(chat::messages))

        .route("/upload/qiniu/params", get().to(uploads::params))
        .route("/configs", get().to(system::configs))
        .route("/discovers", get().to(system::discovers));
    services.service(table.wrap(from_fn(auth::refresh)).wrap(Compress::default()));
}
