//! Files in every store, over HTTP, and what is made of them.

#[path = "../harness/mod.rs"]
mod harness;

mod crash;
mod folder;
mod forms;
mod media;
mod place;
mod site;
mod stores;
mod suite;
