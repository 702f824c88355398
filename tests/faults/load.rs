//! Writers that post without a pause and note what was acknowledged.

use crate::harness::{Answer, Encoding, Request, Server};
use crate::person::Person;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Between two tries while the node is away.
const PAUSE: Duration = Duration::from_millis(20);

/// What a writer does with a post that was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Sends it again with the same `Idempotency-Key` until it is: it must be stored once.
    Repeats,
    /// Goes on with the next: it may be stored once, or not at all.
    GoesOn,
}

/// Somebody who posts into one conversation.
#[derive(Clone)]
pub struct Writer {
    pub name: String,
    pub manner: Manner,
    address: SocketAddr,
    token: String,
    ope: &'static str,
    to: String,
}

/// What became of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Acknowledged, with this id.
    Stored(i64),
    /// Refused in FreeIM's words; the node lived.
    Refused(String),
    /// No answer came: the node was away, or died over it.
    Unknown,
}

/// One try to post.
#[derive(Clone, Debug)]
pub struct Try {
    pub body: String,
    pub fate: Fate,
    pub took: Duration,
}

/// Writers at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    writers: Vec<JoinHandle<Vec<Try>>>,
}

/// Two friends and a group: each writes into a conversation alone, and both into the group, in either manner.
pub async fn writers(server: &Server) -> Vec<Writer> {
    let (ann, bob) = Person::two_friends(server).await;
    let group = ann.group_with("group", &[&bob]).await;
    let writer = |name: &str, person: &Person<'_>, manner, ope, to: &str| Writer {
        name: name.to_owned(),
        manner,
        address: server.address,
        token: person.token.clone(),
        ope,
        to: to.to_owned(),
    };
    vec![
        writer("ann-to-bob", &ann, Manner::Repeats, "friend", &bob.text_id()),
        writer("bob-to-ann", &bob, Manner::GoesOn, "friend", &ann.text_id()),
        writer("ann-to-group", &ann, Manner::Repeats, "group", &group),
        writer("bob-to-group", &bob, Manner::GoesOn, "group", &group),
        writer("bob-again-to-group", &bob, Manner::Repeats, "group", &group),
    ]
}

impl Load {
    pub fn start(writers: Vec<Writer>) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let writers = writers.into_iter().map(|writer| {
            let stop = stop.clone();
            tokio::spawn(async move { writer.keep_posting(&stop).await })
        });
        Load {
            writers: writers.collect(),
            stop,
        }
    }

    /// Lets everybody finish what is under way. Every try, in order of each writer.
    pub async fn finish(self) -> Vec<Try> {
        self.stop.store(true, Ordering::Relaxed);
        let mut tries = Vec::new();
        for writer in self.writers {
            tries.extend(writer.await.expect("a writer ends well"));
        }
        tries
    }
}

impl Writer {
    /// Posts one after the other until told to stop; what must be repeated is repeated to its end.
    async fn keep_posting(&self, stop: &AtomicBool) -> Vec<Try> {
        let mut tries = Vec::new();
        for number in 1.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let body = format!("{} {number}", self.name);
            loop {
                let tried = self.post(&body).await;
                let again = self.manner == Manner::Repeats && !matches!(tried.fate, Fate::Stored(_));
                let away = tried.fate == Fate::Unknown;
                tries.push(tried);
                if away {
                    tokio::time::sleep(PAUSE).await;
                }
                if !again {
                    break;
                }
            }
        }
        tries
    }

    pub async fn post(&self, body: &str) -> Try {
        let params = [
            ("toId", self.to.as_str()),
            ("ope", self.ope),
            ("type", "text"),
            ("body", body),
        ];
        let mut request = Request::new(self.address, "POST", "/api/v1/chat/send")
            .header("Authorization", &self.token)
            .params(Encoding::Urlencoded, &params);
        if self.manner == Manner::Repeats {
            request = request.header("Idempotency-Key", body);
        }
        let began = Instant::now();
        let answer = request.try_send().await;
        Try {
            body: body.to_owned(),
            fate: answer.map_or(Fate::Unknown, |answer| fate(&answer)),
            took: began.elapsed(),
        }
    }

    /// The whole conversation as its history shows it to this writer: ids and bodies, oldest first.
    pub async fn history(&self) -> Vec<(i64, String)> {
        let mut messages = Vec::new();
        for page in 1.. {
            let page = page.to_string();
            let params = [
                ("toId", self.to.as_str()),
                ("ope", self.ope),
                ("limit", "500"),
                ("page", &page),
            ];
            let answer = Request::new(self.address, "GET", "/api/v1/chat/messages")
                .header("Authorization", &self.token)
                .params(Encoding::Query, &params)
                .send()
                .await;
            let json = crate::person::succeeded(&answer);
            let items = json["result"]["items"].as_array().expect("items");
            if items.is_empty() {
                break;
            }
            messages.extend(items.iter().map(id_and_body));
        }
        messages
    }
}

fn id_and_body(message: &Value) -> (i64, String) {
    let id = message["id"].as_i64().expect("an id");
    (id, message["body"].as_str().expect("a body").to_owned())
}

/// Panics when the answer is none of FreeIM's.
fn fate(answer: &Answer) -> Fate {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    match json["code"].as_i64() {
        Some(0) => Fate::Stored(json["result"]["id"].as_i64().expect("an id")),
        Some(1) => Fate::Refused(json["message"].as_str().expect("a message").to_owned()),
        _ => panic!("{json}"),
    }
}
