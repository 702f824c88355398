//! Whether what an account is told on other nodes is told to its sessions here too: a session that opens waits for it, and
//! what was told while it was not is read again as state.

use super::placement::Placed;
use super::shell::{Cluster, Route};
use crate::model::AccountId;
use dashmap::DashSet;
use std::time::Duration;
use tokio::sync::Notify;

/// How long a session that opens waits for its account's home, at most: what that cannot tell is read from storage.
const HEARD_WITHIN: Duration = Duration::from_millis(1_000);

/// The accounts with sessions here, as their homes know them.
#[derive(Debug, Default)]
pub struct Hearing {
    confirmed: DashSet<AccountId>,
    /// Something may have been missed of these since another node told of them.
    deaf: DashSet<AccountId>,
    changed: Notify,
}

impl Hearing {
    /// Homes have confirmed that they tell of these. Those of which something may have been missed before.
    pub fn confirmed(&self, accounts: &[AccountId]) -> Vec<AccountId> {
        accounts
            .iter()
            .for_each(|account| _ = self.confirmed.insert(*account));
        self.changed.notify_waiters();
        let missed = accounts
            .iter()
            .filter(|account| self.deaf.remove(account).is_some());
        missed.copied().collect()
    }

    /// Nobody here is told of these any more.
    pub fn forget(&self, accounts: &[AccountId]) {
        for account in accounts {
            self.confirmed.remove(account);
            self.deaf.remove(account);
        }
    }

    /// Whoever told of these does so no more, or does not yet.
    pub fn doubt(&self, accounts: &[AccountId]) {
        for account in accounts {
            self.deaf.insert(*account);
            self.confirmed.remove(account);
        }
    }
}

impl Cluster {
    /// Waits until what an account is told is told here too, if it has a session here.
    pub async fn hears_of(&self, account: AccountId) {
        let waiting = async {
            loop {
                let changed = self.hearing.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.hears(account) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(HEARD_WITHIN, waiting).await.is_err() {
            tracing::debug!(%account, "a session opens before its account's home tells of it");
            self.hearing.doubt(&[account]);
        }
    }

    fn hears(&self, account: AccountId) -> bool {
        let placed = Placed::User(account);
        match self.route(placed) {
            Route::There(home) if self.is_linked(home) => {
                !self.parts.interest.follows(placed) || self.hearing.confirmed.contains(&account)
            }
            // It lives here, or out of reach.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId(10_000_000);

    #[test]
    fn what_was_told_between_two_confirmations_is_missed_and_nothing_before_the_first() {
        let hearing = Hearing::default();
        assert!(hearing.confirmed(&[ANN]).is_empty());
        assert!(hearing.confirmed(&[ANN]).is_empty());
        hearing.doubt(&[ANN]);
        hearing.doubt(&[ANN]);
        assert!(!hearing.confirmed.contains(&ANN));
        assert_eq!(hearing.confirmed(&[ANN]), [ANN]);
        assert!(hearing.confirmed(&[ANN]).is_empty());
        hearing.doubt(&[ANN]);
        hearing.forget(&[ANN]);
        assert!(hearing.confirmed(&[ANN]).is_empty());
    }
}
