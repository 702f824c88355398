//! What groups and people show of themselves: tags, pictures, announcements, ratings, and what is found by them.

use super::{AccountId, AnnouncementId, PictureId, RoomId, TagId, Timestamp};
use serde::{Deserialize, Serialize};

/// A word by which a person or a group is described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: TagId,
    pub text: String,
}

/// A picture's bytes: a blob, with what it was judged to be when it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub blob: String,
    pub mime: String,
}

/// A picture that introduces a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub id: PictureId,
    pub image: Image,
}

/// What a group's managers have to say to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    pub id: AnnouncementId,
    pub author: AccountId,
    pub title: String,
    pub text: String,
    pub image: Option<Image>,
    pub created_at: Timestamp,
}

/// What a member of a group that was dissolved says of another one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    pub account: AccountId,
    pub stars: f64,
}

/// By what groups that were found are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortBy {
    /// Relevance, then members, then age.
    #[default]
    Everything,
    Relevance,
    Time,
    Members,
}

/// A search for groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupQuery {
    /// The category, exactly; empty is any.
    pub category: String,
    /// Part of a group's name or of one of its tags, without regard to case; empty is any.
    pub key: String,
    /// Tags that a group must all have, without regard to case.
    pub tags: Vec<String>,
    /// Only groups this account is in, dissolved ones among them. Without, all that were not dissolved.
    pub member: Option<AccountId>,
    pub sort: SortBy,
    pub ascending: bool,
    pub limit: i64,
}

/// A group that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupHit {
    pub id: RoomId,
    pub name: String,
    pub category: String,
    pub member_count: i64,
    pub member_limit: i64,
    pub created_at: Timestamp,
    pub dissolved_at: Option<Timestamp>,
    pub tags: Vec<String>,
}

/// What a search may be completed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HintOf {
    Names,
    Tags,
}
