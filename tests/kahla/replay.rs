//! The requests of the web client of October 2018, in the order and spelling in which it made them in one sitting of two
//! people, with every answer checked for what that client needs of it.

use crate::crypto;
use crate::harness::{Answer, Server, Socket};
use crate::on_both_storages;
use crate::person::{COOKIE, column, text};
use serde_json::{Value, json};

on_both_storages!(a_sitting_of_the_web_client_goes_through);

const ORIGIN: &str = "http://localhost:8001";
const FORM: &str = "application/x-www-form-urlencoded";

/// One browser: it keeps its cookie.
struct Browser<'a> {
    server: &'a Server,
    cookie: Option<String>,
}

impl Browser<'_> {
    async fn send(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let mut request = self.server.request(method, path).header("Origin", ORIGIN);
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let answer = request.body(FORM, body).send().await;
        assert_eq!(
            answer.header("Access-Control-Allow-Origin"),
            Some(ORIGIN),
            "{path}"
        );
        assert_eq!(
            answer.header("Access-Control-Allow-Credentials"),
            Some("true"),
            "{path}"
        );
        if let Some(cookie) = answer.header("Set-Cookie") {
            let value = cookie.split(';').next().unwrap().to_owned();
            self.cookie = (!value.ends_with('=')).then_some(value);
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Value {
        succeeded(path, &self.send("GET", path, "").await)
    }

    async fn post(&mut self, path: &str, body: &str) -> Value {
        succeeded(path, &self.send("POST", path, body).await)
    }

    /// What the client does when it starts, before anybody is signed in.
    async fn start(&mut self) {
        let version = self.get("/api/Version").await;
        assert_eq!(text(&version["latestVersion"]).split('.').count(), 3);
        for _ in 0..2 {
            assert_eq!(self.get("/api/SignInStatus").await["value"], false);
        }
    }

    /// Registering, which signs in as well, and all that the client asks then. Its name and its socket.
    async fn register(&mut self, name: &str) -> (Value, Socket) {
        let body = format!("email={name}%40example.com&password=secret1&confirmPassword=secret1&");
        self.post("/api/RegisterKahla", &body).await;
        self.post(
            "/api/AuthByPassword",
            &format!("email={name}%40example.com&password=secret1&"),
        )
        .await;
        assert!(
            self.cookie
                .as_deref()
                .is_some_and(|cookie| cookie.starts_with(COOKIE))
        );
        self.get("/api/Version").await;
        for _ in 0..2 {
            assert_eq!(self.get("/api/SignInStatus").await["value"], true);
        }
        let me = self.get("/api/Me").await["value"].take();
        assert_eq!(me["nickName"], name);
        assert!(me["headImgFileKey"].is_i64());
        assert_eq!(
            self.get("/api/MyFriends?orderByName=false").await["items"],
            json!([])
        );
        assert_eq!(self.get("/api/MyRequests").await["items"], json!([]));
        let pusher = self.get("/api/InitPusher").await;
        let url = text(&pusher["serverPath"]);
        let path = url
            .strip_prefix(&format!("ws://{}", self.server.address))
            .expect("an absolute address");
        let headers = [("Origin", ORIGIN), ("Cookie", self.cookie.as_deref().unwrap())];
        let socket = Socket::open(self.server.address, path, &headers)
            .await
            .unwrap_or_else(|status| panic!("the socket was refused with {status}"));
        (me, socket)
    }

    /// Opening the list and one conversation in it. Its key.
    async fn open(&mut self, conversation: i64) -> String {
        assert_eq!(self.get("/api/SignInStatus").await["value"], true);
        let friends = self.get("/api/MyFriends?orderByName=false").await;
        assert!(column(&friends, "conversationId").contains(&conversation.into()));
        let detail = self.get(&format!("/api/ConversationDetail/{conversation}")).await["value"].take();
        assert_eq!(detail["id"], conversation);
        assert!(detail["displayName"].is_string());
        text(&detail["aesKey"])
    }

    async fn read(&mut self, conversation: i64, take: i64, key: &str) -> Vec<String> {
        let page = self
            .get(&format!("/api/GetMessage/{conversation}?take={take}"))
            .await;
        let shown = column(&page, "content");
        shown
            .iter()
            .map(|content| crypto::decrypt(&text(content), key))
            .collect()
    }

    async fn say(&mut self, conversation: i64, words: &str, key: &str) {
        let content = crypto::encrypt(words, key);
        let content = content
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        let sent = self
            .post(
                &format!("/api/SendMessage/{conversation}"),
                &format!("content={content}&"),
            )
            .await;
        assert_eq!(sent["message"], "Your message has been sent.");
    }
}

fn succeeded(path: &str, answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!(
        (answer.status, json["code"].as_i64()),
        (200, Some(0)),
        "{path}: {json}"
    );
    json
}

async fn heard(socket: &mut Socket, kind: i64) -> Value {
    let event = socket.next_json().await;
    assert_eq!(event["type"], kind, "{event}");
    event
}

/// Pushes that both sockets hear of one message.
async fn both_hear(sockets: &mut [Socket; 2], conversation: i64) {
    for socket in sockets {
        assert_eq!(heard(socket, 0).await["conversationId"], conversation);
    }
}

async fn a_sitting_of_the_web_client_goes_through(server: Server) {
    let mut alice = Browser {
        server: &server,
        cookie: None,
    };
    let mut bob = Browser {
        server: &server,
        cookie: None,
    };
    alice.start().await;
    let (alices, alice_socket) = alice.register("alice").await;
    bob.start().await;
    let (bobs, bob_socket) = bob.register("bob").await;
    let mut sockets = [alice_socket, bob_socket];
    let conversation = befriend(&mut alice, &mut bob, &alices, &bobs, &mut sockets).await;
    chat(&mut alice, &mut bob, conversation, &mut sockets).await;
    group(&mut alice, &mut bob, &mut sockets).await;
    alice.get("/api/LogOff").await;
    assert_eq!(alice.cookie, None);
    assert_eq!(alice.send("GET", "/api/Me", "").await.status, 401);
}

async fn befriend(
    alice: &mut Browser<'_>,
    bob: &mut Browser<'_>,
    alices: &Value,
    bobs: &Value,
    sockets: &mut [Socket; 2],
) -> i64 {
    let found = alice.get("/api/SearchFriends/?nickname=bob").await;
    assert_eq!(column(&found, "id"), [bobs["id"].clone()]);
    let id = text(&bobs["id"]);
    let detail = alice.get(&format!("/api/UserDetail/{id}")).await;
    assert_eq!(
        (&detail["user"]["id"], detail["areFriends"].as_bool()),
        (&bobs["id"], Some(false))
    );
    let request = alice.post(&format!("/api/CreateRequest/{id}"), "").await["value"].clone();
    assert_eq!(heard(&mut sockets[1], 1).await["requesterId"], alices["id"]);
    for _ in 0..2 {
        let requests = bob.get("/api/MyRequests").await;
        assert_eq!(
            (column(&requests, "id"), column(&requests, "completed")),
            (vec![request.clone()], vec![false.into()])
        );
        assert_eq!(requests["items"][0]["creator"]["nickName"], "alice");
    }
    bob.post(&format!("/api/CompleteRequest/{request}"), "accept=true&")
        .await;
    assert_eq!(column(&bob.get("/api/MyRequests").await, "completed"), [true]);
    heard(&mut sockets[0], 3).await;
    let friends = alice.get("/api/MyFriends?orderByName=false").await;
    assert_eq!(column(&friends, "userId"), [bobs["id"].clone()]);
    friends["items"][0]["conversationId"].as_i64().expect("a number")
}

async fn chat(alice: &mut Browser<'_>, bob: &mut Browser<'_>, conversation: i64, sockets: &mut [Socket; 2]) {
    let key = alice.open(conversation).await;
    assert!(alice.read(conversation, 15, &key).await.is_empty());
    assert_eq!(bob.open(conversation).await, key);
    assert!(bob.read(conversation, 15, &key).await.is_empty());
    alice.say(conversation, "hello bob", &key).await;
    both_hear(sockets, conversation).await;
    assert_eq!(bob.read(conversation, 15, &key).await, ["hello bob"]);
    assert_eq!(alice.read(conversation, 15, &key).await, ["hello bob"]);
    bob.say(conversation, "hello alice, how are you?", &key).await;
    both_hear(sockets, conversation).await;
    assert_eq!(alice.read(conversation, 16, &key).await.len(), 2);
    assert_eq!(bob.read(conversation, 16, &key).await.len(), 2);
    let preflight = alice
        .send(
            "OPTIONS",
            &format!("/api/UploadFile?ConversationId={conversation}"),
            "",
        )
        .await;
    assert_eq!((preflight.status, preflight.text().as_str()), (204, ""));
    let boundary = "----WebKitFormBoundaryZStwKHqzBEiVbdzS";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"dot.png\"\r\n\
         Content-Type: image/png\r\n\r\n\u{1}PNG\r\n--{boundary}--\r\n"
    );
    let path = format!("/api/UploadFile?ConversationId={conversation}");
    let request = alice.server.post(&path).header("Origin", ORIGIN);
    let request = request.header("Cookie", alice.cookie.as_deref().unwrap());
    let answer = request
        .body(&format!("multipart/form-data; boundary={boundary}"), body)
        .send()
        .await;
    let file = succeeded(&path, &answer)["fileKey"].clone();
    alice.say(conversation, &format!("[img]{file}"), &key).await;
    both_hear(sockets, conversation).await;
    see_picture(alice, conversation, &key, &file).await;
    see_picture(bob, conversation, &key, &file).await;
}

async fn see_picture(browser: &mut Browser<'_>, conversation: i64, key: &str, file: &Value) {
    assert_eq!(
        browser.read(conversation, 17, key).await[2],
        format!("[img]{file}")
    );
    let address = browser
        .post("/api/FileDownloadAddress", &format!("FileKey={file}&"))
        .await;
    let url = text(&address["downloadPath"]);
    let path = url
        .strip_prefix(&format!("http://{}", browser.server.address))
        .expect("an absolute address");
    assert_eq!(browser.server.get(path).send().await.body, b"\x01PNG");
}

async fn group(alice: &mut Browser<'_>, bob: &mut Browser<'_>, sockets: &mut [Socket; 2]) {
    let group = alice
        .post("/api/CreateGroupConversation", "GroupName=devteam&")
        .await["value"]
        .clone();
    let group = group.as_i64().expect("a number");
    let detail = alice.get(&format!("/api/ConversationDetail/{group}")).await["value"].take();
    assert_eq!(
        (
            detail["discriminator"].as_str(),
            detail["users"].as_array().unwrap().len()
        ),
        (Some("GroupConversation"), 1)
    );
    let key = text(&detail["aesKey"]);
    assert!(alice.read(group, 15, &key).await.is_empty());
    let found = bob.get("/api/SearchGroup?GroupName=dev").await;
    assert_eq!(
        (column(&found, "groupName"), column(&found, "id")),
        (vec!["devteam".into()], vec![group.into()])
    );
    bob.post("/api/JoinGroup", "GroupName=devteam&").await;
    assert_eq!(bob.get("/api/SignInStatus").await["value"], true);
    assert_eq!(
        bob.get("/api/MyFriends?orderByName=false").await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    alice.say(group, "welcome, team", &key).await;
    both_hear(sockets, group).await;
    assert_eq!(bob.get("/api/SignInStatus").await["value"], true);
    assert_eq!(alice.read(group, 15, &key).await, ["welcome, team"]);
    let friends = bob.get("/api/MyFriends?orderByName=false").await;
    let latest = text(&friends["items"][0]["latestMessage"]);
    assert_eq!(
        crypto::decrypt(&latest, &text(&friends["items"][0]["aesKey"])),
        "welcome, team"
    );
    assert_eq!(friends["items"][0]["unReadAmount"], 1);
    let detail = bob.get(&format!("/api/ConversationDetail/{group}")).await["value"].take();
    assert_eq!(detail["users"].as_array().unwrap().len(), 2);
}
