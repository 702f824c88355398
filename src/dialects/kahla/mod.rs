//! Kahla: the route table of `/api`, in the order of its document, with what its clients need besides.
//!
//! Routes are those of ASP.NET: `/{controller}/{action}/{id?}`, letters in any case, a slash at the end or not.
//! `/debugapi` is `/api` by another name.

mod account;
mod auth;
mod cipher;
mod content;
mod conversation;
mod convert;
mod files;
mod form;
mod friends;
mod groups;
mod home;
mod reply;
mod seen;
mod socket;
mod wire;

use crate::blobs::{MediaWorks, icon};
use crate::config::{self, Config};
use crate::http::{Cors, Owner, peer};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, get, post, route};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard};
use bytes::Bytes;
use roost_actors::model::{ChatMessage, CodecId, FileId};
use roost_actors::ports::BlobStore;
use roost_actors::{Failure, Node};
use seen::Seen;
use std::sync::Arc;

/// What Kahla's handlers hold. Given to the application as `web::Data`.
pub struct State {
    node: Node,
    settings: config::Kahla,
    groups_per_day_max: Option<u32>,
    codec: CodecId,
    /// Makes the keys of conversations and the signatures of links: the same on every node of a cluster.
    secret: Vec<u8>,
    blobs: Arc<dyn BlobStore>,
    media: MediaWorks,
    icon: Bytes,
    seen: Seen,
}

impl State {
    /// `secret` is the same on every node of a cluster; `codec` is this dialect's own.
    pub fn new(
        node: Node,
        config: &Config,
        codec: CodecId,
        secret: &[u8],
        blobs: Arc<dyn BlobStore>,
        media: MediaWorks,
    ) -> Result<State, Failure> {
        Ok(State {
            node,
            settings: config.kahla.clone(),
            groups_per_day_max: config.limits.enabled.then_some(config.limits.groups_per_day),
            codec,
            secret: secret.to_vec(),
            blobs,
            media,
            icon: icon::draw()?,
            seen: Seen::default(),
        })
    }

    /// The key that clients of a conversation encrypt with.
    fn key_of(&self, conversation: i64) -> String {
        cipher::conversation_key(&self.secret, conversation)
    }

    /// A message as clients of this conversation are shown it.
    fn content(&self, message: &ChatMessage, conversation: i64) -> String {
        let key = self.settings.decrypt.then(|| self.key_of(conversation));
        content::show(message, key.as_deref())
    }

    /// Where this node is reached, as far as the request tells: scheme and host.
    fn base_url(&self, request: &HttpRequest) -> String {
        peer::base_url(request)
    }

    fn sign_of(&self, file: FileId) -> String {
        cipher::signature(&self.secret, file.0)
    }

    /// An address under which a file can be fetched while it is kept, by whoever has the address.
    fn file_link(&self, request: &HttpRequest, file: FileId) -> String {
        format!(
            "{}/Download/FromLink/{file}?Sign={}",
            self.base_url(request),
            self.sign_of(file)
        )
    }
}

/// The first segment of a path, in lower case.
fn controller(path: &str) -> String {
    path.split('/').nth(1).unwrap_or_default().to_ascii_lowercase()
}

/// Which paths are Kahla's, and how strangers are answered there.
#[must_use]
pub fn owner(config: &Config) -> Owner {
    Owner {
        name: "kahla",
        claims: |path| {
            matches!(
                controller(path).as_str(),
                "" | "api" | "debugapi" | "listen" | "download"
            )
        },
        class: |path| match controller(path).as_str() {
            "listen" => "listen",
            "download" => "download",
            "api" | "debugapi" => match path.split('/').nth(2).map(str::to_ascii_lowercase).as_deref() {
                Some("getmessage" | "sendmessage" | "conversationdetail") => "conversation",
                Some("uploadfile" | "filedownloadaddress") => "files",
                Some("authbypassword" | "registerkahla" | "changepassword") => "account",
                _ => "other",
            },
            _ => "other",
        },
        cors: Cors::Origins {
            origins: config.kahla.origins.clone().into(),
            headers: "Authorization",
        },
        missing: nowhere,
    }
}

/// An action of `/api`, with and without an id in the path.
fn action(name: &str) -> Resource {
    let head = format!("/{{controller:(?i:api|debugapi)}}/{{action:(?i:{name})}}");
    let patterns = [head.clone() + "{end:/?}", head + "/{id:[^/]+}{end:/?}"];
    web::resource(patterns).default_service(web::to(other_verb))
}

/// A path of its own, in any case.
fn path(first: &str, second: &str, rest: &str) -> Resource {
    web::resource(format!(
        "/{{controller:(?i:{first})}}/{{action:(?i:{second})}}{rest}{{end:/?}}"
    ))
    .default_service(web::to(other_verb))
}

/// A known path with a verb it does not take leads nowhere, as an unknown one does.
async fn other_verb(request: HttpRequest) -> HttpResponse {
    nowhere(&request)
}

fn nowhere(request: &HttpRequest) -> HttpResponse {
    match *request.method() {
        Method::OPTIONS => reply::response(StatusCode::NO_CONTENT).finish(),
        _ => reply::missing(),
    }
}

/// What actions take that did not say which verb they want.
fn get_or_post() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Post()))
}

/// The routes. Needs `Data` of [`State`], of `Uploads` and of each worker's `Sockets`; what matches none is left to
/// [`owner`]'s `missing`.
#[rustfmt::skip]
pub fn configure(services: &mut web::ServiceConfig) {
    services
        .service(web::resource("/").guard(guard::fn_guard(home::is_no_browser)).route(get().to(home::front)))
        .service(web::resource("/{controller:(?i:api|debugapi)}{end:/?}").route(get_or_post().to(home::root)).default_service(web::to(other_verb)))
        .service(action("Version").route(get_or_post().to(home::version)))
        .service(action("AuthByPassword").route(post().to(account::auth_by_password)))
        .service(action("UploadFile").route(post().to(files::upload)))
        .service(action("FileDownloadAddress").route(post().to(files::download_address)))
        .service(action("RegisterKahla").route(post().to(account::register)))
        .service(action("SigninStatus").route(get_or_post().to(account::sign_in_status)))
        .service(action("Me").route(get_or_post().to(account::me)))
        .service(action("UpdateInfo").route(post().to(account::update_info)))
        .service(action("ChangePassword").route(post().to(account::change_password)))
        .service(action("MyFriends").route(get_or_post().to(friends::my_friends)))
        .service(action("DeleteFriend").route(post().to(friends::delete_friend)))
        .service(action("CreateRequest").route(post().to(friends::create_request)))
        .service(action("CompleteRequest").route(post().to(friends::complete_request)))
        .service(action("MyRequests").route(get_or_post().to(friends::my_requests)))
        .service(action("SearchFriends").route(get_or_post().to(friends::search_friends)))
        .service(action("SearchGroup").route(get_or_post().to(groups::search_group)))
        .service(action("GetMessage").route(get_or_post().to(conversation::get_message)))
        .service(action("SendMessage").route(post().to(conversation::send_message)))
        .service(action("CreateGroupConversation").route(post().to(groups::create_group)))
        .service(action("JoinGroup").route(post().to(groups::join_group)))
        .service(action("LeaveGroup").route(post().to(groups::leave_group)))

        .service(action("UserDetail").route(get_or_post().to(friends::user_detail)))
        .service(action("ConversationDetail").route(get_or_post().to(conversation::conversation_detail)))
        .service(action("InitPusher").route(get_or_post().to(socket::init_pusher)))
        .service(action("LogOff").route(get_or_post().to(account::log_off)))

        .service(path("Listen", "Channel", "").route(get().to(socket::listen)))
        .service(path("Download", "FromSecret", "").route(get().to(files::from_secret)))
        .service(path("Download", "FromLink", "/{id:[^/]+}").route(get().to(files::from_link)))
        .service(path("Download", "FromKey", "/{id:[^/]+}").route(get().to(files::from_key)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_claimed_in_any_case_and_others_are_not() {
        let owner = owner(&Config::default());
        for path in [
            "/",
            "/api",
            "/API/Me",
            "/debugApi/x",
            "/listen/channel",
            "/Download/FromSecret",
        ] {
            assert!((owner.claims)(path), "{path}");
        }
        for path in ["/auth/grant", "/apis", "/groups", "/healthz", "/readyz"] {
            assert!(!(owner.claims)(path), "{path}");
        }
    }
}
