//! Kahla over real sockets: a scenario for each operation, on both storages.

#[path = "../harness/mod.rs"]
mod harness;

mod accounts;
mod chat;
mod crossing;
mod crypto;
mod files;
mod friends;
mod groups;
mod person;
mod push;
mod replay;
mod routes;
