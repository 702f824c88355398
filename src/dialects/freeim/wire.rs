//! The JSON of FreeIM's objects, field by field in the order and spelling of its documentation.

use serde::{Serialize, Serializer};
use std::sync::Arc;

/// A coordinate. Whole degrees are written without a fraction, as Go writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Degrees(pub f64);

impl Serialize for Degrees {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Degrees(value) = *self;
        if value.fract() == 0.0 && value.abs() <= 1_000.0 {
            serializer.serialize_i64(value as i64)
        } else {
            serializer.serialize_f64(value)
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub id: i64,
    pub username: String,
    pub email: String,
    pub mobile: String,
    pub nickname: String,
    pub avatar: String,
    pub gender: String,
    pub birth: String,
    pub age: i64,
    pub intro: String,
    pub longitude: Degrees,
    pub latitude: Degrees,
    pub country: String,
    pub province: String,
    pub city: String,
    pub district: String,
    pub online_status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Me {
    pub account: Account,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Captcha {
    pub key: String,
    /// Base64 of a PNG.
    pub captcha: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    pub token: String,
    pub need_update_password: bool,
}

/// A friend group as it hangs on a friend: its members are not named there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FriendGroupName {
    pub id: i64,
    pub friends: Option<()>,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Friend {
    pub account: Account,
    pub friend_groups: Vec<FriendGroupName>,
    pub remark: String,
    pub label: String,
}

/// A member of a friend group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupedFriend {
    /// The number of the friendship, not of the account.
    pub id: i64,
    pub account: Account,
    pub friend_groups: Option<()>,
    pub remark: String,
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FriendGroup {
    pub id: i64,
    pub friends: Vec<GroupedFriend>,
    pub name: String,
}

/// Somebody or some group nearby.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Near<T> {
    #[serde(flatten)]
    pub who: T,
    pub distance: String,
}

/// What a client needs to know to upload.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadParams {
    pub access_domain: String,
    pub upload_token: String,
    /// Where to upload when it is not to Qiniu; not in the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload_url: Option<String>,
}

/// What was uploaded, as Qiniu answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uploaded {
    pub hash: String,
    pub key: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Configs {
    pub qiniu: UploadParams,
    pub configs: std::collections::BTreeMap<&'static str, String>,
}

/// An entry of the page of discoveries.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discover {
    pub id: usize,
    pub created_at: String,
    pub name: String,
    pub logo: String,
    pub url: String,
    pub password: String,
}

/// `friends/info`: the friend itself, as the original answers, and the list that its documentation shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FriendInfo {
    #[serde(flatten)]
    pub friend: Friend,
    pub items: Vec<Friend>,
    pub total: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FriendApply {
    pub created_at: String,
    pub from_account: Account,
    pub apply_reason: String,
    pub deny_reason: String,
    pub status: &'static str,
    pub reply_time: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    pub is_friend: bool,
    pub is_blacklist: bool,
}

/// A group. Two of its flags are misspelt in the original, and one field is in snake case.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub id: i64,
    pub name: String,
    pub avatar: String,
    pub intro: String,
    pub members: i64,
    #[serde(rename = "members_limit")]
    pub members_limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_list: Option<Vec<GroupMember>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_info: Option<SelfInfo>,
    pub longitude: Degrees,
    pub latitude: Degrees,
    pub country: String,
    pub province: String,
    pub city: String,
    pub district: String,
    pub address: String,
    pub disable_add_member: bool,
    pub disable_view_member: bool,
    #[serde(rename = "disbaleAddGroup")]
    pub disable_add_group: bool,
    #[serde(rename = "enbaleBeforeMsg")]
    pub enable_before_msg: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMember {
    pub account: Account,
    pub role: &'static str,
    pub remark: String,
    pub is_banned: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfInfo {
    pub chat_group_member_role: &'static str,
    pub is_banned: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupJoin {
    pub created_at: String,
    pub account: Account,
    pub chat_group: Group,
    pub apply_reason: String,
    pub deny_reason: String,
    pub status: &'static str,
    pub reply_time: Option<String>,
}

/// A message, and every frame of the socket.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    #[serde(skip_serializing_if = "is_zero")]
    pub id: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub updated_at: String,
    pub from_id: i64,
    pub to_id: i64,
    pub ope: &'static str,
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    pub body: Arc<str>,
    pub is_private: bool,
    pub status: &'static str,
    pub is_read: bool,
    /// History: whether the caller wrote it.
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    pub mine: Option<bool>,
    /// The documentation's name for `isRead` in read receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
}

fn is_zero(id: &i64) -> bool {
    *id == 0
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct History {
    pub items: Vec<Message>,
    pub total: i64,
    /// What the caller has not read in this conversation; not in the original.
    pub unread: i64,
}

/// The answer to a revocation has Go's field names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revoked {
    #[serde(rename = "ToID")]
    pub to_id: i64,
    #[serde(rename = "Id")]
    pub id: i64,
    #[serde(rename = "Ope")]
    pub ope: String,
}
