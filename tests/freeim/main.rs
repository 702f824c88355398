//! FreeIM over real sockets: a scenario for each operation, on both storages.

#[path = "../harness/mod.rs"]
mod harness;

mod accounts;
mod bad_input;
mod chat;
mod codes;
mod contact_groups;
mod encodings;
mod friends;
mod groups;
mod history;
mod near;
mod online;
mod person;
mod refusals;
mod senders;
mod sockets;
mod system;
mod uploads;
