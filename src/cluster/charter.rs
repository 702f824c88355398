//! What makes nodes one cluster: its id and a salted hash of its secret, stored by the first node, matched by all others.

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use roost_actors::cluster::Timing;
use roost_actors::ports::{Charter, ClusterStore, StoreError};
use thiserror::Error;

/// Why a node may not use a database. Each names the key to look at.
#[derive(Debug, Error)]
pub enum CharterError {
    #[error("cluster.id: this database belongs to cluster {theirs:?}, not {ours:?}")]
    OtherCluster { ours: String, theirs: String },
    #[error("cluster.secret: it is not the secret of cluster {0:?}")]
    WrongSecret(String),
    #[error(
        "cluster.{key} in the cluster file: the nodes of cluster {cluster:?} have {theirs}, this one has {ours}"
    )]
    Timing {
        key: &'static str,
        cluster: String,
        ours: i64,
        theirs: i64,
    },
    #[error("cluster.file: this database belongs to cluster {0:?}, and this node has no cluster file")]
    NotAlone(String),
    #[error("the cluster's secret could not be hashed: {0}")]
    Hash(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks that this node belongs to the database's cluster, or founds it. `ours` is the id and secret of this node, if
/// it is one of a cluster, and the timing its file asks for. Nothing is written by a node that does not match.
pub async fn agree(store: &dyn ClusterStore, ours: Option<(&str, &str, Timing)>) -> Result<(), CharterError> {
    let Some((id, secret, timing)) = ours else {
        return match store.charter(None).await? {
            None => Ok(()),
            Some(charter) => Err(CharterError::NotAlone(charter.cluster)),
        };
    };
    let standing = match store.charter(None).await? {
        Some(charter) => charter,
        None => {
            let salt = SaltString::generate(&mut OsRng);
            let verifier = Argon2::default()
                .hash_password(secret.as_bytes(), &salt)
                .map_err(|error| CharterError::Hash(error.to_string()))?;
            let fresh = Charter {
                cluster: id.to_owned(),
                verifier: verifier.to_string(),
                timing,
            };
            // Two nodes may be first at the same time: what stands is checked below like any other.
            store.charter(Some(&fresh)).await?.unwrap_or(fresh)
        }
    };
    if standing.cluster != id {
        return Err(CharterError::OtherCluster {
            ours: id.to_owned(),
            theirs: standing.cluster,
        });
    }
    let verifier =
        PasswordHash::new(&standing.verifier).map_err(|error| CharterError::Hash(error.to_string()))?;
    Argon2::default()
        .verify_password(secret.as_bytes(), &verifier)
        .map_err(|_| CharterError::WrongSecret(id.to_owned()))?;
    let theirs = standing.timing;
    let keys = [
        ("heartbeat_ms", timing.heartbeat_ms, theirs.heartbeat_ms),
        ("dead_after_ms", timing.dead_after_ms, theirs.dead_after_ms),
    ];
    match keys.into_iter().find(|(_, ours, theirs)| ours != theirs) {
        Some((key, ours, theirs)) => Err(CharterError::Timing {
            key,
            cluster: standing.cluster,
            ours,
            theirs,
        }),
        None => Ok(()),
    }
}
