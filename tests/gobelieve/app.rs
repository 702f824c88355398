//! The app's server and its people: what every scenario starts from.

use crate::client::Client;
use crate::harness::{Answer, Request, Server, Storage};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};

pub const APP_ID: &str = "7";
pub const SECRET: &str = "sec";

/// A node, and the app's server that knows its secret.
pub struct App {
    pub server: Server,
    pub tcp: SocketAddr,
}

/// Somebody with a token.
pub struct Person {
    pub uid: i64,
    pub token: String,
}

/// `Basic` of an app and its secret.
pub fn basic(app: &str, secret: &str) -> String {
    let digest: String = Md5::digest(secret)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("Basic {}", STANDARD.encode(format!("{app}:{digest}")))
}

impl App {
    pub async fn start(storage: Storage) -> App {
        App::start_with(storage, &[]).await
    }

    pub async fn start_with(storage: Storage, more: &[(&str, &str)]) -> App {
        let tcp = free_address();
        let listen = tcp.to_string();
        let mut settings = vec![
            ("ROOST__GOBELIEVE__APP_ID", APP_ID),
            ("ROOST__GOBELIEVE__APP_SECRET", SECRET),
            ("ROOST__GOBELIEVE__TCP_LISTEN", listen.as_str()),
        ];
        settings.extend_from_slice(more);
        App {
            server: Server::start_with(storage, &settings).await,
            tcp,
        }
    }

    /// A request of the app's server.
    pub fn ask(&self, method: &str, path: &str) -> Request {
        let request = self.server.request(method, path);
        request.header("Authorization", &basic(APP_ID, SECRET))
    }

    /// A request of the app's server with a body, which must succeed.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let answer = self.ask("POST", path).json(body).send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer
    }

    /// The same with a plain body.
    pub async fn post_text(&self, path: &str, body: &str) {
        let answer = self.ask("POST", path).body("text/plain", body).send().await;
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{path}");
    }

    pub async fn grant(&self, uid: i64, name: &str) -> Person {
        let answer = self
            .post(
                "/auth/grant",
                &json!({ "uid": uid, "user_name": name, "platform_id": 3 }),
            )
            .await;
        let token = answer.json()["data"]["token"].as_str().unwrap().to_owned();
        Person { uid, token }
    }

    /// Ann (101), Bob (102) and Eve (103).
    pub async fn three(&self) -> (Person, Person, Person) {
        (
            self.grant(101, "ann").await,
            self.grant(102, "bob").await,
            self.grant(103, "eve").await,
        )
    }

    /// A group made by the app's server. Its id.
    pub async fn group(&self, master: &Person, is_super: bool, members: &[&Person]) -> i64 {
        let members: Vec<i64> = members.iter().map(|person| person.uid).collect();
        let body = json!({ "master": master.uid, "name": "g", "super": is_super, "members": members });
        self.post("/groups", &body).await.json()["data"]["group_id"]
            .as_i64()
            .unwrap()
    }

    /// Logs in from the web, without a sync.
    pub async fn log_in(&self, person: &Person) -> Client {
        let mut client = Client::open(self.server.address).await;
        client.log_in(person, 3, "dev").await;
        client
    }

    /// Logs in and syncs from a key, as clients do. What is stored is passed over.
    pub async fn synced(&self, person: &Person) -> Client {
        let mut client = self.log_in(person).await;
        client.sync(0).await;
        client
    }

    /// Asserts that a request is refused with these words.
    pub async fn refused(request: Request, words: &str) {
        let answer = request.send().await;
        let json = answer.json();
        assert_eq!(
            (answer.status, json["meta"]["code"].as_i64()),
            (400, Some(400)),
            "{json}"
        );
        assert_eq!(json["meta"]["message"], words);
    }
}

impl Person {
    pub fn ask(&self, app: &App, method: &str, path: &str) -> Request {
        let request = app.server.request(method, path);
        request.header("Authorization", &format!("Bearer {}", self.token))
    }

    /// The data of a request that must succeed.
    pub async fn get(&self, app: &App, path: &str) -> Value {
        let answer = self.ask(app, "GET", path).send().await;
        let json = answer.json();
        assert_eq!(answer.status, 200, "{path}: {json}");
        assert!(json.get("meta").is_none(), "{json}");
        json["data"].clone()
    }
}

pub fn free_address() -> SocketAddr {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
    probe.local_addr().expect("its address")
}
