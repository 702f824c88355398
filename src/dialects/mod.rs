//! The four client APIs. Each folder reads like its API's reference; here is only who comes first.
//!
//! Order matters: FreeIM's `/api/v1` is claimed before Kahla's case-insensitive `/api`.

pub mod freeim;

use crate::config::Config;
use crate::http::Owner;
use actix_web::web;

/// The owners of paths, in the order they are asked, of the dialects that are switched on.
#[must_use]
pub fn owners(config: &Config) -> Vec<Owner> {
    let mut owners = Vec::new();
    if config.dialects.freeim.enabled {
        owners.push(freeim::owner());
    }
    owners
}

/// The routes of the dialects that are switched on, in the same order. Each needs its `State` as `Data`.
pub fn configure(services: &mut web::ServiceConfig, config: &Config) {
    if config.dialects.freeim.enabled {
        services.configure(freeim::configure);
    }
}
