//! What people write: the stored message, and the post it comes from.

use super::{AccountId, MessageId, RoomId, Seq, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The kind of a message's body. Kinds that no dialect of ours knows are kept by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MessageKind {
    Text,
    Picture,
    Voice,
    Video,
    Geo,
    File,
    /// Written by the node, not by a person: JSON of an event. Never counted as unread.
    Notice,
    Custom(Arc<str>),
}

impl MessageKind {
    /// The stored name of the kind.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            MessageKind::Text => "text",
            MessageKind::Picture => "pic",
            MessageKind::Voice => "voice",
            MessageKind::Video => "video",
            MessageKind::Geo => "geo",
            MessageKind::File => "file",
            MessageKind::Notice => "notice",
            MessageKind::Custom(name) => name,
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> MessageKind {
        match name {
            "text" => MessageKind::Text,
            "pic" => MessageKind::Picture,
            "voice" => MessageKind::Voice,
            "video" => MessageKind::Video,
            "geo" => MessageKind::Geo,
            "file" => MessageKind::File,
            "notice" => MessageKind::Notice,
            other => MessageKind::Custom(other.into()),
        }
    }

    /// Whether a message of this kind makes its room more unread.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(self, MessageKind::Notice)
    }
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    pub id: MessageId,
    pub room: RoomId,
    pub seq: Seq,
    pub sender: AccountId,
    pub kind: MessageKind,
    /// Text, or for other kinds what the posting client put there (a URL, JSON, a file id).
    pub body: Arc<str>,
    /// The sender marked it private (FreeIM's `isPrivate`).
    pub private: bool,
    /// What only the posting dialect needs back, opaque to the core and to every other dialect.
    pub extra: Option<Arc<str>>,
    pub created_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl ChatMessage {
    /// The longest body that is stored, in bytes (a `text` column of the original servers).
    pub const BODY_BYTES_MAX: usize = 65_535;
    /// The longest `extra` that is stored, in bytes.
    pub const EXTRA_BYTES_MAX: usize = 98_304;
    /// The longest name of a kind, in bytes.
    pub const KIND_BYTES_MAX: usize = 20;
}

/// A message on its way in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    pub kind: MessageKind,
    pub body: Arc<str>,
    pub private: bool,
    pub extra: Option<Arc<str>>,
    /// Makes a retry safe: see [`ClientToken`].
    pub token: Option<ClientToken>,
}

impl Post {
    #[must_use]
    pub fn text(body: &str) -> Post {
        Post {
            kind: MessageKind::Text,
            body: body.into(),
            private: false,
            extra: None,
            token: None,
        }
    }
}

/// The sender's own name for a post. Unique per account; the same key and digest answer with the first message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClientToken {
    /// 1 to [`ClientToken::KEY_BYTES_MAX`] bytes.
    pub key: Arc<str>,
    /// SHA-256 of the request it came with (who, where to, kind and body).
    #[serde(with = "serde_bytes")]
    pub digest: [u8; 32],
}

impl ClientToken {
    pub const KEY_BYTES_MAX: usize = 128;
    /// How long a token is remembered, in milliseconds: one day.
    pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
}
