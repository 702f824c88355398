//! What a run can find wrong with a node.

use serde::Serialize;

/// What went wrong, in deliveries (`lost`, `duplicated`, `reordered`) or messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Not what was sent, or sent by nobody.
    pub corrupted: u64,
    /// Places at which history differs from what was delivered or acknowledged.
    pub history: u64,
}

impl Faults {
    pub fn add(&mut self, other: Faults) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.corrupted += other.corrupted;
        self.history += other.history;
    }

    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Faults::default()
    }
}
