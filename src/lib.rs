//! The node: adapters around the actor core, and the one place (`boot`) that joins them.

pub mod blobs;
pub mod boot;
pub mod clock;
pub mod config;
pub mod console;
pub mod dialects;
pub mod http;
pub mod notify;
pub mod passwords;
pub mod storage;
pub mod telemetry;
pub mod ws;
