//! `/`, `/api` and `Version`: what a client asks before anything else.

use super::auth::Call;
use super::reply::{Answer, with};
use super::{convert, wire};
use crate::http::front::wants_html;
use actix_web::guard::GuardContext;
use actix_web::http::header::ACCEPT;

const WIKI: &str = "https://wiki.aiursoft.com";
const DOWNLOAD: &str = "https://kahla.aiursoft.com";

/// Whether `/` is asked by a program: browsers get the node's page.
pub fn is_no_browser(context: &GuardContext<'_>) -> bool {
    let accept = context
        .head()
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    !accept.is_some_and(wants_html)
}

pub async fn front() -> Answer {
    super::reply::done("Welcome to kahla server! View our wiki at: https://wiki.aiursoft.com")
}

pub async fn root(call: Call) -> Answer {
    let now = convert::net_time(call.state.node.clock().now());
    let root = wire::Root {
        code: 0,
        message: "Welcome to Aiursoft Kahla API!",
        wiki_path: WIKI,
        server_time: now.clone(),
        utc_time: now,
        authenticated: call.anyone().await?.is_some(),
    };
    super::reply::bare(&root)
}

pub async fn version(call: Call) -> Answer {
    let version = wire::Version {
        latest_version: &call.state.settings.version,
        oldest_supported_version: &call.state.settings.oldest_version,
        download_address: DOWNLOAD,
    };
    with(version, "Successfully get the lastest version number for Kahla.")
}
