//! The store behind the ledger: messages of all rooms in the order in which they became final, and what the operator's app
//! server gave accounts.

use super::StoreResult;
use crate::model::{AccountId, CommitKey, Inbox, LedgerPage, NewAccount, Pass};
use async_trait::async_trait;

#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// Lines after a key, lowest first, super groups apart, at most `limit`. `None`: no lines, only how far it is clear.
    async fn since(&self, after: Option<CommitKey>, limit: i64) -> StoreResult<LedgerPage>;

    /// What the rooms an account is or was in (super groups apart) hold after a key, as far as its memberships reach, at
    /// most `limit` messages; 0 asks only for the end.
    async fn inbox(&self, account: AccountId, after: CommitKey, limit: i64) -> StoreResult<Inbox>;

    /// How far the account's clients said they are; 0 if they never did.
    async fn key(&self, account: AccountId) -> StoreResult<CommitKey>;

    /// Keeps how far the account's clients are, unless they were further before.
    async fn keep_key(&self, account: AccountId, key: CommitKey) -> StoreResult<()>;
}

#[async_trait]
pub trait PassStore: Send + Sync {
    /// Makes the accounts of these ids that there are not. None of them has a login name.
    async fn admit(&self, accounts: &[NewAccount]) -> StoreResult<()>;

    /// The token of an account: the one it has, or else `fresh`. Refused with `Unknown(Account)`.
    async fn pass(&self, account: AccountId, fresh: &str) -> StoreResult<String>;

    /// Whose token this is. A locked account's is nobody's.
    async fn by_token(&self, token: &str) -> StoreResult<Option<Pass>>;

    /// Sets whether the account may say anything in topics. Refused with `Unknown(Account)`.
    async fn silence(&self, account: AccountId, silenced: bool) -> StoreResult<()>;
}
