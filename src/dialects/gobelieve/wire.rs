//! The shapes of GoBelieve's bodies.

use super::body::{Id, Switch};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize)]
pub struct Data<T> {
    pub data: T,
}

#[derive(Serialize)]
pub struct Success {
    pub success: bool,
}

#[derive(Serialize)]
pub struct GroupId {
    pub group_id: i64,
}

#[derive(Serialize)]
pub struct Token {
    pub token: String,
}

/// A member as groups show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    pub uid: i64,
    pub name: String,
}

/// A group; the last two only where they were asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    pub id: i64,
    pub appid: i64,
    pub master: i64,
    #[serde(rename = "super")]
    pub is_super: u8,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<bool>,
}

/// `POST /groups`.
#[derive(Deserialize)]
pub struct NewGroup {
    pub master: Id,
    pub name: String,
    #[serde(default, rename = "super")]
    pub is_super: Switch,
    pub members: Vec<Named>,
}

/// An account by its id alone, or as an object that names it.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Named {
    Id(Id),
    Object { uid: Id },
}

/// `PATCH /groups/{gid}`.
#[derive(Deserialize)]
pub struct Rename {
    pub name: String,
}

/// `POST /groups/{gid}/members`: ids, one object, or objects under `members`.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Members {
    List(Vec<Named>),
    Under { members: Vec<Named> },
    One(Named),
}

/// What a member sets for itself.
#[derive(Deserialize)]
pub struct Quiet {
    pub quiet: Option<Switch>,
    pub do_not_disturb: Option<Switch>,
}

/// `POST /auth/grant`.
#[derive(Deserialize)]
pub struct NewGrant {
    pub uid: Id,
    #[serde(default)]
    pub user_name: Option<String>,
}

/// `POST /users/{uid}`.
#[derive(Deserialize)]
pub struct User {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub forbidden: Option<Switch>,
}

/// `POST /post_group_notification`.
#[derive(Deserialize)]
pub struct GroupNotification {
    pub group_id: Id,
    pub notification: Text,
    #[serde(default)]
    pub members: Vec<Id>,
}

/// `POST /post_system_message`.
#[derive(Deserialize)]
pub struct SystemMessage {
    pub receivers: Vec<Id>,
    pub content: Text,
}

/// A text, or JSON that stands for its own text.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Text {
    Text(String),
    Json(Value),
}

impl Text {
    #[must_use]
    pub fn into_text(self) -> String {
        match self {
            Text::Text(text) => text,
            Text::Json(value) => value.to_string(),
        }
    }
}

/// The parameters of `POST /post_*` that come with the path.
#[derive(Default, Deserialize)]
pub struct Posting {
    pub appid: Option<Id>,
    pub uid: Option<Id>,
    pub sender: Option<Id>,
    pub receiver: Option<Id>,
    pub room: Option<Id>,
}

/// What the text of a group's notification says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notification {
    Create {
        group_id: i64,
        master: i64,
        name: String,
        members: Vec<i64>,
        timestamp: i64,
    },
    UpdateName {
        group_id: i64,
        timestamp: i64,
        name: String,
    },
    Disband {
        group_id: i64,
        timestamp: i64,
        name: String,
    },
    AddMember {
        group_id: i64,
        member_id: i64,
        timestamp: i64,
        name: String,
    },
    QuitGroup {
        group_id: i64,
        member_id: i64,
        timestamp: i64,
        name: String,
    },
}
