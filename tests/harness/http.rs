//! A small HTTP client: one connection a request, every byte in the test's hand.

use serde_json::{Map, Value};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No answer takes longer, or it counts as hung.
const ANSWER: Duration = Duration::from_secs(30);

/// Where a request carries its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Query,
    Urlencoded,
    Multipart,
    Json,
}

impl Encoding {
    pub const ALL: [Encoding; 4] = [
        Encoding::Query,
        Encoding::Urlencoded,
        Encoding::Multipart,
        Encoding::Json,
    ];
}

/// A request under construction.
#[derive(Clone)]
pub struct Request {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Request {
        Request {
            address,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    pub fn json(self, value: &Value) -> Request {
        self.body("application/json", value.to_string())
    }

    /// Parameters in one of the four encodings; a key may repeat. In JSON, what looks like a number is one, unless
    /// it is quoted, and a repeated key becomes an array.
    pub fn params(mut self, encoding: Encoding, params: &[(&str, &str)]) -> Request {
        match encoding {
            Encoding::Query => {
                let mark = if self.path.contains('?') { '&' } else { '?' };
                self.path = format!("{}{mark}{}", self.path, urlencoded(params));
                self
            }
            Encoding::Urlencoded => self.body("application/x-www-form-urlencoded", urlencoded(params)),
            Encoding::Multipart => {
                let boundary = "the-boundary-of-this-test";
                let mut body = String::new();
                for (key, value) in params {
                    body.push_str(&format!(
                        "--{boundary}\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n"
                    ));
                }
                body.push_str(&format!("--{boundary}--\r\n"));
                self.body(&format!("multipart/form-data; boundary={boundary}"), body)
            }
            Encoding::Json => {
                let value = json(params);
                self.json(&value)
            }
        }
    }

    /// Sends the request. Panics, naming it, when no whole answer comes.
    pub async fn send(self) -> Answer {
        let name = format!("{} {}", self.method, self.path);
        match self.try_send().await {
            Ok(answer) => answer,
            Err(error) => panic!("{name}: {error}"),
        }
    }

    pub async fn try_send(self) -> io::Result<Answer> {
        tokio::time::timeout(ANSWER, self.exchange())
            .await
            .unwrap_or_else(|_| Err(io::Error::other("no answer in time")))
    }

    async fn exchange(self) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address).await?;
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.method, self.path, self.address
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        stream.write_all(head.as_bytes()).await?;
        // A server may refuse and close before it has read everything; what it said still counts.
        let sent = stream.write_all(&self.body).await;
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes).await {
            Ok(_) => {}
            Err(error) if bytes.is_empty() => return Err(sent.err().unwrap_or(error)),
            Err(_) => {}
        }
        parse(&bytes)
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. Panics, showing it, when it is none.
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("status {}, {error}: {}", self.status, self.text()),
        }
    }
}

fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let broken = |why: &str| io::Error::other(format!("{why}: {}", String::from_utf8_lossy(bytes)));
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .ok_or_else(|| broken("no head"))?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| broken("no status"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    let chunked = headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("transfer-encoding") && value.contains("chunked"));
    if chunked {
        body = dechunked(&body).ok_or_else(|| broken("bad chunks"))?;
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).ok()?.trim(), 16).ok()?;
        rest = &rest[line + 2..];
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..length)?);
        rest = rest.get(length + 2..)?;
    }
}

fn urlencoded(params: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(params).expect("texts can be encoded")
}

fn json(params: &[(&str, &str)]) -> Value {
    let mut object = Map::new();
    for (key, value) in params {
        // "0123" is a code, not a number: JSON has no leading zeros.
        let number = value
            .parse::<i64>()
            .ok()
            .filter(|number| number.to_string() == *value);
        let value = number.map_or_else(|| Value::from(*value), Value::from);
        match object.get_mut(*key) {
            None => _ = object.insert((*key).to_owned(), value),
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Value::Object(object)
}
