//! team-up over real sockets: a scenario for each operation, on both storages.

#[path = "../harness/mod.rs"]
mod harness;

mod announcements;
mod bad_input;
mod chat;
mod chat_codes;
mod chat_crossing;
mod codes;
mod crossing;
mod file_bytes;
mod files;
mod groups;
mod info;
mod login;
mod members;
mod memory;
mod person;
mod room;
mod search;
mod sockets;
mod users;
mod wechat;
