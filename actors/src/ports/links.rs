//! How envelopes reach peer nodes: one link a peer, ordered, lossless while it lives. What a link that ended had on
//! the way is lost; both sides hear of its end and start anew.

use crate::cluster::{Incarnation, Member};
use bytes::Bytes;
use std::sync::Arc;

/// Links to peers.
pub trait Links: Send + Sync {
    /// Keeps links to exactly these peers, as `me`. `inbound` hears what comes of them.
    fn connect(&self, me: &Member, peers: &[Member], inbound: Arc<dyn Inbound>);

    /// Puts an encoded envelope on its way. `false`: there is no link, or it was so far behind that it was ended.
    fn send(&self, to: Incarnation, envelope: Bytes) -> bool;
}

/// What links tell the node. Never blocks.
pub trait Inbound: Send + Sync {
    fn link_up(&self, peer: Incarnation);
    fn link_down(&self, peer: Incarnation);
    /// An envelope's bytes. An error ends the link: the peer speaks another language.
    fn received(self: Arc<Self>, from: Incarnation, envelope: &[u8]) -> Result<(), String>;
}

/// The links of a node that is alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLinks;

impl Links for NoLinks {
    fn connect(&self, _: &Member, _: &[Member], _: Arc<dyn Inbound>) {}

    fn send(&self, _: Incarnation, _: Bytes) -> bool {
        false
    }
}
