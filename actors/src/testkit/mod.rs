//! The core without a world: every port in memory, a clock moved by hand, and the suites that every store must pass.

mod clock;
mod desk;
mod memory;
mod memory_blobs;
pub mod suite;

pub use clock::ManualClock;
pub use desk::{Outbox, PlainPasswords};
pub use memory::{CommitFault, Held, Memory, Running};
pub use memory_blobs::MemoryBlobs;

use crate::ports::Ports;
use std::sync::Arc;

/// A world in memory, with a handle on each part that a test may want to move or break.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<ManualClock>,
    pub memory: Arc<Memory>,
    pub outbox: Arc<Outbox>,
}

impl World {
    /// The moment at which the clock of a new world stands: 2026-01-01, in milliseconds.
    pub const BEGIN_MS: i64 = 1_767_225_600_000;

    /// A world whose clock stands still until it is moved.
    #[must_use]
    pub fn frozen() -> World {
        World::with_clock(ManualClock::frozen(World::BEGIN_MS))
    }

    /// A world whose clock runs, and can be moved on besides.
    #[must_use]
    pub fn running() -> World {
        World::with_clock(ManualClock::running(World::BEGIN_MS))
    }

    fn with_clock(clock: ManualClock) -> World {
        World {
            clock: Arc::new(clock),
            memory: Arc::new(Memory::default()),
            outbox: Arc::new(Outbox::default()),
        }
    }

    /// Every port of this world.
    #[must_use]
    pub fn ports(&self) -> Ports {
        Ports {
            clock: self.clock.clone(),
            journal: self.memory.clone(),
            rooms: self.memory.clone(),
            users: self.memory.clone(),
            views: self.memory.clone(),
            grants: self.memory.clone(),
            files: self.memory.clone(),
            tree: self.memory.clone(),
            uploads: self.memory.clone(),
            board: self.memory.clone(),
            jobs: self.memory.clone(),
            directory: self.memory.clone(),
            secrets: self.memory.clone(),
            ledger: self.memory.clone(),
            passes: self.memory.clone(),
            cluster: self.memory.clone(),
            passwords: Arc::new(PlainPasswords),
            notifier: self.outbox.clone(),
        }
    }
}

/// Every port in memory, with a clock that stands still.
#[must_use]
pub fn ports() -> Ports {
    World::frozen().ports()
}
