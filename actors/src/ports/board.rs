//! The store of what groups and people show of themselves, of ratings, and of what groups are found by.

use super::StoreResult;
use crate::model::{
    AccountId, Announcement, AnnouncementId, GroupHit, GroupQuery, HintOf, Image, JoinRequest, Picture,
    PictureId, Rating, RequestId, RoomId, Tag, TagId, Timestamp,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Whose tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TagsOf {
    Account(AccountId),
    Room(RoomId),
}

/// A change to somebody's tags. Answers with the tag's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TagChange {
    /// One that is there stays as it is. Refused with `Full`.
    Add { text: String },
    /// Refused with `Unknown(Tag)`, `Exists(Tag)`.
    Edit { id: TagId, text: String },
    /// Refused with `Unknown(Tag)`.
    Remove { id: TagId },
}

/// A change to a group's board: one transaction that holds the group. Answers with the number of what it is about. All
/// but `Rate` are refused with `Dissolved`. A picture's blob must be noted, or it is refused with `Unknown(File)`; the
/// blob of one that goes is noted as due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BoardChange {
    Tag(TagChange),
    /// Refused with `Full`.
    AddPicture {
        image: Image,
        max: i64,
    },
    /// Refused with `Unknown(Picture)`.
    RemovePicture {
        id: PictureId,
    },
    /// Refused with `Full`.
    Announce {
        author: AccountId,
        title: String,
        text: String,
    },
    /// Refused with `Unknown(Announcement)`.
    Reword {
        id: AnnouncementId,
        title: String,
        text: String,
    },
    /// Refused with `Unknown(Announcement)`.
    Withdraw {
        id: AnnouncementId,
    },
    /// Refused with `Unknown(Announcement)`, and with `Unknown(Picture)` when there is none to take away.
    Illustrate {
        id: AnnouncementId,
        image: Option<Image>,
    },
    /// Refused with `Forbidden` when this account has rated here before.
    Rate {
        by: AccountId,
        ratings: Vec<Rating>,
    },
}

#[async_trait]
pub trait BoardStore: Send + Sync {
    /// Oldest first.
    async fn tags(&self, of: TagsOf) -> StoreResult<Vec<Tag>>;

    async fn change_tags(&self, account: AccountId, change: &TagChange, now: Timestamp) -> StoreResult<i64>;

    /// Oldest first.
    async fn pictures(&self, room: RoomId) -> StoreResult<Vec<Picture>>;

    /// Refused with `Unknown(Picture)`.
    async fn picture(&self, room: RoomId, id: PictureId) -> StoreResult<Picture>;

    /// Newest first.
    async fn announcements(&self, room: RoomId) -> StoreResult<Vec<Announcement>>;

    /// Refused with `Unknown(Announcement)`.
    async fn announcement(&self, room: RoomId, id: AnnouncementId) -> StoreResult<Announcement>;

    async fn change(&self, room: RoomId, change: &BoardChange, now: Timestamp) -> StoreResult<i64>;

    /// The mean of all ratings of each of these accounts; those nobody has rated are left out.
    async fn stars(&self, accounts: &[AccountId]) -> StoreResult<Vec<Rating>>;

    /// The avatar whose bytes are this blob.
    async fn avatar(&self, blob: &str) -> StoreResult<Option<Image>>;

    /// Groups that fit, in no order, each with all its tags: at most
    /// [`CANDIDATES_MAX`](crate::board::rules::CANDIDATES_MAX), those with the most members.
    async fn find_groups(&self, query: &GroupQuery) -> StoreResult<Vec<GroupHit>>;

    /// Names or tags of groups of a category that were not dissolved, each once, that hold `key` without regard to
    /// case: first those that begin with it, then those of the most members (names) or groups (tags); at most `limit`.
    async fn hints(&self, of: HintOf, category: &str, key: &str, limit: i64) -> StoreResult<Vec<String>>;

    /// A request to join a group, answered or not.
    async fn join_request(&self, id: RequestId) -> StoreResult<Option<JoinRequest>>;
}
