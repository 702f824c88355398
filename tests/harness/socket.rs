//! A WebSocket client that reads JSON frames with a time limit.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// How long a frame may take. Generous: tests share the machine.
const FRAME: Duration = Duration::from_secs(20);

/// An open socket.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a socket, or says with which status the handshake was refused.
    pub async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Socket::over(stream, path, headers).await
    }

    /// Opens a socket for which the system keeps little that was not read: a client that reads slowly is felt soon.
    pub async fn open_narrow(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Socket, u16> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
        let stream = socket.connect(address).await.expect("a connection");
        Socket::over(stream, path, headers).await
    }

    async fn over(stream: TcpStream, path: &str, headers: &[(&str, &str)]) -> Result<Socket, u16> {
        let address = stream.peer_addr().expect("an address");
        let request = handshake(address, path, headers);
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("handshake with {path}: {error}"),
        }
    }

    /// Opens a socket at a node that may not live: `None` when there is none.
    pub async fn try_open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Option<Socket> {
        let stream = TcpStream::connect(address).await.ok()?;
        let request = handshake(address, path, headers);
        let opened = client_async(request, stream).await.ok()?;
        Some(Socket(opened.0))
    }

    /// The next frame of any kind, however long it takes. `None` when the socket has ended or broken.
    pub async fn try_next(&mut self) -> Option<Message> {
        self.0.next().await?.ok()
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.expect("a frame can be sent");
    }

    pub async fn send_json(&mut self, value: &Value) {
        self.send(Message::text(value.to_string())).await;
    }

    /// The next text or binary frame, or what the closing frame says.
    pub async fn next(&mut self) -> Message {
        loop {
            let next = tokio::time::timeout(FRAME, self.0.next())
                .await
                .expect("a frame in time");
            match next {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return message,
                Some(Err(error)) => panic!("the socket broke: {error}"),
                None => return Message::Close(None),
            }
        }
    }

    /// Sends bytes as they are, past the client's own rules.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        let stream = self.0.get_mut();
        stream.write_all(bytes).await.expect("bytes can be sent");
    }

    /// The code with which the node closes, after any other frames.
    pub async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Message::Close(reason) = self.next().await {
                return reason.map(|reason| u16::from(reason.code));
            }
        }
    }

    /// The next frame as JSON.
    pub async fn next_json(&mut self) -> Value {
        let message = self.next().await;
        let text = message.to_text().unwrap_or_default();
        match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => panic!("not json ({error}): {message:?}"),
        }
    }

    /// Whether no text or binary frame comes within a time.
    pub async fn is_silent(&mut self, within: Duration) -> bool {
        let waiting = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return,
                }
            }
        };
        tokio::time::timeout(within, waiting).await.is_err()
    }

    pub async fn close(mut self) {
        // The other side may have gone first.
        drop(self.0.close(None).await);
    }
}

fn handshake(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .expect("a url");
    for (name, value) in headers {
        let name = HeaderName::try_from(*name).expect("a header's name");
        let value = HeaderValue::try_from(*value).expect("a header's value");
        request.headers_mut().insert(name, value);
    }
    request
}
