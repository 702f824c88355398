//! A person at a FreeIM client: what every scenario starts from.

use crate::harness::{Answer, Encoding, Request, Server, Socket};
use serde_json::Value;

/// The password of everybody in these tests.
pub const PASSWORD: &str = "correct horse";

/// Somebody who is logged in.
pub struct Person<'a> {
    pub server: &'a Server,
    pub id: i64,
    pub token: String,
}

/// Parameters as texts, in the order given.
pub type Params<'a> = &'a [(&'a str, &'a str)];

/// Fetches a captcha of a purpose and reads its answer where the node left it.
pub async fn captcha(server: &Server, purpose: &str) -> (String, String) {
    let answer = server
        .get("/api/v1/captcha/image")
        .params(Encoding::Query, &[("type", purpose)])
        .send()
        .await;
    let key = succeeded(&answer)["result"]["key"].as_str().unwrap().to_owned();
    let code = server.code_for(&key).expect("the captcha's answer in the outbox");
    (key, code)
}

/// `register/basic` or `login/basic` with a right captcha.
pub async fn enter(server: &Server, path: &str, name: &str, password: &str) -> Answer {
    let purpose = if path.starts_with("register") {
        "register"
    } else {
        "login"
    };
    let (key, code) = captcha(server, purpose).await;
    let params = [
        ("account", name),
        ("password", password),
        ("captchaKey", &key),
        ("captcha", &code),
        ("platform", "android"),
    ];
    let request = server.post(&format!("/api/v1/{path}"));
    request.params(Encoding::Multipart, &params).send().await
}

impl<'a> Person<'a> {
    pub async fn register(server: &'a Server, name: &str) -> Person<'a> {
        let answer = enter(server, "register/basic", name, PASSWORD).await;
        let token = succeeded(&answer)["result"]["token"].as_str().unwrap().to_owned();
        let mut person = Person { server, id: 0, token };
        let me = person.get("me/info", &[]).await;
        person.id = me["result"]["account"]["id"].as_i64().unwrap();
        person
    }

    /// Somebody and a friend.
    pub async fn two_friends(server: &'a Server) -> (Person<'a>, Person<'a>) {
        let ann = Person::register(server, "ann").await;
        let bob = Person::register(server, "bob").await;
        ann.befriend(&bob).await;
        (ann, bob)
    }

    pub async fn befriend(&self, other: &Person<'_>) {
        self.post("friends/add", &[("toId", &other.text_id())]).await;
        other
            .post(
                "friends/add/reply",
                &[("toId", &self.text_id()), ("status", "pass")],
            )
            .await;
    }

    /// Makes a group with these members, who apply and are let in. Its id as text.
    pub async fn group_with(&self, name: &str, members: &[&Person<'_>]) -> String {
        let made = self
            .post("chatGroups", &[("name", name), ("intro", "about")])
            .await;
        let group = made["result"]["id"].to_string();
        for member in members {
            self.let_in(&group, member).await;
        }
        group
    }

    pub async fn let_in(&self, group: &str, member: &Person<'_>) {
        member
            .post("chatGroups/join", &[("groupId", group), ("reason", "hello")])
            .await;
        let account = member.text_id();
        let params = [("groupId", group), ("accountId", &account), ("status", "pass")];
        self.post("chatGroups/join/reply", &params).await;
    }

    /// The same person at another node.
    #[allow(dead_code, reason = "for tests of several nodes")]
    pub fn at<'b>(&self, server: &'b Server) -> Person<'b> {
        Person {
            server,
            id: self.id,
            token: self.token.clone(),
        }
    }

    pub fn text_id(&self) -> String {
        self.id.to_string()
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = self.server.request(method, &format!("/api/v1/{path}"));
        request.header("Authorization", &self.token)
    }

    /// The whole answer to a request as clients make it: multipart, or the query for GET.
    pub async fn ask(&self, method: &str, path: &str, params: Params<'_>) -> Answer {
        let encoding = if method == "GET" {
            Encoding::Query
        } else {
            Encoding::Multipart
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

    /// Asserts that a request is refused with these words.
    pub async fn refused(&self, method: &str, path: &str, params: Params<'_>, words: &str) {
        let answer = self.ask(method, path, params).await;
        assert_eq!(
            refusal(&answer),
            words,
            "{method} {path} {params:?}: {}",
            answer.text()
        );
    }

    /// Sends a text to a friend or group. The stored message.
    pub async fn say(&self, ope: &str, to: &str, body: &str) -> Value {
        let params = [
            ("toId", to),
            ("ope", ope),
            ("type", "text"),
            ("body", body),
            ("isPrivate", "0"),
        ];
        self.post("chat/send", &params).await["result"].take()
    }

    /// A page of history.
    pub async fn history(&self, params: Params<'_>) -> Value {
        self.get("chat/messages", params).await["result"].take()
    }

    pub async fn open_socket(&self) -> Socket {
        let headers = [("Authorization", self.token.as_str())];
        let opened = Socket::open(self.server.next_address(), "/api/v1/ws", &headers).await;
        opened.unwrap_or_else(|status| panic!("the socket was refused with {status}"))
    }
}

/// The JSON of a success.
pub fn succeeded(answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!((answer.status, json["code"].as_i64()), (200, Some(0)), "{json}");
    json
}

/// The message of a refusal in FreeIM's wrapper.
pub fn refusal(answer: &Answer) -> String {
    let json = answer.json();
    assert_eq!((answer.status, json["code"].as_i64()), (200, Some(1)), "{json}");
    assert!(json["result"].is_object(), "{json}");
    json["message"].as_str().expect("a message").to_owned()
}

/// One field of every item of a list.
pub fn column(list: &Value, field: &str) -> Vec<Value> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| item[field].clone()).collect()
}
