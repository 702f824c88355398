//! Who has a session, on this node or on any other.

use super::Node;
use crate::cluster::envelope::HOPS_MAX;
use crate::cluster::routing::Attempt;
use crate::cluster::{Answer, Cluster, Incarnation, Placed, Question, Route};
use crate::model::AccountId;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How long other nodes may take to say who is online before nobody is known to be there.
const PATIENCE: Duration = Duration::from_millis(500);
/// Accounts named in one question, at most.
const ACCOUNTS_PER_QUESTION_MAX: usize = 10_000;

impl Node {
    /// Which of these accounts have a session, on any node. The node where an account is at home knows on which
    /// others its sessions are: it is asked, once for all that are at home there. What a node that is out of reach
    /// would know is missing.
    pub async fn online(&self, accounts: impl IntoIterator<Item = AccountId>) -> HashSet<AccountId> {
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| self.is_online(*account));
        let mut online: HashSet<AccountId> = here.into_iter().collect();
        let Some(cluster) = self.cluster().filter(|_| !elsewhere.is_empty()) else {
            return online;
        };
        let mut homes: HashMap<Incarnation, Vec<AccountId>> = HashMap::new();
        for account in elsewhere {
            match cluster.route(Placed::User(account)) {
                Route::Here if cluster.has_session_elsewhere(account) => _ = online.insert(account),
                Route::There(home) => homes.entry(home).or_default().push(account),
                Route::Here | Route::Nowhere => {}
            }
        }
        let asks = homes
            .iter()
            .flat_map(|(home, accounts)| {
                accounts
                    .chunks(ACCOUNTS_PER_QUESTION_MAX)
                    .map(|part| (*home, part))
            })
            .map(|(home, accounts)| ask(cluster, home, accounts.to_vec()));
        online.extend(futures_util::future::join_all(asks).await.into_iter().flatten());
        online
    }

    /// Which of these accounts, all at home here, have a session that this node knows of.
    pub(crate) fn online_from_here(&self, accounts: Vec<AccountId>) -> Vec<AccountId> {
        let cluster = self.cluster();
        let knows = |account: &AccountId| {
            self.is_online(*account) || cluster.is_some_and(|cluster| cluster.has_session_elsewhere(*account))
        };
        accounts.into_iter().filter(knows).collect()
    }
}

async fn ask(cluster: &Cluster, home: Incarnation, accounts: Vec<AccountId>) -> Vec<AccountId> {
    let question = cluster.ask(home, HOPS_MAX, Question::Online(accounts));
    match tokio::time::timeout(PATIENCE, question).await {
        Ok(Attempt::Answered(Ok(Answer::Online(online)))) => online,
        _ => Vec::new(),
    }
}
