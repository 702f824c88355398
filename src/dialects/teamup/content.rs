//! Between team-up's messages and the kinds and bodies that all dialects share, and what clients say over a socket. Pure.
//!
//! A file of a room travels as a picture, voice, video or file whose body is an address that every client can open. What
//! team-up's own clients are shown of it is kept beside the body, as it was when it was sent.

use crate::blobs::names;
use roost_actors::model::{ChatMessage, FileId, MessageId, MessageKind, Post, TreeItem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Members that one message may mention, at most.
pub const AT_LEN_MAX: usize = 100;

/// What clients are told a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileType {
    Image,
    Voice,
    Video,
    File,
}

/// The suffixes by which a file's type is told before its bytes are asked.
const SUFFIXES: [(FileType, &[&str]); 3] = [
    (
        FileType::Image,
        &["jpg", "jpeg", "png", "gif", "bmp", "webp", "heic"],
    ),
    (
        FileType::Voice,
        &["mp3", "aac", "m4a", "wav", "amr", "silk", "ogg", "flac"],
    ),
    (
        FileType::Video,
        &["mp4", "mov", "m4v", "avi", "mkv", "webm", "3gp"],
    ),
];

impl FileType {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FileType::Image => "image",
            FileType::Voice => "voice",
            FileType::Video => "video",
            FileType::File => "file",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<FileType> {
        [FileType::Image, FileType::Voice, FileType::Video, FileType::File]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// By the name's suffix, else by the media type of the bytes.
    #[must_use]
    pub fn of(name: &str, mime: &str) -> FileType {
        let suffix = names::suffix(name).trim_start_matches('.').to_ascii_lowercase();
        let known = SUFFIXES
            .iter()
            .find(|(_, suffixes)| suffixes.contains(&suffix.as_str()));
        match (known, mime.split('/').next()) {
            (Some((kind, _)), _) => *kind,
            (None, Some("image")) => FileType::Image,
            (None, Some("audio")) => FileType::Voice,
            (None, Some("video")) => FileType::Video,
            (None, _) => FileType::File,
        }
    }

    fn kind(self) -> MessageKind {
        match self {
            FileType::Image => MessageKind::Picture,
            FileType::Voice => MessageKind::Voice,
            FileType::Video => MessageKind::Video,
            FileType::File => MessageKind::File,
        }
    }
}

/// The type of a file; folders have none.
#[must_use]
pub fn file_type(item: &TreeItem) -> Option<FileType> {
    let content = item.content.as_ref()?;
    Some(FileType::of(&item.name, &content.mime))
}

/// What of a message only this dialect needs back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The members it mentions, as clients know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<SentFile>,
}

/// A file as it was when it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    pub id: i64,
    pub name: String,
    pub len: i64,
    /// When it was uploaded, in milliseconds since the Unix epoch.
    pub at: i64,
    pub duration_ms: i64,
    pub file_type: FileType,
    /// What its sender called it.
    pub sent_as: FileType,
}

#[derive(Serialize, Deserialize)]
struct Extra {
    teamup: Origin,
}

impl Origin {
    /// Reads back what was left with a message; nothing for one from elsewhere.
    #[must_use]
    pub fn of(message: &ChatMessage) -> Option<Origin> {
        let extra: Extra = serde_json::from_str(message.extra.as_deref()?).ok()?;
        Some(extra.teamup)
    }

    fn extra(self) -> Option<Arc<str>> {
        if self == Origin::default() {
            return None;
        }
        let extra = serde_json::to_string(&Extra { teamup: self });
        extra.ok().map(Into::into)
    }
}

/// A text on its way in.
#[must_use]
pub fn text(content: &str, at: Vec<String>) -> Post {
    Post {
        extra: Origin { at, file: None }.extra(),
        ..Post::text(content)
    }
}

/// A file on its way into the chat; `link` is where other dialects' clients find it. `None` for a folder.
#[must_use]
pub fn file(item: &TreeItem, sent_as: Option<FileType>, at: Vec<String>, link: &str) -> Option<Post> {
    let file_type = file_type(item)?;
    let sent_as = sent_as.unwrap_or(file_type);
    let file = SentFile {
        id: item.id.0,
        name: item.name.clone(),
        len: item.len(),
        at: item.created_at.0,
        duration_ms: item.content.as_ref()?.duration_ms,
        file_type,
        sent_as,
    };
    Some(Post {
        kind: sent_as.kind(),
        extra: Origin { at, file: Some(file) }.extra(),
        ..Post::text(link)
    })
}

/// What a message says to a team-up client; `None` for what nodes write for other dialects.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    Text(Arc<str>),
    File(SentFile),
}

#[must_use]
pub fn shown(message: &ChatMessage) -> Option<(Shown, Vec<String>)> {
    if message.revoked_at.is_some() || message.kind == MessageKind::Notice {
        return None;
    }
    let origin = Origin::of(message).unwrap_or_default();
    if let Some(file) = origin.file {
        return Some((Shown::File(file), origin.at));
    }
    // A file of another dialect has no number here: its address is shown.
    let label = match message.kind {
        MessageKind::Picture => "[图片] ",
        MessageKind::Voice => "[语音] ",
        MessageKind::Video => "[视频] ",
        MessageKind::File => "[文件] ",
        MessageKind::Geo => "[位置] ",
        _ => return Some((Shown::Text(message.body.clone()), origin.at)),
    };
    Some((Shown::Text(format!("{label}{}", message.body).into()), origin.at))
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    Text {
        content: String,
        at: Vec<String>,
    },
    File {
        sent_as: FileType,
        id: FileId,
        at: Vec<String>,
    },
    /// The messages before one, or the latest.
    History {
        before: Option<MessageId>,
    },
}

/// Why a frame is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misspoken {
    /// No such type of message.
    Type,
    /// A field too many, too few, or of another type.
    Format,
}

/// Reads a client's frame. Fields are checked strictly, as the document says; members are mentioned in groups only.
pub fn spoken(text: &str, in_group: bool) -> Result<Spoken, Misspoken> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
        return Err(Misspoken::Format);
    };
    let Some(Value::String(name)) = fields.remove("msg_type") else {
        return Err(Misspoken::Format);
    };
    let said = match name.as_str() {
        "text" => {
            let content = match fields.remove("content") {
                Some(Value::String(content)) => content,
                _ => return Err(Misspoken::Format),
            };
            Spoken::Text {
                content,
                at: at(&mut fields, in_group)?,
            }
        }
        "history" => Spoken::History {
            before: number(&mut fields, "msg_id")?.map(MessageId),
        },
        name => {
            let sent_as = FileType::named(name).ok_or(Misspoken::Type)?;
            let id = number(&mut fields, "file_id")?.ok_or(Misspoken::Format)?;
            // The document has a text with everything but history; with a file it says nothing.
            if !matches!(fields.remove("content"), None | Some(Value::String(_))) {
                return Err(Misspoken::Format);
            }
            Spoken::File {
                sent_as,
                id: FileId(id),
                at: at(&mut fields, in_group)?,
            }
        }
    };
    if fields.is_empty() {
        Ok(said)
    } else {
        Err(Misspoken::Format)
    }
}

fn number(fields: &mut Map<String, Value>, name: &str) -> Result<Option<i64>, Misspoken> {
    let value = fields.remove(name);
    value
        .map(|value| value.as_i64().ok_or(Misspoken::Format))
        .transpose()
}

/// Whom a message mentions, each once.
fn at(fields: &mut Map<String, Value>, in_group: bool) -> Result<Vec<String>, Misspoken> {
    let named = match fields.remove("at") {
        None => return Ok(Vec::new()),
        Some(Value::Array(named)) if in_group && named.len() <= AT_LEN_MAX => named,
        Some(_) => return Err(Misspoken::Format),
    };
    let mut at: Vec<String> = Vec::new();
    for name in named {
        let Value::String(name) = name else {
            return Err(Misspoken::Format);
        };
        if !at.contains(&name) {
            at.push(name);
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use roost_actors::model::{AccountId, RoomId, Seq, Spot, Timestamp, TreeContent};

    fn stored(post: Post) -> ChatMessage {
        ChatMessage {
            id: MessageId(1),
            room: RoomId(7),
            seq: Seq(1),
            sender: AccountId::FIRST,
            kind: post.kind,
            body: post.body,
            private: false,
            extra: post.extra,
            created_at: Timestamp(0),
            revoked_at: None,
        }
    }

    fn item(name: &str, mime: &str) -> TreeItem {
        TreeItem {
            id: FileId(5),
            room: RoomId(7),
            spot: Spot::Chat,
            owner: AccountId::FIRST,
            name: name.to_owned(),
            content: Some(TreeContent {
                blob: String::new(),
                mime: mime.to_owned(),
                len: 3,
                duration_ms: 1_200,
            }),
            created_at: Timestamp(9),
        }
    }

    #[test]
    fn a_files_type_is_told_by_its_suffix_and_then_by_its_bytes() {
        for (name, mime, kind) in [
            ("a.PNG", "application/octet-stream", FileType::Image),
            ("a.amr", "", FileType::Voice),
            ("a.webm", "video/webm", FileType::Video),
            ("a.txt", "image/png", FileType::Image),
            ("noise", "audio/mpeg", FileType::Voice),
            ("film", "video/mp4", FileType::Video),
            ("a.tar.gz", "application/octet-stream", FileType::File),
            ("png", "application/octet-stream", FileType::File),
            ("", "", FileType::File),
        ] {
            assert_eq!(FileType::of(name, mime), kind, "{name} {mime}");
        }
    }

    #[test]
    fn what_clients_say_is_read() {
        let text = |content: &str, at: &[&str]| Spoken::Text {
            content: content.to_owned(),
            at: at.iter().map(|id| (*id).to_owned()).collect(),
        };
        let file = |sent_as, id| Spoken::File {
            sent_as,
            id: FileId(id),
            at: Vec::new(),
        };
        let history = |id: Option<i64>| Spoken::History {
            before: id.map(MessageId),
        };
        for (frame, read) in [
            (r#"{"msg_type":"text","content":"hi"}"#, text("hi", &[])),
            (
                r#"{"msg_type":"text","content":"孩子们","at":["a","b","a"]}"#,
                text("孩子们", &["a", "b"]),
            ),
            (r#"{"msg_type":"text","content":"","at":[]}"#, text("", &[])),
            (r#"{"msg_type":"image","file_id":7}"#, file(FileType::Image, 7)),
            (
                r#"{"msg_type":"voice","file_id":7,"content":"x"}"#,
                file(FileType::Voice, 7),
            ),
            (
                r#"{"msg_type":"video","file_id":7,"at":[]}"#,
                file(FileType::Video, 7),
            ),
            (r#"{"msg_type":"file","file_id":-7}"#, file(FileType::File, -7)),
            (
                r#"{"msg_type":"history","msg_id":114514}"#,
                history(Some(114_514)),
            ),
            (r#"{"msg_type":"history"}"#, history(None)),
        ] {
            assert_eq!(spoken(frame, true), Ok(read), "{frame}");
        }
    }

    #[test]
    fn fields_are_checked_strictly() {
        for frame in [
            r#"{"msg_type":"text"}"#,
            r#"{"msg_type":"text","content":7}"#,
            r#"{"msg_type":"text","content":null}"#,
            r#"{"msg_type":"text","content":"x","extra":1}"#,
            r#"{"msg_type":"text","content":"x","file_id":1}"#,
            r#"{"msg_type":"text","content":"x","msg_id":1}"#,
            r#"{"msg_type":"text","content":"x","at":"a"}"#,
            r#"{"msg_type":"text","content":"x","at":[1]}"#,
            r#"{"msg_type":"text","content":"x","at":null}"#,
            r#"{"msg_type":"image"}"#,
            r#"{"msg_type":"image","file_id":"7"}"#,
            r#"{"msg_type":"image","file_id":7.5}"#,
            r#"{"msg_type":"image","file_id":7,"content":7}"#,
            r#"{"msg_type":"history","msg_id":"1"}"#,
            r#"{"msg_type":"history","msg_id":1,"content":"x"}"#,
            r#"{"msg_type":"history","at":[]}"#,
            r#"{"msg_type":7}"#,
            r#"{"content":"x"}"#,
            "{}",
            "[]",
            "null",
            "hi",
            "",
        ] {
            assert_eq!(spoken(frame, true), Err(Misspoken::Format), "{frame}");
        }
        for frame in [r#"{"msg_type":"gif","file_id":7}"#, r#"{"msg_type":""}"#] {
            assert_eq!(spoken(frame, true), Err(Misspoken::Type), "{frame}");
        }
        let mention = r#"{"msg_type":"text","content":"x","at":[]}"#;
        assert_eq!(spoken(mention, false), Err(Misspoken::Format));
        let crowd = vec!["\"a\""; AT_LEN_MAX + 1].join(",");
        let crowd = format!(r#"{{"msg_type":"text","content":"x","at":[{crowd}]}}"#);
        assert_eq!(spoken(&crowd, true), Err(Misspoken::Format));
    }

    #[test]
    fn what_was_said_is_shown_as_it_was_said() {
        let said = stored(text("hi", vec!["a".to_owned()]));
        assert_eq!(
            shown(&said),
            Some((Shown::Text("hi".into()), vec!["a".to_owned()]))
        );
        assert_eq!(text("hi", Vec::new()).extra, None);
        let sent = file(&item("a.mp4", "video/mp4"), None, Vec::new(), "http://x/1").unwrap();
        assert_eq!((&sent.kind, &*sent.body), (&MessageKind::Video, "http://x/1"));
        let Some((Shown::File(sent), _)) = shown(&stored(sent)) else {
            panic!("a file is shown as one");
        };
        assert_eq!((sent.id, sent.len, sent.at, sent.duration_ms), (5, 3, 9, 1_200));
        let as_file = file(&item("a.mp4", "video/mp4"), Some(FileType::File), Vec::new(), "x").unwrap();
        assert_eq!(as_file.kind, MessageKind::File);
        let folder = TreeItem {
            content: None,
            ..item("a", "")
        };
        assert_eq!(file(&folder, None, Vec::new(), "x"), None);
    }

    #[test]
    fn what_others_said_is_shown_as_text() {
        let message = |kind, body: &str| {
            stored(Post {
                kind,
                ..Post::text(body)
            })
        };
        for (kind, body, content) in [
            (MessageKind::Text, "hi", Some("hi")),
            (
                MessageKind::Picture,
                "http://x/a.png",
                Some("[图片] http://x/a.png"),
            ),
            (
                MessageKind::Voice,
                "http://x/a.amr",
                Some("[语音] http://x/a.amr"),
            ),
            (MessageKind::Geo, "{}", Some("[位置] {}")),
            (MessageKind::Custom("card".into()), "{}", Some("{}")),
            (MessageKind::Notice, "{}", None),
        ] {
            let expected = content.map(|content| (Shown::Text(content.into()), Vec::new()));
            assert_eq!(shown(&message(kind, body)), expected);
        }
        let foreign = stored(Post {
            extra: Some("kahla=".into()),
            ..Post::text("hi")
        });
        assert!(shown(&foreign).is_some());
        let revoked = ChatMessage {
            revoked_at: Some(Timestamp(1)),
            ..foreign
        };
        assert_eq!(shown(&revoked), None);
    }
}
