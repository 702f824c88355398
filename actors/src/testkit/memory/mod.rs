//! One store in memory behind every store port, with the semantics of a database and faults that a test sets.

mod board;
mod cluster;
mod directory;
mod fault;
mod files;
mod grants;
mod jobs;
mod journal;
mod ledger;
mod loose;
mod rooms;
mod secrets;
mod tables;
mod tree;
mod uploads;
mod users;
mod views;

pub use fault::{CommitFault, Held};
pub use journal::Running;

use crate::ports::{StoreError, StoreResult};
use cluster::DatabaseTime;
use fault::Faults;
use std::sync::Arc;
use tables::Tables;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The store. One lock over all tables stands for the row locks of a database: a transaction holds it to its end.
#[derive(Debug, Default)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
    faults: Faults,
    time: DatabaseTime,
}

impl Memory {
    /// Begins a transaction: waits as long as it is told to, and for the transaction that runs.
    async fn begin(&self) -> StoreResult<OwnedMutexGuard<Tables>> {
        self.faults.pass().await.map_err(StoreError::Unavailable)?;
        Ok(self.tables.clone().lock_owned().await)
    }

    /// Runs one change as a transaction: all or nothing, with the fault that was set for the next one.
    async fn change<T: Clone>(
        &self,
        apply: impl FnOnce(&mut Tables) -> Result<T, crate::failure::Failure>,
    ) -> StoreResult<T> {
        let mut tables = self.begin().await?;
        let fault = self.faults.next_change();
        let mut draft = tables.clone();
        let answer = apply(&mut draft)?;
        match fault {
            None => {
                *tables = draft;
                Ok(answer)
            }
            Some(CommitFault::LostAfter) => {
                *tables = draft;
                Err(unknown())
            }
            Some(CommitFault::LostBefore) => Err(unknown()),
            Some(CommitFault::Late { ms }) => {
                fault::commit_late(tables, draft, ms);
                Err(unknown())
            }
            Some(CommitFault::Unavailable) => Err(StoreError::Unavailable("a fault was set".to_owned())),
        }
    }
}

fn unknown() -> StoreError {
    StoreError::Unknown("the connection was lost over the commit".to_owned())
}
