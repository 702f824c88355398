//! What a session's socket actor is told by its node.

use crate::model::{Bundle, Entry};
use actix::Message;
use std::sync::Arc;

/// Something for one session.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// Show these, in this order.
    Deliver(Arc<Bundle>),
    /// Lines of the ledger that concern the session, in order. Only for sessions that read it.
    Ledger(Arc<[Entry]>),
    /// The session is behind in a room: see [`crate::hub::Hub::behind`].
    CatchUp,
    /// Say goodbye and close.
    Close(CloseWhy),
}

impl Message for SessionEvent {
    type Result = ();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseWhy {
    /// The node restarts or stops: come back, to any node.
    NodeStops,
}
