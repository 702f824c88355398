//! One room, two dialects: what a Kahla client and a FreeIM client see of each other.

use crate::crypto;
use crate::harness::{Encoding, Server, Socket, Storage};
use crate::on_both_storages;
use crate::person::{PASSWORD, Person, column, text};
use serde_json::Value;

on_both_storages!(
    each_reads_what_the_other_wrote,
    content_that_is_no_ciphertext_or_does_not_decrypt_still_shows,
    pictures_and_files_cross_as_what_they_are,
    another_dialect_keeps_its_history_when_the_conversation_ends,
    a_group_of_another_dialect_is_shown_and_can_be_left,
    without_translation_each_side_sees_what_was_posted,
);

/// The same account at a FreeIM client.
struct Freeim<'a> {
    server: &'a Server,
    token: String,
    id: String,
}

impl<'a> Freeim<'a> {
    async fn log_in(person: &Person<'a>) -> Freeim<'a> {
        let server = person.server;
        let captcha = server.get("/api/v1/captcha/image?type=login").send().await.json();
        let key = text(&captcha["result"]["key"]);
        let code = server.code_for(&key).expect("the captcha's answer");
        let form = [
            ("account", person.email.as_str()),
            ("password", PASSWORD),
            ("captchaKey", &key),
            ("captcha", &code),
            ("platform", "web"),
        ];
        let entered = server
            .post("/api/v1/login/basic")
            .params(Encoding::Urlencoded, &form)
            .send()
            .await;
        let mut freeim = Freeim {
            server,
            token: text(&entered.json()["result"]["token"]),
            id: String::new(),
        };
        let me = freeim.ask("GET", "me/info", &[]).await;
        freeim.id = me["result"]["account"]["id"].to_string();
        freeim
    }

    async fn ask(&self, method: &str, path: &str, params: &[(&str, &str)]) -> Value {
        let encoding = if method == "GET" {
            Encoding::Query
        } else {
            Encoding::Urlencoded
        };
        let request = self.server.request(method, &format!("/api/v1/{path}"));
        let answer = request
            .header("Authorization", &self.token)
            .params(encoding, params)
            .send()
            .await;
        let json = answer.json();
        assert_eq!(json["code"], 0, "{json}");
        json
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

    /// Kinds and bodies of the conversation's messages.
    async fn history(&self, ope: &str, to: &str) -> Vec<(String, String)> {
        let page = self
            .ask("GET", "chat/messages", &[("toId", to), ("ope", ope)])
            .await;
        let items = page["result"]["items"].as_array().expect("items").clone();
        items
            .iter()
            .map(|item| (text(&item["type"]), text(&item["body"])))
            .collect()
    }
}

fn texts(bodies: &[&str]) -> Vec<(String, String)> {
    bodies
        .iter()
        .map(|body| ("text".to_owned(), (*body).to_owned()))
        .collect()
}

async fn each_reads_what_the_other_wrote(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let (at_freeim, ann_there) = (Freeim::log_in(&bob).await, Freeim::log_in(&ann).await);
    let key = text(&ann.entry(conversation).await.unwrap()["aesKey"]);
    let mut anns = ann.open_socket().await;
    let mut bobs = Socket::open(
        server.address,
        "/api/v1/ws",
        &[("Authorization", &at_freeim.token)],
    )
    .await
    .ok()
    .unwrap();

    ann.say(conversation, &crypto::encrypt("from Kahla 你好", &key))
        .await;
    let pushed = loop {
        let frame = bobs.next_json().await;
        if frame["type"] != "ping" {
            break frame;
        }
    };
    assert_eq!(
        (text(&pushed["type"]), text(&pushed["body"])),
        ("text".to_owned(), "from Kahla 你好".to_owned())
    );
    assert_eq!(anns.next_json().await["type"], 0);

    at_freeim
        .say("friend", &ann_there.id, "text", "from FreeIM")
        .await;
    let event = anns.next_json().await;
    assert_eq!(
        (event["conversationId"].as_i64(), text(&event["aesKey"])),
        (Some(conversation), key.clone())
    );
    let content = text(&event["content"]);
    assert_eq!(crypto::decrypt(&content, &key), "from FreeIM");
    // Wherever it is shown it is the same.
    let shown = ann.contents(conversation).await;
    assert_eq!(shown[1], content);
    assert_eq!(
        text(&ann.entry(conversation).await.unwrap()["latestMessage"]),
        content
    );
    let clear: Vec<String> = shown
        .iter()
        .map(|content| crypto::decrypt(content, &key))
        .collect();
    assert_eq!(clear, ["from Kahla 你好", "from FreeIM"]);
    assert_eq!(
        at_freeim.history("friend", &ann_there.id).await,
        texts(&["from Kahla 你好", "from FreeIM"])
    );
}

async fn content_that_is_no_ciphertext_or_does_not_decrypt_still_shows(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let (at_freeim, ann_there) = (Freeim::log_in(&bob).await, Freeim::log_in(&ann).await);
    let wrong = crypto::encrypt("secret", "another key");
    ann.say(conversation, "never encrypted").await;
    ann.say(conversation, &wrong).await;
    let expected = texts(&["never encrypted", "[encrypted message]"]);
    assert_eq!(at_freeim.history("friend", &ann_there.id).await, expected);
    assert_eq!(
        bob.contents(conversation).await,
        ["never encrypted".to_owned(), wrong]
    );
}

async fn pictures_and_files_cross_as_what_they_are(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let (at_freeim, ann_there) = (Freeim::log_in(&bob).await, Freeim::log_in(&ann).await);
    let key = text(&ann.entry(conversation).await.unwrap()["aesKey"]);
    let body = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nthe file\r\n--B--\r\n";
    let request = ann.request("POST", &format!("UploadFile?ConversationId={conversation}"));
    let file = request
        .body("multipart/form-data; boundary=B", body)
        .send()
        .await
        .json()["fileKey"]
        .clone();
    ann.say(conversation, &crypto::encrypt(&format!("[file]{file}"), &key))
        .await;
    ann.say(
        conversation,
        &crypto::encrypt("[img]https://example.com/a.png", &key),
    )
    .await;
    ann.say(conversation, &crypto::encrypt("[file]999999", &key))
        .await;
    let history = at_freeim.history("friend", &ann_there.id).await;
    let kinds: Vec<&str> = history.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["file", "pic", "text"]);
    assert_eq!(
        (history[1].1.as_str(), history[2].1.as_str()),
        ("https://example.com/a.png", "[file not available]")
    );
    // What FreeIM's client is shown can be fetched by it.
    let path = history[0]
        .1
        .split_once("://")
        .unwrap()
        .1
        .split_once('/')
        .unwrap()
        .1;
    assert_eq!(server.get(&format!("/{path}")).send().await.text(), "the file");
    // And back: in the form that Kahla's client renders.
    at_freeim
        .say("friend", &ann_there.id, "pic", "https://example.com/b.png")
        .await;
    at_freeim
        .say("friend", &ann_there.id, "voice", "https://example.com/b.amr")
        .await;
    let shown = ann.contents(conversation).await;
    let clear: Vec<String> = shown
        .iter()
        .map(|content| crypto::decrypt(content, &key))
        .collect();
    assert_eq!(
        clear[..3],
        [
            format!("[file]{file}"),
            "[img]https://example.com/a.png".to_owned(),
            "[file]999999".to_owned()
        ]
    );
    assert_eq!(
        clear[3..],
        [
            "[img]https://example.com/b.png",
            "[file]https://example.com/b.amr"
        ]
    );
}

async fn another_dialect_keeps_its_history_when_the_conversation_ends(server: Server) {
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let (at_freeim, ann_there) = (Freeim::log_in(&bob).await, Freeim::log_in(&ann).await);
    ann.say(conversation, "before").await;
    ann.post(&format!("DeleteFriend/{}", bob.id), &[]).await;
    assert_eq!(
        at_freeim.history("friend", &ann_there.id).await,
        texts(&["before"])
    );
    // Befriending at FreeIM opens a new conversation at Kahla.
    at_freeim
        .ask("POST", "friends/add", &[("toId", &ann_there.id)])
        .await;
    ann_there
        .ask(
            "POST",
            "friends/add/reply",
            &[("toId", &at_freeim.id), ("status", "pass")],
        )
        .await;
    let again = ann.conversation_with(&bob).await;
    assert!(again > conversation && ann.contents(again).await.is_empty());
    at_freeim.say("friend", &ann_there.id, "text", "after").await;
    assert_eq!(ann.contents(again).await.len(), 1);
    assert_eq!(
        at_freeim.history("friend", &ann_there.id).await,
        texts(&["before", "after"])
    );
    // Removing a friend at FreeIM closes it for both.
    at_freeim
        .ask("DELETE", "friends", &[("toId", &ann_there.id)])
        .await;
    assert!(ann.entry(again).await.is_none() && bob.entry(again).await.is_none());
    // Asking at Kahla works whatever FreeIM's one-sided lists say.
    ann.befriend(&bob).await;
}

async fn a_group_of_another_dialect_is_shown_and_can_be_left(server: Server) {
    let ann = Person::register(&server, "ann").await;
    let bob = Person::register(&server, "bob").await;
    let at_freeim = Freeim::log_in(&bob).await;
    let ann_there = Freeim::log_in(&ann).await;
    let made = at_freeim
        .ask("POST", "chatGroups", &[("name", "Free Group"), ("intro", "x")])
        .await;
    let group = made["result"]["id"].to_string();
    ann_there
        .ask(
            "POST",
            "chatGroups/join",
            &[("groupId", &group), ("reason", "hi")],
        )
        .await;
    let reply = [
        ("groupId", group.as_str()),
        ("accountId", ann_there.id.as_str()),
        ("status", "pass"),
    ];
    at_freeim.ask("POST", "chatGroups/join/reply", &reply).await;
    let id: i64 = group.parse().unwrap();
    let entry = ann.entry(id).await.unwrap();
    let key = text(&entry["aesKey"]);
    assert_eq!(text(&entry["displayName"]), "Free Group");
    // It claims no name: who is not in it cannot find or join it by that.
    let cid = Person::register(&server, "cid").await;
    assert!(
        column(
            &cid.get("SearchGroup", &[("GroupName", "Free Group")]).await,
            "id"
        )
        .is_empty()
    );
    let unknown = "We can not find a group with name: Free Group!";
    cid.refused("POST", "JoinGroup", &[("GroupName", "Free Group")], -4, unknown)
        .await;
    ann.say(id, &crypto::encrypt("hello group", &key)).await;
    assert_eq!(at_freeim.history("group", &group).await, texts(&["hello group"]));
    ann.post("LeaveGroup", &[("GroupName", "free group")]).await;
    assert!(ann.entry(id).await.is_none());
}

async fn without_translation_each_side_sees_what_was_posted(_: Server) {
    let server = Server::start_with(Storage::Sqlite, &[("ROOST__KAHLA__DECRYPT", "false")]).await;
    let (ann, bob, conversation) = Person::two_friends(&server).await;
    let (at_freeim, ann_there) = (Freeim::log_in(&bob).await, Freeim::log_in(&ann).await);
    let key = text(&ann.entry(conversation).await.unwrap()["aesKey"]);
    let content = crypto::encrypt("sealed", &key);
    ann.say(conversation, &content).await;
    at_freeim.say("friend", &ann_there.id, "text", "open").await;
    assert_eq!(
        at_freeim.history("friend", &ann_there.id).await,
        texts(&[&content, "open"])
    );
    assert_eq!(ann.contents(conversation).await, [content.as_str(), "open"]);
}
