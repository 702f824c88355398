//! FreeIM as the tool speaks it: the few calls it makes and the frames it reads.

use super::http::{Answer, Connection};
use super::watch::{Fallible, Trouble};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Accounts that one management call makes, at most.
const ACCOUNTS_PER_CALL: usize = 5_000;
/// Members that one call brings into a group.
const INVITED_PER_CALL: usize = 500;
/// Messages of a page of history.
pub const PAGE_MESSAGES: usize = 500;

/// An account of the run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    pub id: i64,
    pub token: String,
}

/// Where messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Friend(i64),
    Group(i64),
}

impl Place {
    fn to_id(self) -> i64 {
        let (Place::Friend(id) | Place::Group(id)) = self;
        id
    }

    fn ope(self) -> &'static str {
        match self {
            Place::Friend(_) => "friend",
            Place::Group(_) => "group",
        }
    }
}

/// What the tool looks at in a frame.
#[derive(Debug, Deserialize)]
pub struct Seen<'a> {
    #[serde(default)]
    pub id: i64,
    #[serde(rename = "fromId")]
    pub from: i64,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    pub body: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
}

impl Seen<'_> {
    /// Whether it shows a new message, and not a ping, a receipt or the like.
    #[must_use]
    pub fn is_message(&self) -> bool {
        self.id != 0 && self.status == "normal" && self.kind == "text"
    }
}

/// Reads a frame's text. `None` when it is none of this dialect's.
#[must_use]
pub fn read_frame(text: &[u8]) -> Option<Seen<'_>> {
    serde_json::from_slice(text).ok()
}

/// A group message's frame, for the bare server that Roost is compared with.
#[must_use]
pub fn frame_text(id: i64, from: i64, group: i64, body: &str) -> String {
    const TIME: &str = "2026-01-01T12:00:00.123+08:00";
    let body = Value::from(body);
    format!(
        "{{\"id\":{id},\"createdAt\":\"{TIME}\",\"updatedAt\":\"{TIME}\",\"fromId\":{from},\"toId\":{group},\
         \"ope\":\"group\",\"type\":\"text\",\"body\":{body},\"isPrivate\":false,\"status\":\"normal\",\"isRead\":false}}"
    )
}

/// A message of history.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Item {
    pub id: i64,
    #[serde(rename = "fromId")]
    pub from: i64,
    pub body: String,
}

/// Makes accounts named `prefix` and a number, with tokens.
pub async fn make_accounts(
    connection: &mut Connection,
    admin_token: &str,
    prefix: &str,
    count: usize,
) -> Fallible<Vec<User>> {
    #[derive(Deserialize)]
    struct Made {
        accounts: Vec<User>,
    }
    let numbers: Vec<usize> = (0..count).collect();
    let mut users = Vec::with_capacity(count);
    for chunk in numbers.chunks(ACCOUNTS_PER_CALL) {
        let accounts: Vec<Value> = chunk
            .iter()
            .map(|number| json!({ "username": format!("{prefix}{number}") }))
            .collect();
        let body = json!({ "accounts": accounts, "tokens_for": "freeim" });
        let bearer = format!("Bearer {admin_token}");
        let answer = connection
            .call("POST", "/admin/api/v1/accounts", &bearer, &body.to_string())
            .await?;
        if answer.status != 200 {
            return Err(refused("making accounts", &answer));
        }
        users.extend(serde_json::from_slice::<Made>(&answer.body)?.accounts);
    }
    if users.len() != count {
        return Err(Trouble::new(format!(
            "asked for {count} accounts, got {}",
            users.len()
        )));
    }
    Ok(users)
}

/// Makes a group with these members; the first owns it.
pub async fn make_group(connection: &mut Connection, name: &str, members: &[User]) -> Fallible<i64> {
    let owner = members
        .first()
        .ok_or_else(|| Trouble::new("a group needs a member"))?;
    let made = result(
        connection
            .call(
                "POST",
                "/api/v1/chatGroups",
                &owner.token,
                &json!({ "name": name }).to_string(),
            )
            .await?,
        "making a group",
    )?;
    let group = made["id"]
        .as_i64()
        .ok_or_else(|| Trouble::new(format!("a group without an id: {made}")))?;
    for chunk in members[1..].chunks(INVITED_PER_CALL) {
        let ids: Vec<i64> = chunk.iter().map(|user| user.id).collect();
        let body = json!({ "groupId": group, "toIdList": ids });
        let answer = connection
            .call(
                "POST",
                "/api/v1/chatGroups/invite",
                &owner.token,
                &body.to_string(),
            )
            .await?;
        result(answer, "filling a group")?;
    }
    Ok(group)
}

/// The body of `chat/send`.
#[must_use]
pub fn send_body(place: Place, text: &str) -> String {
    json!({ "toId": place.to_id(), "ope": place.ope(), "type": "text", "body": text }).to_string()
}

/// The id of the stored message, or how the send was refused.
pub fn read_ack(answer: &Answer) -> Result<i64, String> {
    #[derive(Deserialize)]
    struct Acknowledged {
        code: i64,
        result: Stored,
    }
    #[derive(Deserialize)]
    struct Stored {
        id: i64,
    }
    match serde_json::from_slice::<Acknowledged>(&answer.body) {
        Ok(Acknowledged { code: 0, result }) if answer.status == 200 && result.id > 0 => Ok(result.id),
        _ => Err(refused("a send", answer).to_string()),
    }
}

/// The history of a conversation from its `skip`-th message on, oldest first. More than what is there is an error.
pub async fn history(
    connection: &mut Connection,
    token: &str,
    place: Place,
    skip: usize,
) -> Fallible<Vec<Item>> {
    #[derive(Deserialize)]
    struct Page {
        items: Vec<Item>,
        total: usize,
    }
    let first_page = skip / PAGE_MESSAGES + 1;
    let mut items: Vec<Item> = Vec::new();
    for page in first_page.. {
        let path = format!(
            "/api/v1/chat/messages?toId={}&ope={}&limit={PAGE_MESSAGES}&page={page}&sort=id:asc",
            place.to_id(),
            place.ope()
        );
        let answer = connection.call("GET", &path, token, "").await?;
        let read: Page = serde_json::from_value(result(answer, "reading history")?)?;
        let last = read.items.len() < PAGE_MESSAGES;
        items.extend(read.items);
        if last {
            let through = (first_page - 1) * PAGE_MESSAGES + items.len();
            if through != read.total {
                let total = read.total;
                return Err(Trouble::new(format!(
                    "history has {through} messages and says {total}"
                )));
            }
            break;
        }
    }
    Ok(items.split_off((skip % PAGE_MESSAGES).min(items.len())))
}

/// The `result` of an answer that succeeded.
pub fn result(answer: Answer, doing: &str) -> Fallible<Value> {
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(mut reply) if answer.status == 200 && reply["code"] == 0 => Ok(reply["result"].take()),
        _ => Err(refused(doing, &answer)),
    }
}

fn refused(doing: &str, answer: &Answer) -> Trouble {
    const SHOWN_CHARS: usize = 200;
    let text: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(SHOWN_CHARS)
        .collect();
    Trouble::new(format!("{doing} was answered with {}: {text}", answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_other_pushes_are_told_apart() {
        let text = frame_text(7, 10_000_001, 3, "a \"b\" 你好\\");
        let seen = read_frame(text.as_bytes()).unwrap();
        assert_eq!(
            (seen.id, seen.from, &*seen.body),
            (7, 10_000_001, "a \"b\" 你好\\")
        );
        assert!(seen.is_message());
        let revoked = text.replace("normal", "revocation");
        assert!(!read_frame(revoked.as_bytes()).unwrap().is_message());
        assert!(read_frame(b"[]").is_none());
    }

    #[test]
    fn an_ack_is_the_id_of_the_stored_message_and_anything_else_a_refusal() {
        let answer = |status, body: &str| Answer {
            status,
            body: body.as_bytes().to_vec(),
        };
        let stored = r#"{"code":0,"result":{"id":42,"body":"x"},"message":"发送成功"}"#;
        assert_eq!(read_ack(&answer(200, stored)), Ok(42));
        assert!(read_ack(&answer(503, stored)).is_err());
        let refused = read_ack(&answer(200, r#"{"code":1,"result":{},"message":"x"}"#));
        assert!(refused.unwrap_err().contains("answered with 200"));
        assert!(read_ack(&answer(200, "")).is_err());
    }
}
