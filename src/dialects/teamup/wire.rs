//! team-up's objects, field by field, in the order of its document.

use serde::Serialize;
use serde_json::Number;
use std::sync::Arc;

#[derive(Debug, Serialize)]
pub struct Login {
    pub token: String,
    pub openid: String,
    pub first_login: bool,
}

#[derive(Debug, Serialize)]
pub struct LoginStatus {
    pub status: bool,
}

#[derive(Debug, Serialize)]
pub struct Profile {
    pub id: String,
    pub nickname: String,
    pub info: String,
    pub star_rating: f64,
    pub time: String,
}

#[derive(Debug, Serialize)]
pub struct UserTags {
    pub tags: Vec<UserTag>,
}

#[derive(Debug, Serialize)]
pub struct UserTag {
    pub id: i64,
    pub user_id: String,
    pub tag_text: String,
}

/// The document has nothing to be told of a new group; nothing else tells its maker the number.
#[derive(Debug, Serialize)]
pub struct Created {
    pub msg: &'static str,
    pub group_id: i64,
    pub id: i64,
}

#[derive(Debug, Serialize)]
pub struct JoinRequests {
    pub join_requests: Vec<JoinRequest>,
}

#[derive(Debug, Serialize)]
pub struct JoinRequest {
    pub id: i64,
    pub user_id: String,
    pub group_id: i64,
}

#[derive(Debug, Serialize)]
pub struct Hints {
    pub hints: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Found {
    pub groups: Vec<FoundGroup>,
}

#[derive(Debug, Serialize)]
pub struct FoundMine {
    pub groups: Vec<FoundGroup>,
    pub dismissed_groups: Vec<FoundGroup>,
}

#[derive(Debug, Serialize)]
pub struct FoundGroup {
    pub id: i64,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub user_cnt: i64,
    pub user_limit: i64,
    pub time: String,
}

#[derive(Debug, Serialize)]
pub struct GroupInfo {
    pub id: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub user_cnt: i64,
    pub user_limit: i64,
    pub info: String,
    pub time: String,
}

#[derive(Debug, Serialize)]
pub struct Pictures {
    pub pictures: Vec<Picture>,
}

#[derive(Debug, Serialize)]
pub struct Picture {
    pub id: i64,
}

#[derive(Debug, Serialize)]
pub struct GroupTags {
    pub tags: Vec<GroupTag>,
}

#[derive(Debug, Serialize)]
pub struct GroupTag {
    pub id: i64,
    pub tag_text: String,
}

#[derive(Debug, Serialize)]
pub struct Members {
    pub users: Vec<Member>,
}

#[derive(Debug, Serialize)]
pub struct Member {
    pub user_id: String,
    pub nickname: String,
    pub is_admin: bool,
    pub is_creator: bool,
    pub time: String,
}

#[derive(Debug, Serialize)]
pub struct Announcements {
    pub announcements: Vec<AnnouncementLine>,
}

#[derive(Debug, Serialize)]
pub struct AnnouncementLine {
    pub id: i64,
    pub title: String,
    pub time: String,
}

#[derive(Debug, Serialize)]
pub struct AnnouncementAnswer {
    pub announcement: Announcement,
}

#[derive(Debug, Serialize)]
pub struct Announcement {
    pub id: i64,
    pub title: String,
    pub text: String,
    pub time: String,
}

/// The number of what was made, beside what the document says.
#[derive(Debug, Serialize)]
pub struct Made {
    pub msg: &'static str,
    pub id: i64,
}

#[derive(Debug, Serialize)]
pub struct Files {
    pub files: Vec<File>,
}

/// A file or folder of a group.
#[derive(Debug, Serialize)]
pub struct File {
    pub id: i64,
    /// 0 at the root.
    pub parent_id: i64,
    pub name: String,
    /// `dir`, or the suffix with its dot.
    #[serde(rename = "type")]
    pub suffix: String,
    pub size: i64,
    pub time: String,
    /// In seconds.
    pub duration: Number,
    pub file_type: &'static str,
}

#[derive(Debug, Serialize)]
pub struct FileKept {
    pub file_id: i64,
}

#[derive(Debug, Serialize)]
pub struct Chats {
    pub private: Vec<Profile>,
}

/// A message over a socket.
#[derive(Debug, Serialize)]
pub struct Message {
    pub id: i64,
    pub user_id: String,
    pub nickname: String,
    /// Ours: the number of a private room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<i64>,
    pub msg: Said,
    pub time: String,
    pub history: bool,
}

#[derive(Debug, Serialize)]
pub struct Said {
    pub msg_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_info: Option<SentFile>,
    /// In groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Vec<String>>,
}

/// A file in a message.
#[derive(Debug, Serialize)]
pub struct SentFile {
    pub id: i64,
    pub name: String,
    #[serde(rename = "type")]
    pub suffix: String,
    pub size: i64,
    pub time: String,
    /// In seconds, of voice and video only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Number>,
    pub file_type: &'static str,
}

/// A refusal over a socket.
#[derive(Debug, Serialize)]
pub struct Error {
    pub code: i64,
    #[serde(rename = "errorMsg")]
    pub error_msg: String,
}
