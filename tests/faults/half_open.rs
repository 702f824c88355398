//! Clients that begin and do not go on: they are let go of, and nobody else notices.

use crate::alone;
use crate::harness::{Server, Storage};
use crate::person::Person;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How many clients of each kind stand around.
const CLIENTS: usize = 100;
/// The node is set to wait this long for the head of a request.
const HEAD_SECONDS: &str = "2";
/// And has let go of a client after at most this long: bodies get half a minute.
const LET_GO_WITHIN: Duration = Duration::from_secs(45);

/// Opens a connection, sends a beginning and leaves it at that.
async fn begin(server: &Server, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(bytes.as_bytes()).await.expect("a beginning");
    stream
}

/// Reads until the node closes. Panics when it does not in time.
async fn let_go(mut stream: TcpStream, what: &str) {
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(LET_GO_WITHIN, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "{what}: still open after {LET_GO_WITHIN:?}");
    let said = String::from_utf8_lossy(&rest);
    assert!(
        !said.contains(" 500 ") && !said.contains(" 502 "),
        "{what}: {said}"
    );
}

#[tokio::test]
async fn half_a_head_is_let_go_of_and_nobody_notices() {
    let _alone = alone().await;
    let settings = [("ROOST__HTTP__HEAD_SECONDS", HEAD_SECONDS)];
    let server = Server::start_with(Storage::Sqlite, &settings).await;
    let (ann, bob) = Person::two_friends(&server).await;
    let mut waiting = Vec::new();
    for _ in 0..CLIENTS {
        waiting.push(begin(&server, "POST /api/v1/chat/send HTTP/1.1\r\nHost: x\r\nAutho").await);
    }
    let began = Instant::now();
    ann.say("friend", &bob.text_id(), "are you there?").await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "a post took {:?}",
        began.elapsed()
    );
    for stream in waiting {
        let_go(stream, "half a head").await;
    }
}

#[tokio::test]
async fn half_a_body_holds_up_nobody_and_ends_with_its_client() {
    let _alone = alone().await;
    let server = Server::start(Storage::Sqlite).await;
    let (ann, bob) = Person::two_friends(&server).await;
    let head = format!(
        "POST /api/v1/chat/send HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n{{\"toId\":",
        ann.token
    );
    let mut waiting = Vec::new();
    for _ in 0..CLIENTS {
        waiting.push(begin(&server, &head).await);
    }
    let sent = ann.say("friend", &bob.text_id(), "are you there?").await;
    assert_eq!(
        ann.history(&[("toId", &bob.text_id())]).await["items"][0]["id"],
        sent["id"]
    );
    for mut stream in waiting {
        stream.shutdown().await.expect("the client's end");
        let_go(stream, "half a body").await;
    }
    // Nothing of the halves was taken for a message.
    assert_eq!(ann.history(&[("toId", &bob.text_id())]).await["total"], 1);
}

#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let _alone = alone().await;
    let server = Server::start(Storage::Sqlite).await;
    let head = "POST /api/v1/register/basic HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n5\r\n{\"acc\r\n";
    let mut waiting = Vec::new();
    for _ in 0..CLIENTS {
        waiting.push(begin(&server, head).await);
    }
    for mut stream in waiting {
        let mut said = [0; 12];
        let answered = tokio::time::timeout(LET_GO_WITHIN, stream.read(&mut said)).await;
        let bytes = answered
            .expect("an answer or an end in time")
            .expect("the connection");
        assert!(
            bytes == 0 || said.starts_with(b"HTTP/1.1 2") || said.starts_with(b"HTTP/1.1 4"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn half_a_handshake_and_half_a_frame_hold_up_nobody() {
    let _alone = alone().await;
    let server = Server::start(Storage::Sqlite).await;
    let (ann, bob) = Person::two_friends(&server).await;
    let upgrade = format!(
        "GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        bob.token
    );
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS {
        // A frame of 100 bytes is announced, and two of them come.
        let mut stream = begin(&server, &upgrade).await;
        stream
            .write_all(&[0x81, 0xe4, 1, 2, 3, 4, b'h', b'i'])
            .await
            .expect("half a frame");
        sockets.push(stream);
    }
    let mut good = bob.open_socket().await;
    let sent = ann.say("friend", &bob.text_id(), "are you there?").await;
    loop {
        let frame = good.next_json().await;
        if frame["type"] != "ping" {
            assert_eq!(frame["id"], sent["id"]);
            break;
        }
    }
    drop(sockets);
    ann.say("friend", &bob.text_id(), "and now?").await;
}
