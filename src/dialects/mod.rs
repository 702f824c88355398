//! The four client APIs. Each folder reads like its API's reference; here is only who comes first.
//!
//! Order matters: FreeIM's `/api/v1` is claimed before Kahla's case-insensitive `/api`, GoBelieve's
//! `/auth/grant` before the rest of `/auth`, which is team-up's.

pub mod freeim;
pub mod gobelieve;
pub mod kahla;
pub mod teamup;

use crate::config::{Config, Dialect};
use crate::http::Owner;
use actix_web::web;

/// Where a dialect's settings are.
type Pick = fn(&mut Config) -> &mut Dialect;

/// The key of each dialect's own address, and where its settings are.
pub const LISTENERS: [(&str, Pick); 4] = [
    ("dialects.freeim.listen", |config| &mut config.dialects.freeim),
    ("dialects.kahla.listen", |config| &mut config.dialects.kahla),
    ("dialects.gobelieve.listen", |config| {
        &mut config.dialects.gobelieve
    }),
    ("dialects.teamup.listen", |config| &mut config.dialects.teamup),
];

/// The names of the dialects that are served.
#[must_use]
pub fn names(config: &Config) -> Vec<&'static str> {
    owners(config).iter().map(|owner| owner.name).collect()
}

/// The owners of paths, in the order they are asked, of the dialects that are switched on.
#[must_use]
pub fn owners(config: &Config) -> Vec<Owner> {
    let mut owners = Vec::new();
    if config.dialects.freeim.enabled {
        owners.push(freeim::owner());
    }
    if config.dialects.gobelieve.enabled {
        owners.push(gobelieve::owner());
    }
    if config.dialects.kahla.enabled {
        owners.push(kahla::owner(config));
    }
    if config.dialects.teamup.enabled {
        owners.push(teamup::owner());
    }
    owners
}

/// The routes of the dialects that are switched on, in the same order. Each needs its `State` as `Data`.
pub fn configure(services: &mut web::ServiceConfig, config: &Config) {
    if config.dialects.freeim.enabled {
        services.configure(freeim::configure);
    }
    if config.dialects.gobelieve.enabled {
        services.configure(gobelieve::configure);
    }
    if config.dialects.kahla.enabled {
        services.configure(kahla::configure);
    }
    if config.dialects.teamup.enabled {
        services.configure(teamup::configure);
    }
}
