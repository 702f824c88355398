//! The store behind the directory: who there is, how they log in, what can be found.

use super::StoreResult;
use crate::model::{Account, AccountId, LoginName, NewAccount, RoomInfo};
use crate::near::Wanted;
use async_trait::async_trait;

#[async_trait]
pub trait DirectoryStore: Send + Sync {
    /// Makes an account. Refused with `Exists(Login)` when one of its login names is taken (names are compared without
    /// regard to case), `Exists(Account)` when its id or UUID is.
    async fn create(&self, account: &NewAccount) -> StoreResult<Account>;

    /// Makes many accounts at once (management); all or none.
    async fn create_many(&self, accounts: &[NewAccount]) -> StoreResult<Vec<AccountId>>;

    /// The account that logs in by this name, whatever its kind, with its password hash.
    async fn by_login(&self, name: &str) -> StoreResult<Option<(Account, Option<String>)>>;

    async fn by_id(&self, id: AccountId) -> StoreResult<Option<Account>>;

    /// The account with this UUID.
    async fn by_uuid(&self, uuid: &str) -> StoreResult<Option<Account>>;

    /// Accounts whose nickname contains `text`, without regard to case, by id, at most `limit`.
    async fn search_nicknames(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>>;

    /// Gives an account a login name, in place of the one of its kind, which is free again then. Refused with
    /// `Exists(Login)` when it is another account's, `Unknown(Account)`.
    async fn add_login(&self, id: AccountId, name: &LoginName) -> StoreResult<()>;

    /// Accounts whose username, e-mail or mobile is `text` without regard to case, or whose nickname or id is exactly
    /// `text`, by id, at most `limit`. Nobody is found by an empty text.
    async fn search_accounts(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>>;

    /// Groups, dissolved ones left out, whose name contains `text` without regard to case, by id, at most `limit`.
    /// None is found by an empty text.
    async fn search_groups(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>>;

    /// How many groups an account owns, dissolved ones left out.
    async fn groups_owned(&self, owner: AccountId) -> StoreResult<i64>;

    /// The accounts nearest to a point that say where they are, and how far each is, in metres; the nearest first.
    async fn near_accounts(&self, wanted: Wanted) -> StoreResult<Vec<(Account, f64)>>;

    /// The same of groups, dissolved ones left out.
    async fn near_groups(&self, wanted: Wanted) -> StoreResult<Vec<(RoomInfo, f64)>>;
}
