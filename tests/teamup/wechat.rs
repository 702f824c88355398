//! A stand-in for WeChat: answers `code2session` as a test has said, and keeps what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The longest head of a request that is read, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

pub struct Wechat {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Wechat {
    /// Answers each request with what `answer` makes of its path: a status line and a body; `None` answers never.
    pub async fn start(
        answer: impl Fn(&str) -> Option<(&'static str, String)> + Send + Sync + 'static,
    ) -> Wechat {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, paths) = (Arc::new(answer), asked.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, paths) = (answer.clone(), paths.clone());
                tokio::spawn(async move {
                    let mut head = vec![0; HEAD_BYTES_MAX];
                    let read = stream.read(&mut head).await.unwrap_or(0);
                    let head = String::from_utf8_lossy(&head[..read]).into_owned();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let answer = answer(&path);
                    paths.lock().expect("no panic").push(path);
                    let Some((status, body)) = answer else {
                        return std::future::pending().await;
                    };
                    let text = format!(
                        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
                         Connection: close\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(text.as_bytes()).await.ok();
                });
            }
        });
        Wechat { address, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}
