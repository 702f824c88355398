//! The ledger: all messages in the one order in which they became final, read from the database and told to the sessions
//! that ask for it. Only what can no longer be preceded by a late commit is told, so nothing slips behind a reader.

mod actor;
mod state;

pub use actor::{Attach, Bell, Ledger, LedgerSeat};
pub use state::{LedgerState, Next};
