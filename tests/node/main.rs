//! The node as its operators and its network see it: starting, stopping, probes, the operators' API, slow clients.

#[path = "../harness/mod.rs"]
mod harness;

mod admin;
mod crowd;
mod lifecycle;
mod probes;
mod sockets;
