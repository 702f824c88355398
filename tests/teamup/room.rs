//! Rooms of people at team-up clients: groups that have members, and open chats.

use crate::groups::{DISMISS, create, let_in};
use crate::harness::Socket;
use crate::person::Person;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// A group of somebody with these members. Its id.
pub async fn group_of(owner: &Person<'_>, members: &[&Person<'_>]) -> i64 {
    let group = create(owner, "study", "a group", 50).await;
    for member in members {
        let_in(group, owner, member).await;
    }
    group
}

pub async fn dismiss(owner: &Person<'_>, group: i64) {
    owner.post(DISMISS, json!({ "group_id": group })).await;
}

pub async fn remove(owner: &Person<'_>, group: i64, member: &Person<'_>) {
    let remove = json!({ "group_id": group, "user_id": member.id });
    owner.post("/group/internal/member/remove", remove).await;
}

/// An open chat.
pub struct Chat(pub Socket);

impl Chat {
    pub async fn group(person: &Person<'_>, group: i64) -> Chat {
        Chat::open(person, &format!("/chat/group?group_id={group}")).await
    }

    pub async fn private(person: &Person<'_>, with: &Person<'_>) -> Chat {
        Chat::open(person, &format!("/chat/private?user_id={}", with.id)).await
    }

    pub async fn open(person: &Person<'_>, path: &str) -> Chat {
        let headers = [("token", person.token.as_str())];
        let opened = Socket::open(person.server.address, path, &headers).await;
        Chat(opened.unwrap_or_else(|status| panic!("{path} was refused with {status}")))
    }

    pub async fn send(&mut self, frame: Value) {
        self.0.send_json(&frame).await;
    }

    /// Says a text and waits until it comes back. The frame.
    pub async fn say(&mut self, text: &str) -> Value {
        self.send(json!({ "msg_type": "text", "content": text })).await;
        let frame = self.next().await;
        assert_eq!(frame["msg"]["content"], text, "{frame}");
        frame
    }

    pub async fn next(&mut self) -> Value {
        self.0.next_json().await
    }

    /// The contents of the next so many frames, which must all be history or all not.
    pub async fn contents(&mut self, count: usize, history: bool) -> Vec<String> {
        let mut contents = Vec::new();
        for _ in 0..count {
            let frame = self.next().await;
            assert_eq!(frame["history"], history, "{frame}");
            contents.push(frame["msg"]["content"].as_str().expect("a content").to_owned());
        }
        contents
    }

    /// Sends something that is refused with this code, and nothing else happens.
    pub async fn refused(&mut self, frame: Value, code: i64) {
        let shown = frame.to_string();
        self.refused_text(&shown, code).await;
    }

    pub async fn refused_text(&mut self, text: &str, code: i64) {
        self.0.send(Message::text(text.to_owned())).await;
        let answer = self.next().await;
        assert_eq!(answer["code"], code, "{text}: {answer}");
        assert!(
            answer["errorMsg"].as_str().is_some_and(|words| !words.is_empty()),
            "{answer}"
        );
    }

    /// Asserts that the next frame is a refusal and the last one.
    pub async fn ends_with(mut self, code: i64) {
        let answer = self.next().await;
        assert_eq!(answer["code"], code, "{answer}");
        assert_eq!(self.0.close_code().await, Some(1008));
    }
}
