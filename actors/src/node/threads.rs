//! Where the journal, the ledger and the cluster's keeper of a node run.

use actix::{Arbiter, ArbiterHandle};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    Own,
    /// On the thread that started the node.
    Here,
}

impl Threads {
    pub(super) fn arbiter(self) -> ArbiterHandle {
        match self {
            Threads::Own => Arbiter::new().handle(),
            Threads::Here => Arbiter::current(),
        }
    }
}
