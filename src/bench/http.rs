//! A light HTTP/1.1 client: one kept connection, requests as bytes, answers by length or in chunks.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer that takes longer counts as none.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const READ_BYTES: usize = 8 * 1024;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A connection that opens when it is needed, and again after an error.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    input: Vec<u8>,
}

impl Connection {
    #[must_use]
    pub fn new(address: SocketAddr) -> Connection {
        Connection {
            address,
            stream: None,
            input: Vec::with_capacity(READ_BYTES),
        }
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// One request with a JSON body, or none when it is empty.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        authorization: &str,
        body: &str,
    ) -> io::Result<Answer> {
        let request = request(self.address, method, path, authorization, None, body);
        self.ask(&request).await
    }

    /// Sends a request and waits for its answer. After an error it is not known whether the request was taken.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let answered = tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(request)).await;
        let answer = answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            closed => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                closed.insert(stream)
            }
        };
        stream.write_all(request).await?;
        self.input.clear();
        loop {
            if stream.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(answer) = parse(&self.input)? {
                return Ok(answer);
            }
        }
    }
}

/// A request in bytes. `key` is sent as `Idempotency-Key`.
#[must_use]
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    authorization: &str,
    key: Option<&str>,
    body: &str,
) -> Vec<u8> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\n");
    if let Some(key) = key {
        request.push_str(&format!("Idempotency-Key: {key}\r\n"));
    }
    if !body.is_empty() {
        let length = body.len();
        request.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {length}\r\n"
        ));
    }
    request.push_str("\r\n");
    request.push_str(body);
    request.into_bytes()
}

/// Reads a whole answer. `None`: it is not all there yet.
fn parse(bytes: &[u8]) -> io::Result<Option<Answer>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::other("an answer without a status"))?;
    let body = &bytes[end + 4..];
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(dechunked(body)?.map(|body| Answer { status, body }));
        }
    }
    Ok(body.get(..length).map(|body| Answer {
        status,
        body: body.to_vec(),
    }))
}

fn dechunked(mut rest: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(line) = find(rest, b"\r\n") else {
            return Ok(None);
        };
        let length = std::str::from_utf8(&rest[..line]).map_err(io::Error::other)?;
        let length = usize::from_str_radix(length.trim(), 16).map_err(io::Error::other)?;
        let Some(chunk) = rest.get(line + 2..line + 2 + length + 2) else {
            return Ok(None);
        };
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return Ok(Some(body));
        }
        rest = &rest[line + 2 + length + 2..];
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        let bytes = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\nx: y\r\n\r\nhello";
        for part in 0..bytes.len() {
            assert_eq!(parse(&bytes[..part]).unwrap(), None, "{part}");
        }
        let answer = parse(bytes).unwrap().unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (503, b"hello".as_slice())
        );
    }

    #[test]
    fn chunks_are_put_together() {
        let bytes =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
        assert_eq!(parse(&bytes[..bytes.len() - 1]).unwrap(), None);
        assert_eq!(parse(bytes).unwrap().unwrap().body, b"hello world");
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n").is_err());
    }

    #[test]
    fn a_request_carries_its_key_and_length() {
        let address = "127.0.0.1:80".parse().unwrap();
        let text = String::from_utf8(request(address, "POST", "/x", "token", Some("k1"), "{}")).unwrap();
        assert_eq!(
            text,
            "POST /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: token\r\nIdempotency-Key: k1\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
