//! What must hold when things go wrong: killed nodes, databases that go away, and clients that send anything at all.
//!
//! The tests are short forms; ROOST_TEST_ROUNDS asks for more rounds of killing.

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../freeim/person.rs"]
#[allow(
    dead_code,
    reason = "these tests need a part of what FreeIM's own scenarios need"
)]
mod person;

mod database;
mod half_open;
mod kill;
mod ledger;
mod load;
mod rubbish;
mod start;
mod sweep;

use tokio::sync::{Mutex, MutexGuard};

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// These tests hold times and load the machine: held by each for as long as it runs.
async fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}

/// How often a test kills what it kills.
fn rounds(short: u32) -> u32 {
    match std::env::var("ROOST_TEST_ROUNDS") {
        Ok(text) => text.parse().expect("ROOST_TEST_ROUNDS is a number"),
        Err(_) => short,
    }
}
