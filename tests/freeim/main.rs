//! FreeIM over real sockets: a scenario for each operation, on both storages.

#[path = "../harness/mod.rs"]
mod harness;

mod accounts;
mod bad_input;
mod chat;
mod codes;
mod friends;
mod groups;
mod history;
mod person;
mod sockets;
