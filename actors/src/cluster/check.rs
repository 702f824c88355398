//! Comparing what this node was told with storage, after anything that may have kept it from being told.

use super::follows::Wishes;
use super::shell::{Cluster, lock};
use crate::model::{AccountId, Delivery, Push, RoomId, Timestamp};
use crate::ports::StoreResult;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Rooms asked about at once, at most.
const ROOMS_PER_READ_MAX: usize = 2_000;
/// Revocations read at once, at most.
const REVOCATIONS_PER_READ_MAX: i64 = 10_000;
/// How much earlier than it seemed this node may have ceased to be told, in milliseconds: clocks that are apart, links
/// whose end was not noticed yet, changes that were stored late.
pub(crate) const TOLD_LATE_MS: i64 = 30_000;

/// Accounts whose sessions are made to read again at once, at most: each reads a few lists.
const REREADS_AT_ONCE_MAX: usize = 200;
const REREADS_PAUSE: Duration = Duration::from_millis(50);

impl Cluster {
    pub(super) fn check_later(self: &Arc<Self>, check: Wishes) {
        if !check.is_empty() {
            let cluster = self.clone();
            tokio::spawn(async move { cluster.check(check).await });
        }
    }

    /// Pushes to these accounts may have been lost: has their sessions here follow the rooms they should, and read what
    /// else they may have been told, some at a time.
    pub(super) fn reread_later(self: &Arc<Self>, accounts: Vec<AccountId>) {
        if accounts.is_empty() {
            return;
        }
        let cluster = self.clone();
        tokio::spawn(async move {
            for accounts in accounts.chunks(REREADS_AT_ONCE_MAX) {
                let check = Wishes {
                    accounts: accounts.to_vec(),
                    ..Wishes::default()
                };
                cluster.check(check).await;
                for account in accounts {
                    cluster.parts.fanout.reread_here(*account);
                }
                tokio::time::sleep(REREADS_PAUSE).await;
            }
        });
    }

    /// Reads from storage where rooms end, what was taken back in them, and which rooms accounts are in, and has
    /// sessions here catch up. What could not be read is looked at again with the next heartbeat.
    pub(super) async fn check(&self, wishes: Wishes) {
        let now = self.parts.ports.clock.now().0;
        let since = Timestamp(self.sure_at.load(Ordering::Acquire).min(now) - TOLD_LATE_MS);
        for rooms in wishes.rooms.chunks(ROOMS_PER_READ_MAX) {
            if let Err(error) = self.check_rooms(rooms, since).await {
                tracing::debug!(%error, "rooms could not be compared with storage");
                lock(&self.unchecked).rooms.extend_from_slice(rooms);
            }
        }
        for account in wishes.accounts {
            let asked_at = self.parts.ports.clock.now();
            match self.parts.ports.users.positions(account).await {
                Ok(positions) => self.parts.fanout.sync_here(account, positions.into(), asked_at),
                Err(error) => {
                    tracing::debug!(%error, "an account could not be compared with storage");
                    lock(&self.unchecked).accounts.push(account);
                }
            }
        }
    }

    async fn check_rooms(&self, rooms: &[RoomId], since: Timestamp) -> StoreResult<()> {
        let (store, fanout) = (&self.parts.ports.rooms, &self.parts.fanout);
        for (room, end) in store.ends(rooms).await? {
            fanout.announce_here(room, end);
        }
        let mut parts = vec![rooms];
        while let Some(part) = parts.pop() {
            let revoked = store.revoked(part, since, REVOCATIONS_PER_READ_MAX).await?;
            if revoked.len() as i64 >= REVOCATIONS_PER_READ_MAX && part.len() > 1 {
                let (low, high) = part.split_at(part.len() / 2);
                parts.extend([high, low]);
                continue;
            }
            for (kind, message) in revoked {
                let room = message.room;
                let delivery: Arc<Delivery> = Delivery::new(Push::Revoked { kind, message });
                fanout.to_room_here(room, &[delivery]);
            }
        }
        Ok(())
    }

    /// With each heartbeat: what could not be compared is due again. When nothing is in doubt, this node is sure of
    /// what it was told up to now.
    pub(super) fn due_again(&self) -> Wishes {
        let again = std::mem::take(&mut *lock(&self.unchecked));
        let in_doubt = !again.is_empty() || !self.unconfirmed.is_empty() || lock(&self.follows).is_in_doubt();
        if !in_doubt {
            self.sure_at
                .store(self.parts.ports.clock.now().0, Ordering::Release);
        }
        again
    }
}
