//! A person at a Kahla client: what every scenario starts from.

use crate::harness::{Answer, Encoding, Request, Server, Socket};
use serde_json::Value;

/// The password of everybody in these tests.
pub const PASSWORD: &str = "secret1";
pub const COOKIE: &str = ".AspNetCore.Identity.Application";

/// Parameters as texts, in the order given.
pub type Params<'a> = &'a [(&'a str, &'a str)];

/// Somebody who is signed in.
pub struct Person<'a> {
    pub server: &'a Server,
    /// The UUID that clients know the account by.
    pub id: String,
    pub email: String,
    pub value: String,
}

impl<'a> Person<'a> {
    pub async fn register(server: &'a Server, name: &str) -> Person<'a> {
        let email = format!("{name}@example.com");
        let form = [
            ("Email", email.as_str()),
            ("Password", PASSWORD),
            ("ConfirmPassword", PASSWORD),
        ];
        let answer = server
            .post("/api/RegisterKahla")
            .params(Encoding::Urlencoded, &form);
        succeeded(&answer.send().await);
        let value = sign_in(server, &email, PASSWORD).await;
        let mut person = Person {
            server,
            id: String::new(),
            email,
            value,
        };
        person.id = text(&person.get("Me", &[]).await["value"]["id"]);
        person
    }

    /// Two friends and the id of their conversation.
    pub async fn two_friends(server: &'a Server) -> (Person<'a>, Person<'a>, i64) {
        let (ann, bob) = (
            Person::register(server, "ann").await,
            Person::register(server, "bob").await,
        );
        let conversation = ann.befriend(&bob).await;
        (ann, bob, conversation)
    }

    /// Asks the other, who accepts. The id of the conversation.
    pub async fn befriend(&self, other: &Person<'_>) -> i64 {
        let asked = self.post("CreateRequest", &[("Id", &other.id)]).await;
        let request = asked["value"].to_string();
        other
            .post("CompleteRequest", &[("Id", &request), ("Accept", "true")])
            .await;
        self.conversation_with(other).await
    }

    pub async fn conversation_with(&self, other: &Person<'_>) -> i64 {
        let detail = self.get(&format!("UserDetail/{}", other.id), &[]).await;
        detail["conversationId"].as_i64().expect("a conversation")
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = self.server.request(method, &format!("/api/{path}"));
        request.header("Cookie", &format!("{COOKIE}={}", self.value))
    }

    /// The whole answer to a request as clients make it: a form, or the query for GET.
    pub async fn ask(&self, method: &str, path: &str, params: Params<'_>) -> Answer {
        let encoding = if method == "GET" {
            Encoding::Query
        } else {
            Encoding::Urlencoded
        };
        self.request(method, path).params(encoding, params).send().await
    }

    /// A GET that must succeed.
    pub async fn get(&self, path: &str, params: Params<'_>) -> Value {
        succeeded(&self.ask("GET", path, params).await)
    }

    /// A POST that must succeed.
    pub async fn post(&self, path: &str, params: Params<'_>) -> Value {
        succeeded(&self.ask("POST", path, params).await)
    }

    /// Asserts that a request is refused with this code and these words.
    pub async fn refused(&self, method: &str, path: &str, params: Params<'_>, code: i64, words: &str) {
        let answer = self.ask(method, path, params).await;
        refused(&answer, code, words);
    }

    /// Asserts that a request is refused by validation with these items.
    pub async fn invalid(&self, method: &str, path: &str, params: Params<'_>, items: &[&str]) {
        invalid(&self.ask(method, path, params).await, items);
    }

    pub async fn say(&self, conversation: i64, content: &str) {
        self.post(&format!("SendMessage/{conversation}"), &[("content", content)])
            .await;
    }

    /// What the conversation's latest messages say, as they are shown.
    pub async fn contents(&self, conversation: i64) -> Vec<String> {
        let page = self
            .get(&format!("GetMessage/{conversation}"), &[("take", "100")])
            .await;
        column(&page, "content").iter().map(text).collect()
    }

    /// The entry of a conversation in `MyFriends`.
    pub async fn entry(&self, conversation: i64) -> Option<Value> {
        let friends = self.get("MyFriends", &[("orderByName", "false")]).await;
        let items = friends["items"].as_array().expect("items");
        items
            .iter()
            .find(|item| item["conversationId"] == conversation)
            .cloned()
    }

    pub async fn open_socket(&self) -> Socket {
        let pusher = self.get("InitPusher", &[]).await;
        let path = text(&pusher["serverPath"]);
        let path = path.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let path = format!("/{}", path.expect("a path").1);
        let opened = Socket::open(self.server.address, &path, &[]).await;
        opened.unwrap_or_else(|status| panic!("the socket was refused with {status}"))
    }
}

pub async fn sign_in(server: &Server, email: &str, password: &str) -> String {
    let form = [("Email", email), ("Password", password)];
    let answer = server
        .post("/api/AuthByPassword")
        .params(Encoding::Urlencoded, &form);
    text(&succeeded(&answer.send().await)["value"])
}

/// The JSON of a success.
pub fn succeeded(answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!((answer.status, json["code"].as_i64()), (200, Some(0)), "{json}");
    json
}

pub fn refused(answer: &Answer, code: i64, words: &str) {
    let json = answer.json();
    let shown = (answer.status, json["code"].as_i64(), json["message"].as_str());
    assert_eq!(shown, (200, Some(code), Some(words)), "{json}");
}

pub fn invalid(answer: &Answer, items: &[&str]) {
    refused(answer, -10, "Your input contains several errors!");
    let json = answer.json();
    let found: Vec<String> = json["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(text)
        .collect();
    assert_eq!(found, items);
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

/// One field of every item of a list.
pub fn column(list: &Value, field: &str) -> Vec<Value> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| item[field].clone()).collect()
}
