//! The stores on both engines: what is particular to each, with the database broken in the ways databases break.

#[path = "../harness/postgres.rs"]
#[allow(
    dead_code,
    clippy::print_stderr,
    reason = "one part of the harness is used here; a database left behind belongs into the output of the tests"
)]
mod database;
mod postgres;
#[path = "../harness/proxy.rs"]
#[allow(dead_code, reason = "one part of the harness is used here")]
mod proxy;
mod scene;
mod sqlite;
mod suites;
