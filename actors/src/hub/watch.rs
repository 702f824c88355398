//! What the node began or ceased to follow since somebody looked: how a cluster keeps its peers informed.

use super::interest::Interest;
use crate::cluster::Placed;
use dashmap::DashSet;
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(super) struct Changes {
    keys: DashSet<Placed>,
    some: Notify,
}

impl Interest {
    /// From now on changes are kept for [`Interest::take_changes`]; what is followed already counts as changed.
    pub fn watch(&self) {
        self.changes.get_or_init(Changes::default);
        for room in self.rooms() {
            self.changed(Placed::Room(room));
        }
        for account in self.accounts() {
            self.changed(Placed::User(account));
        }
    }

    pub(super) fn changed(&self, placed: Placed) {
        if let Some(changes) = self.changes.get() {
            changes.keys.insert(placed);
            changes.some.notify_one();
        }
    }

    /// Waits until something has changed. For ever when nobody watches.
    pub async fn wait_change(&self) {
        match self.changes.get() {
            Some(changes) => changes.some.notified().await,
            None => std::future::pending().await,
        }
    }

    /// What has changed since the last call, and whether it is followed now.
    #[must_use]
    pub fn take_changes(&self) -> Vec<(Placed, bool)> {
        let Some(changes) = self.changes.get() else {
            return Vec::new();
        };
        let mut keys: Vec<Placed> = changes.keys.iter().map(|key| *key).collect();
        keys.sort_unstable();
        // Taken off before it is looked at: what changes after the look is kept for the next.
        keys.into_iter()
            .filter(|placed| changes.keys.remove(placed).is_some())
            .map(|placed| (placed, self.follows(placed)))
            .collect()
    }
}
