//! The node: adapters around the actor core, and the one place (`boot`) that joins them.

pub mod bench;
pub mod blobs;
pub mod boot;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod console;
pub mod dialects;
pub mod http;
pub mod identity;
pub mod listen;
pub mod notify;
pub mod passwords;
pub mod storage;
pub mod telemetry;
pub mod ws;
