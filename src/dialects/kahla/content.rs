//! Messages between Kahla's encrypted content and the text, picture or file that other dialects know. Pure.
//!
//! What a Kahla client posted is kept beside the body that others see, and goes back to Kahla clients as it came: they
//! blank a whole conversation over one message that does not decrypt. What others posted is encrypted for them here.

use super::cipher::{self, Ciphertext, Salt};
use roost_actors::model::{ChatMessage, MessageKind};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// In `extra`: the content as it was posted follows.
const POSTED: &str = "kahla:";
/// In `extra`: the content as it was posted is the body.
const POSTED_AS_BODY: &str = "kahla=";

/// Stands in other dialects for content that its conversation's key does not decrypt.
const UNREADABLE: &str = "[encrypted message]";
/// Stands for a message without text.
const EMPTY: &str = "[empty message]";

/// The forms of media that Kahla's clients know, by what they put before the key or address of the file.
const MEDIA: [(&str, MessageKind); 3] = [
    ("[img]", MessageKind::Picture),
    ("[video]", MessageKind::Video),
    ("[file]", MessageKind::File),
];

/// Content that a Kahla client posted, as the core keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub kind: MessageKind,
    pub body: Arc<str>,
    pub extra: Option<Arc<str>>,
}

/// What content says: some of it must be looked up before it can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    /// A file of ours by its key.
    File(MessageKind, i64),
    /// A file somewhere by its address.
    Link(MessageKind, String),
}

/// Reads content with the key of its conversation.
#[must_use]
pub fn read(content: &str, key: &str) -> Said {
    let Some(ciphertext) = Ciphertext::parse(content) else {
        return Said::Text(content.to_owned());
    };
    let clear = ciphertext.decrypt(key).filter(|text| !text.contains('\0'));
    let Some(clear) = clear else {
        return Said::Text(UNREADABLE.to_owned());
    };
    for (mark, kind) in MEDIA {
        let Some(rest) = clear.strip_prefix(mark) else {
            continue;
        };
        if let Ok(file) = rest.trim().parse::<i64>() {
            return Said::File(kind, file);
        }
        if rest.starts_with("http://") || rest.starts_with("https://") {
            return Said::Link(kind, rest.to_owned());
        }
    }
    if clear.is_empty() {
        return Said::Text(EMPTY.to_owned());
    }
    Said::Text(clear)
}

/// Content as posted, with the body that others will see.
#[must_use]
pub fn keep(content: &str, kind: MessageKind, body: String) -> Posted {
    let extra = if body == content {
        POSTED_AS_BODY.into()
    } else {
        format!("{POSTED}{content}").into()
    };
    Posted {
        kind,
        body: body.into(),
        extra: Some(extra),
    }
}

/// Content that is kept as it came, where encryption is none of this node's business.
#[must_use]
pub fn keep_opaque(content: &str) -> Posted {
    Posted {
        kind: MessageKind::Text,
        body: content.into(),
        extra: Some(POSTED_AS_BODY.into()),
    }
}

/// A message as a Kahla client is shown it. `key` encrypts what other dialects posted; without it that goes out in clear.
#[must_use]
pub fn show(message: &ChatMessage, key: Option<&str>) -> String {
    if let Some(posted) = as_posted(message) {
        return posted.to_owned();
    }
    let clear = clear(&message.kind, &message.body);
    match key {
        Some(key) => cipher::encrypt(&clear, key, salt_of(message)),
        None => clear,
    }
}

fn as_posted(message: &ChatMessage) -> Option<&str> {
    let extra = message.extra.as_deref()?;
    if extra == POSTED_AS_BODY {
        return Some(&message.body);
    }
    extra.strip_prefix(POSTED)
}

/// The same for the same message, so that every rendering of it is equal.
fn salt_of(message: &ChatMessage) -> Salt {
    let digest: [u8; 32] = Sha256::digest(format!("salt of message {}", message.id)).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    [a, b, c, d, e, f, g, h]
}

fn clear(kind: &MessageKind, body: &str) -> String {
    let mark = match kind {
        MessageKind::Picture => "[img]",
        MessageKind::Video => "[video]",
        MessageKind::File | MessageKind::Voice => "[file]",
        MessageKind::Text | MessageKind::Geo | MessageKind::Notice | MessageKind::Custom(_) => {
            return if body.is_empty() {
                EMPTY.to_owned()
            } else {
                body.to_owned()
            };
        }
    };
    match link_in(body) {
        Some(link) => format!("{mark}{link}"),
        None => body.to_owned(),
    }
}

/// The address of a file in the body of a message: the body itself, or what an object names as such.
fn link_in(body: &str) -> Option<String> {
    if is_link(body) {
        return Some(body.to_owned());
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
        return None;
    };
    ["url", "image", "src", "path", "link"]
        .iter()
        .filter_map(|name| fields.get(*name)?.as_str())
        .find(|text| is_link(text))
        .map(str::to_owned)
}

fn is_link(text: &str) -> bool {
    ["http://", "https://", "/"]
        .iter()
        .any(|start| text.starts_with(start))
        && !text.contains(['\n', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::{AccountId, MessageId, RoomId, Seq, Timestamp};

    const KEY: &str = "b80eda4f25ae4d1b88abb710c2bc28a4";

    fn sealed(text: &str) -> String {
        cipher::encrypt(text, KEY, [9; 8])
    }

    fn opened(content: &str) -> Option<String> {
        Ciphertext::parse(content)?.decrypt(KEY)
    }

    fn message(kind: MessageKind, body: &str, extra: Option<&str>) -> ChatMessage {
        ChatMessage {
            id: MessageId(7),
            room: RoomId(1),
            seq: Seq(3),
            sender: AccountId::FIRST,
            kind,
            body: body.into(),
            private: false,
            extra: extra.map(Into::into),
            created_at: Timestamp(0),
            revoked_at: None,
        }
    }

    #[test]
    fn ciphertext_is_read_with_the_key_of_its_conversation() {
        assert_eq!(read(&sealed("hi 你好"), KEY), Said::Text("hi 你好".to_owned()));
        assert_eq!(read("plain words", KEY), Said::Text("plain words".to_owned()));
        let other = cipher::encrypt("hi", "another key", [9; 8]);
        assert_eq!(read(&other, KEY), Said::Text(UNREADABLE.to_owned()));
        assert_eq!(read(&sealed("a\0b"), KEY), Said::Text(UNREADABLE.to_owned()));
        assert_eq!(read(&sealed(""), KEY), Said::Text(EMPTY.to_owned()));
    }

    #[test]
    fn media_is_known_by_key_or_by_address() {
        let cases = [
            ("[img]345", Said::File(MessageKind::Picture, 345)),
            ("[video]1", Said::File(MessageKind::Video, 1)),
            (
                "[file]https://oss/x.zip",
                Said::Link(MessageKind::File, "https://oss/x.zip".to_owned()),
            ),
            ("[img]cat", Said::Text("[img]cat".to_owned())),
            ("[smile]", Said::Text("[smile]".to_owned())),
        ];
        for (text, said) in cases {
            assert_eq!(read(&sealed(text), KEY), said, "{text}");
        }
    }

    #[test]
    fn what_kahla_posted_goes_back_byte_for_byte() {
        for content in [
            sealed("hi"),
            "plain".to_owned(),
            cipher::encrypt("x", "wrong", [1; 8]),
        ] {
            let Said::Text(body) = read(&content, KEY) else {
                panic!("a text");
            };
            let posted = keep(&content, MessageKind::Text, body);
            let kept = message(posted.kind, &posted.body, posted.extra.as_deref());
            assert_eq!(show(&kept, Some(KEY)), content);
        }
    }

    #[test]
    fn what_others_posted_is_encrypted_for_kahla_always_in_the_same_way() {
        let text = message(MessageKind::Text, "from FreeIM", None);
        let shown = show(&text, Some(KEY));
        assert_eq!(opened(&shown).as_deref(), Some("from FreeIM"));
        assert_eq!(show(&text, Some(KEY)), shown);
        assert_eq!(show(&text, None), "from FreeIM");
    }

    #[test]
    fn media_of_others_takes_the_forms_that_clients_render() {
        let cases = [
            (MessageKind::Picture, "https://x/a.png", "[img]https://x/a.png"),
            (
                MessageKind::Picture,
                r#"{"url":"/images/a.png"}"#,
                "[img]/images/a.png",
            ),
            (MessageKind::Voice, "http://x/a.amr", "[file]http://x/a.amr"),
            (MessageKind::Video, "http://x/a.mp4", "[video]http://x/a.mp4"),
            (MessageKind::File, "no address", "no address"),
            (MessageKind::Geo, r#"{"lat":1}"#, r#"{"lat":1}"#),
            (MessageKind::Text, "", EMPTY),
        ];
        for (kind, body, clear) in cases {
            let shown = show(&message(kind, body, None), Some(KEY));
            assert_eq!(opened(&shown).as_deref(), Some(clear));
        }
    }

    #[test]
    fn the_extra_of_another_dialect_means_nothing_here() {
        let foreign = message(MessageKind::Text, "hello", Some("{\"x\":1}"));
        assert_eq!(opened(&show(&foreign, Some(KEY))).as_deref(), Some("hello"));
    }
}
