//! The store behind conversations as Kahla lists them: views of direct rooms, friend requests by id, names that groups claim.

use super::StoreResult;
use crate::model::{
    Account, AccountId, Conversation, FriendRequest, RequestId, RoomId, RoomInfo, View, ViewId,
};
use async_trait::async_trait;

#[async_trait]
pub trait ViewStore: Send + Sync {
    /// A view, open or closed.
    async fn view(&self, id: ViewId) -> StoreResult<Option<View>>;

    /// The open view of two accounts.
    async fn open_view(&self, a: AccountId, b: AccountId) -> StoreResult<Option<View>>;

    /// Every open view and group of an account, in no order.
    async fn conversations(&self, account: AccountId) -> StoreResult<Vec<Conversation>>;

    async fn request(&self, id: RequestId) -> StoreResult<Option<FriendRequest>>;

    /// All friend requests to an account, answered ones too, newest first, with the profile of who asks.
    async fn requests_to(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>>;

    /// The group that claims this name, without regard to case.
    async fn claimed(&self, name: &str) -> StoreResult<Option<RoomId>>;

    /// Groups whose claimed name contains `text`, without regard to case, by id, at most `limit`. They are shown by
    /// the name they claim.
    async fn search_claims(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>>;
}
