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

/// A person.
#[derive(Debug, Serialize)]
pub struct UserInfo {
    pub id: String,
    pub nickname: String,
    pub info: String,
    pub star_rating: f64,
    pub time: String,
}

#[derive(Debug, Serialize)]
pub struct LoginStatus {
    pub status: bool,
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
    pub private: Vec<UserInfo>,
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
