//! Kahla's objects as they stand in JSON, with the image fields of both its generations of clients.

use serde::{Serialize, Serializer};

/// A `KahlaUser`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: String,
    pub bio: Option<String>,
    pub nick_name: String,
    pub sex: Option<String>,
    pub head_img_url: String,
    pub head_img_file_key: i64,
    pub prefered_language: &'static str,
    pub account_create_time: String,
    pub email_confirmed: bool,
    pub email: Option<String>,
}

/// An entry of `MyFriends`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    pub display_name: String,
    pub display_image: String,
    pub display_image_key: i64,
    pub latest_message: Option<String>,
    pub latest_message_time: String,
    pub un_read_amount: i64,
    pub conversation_id: i64,
    pub discriminator: Discriminator,
    pub user_id: Option<String>,
    pub aes_key: String,
}

/// What kind of conversation something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Discriminator {
    #[serde(rename = "PrivateConversation")]
    Private,
    #[serde(rename = "GroupConversation")]
    Group,
}

/// What every conversation shows, after the fields of its kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    pub id: i64,
    pub discriminator: Discriminator,
    pub aes_key: String,
    pub conversation_create_time: String,
    pub display_name: Option<String>,
    pub display_image: Option<String>,
    pub display_image_key: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivateConversation {
    pub requester_id: String,
    pub request_user: User,
    pub target_id: String,
    pub target_user: User,
    pub another_user_id: String,
    #[serde(flatten)]
    pub conversation: Conversation,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupConversation {
    /// `None` in search results.
    pub users: Option<Vec<UserInGroup>>,
    pub group_image: String,
    pub group_image_key: i64,
    pub group_name: String,
    #[serde(flatten)]
    pub conversation: Conversation,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInGroup {
    pub id: i64,
    pub join_time: String,
    pub user_id: String,
    pub user: User,
    pub group_id: i64,
    pub read_time_stamp: String,
}

/// The `value` of `ConversationDetail`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ConversationDetail {
    Private(Box<PrivateConversation>),
    Group(GroupConversation),
}

/// A message in `GetMessage`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: i64,
    pub conversation_id: i64,
    pub sender_id: String,
    pub sender: User,
    pub send_time: String,
    pub content: String,
    pub read: bool,
}

/// An entry of `MyRequests`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub id: i64,
    pub creator_id: String,
    pub creator: User,
    pub target_id: String,
    pub create_time: String,
    pub completed: bool,
}

/// The answer of `/api`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Root {
    pub code: i32,
    pub message: &'static str,
    pub wiki_path: &'static str,
    pub server_time: String,
    pub utc_time: String,
    pub authenticated: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version<'a> {
    pub latest_version: &'a str,
    pub oldest_supported_version: &'a str,
    pub download_address: &'a str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pusher {
    pub server_path: String,
    pub channel_id: i64,
    pub connect_key: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDetail {
    pub user: Option<User>,
    pub are_friends: bool,
    pub conversation_id: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// The download address of the first generation, whose clients put it into messages themselves.
    pub value: String,
    pub file_key: i64,
    pub saved_file_name: String,
    pub file_size: i64,
}

/// Where a file can be fetched, in the spelling of clients and in that of the document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileAddress {
    pub file_name: String,
    pub download_path: String,
    #[serde(rename = "DownloadPath")]
    pub documented_download_path: String,
}

/// What goes over the push channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    NewMessage {
        conversation_id: i64,
        sender: Box<User>,
        content: String,
        aes_key: String,
    },
    NewFriendRequest {
        requester_id: String,
    },
    WereDeleted,
    FriendAccepted,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct NewMessage<'a> {
            conversation_id: i64,
            sender: &'a User,
            content: &'a str,
            aes_key: &'a str,
            r#type: i32,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct NewFriendRequest<'a> {
            requester_id: &'a str,
            r#type: i32,
        }
        #[derive(Serialize)]
        struct Bare {
            r#type: i32,
        }
        match self {
            Event::NewMessage {
                conversation_id,
                sender,
                content,
                aes_key,
            } => NewMessage {
                conversation_id: *conversation_id,
                sender,
                content,
                aes_key,
                r#type: 0,
            }
            .serialize(serializer),
            Event::NewFriendRequest { requester_id } => NewFriendRequest {
                requester_id,
                r#type: 1,
            }
            .serialize(serializer),
            Event::WereDeleted => Bare { r#type: 2 }.serialize(serializer),
            Event::FriendAccepted => Bare { r#type: 3 }.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::to_string;

    #[test]
    fn events_have_numbered_types_after_their_fields() {
        let request = Event::NewFriendRequest {
            requester_id: "ann".to_owned(),
        };
        assert_eq!(to_string(&request).unwrap(), r#"{"requesterId":"ann","type":1}"#);
        assert_eq!(to_string(&Event::WereDeleted).unwrap(), r#"{"type":2}"#);
        assert_eq!(to_string(&Event::FriendAccepted).unwrap(), r#"{"type":3}"#);
    }
}
