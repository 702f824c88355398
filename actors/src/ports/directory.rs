//! The store behind the directory: who there is, how they log in, what can be found.

use super::StoreResult;
use crate::model::{Account, AccountId, LoginName, NewAccount, RoomInfo};
use async_trait::async_trait;

#[async_trait]
pub trait DirectoryStore: Send + Sync {
    /// Makes an account. Refused with `Exists(Login)` when one of its login names is taken, `Exists(Account)` when its id is.
    async fn create(&self, account: &NewAccount) -> StoreResult<Account>;

    /// Makes many accounts at once (management); all or none.
    async fn create_many(&self, accounts: &[NewAccount]) -> StoreResult<Vec<AccountId>>;

    /// The account that logs in by this name, whatever its kind, with its password hash.
    async fn by_login(&self, name: &str) -> StoreResult<Option<(Account, Option<String>)>>;

    async fn by_id(&self, id: AccountId) -> StoreResult<Option<Account>>;

    /// Gives an account one more login name. Refused with `Exists(Login)`.
    async fn add_login(&self, id: AccountId, name: &LoginName) -> StoreResult<()>;

    /// Accounts whose username, nickname, e-mail, mobile or id is exactly `text`, by id, at most `limit`.
    async fn search_accounts(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>>;

    /// Groups whose name contains `text`, by id, at most `limit`.
    async fn search_groups(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>>;
}
