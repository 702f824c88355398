//! A person at a team-up client: what every scenario starts from.

use crate::harness::{Answer, Request, Server, Storage};
use serde_json::{Value, json};

/// Runs each scenario, an `async fn(Server)`, on both storages with development logins.
#[macro_export]
macro_rules! with_logins {
    ($($scenario:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::person::start($crate::harness::Storage::Sqlite, &[]).await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::person::start($crate::harness::Storage::Postgres, &[]).await).await;
            })+
        }
    };
}

/// A node that takes every login code, with further settings.
pub async fn start(storage: Storage, more: &[(&str, &str)]) -> Server {
    let settings = [&[("ROOST__TEAMUP__DEV_LOGIN", "true")], more].concat();
    Server::start_with(storage, &settings).await
}

/// Somebody who is logged in.
pub struct Person<'a> {
    pub server: &'a Server,
    pub id: String,
    pub token: String,
}

impl<'a> Person<'a> {
    /// Logs in by a code, and takes the code for a nickname the first time.
    pub async fn enter(server: &'a Server, code: &str) -> Person<'a> {
        let answer = server
            .post("/auth/login")
            .json(&json!({ "code": code }))
            .send()
            .await;
        let told = succeeded(&answer);
        let person = Person {
            server,
            id: text(&told["openid"]),
            token: text(&told["token"]),
        };
        if told["first_login"] == true {
            person
                .post("/user/info/text/setNickname", json!({ "nickname": code }))
                .await;
        }
        person
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        self.server.request(method, path).header("token", &self.token)
    }

    /// The whole answer to a POST with a JSON body.
    pub async fn ask(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send().await
    }

    /// A POST that must succeed.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        succeeded(&self.ask(path, body).await)
    }

    /// Asserts that a POST is refused with this code.
    pub async fn refused(&self, path: &str, body: Value, code: i64) {
        let shown = body.to_string();
        refused(&self.ask(path, body).await, code, &format!("{path} {shown}"));
    }

    /// The whole answer to a GET whose token is in the query, as in the address of a picture.
    pub async fn fetch(&self, path: &str, query: &str) -> Answer {
        let path = format!("{path}?token={}&{query}", self.token);
        self.server.get(&path).send().await
    }

    /// The whole answer to a form with text fields and one file.
    pub async fn upload(&self, path: &str, fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> Answer {
        let (kind, body) = form(fields, Some(file));
        self.request("POST", path).body(&kind, body).send().await
    }
}

/// A multipart form with text fields and perhaps a file (its field, its name, its bytes): its type and itself.
pub fn form(fields: &[(&str, &str)], file: Option<(&str, &str, &[u8])>) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((field, name, bytes)) = file {
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B--\r\n");
    ("multipart/form-data; boundary=B".to_owned(), body)
}

/// The JSON of a success.
pub fn succeeded(answer: &Answer) -> Value {
    let json = answer.json();
    let shown = (answer.status, json["code"].as_i64(), json["errorMsg"].as_str());
    assert_eq!(shown, (200, Some(0), Some("")), "{json}");
    json
}

/// Asserts that a JSON endpoint refused with this code.
pub fn refused(answer: &Answer, code: i64, what: &str) {
    let json = answer.json();
    assert_eq!(
        (answer.status, json["code"].as_i64()),
        (200, Some(code)),
        "{what}: {json}"
    );
    assert!(
        json["errorMsg"].as_str().is_some_and(|words| !words.is_empty()),
        "{what}: {json}"
    );
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

pub fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("not a number: {value}"))
}

/// One field of every item of a list.
pub fn column(list: &Value, field: &str) -> Vec<Value> {
    let items = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    items.iter().map(|item| item[field].clone()).collect()
}

/// A PNG of this size in one colour.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer
        .write_image_data(&vec![0x40; (width * height * 3) as usize])
        .expect("pixels");
    writer.finish().expect("a file");
    file
}
