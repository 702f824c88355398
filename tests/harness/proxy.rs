//! A wire before a server that can be cut at the worst moment: before PostgreSQL, or between two nodes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

const POLL: Duration = Duration::from_millis(5);
const READ_BYTES: usize = 1 << 16;

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Whole,
    /// Carries nothing, and does not break.
    Silent,
    /// Breaks at once. New connections end before they carry anything.
    Cut,
    /// Breaks when a COMMIT comes, before the server has it. New connections do not come about.
    BreaksBeforeCommit,
    /// Breaks when the server has committed, before the answer is carried. New connections do not come about.
    BreaksAfterCommit,
}

pub struct Proxy {
    /// Where it takes connections.
    pub address: SocketAddr,
    wire: Arc<AtomicU8>,
}

impl Proxy {
    /// Stands before a server, named as host:port.
    pub async fn start(server: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let wire = Arc::new(AtomicU8::new(Wire::Whole as u8));
        tokio::spawn(accept(listener, server.to_owned(), wire.clone()));
        Proxy { address, wire }
    }

    /// Stands before the PostgreSQL server of a URL. The proxy, and the URL by way of it.
    pub async fn before_postgres(url: &str) -> (Proxy, String) {
        let config: tokio_postgres::Config = url.parse().expect("a URL");
        let tokio_postgres::config::Host::Tcp(host) = &config.get_hosts()[0] else {
            panic!("the test server is reached over TCP");
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let server = format!("{host}:{port}");
        let proxy = Proxy::start(&server).await;
        let replaced = url.replacen(&server, &proxy.address.to_string(), 1);
        assert_ne!(replaced, url, "the URL names host and port as {server}");
        (proxy, replaced)
    }

    pub fn set(&self, wire: Wire) {
        self.wire.store(wire as u8, Ordering::SeqCst);
    }
}

fn is(wire: &AtomicU8, what: Wire) -> bool {
    wire.load(Ordering::SeqCst) == what as u8
}

async fn accept(listener: TcpListener, server: String, wire: Arc<AtomicU8>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        let breaks = [Wire::Cut, Wire::BreaksBeforeCommit, Wire::BreaksAfterCommit];
        if breaks.iter().any(|what| is(&wire, *what)) {
            continue;
        }
        let (server, wire) = (server.clone(), wire.clone());
        tokio::spawn(async move {
            // A server that is down takes nothing: the client's connection ends with this task.
            if let Ok(server) = TcpStream::connect(server).await {
                carry(client, server, wire).await;
            }
        });
    }
}

async fn carry(client: TcpStream, server: TcpStream, wire: Arc<AtomicU8>) {
    // Small pieces go on at once, as they came.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let muted = Arc::new(AtomicBool::new(false));
    let mut back = tokio::spawn(answers(from_server, to_client, wire.clone(), muted.clone()));
    tokio::select! {
        () = questions(from_client, to_server, &wire, &muted) => {}
        () = cut(&wire) => {
            back.abort();
            return;
        }
        _ = &mut back => return,
    }
    if !muted.load(Ordering::SeqCst) {
        back.abort();
    }
}

async fn cut(wire: &AtomicU8) {
    while !is(wire, Wire::Cut) {
        tokio::time::sleep(POLL).await;
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: &AtomicU8, muted: &AtomicBool) {
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        while is(wire, Wire::Silent) {
            tokio::time::sleep(POLL).await;
        }
        let commits = buffer[..count].windows(6).any(|word| word == b"COMMIT");
        if commits && is(wire, Wire::BreaksBeforeCommit) {
            return;
        }
        muted.store(commits && is(wire, Wire::BreaksAfterCommit), Ordering::SeqCst);
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
        if muted.load(Ordering::SeqCst) {
            // The other direction ends the connection.
            std::future::pending::<()>().await;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    wire: Arc<AtomicU8>,
    muted: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        while is(&wire, Wire::Silent) {
            tokio::time::sleep(POLL).await;
        }
        if muted.load(Ordering::SeqCst) {
            // The server has answered: all that was sent is done.
            if buffer[..count].windows(6).any(|word| word == b"COMMIT") {
                return;
            }
            continue;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
