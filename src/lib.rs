//! The node: adapters around the actor core, and the one place (`boot`) that joins them.

pub mod http;
