//! Who owns a path: the first in order that claims it. CORS, unknown paths and the labels of metrics follow the owner.

use super::{Cors, refusal};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;

/// One owner of paths. A dialect states its own in its folder.
#[derive(Clone)]
pub struct Owner {
    /// The dialect's name, as metrics show it.
    pub name: &'static str,
    pub claims: fn(path: &str) -> bool,
    /// The class of routes a path is counted under: few, and never a part of the path that a client chooses.
    pub class: fn(path: &str) -> &'static str,
    pub cors: Cors,
    /// The answer for a path, or a method of it, that leads nowhere.
    pub missing: fn(&HttpRequest) -> HttpResponse,
}

/// All owners in the order they are asked. What nobody claims belongs to the operator.
#[derive(Clone)]
pub struct Owners {
    claimants: Arc<[Owner]>,
    operator: Arc<Owner>,
}

impl Owners {
    #[must_use]
    pub fn new(claimants: Vec<Owner>) -> Owners {
        Owners {
            claimants: claimants.into(),
            operator: Arc::new(Owner {
                name: "operator",
                claims: |_| true,
                class: |_| "operator",
                cors: Cors::None,
                missing: |request| {
                    let why = format!("nothing is at {} {}", request.method(), request.path());
                    refusal(StatusCode::NOT_FOUND, &why)
                },
            }),
        }
    }

    #[must_use]
    pub fn of(&self, path: &str) -> &Owner {
        self.claimants
            .iter()
            .find(|owner| (owner.claims)(path))
            .unwrap_or(&self.operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_owner_in_order_that_claims_a_path_has_it() {
        let owner = |name, claims| Owner {
            name,
            claims,
            class: |_| "all",
            cors: Cors::None,
            missing: |_| HttpResponse::NotFound().finish(),
        };
        let owners = Owners::new(vec![
            owner("first", |path| path.starts_with("/api/v1")),
            owner("second", |path| path.starts_with("/api")),
        ]);
        assert_eq!(owners.of("/api/v1/x").name, "first");
        assert_eq!(owners.of("/api/x").name, "second");
        assert_eq!(owners.of("/healthz").name, "operator");
    }
}
