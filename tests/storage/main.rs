//! The stores on both engines: what is particular to each, with the database broken in the ways databases break.

mod cluster;
#[path = "../harness/postgres.rs"]
#[allow(
    clippy::print_stderr,
    reason = "a database left behind belongs into the output of the tests"
)]
mod database;
mod postgres;
mod proxy;
mod scene;
mod sqlite;
