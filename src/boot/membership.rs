//! How a starting node becomes a member: its entry in the cluster file, its links, and its place in the database.

use super::BootError;
use crate::cluster::{LinkOptions, TcpLinks, Tls, TlsFiles};
use crate::config::{ClusterFile, Config};
use crate::http;
use actix::Arbiter;
use roost_actors::cluster::Timing;
use roost_actors::ports::{Joining, Links, NoLinks};
use roost_actors::{Failure, Node};
use std::sync::Arc;

/// This node's entry in its cluster file.
pub(super) struct ClusterPlace {
    cluster: String,
    secret: String,
    joining: Joining,
}

impl ClusterPlace {
    /// `None` for a node that is alone.
    pub(super) fn of(config: &Config) -> Result<Option<ClusterPlace>, BootError> {
        let settings = &config.cluster;
        let (Some(path), Some(name), Some(secret)) = (&settings.file, &settings.node, &settings.secret)
        else {
            return Ok(None);
        };
        if !is_postgres(config) {
            let why = "storage.url: a cluster needs postgres://…, which all of its nodes share";
            return Err(BootError::Cluster(why.to_owned()));
        }
        let file = ClusterFile::read(path).map_err(BootError::Cluster)?;
        let entry = file
            .node(name)
            .ok_or_else(|| BootError::Cluster(format!("no node {name:?}")))?;
        Ok(Some(ClusterPlace {
            joining: Joining {
                name: name.clone(),
                http: entry.http.clone(),
                peer: entry.peer.clone(),
                timing: Timing {
                    heartbeat_ms: file.cluster.heartbeat_ms,
                    dead_after_ms: file.cluster.dead_after_ms,
                },
            },
            cluster: file.cluster.id,
            secret: secret.reveal().to_owned(),
        }))
    }

    pub(super) fn charter(&self) -> (&str, &str, Timing) {
        (&self.cluster, &self.secret, self.joining.timing)
    }
}

fn is_postgres(config: &Config) -> bool {
    !config.storage_url().starts_with("sqlite:")
}

/// Makes the node a member. On PostgreSQL a node that is alone is one too, so that no second one can be there unseen.
pub(super) async fn join(node: &Node, config: &Config, place: Option<ClusterPlace>) -> Result<(), BootError> {
    if !is_postgres(config) {
        return Ok(());
    }
    let (joining, links): (Joining, Arc<dyn Links>) = match place {
        Some(place) => {
            let links = links(config, &place)?;
            (place.joining, links)
        }
        None => {
            let joining = Joining {
                name: "alone".to_owned(),
                http: config.http.listen.clone(),
                peer: String::new(),
                timing: Timing::default(),
            };
            (joining, Arc::new(NoLinks))
        }
    };
    let name = joining.name.clone();
    node.join_cluster(joining, links)
        .await
        .map_err(|failure| match failure {
            Failure::Exists(_) => {
                BootError::Cluster(format!("a node named {name:?} runs on this database already"))
            }
            other => BootError::Cluster(other.to_string()),
        })
}

fn links(config: &Config, place: &ClusterPlace) -> Result<Arc<dyn Links>, BootError> {
    let settings = &config.cluster;
    let tls = match (
        &settings.tls_certificate,
        &settings.tls_key,
        &settings.tls_authority,
    ) {
        (Some(certificate), Some(key), Some(authority)) => {
            let files = TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                authority: authority.clone(),
            };
            Some(Tls::read(&files).map_err(BootError::Cluster)?)
        }
        _ => None,
    };
    let (key, address) = match &settings.listen {
        Some(listen) => ("cluster.listen", listen),
        None => ("cluster.file: peer", &place.joining.peer),
    };
    let listener = http::bind(key, address).map_err(BootError::Address)?;
    let options = LinkOptions {
        cluster: place.cluster.clone(),
        secret: place.secret.clone(),
        tls,
    };
    let links = TcpLinks::start(listener, options, Arbiter::new().handle()).map_err(BootError::Address)?;
    Ok(Arc::new(links))
}
