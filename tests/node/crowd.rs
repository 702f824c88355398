//! A group of accounts made through the operators' API, talking FreeIM.

use crate::harness::{Answer, Encoding, Request, Server, Socket};
use serde_json::{Value, json};

pub use crate::harness::cluster::ADMIN;
/// Settings with a known admin token.
pub const SETTINGS: [(&str, &str); 1] = [("ROOST__ADMIN__TOKEN", ADMIN)];

/// Somebody with a token for FreeIM.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: i64,
    pub token: String,
}

/// A request of an operator.
pub fn by_operator(request: Request) -> Request {
    request.header("Authorization", &format!("Bearer {ADMIN}"))
}

/// Makes accounts of these names.
pub async fn make(server: &Server, names: &[&str]) -> Vec<Member> {
    let accounts: Vec<Value> = names.iter().map(|name| json!({ "username": name })).collect();
    let wanted = json!({ "accounts": accounts, "tokens_for": "freeim" });
    let answer = by_operator(server.post("/admin/api/v1/accounts"))
        .json(&wanted)
        .send()
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let made = answer.json();
    let members = made["accounts"].as_array().expect("accounts").iter();
    members
        .map(|account| Member {
            id: account["id"].as_i64().expect("an id"),
            token: account["token"].as_str().expect("a token").to_owned(),
        })
        .collect()
}

/// Makes a group of all of them, owned by the first. Its id.
pub async fn group(server: &Server, members: &[Member]) -> i64 {
    let owner = &members[0];
    let made = owner
        .post(server, "chatGroups", &[("name", "crowd")])
        .send()
        .await
        .json();
    let group = made["result"]["id"]
        .as_i64()
        .unwrap_or_else(|| panic!("no group: {made}"));
    if members.len() == 1 {
        return group;
    }
    let (id, ids): (String, Vec<String>) = (
        group.to_string(),
        members[1..].iter().map(|member| member.id.to_string()).collect(),
    );
    let mut params = vec![("groupId", id.as_str())];
    params.extend(ids.iter().map(|id| ("toIdList", id.as_str())));
    let invited = owner
        .post(server, "chatGroups/invite", &params)
        .send()
        .await
        .json();
    assert_eq!(invited["code"], 0, "{invited}");
    group
}

impl Member {
    pub fn post(&self, server: &Server, path: &str, params: &[(&str, &str)]) -> Request {
        let request = server.post(&format!("/api/v1/{path}"));
        request
            .header("Authorization", &self.token)
            .params(Encoding::Multipart, params)
    }

    /// A request that sends a text to a group.
    pub fn saying(&self, server: &Server, group: i64, body: &str) -> Request {
        let group = group.to_string();
        let params = [
            ("toId", group.as_str()),
            ("ope", "group"),
            ("type", "text"),
            ("body", body),
        ];
        self.post(server, "chat/send", &params)
    }

    /// The ids of everything in the group, oldest first.
    pub async fn history(&self, server: &Server, group: i64) -> Vec<i64> {
        let group = group.to_string();
        let mut ids = Vec::new();
        for page in 1.. {
            let page = page.to_string();
            let params = [
                ("toId", group.as_str()),
                ("ope", "group"),
                ("limit", "500"),
                ("page", &page),
            ];
            let request = server
                .get("/api/v1/chat/messages")
                .header("Authorization", &self.token);
            let answer = request.params(Encoding::Query, &params).send().await.json();
            let items = answer["result"]["items"].as_array().expect("items");
            if items.is_empty() {
                break;
            }
            ids.extend(items.iter().map(|item| item["id"].as_i64().expect("an id")));
        }
        ids
    }

    pub async fn open(&self, server: &Server) -> Socket {
        let opened = Socket::open(server.address, "/api/v1/ws", &self.headers()).await;
        opened.unwrap_or_else(|status| panic!("the socket was refused with {status}"))
    }

    /// Opens a socket that feels it when nobody reads.
    pub async fn open_narrow(&self, server: &Server) -> Socket {
        let opened = Socket::open_narrow(server.address, "/api/v1/ws", &self.headers()).await;
        opened.unwrap_or_else(|status| panic!("the socket was refused with {status}"))
    }

    fn headers(&self) -> [(&str, &str); 1] {
        [("Authorization", &self.token)]
    }
}

/// The id of a message that was acknowledged; `None` when it was clearly refused.
pub fn acknowledged(answer: &Answer) -> Option<i64> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    match json["code"].as_i64() {
        Some(0) => Some(json["result"]["id"].as_i64().expect("an id")),
        _ => None,
    }
}
