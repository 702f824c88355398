//! Between what GoBelieve's clients write into a message and the core's kinds and bodies. Pure.
//!
//! Content is opaque to the protocol, but every app writes JSON of one field: `text`, `image2` or `audio`. These become the
//! core's kinds, so that people on other dialects read them; anything else stays as it is. What was written is kept beside
//! the body whenever rendering the body would not give it back to the letter.

use super::frame::{Customer, Im, Shown, flag};
use roost_actors::model::{AccountId, ChatMessage, MessageKind, Post, RoomKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The kind of a message that the app's server wrote to one person.
pub const SYSTEM_KIND: &str = "system";
/// The platform whose logins count as one device.
const WEB: u8 = 3;

/// Where a message was written: what only this dialect needs back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The writing device, as [`device`] names it.
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// The client's own number of the message.
    #[serde(rename = "i", default, skip_serializing_if = "is_zero")]
    pub local_id: i32,
    /// Bits of the client's flag that travel with the message.
    #[serde(rename = "f", default, skip_serializing_if = "is_zero")]
    pub flag: u8,
    /// The content to the letter, where the body does not give it back.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Arc<str>>,
    /// The app, when it came as a customer message.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub app: Option<i64>,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

#[derive(Serialize, Deserialize)]
struct Extra {
    gobelieve: Origin,
}

impl Origin {
    /// Reads back what [`post`] left with a message; nothing for one from elsewhere.
    #[must_use]
    pub fn of(message: &ChatMessage) -> Option<Origin> {
        let extra: Extra = serde_json::from_str(message.extra.as_deref()?).ok()?;
        Some(extra.gobelieve)
    }
}

/// The name of a device, as far as telling one's own messages needs it: all web logins are one.
#[must_use]
pub fn device(platform: u8, id: &str) -> String {
    if platform == WEB {
        "web".to_owned()
    } else {
        format!("{platform}:{id}")
    }
}

/// A message on its way in.
#[must_use]
pub fn post(content: &Arc<str>, mut origin: Origin) -> Post {
    let (kind, body) = understood(content).unwrap_or_else(|| (MessageKind::Text, content.clone()));
    if rendered(&kind, &body) != **content {
        origin.content = Some(content.clone());
    }
    let extra = serde_json::to_string(&Extra { gobelieve: origin }).ok();
    Post {
        kind,
        body,
        private: false,
        extra: extra.map(Into::into),
        token: None,
    }
}

/// A group's notification, as the node writes it into the group.
#[must_use]
pub fn notice(text: &str) -> Post {
    let extra = serde_json::to_string(&Extra {
        gobelieve: Origin::default(),
    });
    Post {
        kind: MessageKind::Notice,
        extra: extra.ok().map(Into::into),
        ..Post::text(text)
    }
}

/// What the app's server has to say to one person.
#[must_use]
pub fn system(text: &str) -> Post {
    Post {
        kind: MessageKind::Custom(SYSTEM_KIND.into()),
        ..Post::text(text)
    }
}

/// The kind and body of content that an app wrote as JSON.
fn understood(content: &str) -> Option<(MessageKind, Arc<str>)> {
    let value: Value = serde_json::from_str(content).ok()?;
    let (kind, body) = if let Some(text) = value.get("text").and_then(Value::as_str) {
        (MessageKind::Text, text)
    } else if let Some(url) = value["image2"]["url"].as_str() {
        (MessageKind::Picture, url)
    } else {
        (MessageKind::Voice, value["audio"]["url"].as_str()?)
    };
    // No column keeps a NUL, which JSON can escape.
    (!body.contains('\0')).then(|| (kind, body.into()))
}

/// The JSON an app would write for a kind and body.
#[must_use]
pub fn rendered(kind: &MessageKind, body: &str) -> String {
    let value = match kind {
        MessageKind::Picture => json!({ "image2": { "url": url_in(body) } }),
        MessageKind::Voice => json!({ "audio": { "url": url_in(body), "duration": 0 } }),
        _ => json!({ "text": body }),
    };
    value.to_string()
}

/// The address in a body that is one, or JSON that has one.
fn url_in(body: &str) -> String {
    let value: Option<Value> = serde_json::from_str(body).ok();
    let named = value.as_ref().and_then(|value| {
        ["url", "fileUrl"]
            .iter()
            .find_map(|name| value.get(name)?.as_str())
    });
    named.unwrap_or(body).to_owned()
}

/// A stored message as clients are shown it; `None` for what this dialect has no frame for.
#[must_use]
pub fn shown(kind: RoomKind, message: &ChatMessage) -> Option<Shown> {
    if message.revoked_at.is_some() {
        return None;
    }
    match &message.kind {
        MessageKind::Notice => {
            // Notices of other dialects are none that these clients know.
            return Origin::of(message).map(|_| Shown::GroupNotification(message.body.clone()));
        }
        MessageKind::Custom(name) if &**name == SYSTEM_KIND && message.sender == AccountId(0) => {
            return Some(Shown::System(message.body.clone()));
        }
        _ => {}
    }
    let origin = Origin::of(message).unwrap_or_default();
    let content = origin
        .content
        .unwrap_or_else(|| rendered(&message.kind, &message.body).into());
    let time = i32::try_from(message.created_at.0.div_euclid(1_000)).unwrap_or(i32::MAX);
    let sender = message.sender.0;
    Some(match (kind.peer_of(message.sender), origin.app) {
        (Some(peer), Some(app)) => Shown::Customer(Customer {
            sender_app: app,
            sender,
            receiver_app: app,
            receiver: peer.0,
            time,
            content,
        }),
        (Some(peer), None) => Shown::Im(Im {
            sender,
            receiver: peer.0,
            time,
            local_id: origin.local_id,
            content,
        }),
        // The original server loses the number in groups.
        (None, _) => Shown::GroupIm(Im {
            sender,
            receiver: message.room.0,
            time,
            local_id: 0,
            content,
        }),
    })
}

/// The flag of a message in a sync: whether this account wrote it on this device.
#[must_use]
pub fn self_flag(message: &ChatMessage, me: AccountId, device: &str) -> u8 {
    let mine = message.sender == me && Origin::of(message).is_some_and(|origin| origin.device == device);
    if mine { flag::SELF } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::{MessageId, RoomId, Seq, Timestamp};

    const ANN: AccountId = AccountId(101);
    const BOB: AccountId = AccountId(102);

    fn stored(post: Post) -> ChatMessage {
        ChatMessage {
            id: MessageId(1),
            room: RoomId(7),
            seq: Seq(1),
            sender: ANN,
            kind: post.kind,
            body: post.body,
            private: false,
            extra: post.extra,
            created_at: Timestamp(1_795_323_143_500),
            revoked_at: None,
        }
    }

    fn written(content: &str) -> ChatMessage {
        let origin = Origin {
            device: "web".to_owned(),
            local_id: 7,
            ..Origin::default()
        };
        stored(post(&content.into(), origin))
    }

    #[test]
    fn what_apps_write_becomes_a_kind_that_others_read_and_comes_back_to_the_letter() {
        let cases = [
            (r#"{"text":"m1"}"#, MessageKind::Text, "m1", false),
            (r#"{"text":"m1","uuid":"u"}"#, MessageKind::Text, "m1", true),
            (r#"{ "text": "m1" }"#, MessageKind::Text, "m1", true),
            (
                r#"{"image2":{"url":"http://a","width":3}}"#,
                MessageKind::Picture,
                "http://a",
                true,
            ),
            (
                r#"{"audio":{"url":"http://a","duration":0}}"#,
                MessageKind::Voice,
                "http://a",
                false,
            ),
            ("plain", MessageKind::Text, "plain", true),
            (r#"{"location":1}"#, MessageKind::Text, r#"{"location":1}"#, true),
            (
                r#"{"text":"a\u0000b"}"#,
                MessageKind::Text,
                r#"{"text":"a\u0000b"}"#,
                true,
            ),
            ("[1]", MessageKind::Text, "[1]", true),
            ("", MessageKind::Text, "", true),
        ];
        for (content, kind, body, kept) in cases {
            let message = written(content);
            assert_eq!((&message.kind, &*message.body), (&kind, body), "{content}");
            assert_eq!(Origin::of(&message).unwrap().content.is_some(), kept, "{content}");
            let Some(Shown::Im(im)) = shown(RoomKind::direct(ANN, BOB), &message) else {
                panic!("{content} is not shown");
            };
            assert_eq!(&*im.content, content);
            assert_eq!(
                (im.sender, im.receiver, im.time, im.local_id),
                (101, 102, 1_795_323_143, 7)
            );
        }
    }

    #[test]
    fn messages_of_other_dialects_are_shown_as_an_app_would_have_written_them() {
        let of = |kind, body: &str| {
            let mut message = written("");
            (message.kind, message.body, message.extra) = (kind, body.into(), Some("{}".into()));
            match shown(RoomKind::Group, &message) {
                Some(Shown::GroupIm(im)) => im.content.to_string(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(of(MessageKind::Text, "a\"b"), r#"{"text":"a\"b"}"#);
        let picture = r#"{"content":"","fileUrl":"http://a"}"#;
        assert_eq!(
            of(MessageKind::Picture, picture),
            r#"{"image2":{"url":"http://a"}}"#
        );
        assert_eq!(of(MessageKind::Custom("sticker".into()), "x"), r#"{"text":"x"}"#);
    }

    #[test]
    fn the_number_of_a_group_message_is_lost_and_notices_of_others_are_not_shown() {
        let Some(Shown::GroupIm(im)) = shown(RoomKind::Group, &written("x")) else {
            panic!("not shown");
        };
        assert_eq!((im.receiver, im.local_id), (7, 0));
        let rename = r#"{"update_name":{"group_id":7}}"#;
        let mut message = stored(notice(rename));
        assert_eq!(
            shown(RoomKind::Group, &message),
            Some(Shown::GroupNotification(rename.into()))
        );
        message.extra = None;
        assert_eq!(shown(RoomKind::Group, &message), None);
    }

    #[test]
    fn only_the_device_a_message_was_written_on_has_it_marked_as_its_own() {
        let message = written("x");
        assert_eq!(
            self_flag(&message, ANN, &device(3, "another browser")),
            flag::SELF
        );
        assert_eq!(self_flag(&message, ANN, &device(1, "phone")), 0);
        assert_eq!(self_flag(&message, BOB, "web"), 0);
        let mut foreign = message;
        foreign.extra = None;
        assert_eq!(self_flag(&foreign, ANN, ""), 0);
    }
}
