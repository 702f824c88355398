//! Every code of the document about files and chat, provoked at least once: one row each.

use crate::files::FILES;
use crate::groups::three;
use crate::harness::{Server, Storage};
use crate::person::{Person, start};
use crate::room::{Chat, dismiss, group_of};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(every_code_is_provoked_in_its_words);

/// What the document calls each code.
const CODES: [(i64, &str); 14] = [
    (341, "文件不存在"),
    (342, "文件夹不存在"),
    (343, "文件已存在"),
    (344, "群文件已满"),
    (401, "私聊用户不存在"),
    (402, "群聊不存在"),
    (403, "不在群组内"),
    (404, "群组已解散"),
    (405, "消息类型不存在"),
    (406, "临时文件不存在"),
    (407, "上传临时文件时不在房间内"),
    (408, "房间号不存在"),
    (409, "消息格式错误"),
    (410, "房间类型错误"),
];

/// Ann's group, and one of hers that was dismissed; Eve is in none.
struct Stage<'a> {
    ann: Person<'a>,
    eve: Person<'a>,
    group: i64,
    dismissed: i64,
}

impl Stage<'_> {
    /// What is said to a request or a frame that must be refused with this code.
    async fn provoke(&self, code: i64) -> Value {
        let (ann, eve, group) = (&self.ann, &self.eve, self.group);
        let files = async |name: &str, more: &str, value: Value| {
            let mut body = json!({ "group_id": group });
            body[more] = value;
            ann.ask(&format!("{FILES}/{name}"), body).await.json()
        };
        let opened = async |person: &Person<'_>, path: String| Chat::open(person, &path).await.next().await;
        let said = async |frame: Value| {
            let mut chat = Chat::group(ann, group).await;
            chat.send(frame).await;
            chat.next().await
        };
        let given = async |person: &Person<'_>, kind: &str, room: &str| {
            let fields = [("type", kind), ("room_id", room)];
            let file = ("file", "a", b"x".as_slice());
            person.upload("/chat/files/upload", &fields, file).await.json()
        };
        let room = group.to_string();
        match code {
            341 => files("delete", "file_id", json!(999_999)).await,
            342 => files("get_dir", "parent_id", json!(999_999)).await,
            343 => {
                files("mk_dir", "name", json!("twice")).await;
                files("mk_dir", "name", json!("twice")).await
            }
            // This needs another setting.
            344 => {
                let more = [("ROOST__TEAMUP__GROUP_FILES_BYTES", "10")];
                let other = start(Storage::Sqlite, &more).await;
                let ann = Person::enter(&other, "ann").await;
                let group = group_of(&ann, &[]).await.to_string();
                let fields = [("group_id", group.as_str())];
                let file = ("file", "a", b"eleven byte".as_slice());
                ann.upload(&format!("{FILES}/upload"), &fields, file).await.json()
            }
            401 => opened(ann, "/chat/private?user_id=nobody".to_owned()).await,
            402 => opened(ann, "/chat/group?group_id=999999".to_owned()).await,
            403 => opened(eve, format!("/chat/group?group_id={group}")).await,
            404 => opened(ann, format!("/chat/group?group_id={}", self.dismissed)).await,
            405 => said(json!({ "msg_type": "sticker" })).await,
            406 => said(json!({ "msg_type": "file", "file_id": 999_999 })).await,
            407 => given(eve, "group", &room).await,
            408 => given(ann, "group", "999999").await,
            409 => said(json!({ "msg_type": "text" })).await,
            410 => given(ann, "crowd", &room).await,
            _ => panic!("nobody knows how to provoke {code}"),
        }
    }
}

async fn every_code_is_provoked_in_its_words(server: Server) {
    let (ann, _, eve) = three(&server).await;
    let (group, dismissed) = (group_of(&ann, &[]).await, group_of(&ann, &[]).await);
    dismiss(&ann, dismissed).await;
    let stage = Stage {
        ann,
        eve,
        group,
        dismissed,
    };
    for (code, words) in CODES {
        let answer = stage.provoke(code).await;
        assert_eq!(
            (&answer["code"], &answer["errorMsg"]),
            (&json!(code), &json!(words)),
            "{answer}"
        );
    }
}
