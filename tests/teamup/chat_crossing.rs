//! One room, two dialects: what a team-up client and a FreeIM client see of each other.

use crate::harness::{Encoding, Server, Socket};
use crate::person::{Person, number, picture, succeeded, text};
use crate::room::{Chat, group_of};
use crate::with_logins;
use serde_json::{Value, json};

with_logins!(
    each_reads_what_the_other_wrote_in_a_group,
    each_reads_what_the_other_wrote_in_private,
    a_file_crosses_as_an_address_that_anybody_can_open,
);

/// Somebody at a FreeIM client.
struct Freeim<'a> {
    server: &'a Server,
    token: String,
    id: i64,
}

impl<'a> Freeim<'a> {
    async fn register(server: &'a Server, name: &str) -> Freeim<'a> {
        let captcha = server
            .get("/api/v1/captcha/image?type=register")
            .send()
            .await
            .json();
        let key = text(&captcha["result"]["key"]);
        let code = server.code_for(&key).expect("the captcha's answer");
        let form = [
            ("account", name),
            ("password", "correct horse"),
            ("captchaKey", &key),
            ("captcha", &code),
            ("platform", "web"),
        ];
        let request = server.post("/api/v1/register/basic");
        let entered = request.params(Encoding::Multipart, &form).send().await.json();
        let mut freeim = Freeim {
            server,
            token: text(&entered["result"]["token"]),
            id: 0,
        };
        freeim.id = number(&freeim.ask("GET", "me/info", &[]).await["account"]["id"]);
        freeim
    }

    async fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let encoding = if method == "GET" {
            Encoding::Query
        } else {
            Encoding::Multipart
        };
        let request = self.server.request(method, &format!("/api/v1/{path}"));
        let request = request.header("Authorization", &self.token);
        let mut told = request.params(encoding, params).send().await.json();
        assert_eq!(told["code"], 0, "{path}: {told}");
        told["result"].take()
    }

    async fn say(&self, ope: &str, to: &str, kind: &str, body: &str) {
        let params = [
            ("toId", to),
            ("ope", ope),
            ("type", kind),
            ("body", body),
            ("isPrivate", "0"),
        ];
        self.ask("POST", "chat/send", &params).await;
    }

    /// Asks to join a group of a team-up user, who lets it in.
    async fn join(&self, group: i64, owner: &Person<'_>) {
        let group = group.to_string();
        self.ask(
            "POST",
            "chatGroups/join",
            &[("groupId", &group), ("reason", "hello")],
        )
        .await;
        let asked = owner.post("/group/external/joinRequest/getAll", json!({})).await;
        let request = &asked["join_requests"][0];
        assert_eq!(request["user_id"], self.id.to_string());
        let process = json!({ "request_id": request["id"], "action": true });
        owner.post("/group/external/joinRequest/process", process).await;
    }

    async fn open_socket(&self) -> Socket {
        let headers = [("Authorization", self.token.as_str())];
        let opened = Socket::open(self.server.address, "/api/v1/ws", &headers).await;
        opened.unwrap_or_else(|status| panic!("the socket was refused with {status}"))
    }
}

/// The next message of a kind over a FreeIM socket.
async fn next_of(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let message = socket.next_json().await;
        if message["type"] == kind {
            return message;
        }
    }
}

async fn each_reads_what_the_other_wrote_in_a_group(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let max = Freeim::register(&server, "max").await;
    let group = group_of(&ann, &[]).await;
    max.join(group, &ann).await;
    let mut at_ann = Chat::group(&ann, group).await;
    let mut at_max = max.open_socket().await;
    let to = group.to_string();
    max.say("group", &to, "text", "from FreeIM").await;
    let seen = at_ann.next().await;
    assert_eq!(
        (&seen["user_id"], &seen["nickname"]),
        (&json!(max.id.to_string()), &json!("max"))
    );
    assert_eq!(
        seen["msg"],
        json!({ "msg_type": "text", "content": "from FreeIM", "at": [] })
    );
    // What has no number here is shown as text.
    max.say("group", &to, "pic", "https://example.com/a.png").await;
    let seen = at_ann.next().await;
    assert_eq!(seen["msg"]["content"], "[图片] https://example.com/a.png");
    at_ann
        .send(json!({ "msg_type": "text", "content": "from team-up", "at": [max.id.to_string()] }))
        .await;
    assert_eq!(at_ann.next().await["msg"]["at"], json!([max.id.to_string()]));
    let seen = loop {
        let seen = next_of(&mut at_max, "text").await;
        if seen["body"] != "from FreeIM" {
            break seen;
        }
    };
    assert_eq!(
        (&seen["body"], &seen["ope"], &seen["toId"]),
        (&json!("from team-up"), &json!("group"), &json!(group))
    );
    // One history for both.
    let page = max
        .ask("GET", "chat/messages", &[("toId", &to), ("ope", "group")])
        .await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(3));
    let mut late = Chat::group(&ann, group).await;
    let contents = late.contents(3, true).await;
    assert_eq!(
        contents,
        ["from FreeIM", "[图片] https://example.com/a.png", "from team-up"]
    );
    // Who is muted is told and stays.
    let account = ann.post("/user/info/text/getInfo", json!({})).await;
    assert_eq!(account["id"], ann.id);
}

async fn each_reads_what_the_other_wrote_in_private(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let max = Freeim::register(&server, "max").await;
    let mut at_ann = Chat::open(&ann, &format!("/chat/private?user_id={}", max.id)).await;
    let mut at_max = max.open_socket().await;
    at_ann.say("hello max").await;
    let seen = next_of(&mut at_max, "text").await;
    assert_eq!(
        (&seen["body"], &seen["ope"]),
        (&json!("hello max"), &json!("friend"))
    );
    let from = seen["fromId"].to_string();
    max.say("friend", &from, "text", "hello ann").await;
    let seen = at_ann.next().await;
    assert_eq!(
        (&seen["msg"]["content"], &seen["user_id"]),
        (&json!("hello ann"), &json!(max.id.to_string()))
    );
    // A message that is taken back is not in the history any more.
    let page = max
        .ask("GET", "chat/messages", &[("toId", &from), ("ope", "friend")])
        .await;
    let mine = page["items"]
        .as_array()
        .and_then(|items| items.iter().find(|item| item["body"] == "hello ann"));
    let id = mine.expect("the message")["id"].to_string();
    max.ask(
        "POST",
        "chat/revocation",
        &[
            ("messageId", &id),
            ("id", &id),
            ("toId", &from),
            ("ope", "friend"),
        ],
    )
    .await;
    let mut late = Chat::open(&ann, &format!("/chat/private?user_id={}", max.id)).await;
    assert_eq!(late.contents(1, true).await, ["hello max"]);
}

async fn a_file_crosses_as_an_address_that_anybody_can_open(server: Server) {
    let ann = Person::enter(&server, "ann").await;
    let max = Freeim::register(&server, "max").await;
    let group = group_of(&ann, &[]).await;
    max.join(group, &ann).await;
    let mut at_ann = Chat::group(&ann, group).await;
    let mut at_max = max.open_socket().await;
    let image = picture(40, 20);
    let to = group.to_string();
    let fields = [("type", "group"), ("room_id", to.as_str())];
    let given = ann
        .upload("/chat/files/upload", &fields, ("file", "a.png", &image))
        .await;
    let file = number(&succeeded(&given)["file_id"]);
    for (sent_as, kind) in [("image", "pic"), ("file", "file")] {
        at_ann.send(json!({ "msg_type": sent_as, "file_id": file })).await;
        assert_eq!(at_ann.next().await["msg"]["msg_type"], sent_as);
        let seen = next_of(&mut at_max, kind).await;
        let body = text(&seen["body"]);
        let base = format!("http://{}", server.address);
        let path = body
            .strip_prefix(&base)
            .unwrap_or_else(|| panic!("an address of {base}: {body}"));
        let fetched = server.get(path).send().await;
        assert_eq!((fetched.status, &fetched.body), (200, &image));
        assert_eq!(fetched.header("content-type"), Some("image/png"));
        // Nobody guesses another one.
        let other = path.replace(&format!("file_id={file}"), &format!("file_id={}", file + 1));
        assert_eq!(server.get(&other).send().await.status, 404);
    }
}
