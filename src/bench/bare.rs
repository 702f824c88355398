//! The bare minimum that fan-out is compared with: a server that frames each message once and writes it to every
//! subscriber, one write each, and does nothing else. It runs as a child process so that its CPU is its own.

use super::frames;
use super::target::open_socket;
use super::watch::{Fallible, Trouble};
use crate::http::metrics;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::io::AsyncWriteExt;

const LISTENER: Token = Token(usize::MAX);
const READ_BYTES: usize = 64 * 1024;
const EVENTS_PER_POLL: usize = 1_024;
/// How a connection begins that brings messages instead of taking them.
const FEED: &[u8] = b"FEED\n";
const LENGTH_BYTES: usize = 4;

/// The handle of a running child.
pub struct BareServer {
    child: Child,
    address: SocketAddr,
    feed: tokio::net::TcpStream,
}

impl BareServer {
    pub async fn start() -> Fallible<BareServer> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "bare-server"])
            // Its end tells the child that this process has ended.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address: SocketAddr = line
            .trim()
            .parse()
            .map_err(|_| Trouble::new(format!("the bare server said {line:?}")))?;
        let mut feed = tokio::net::TcpStream::connect(address).await?;
        feed.set_nodelay(true)?;
        feed.write_all(FEED).await?;
        Ok(BareServer { child, address, feed })
    }

    /// Opens a subscriber's socket.
    pub fn open_socket(&self) -> Fallible<(std::net::TcpStream, Vec<u8>)> {
        open_socket(self.address, "/", "none")
    }

    /// Sends messages to every subscriber.
    pub async fn publish(&mut self, texts: &[String]) -> Fallible<()> {
        let mut bytes = Vec::new();
        for text in texts {
            let length = u32::try_from(text.len()).map_err(|_| Trouble::new("a message of 4 GiB"))?;
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Ok(self.feed.write_all(&bytes).await?)
    }

    /// User and system time it has used, in seconds.
    pub fn cpu_seconds(&self) -> Fallible<f64> {
        let seconds = metrics::cpu_seconds(&self.child.id().to_string());
        seconds.ok_or_else(|| Trouble::new("the bare server has ended"))
    }

    /// Its resident memory in bytes.
    pub fn resident_bytes(&self) -> Fallible<f64> {
        let bytes = metrics::resident_bytes(&self.child.id().to_string());
        bytes.ok_or_else(|| Trouble::new("the bare server has ended"))
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The child's whole life: says its address on standard output and serves until standard input ends.
pub fn serve() -> Fallible<()> {
    let mut server = Server::bind()?;
    {
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{}", server.listener.local_addr()?)?;
        stdout.flush()?;
    }
    std::thread::spawn(|| {
        // Nothing is ever written to it: whatever this returns, the parent has ended.
        drop(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()));
        std::process::exit(0);
    });
    server.run()
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    places: Vec<Place>,
}

/// One connection, by token.
enum Place {
    /// It has not said yet what it is.
    New(TcpStream, Vec<u8>),
    /// With what did not fit into its socket.
    Subscriber(TcpStream, Vec<u8>),
    /// With the beginning of a message whose end has not come yet.
    Feed(TcpStream, Vec<u8>),
    Gone,
}

impl Server {
    fn bind() -> Fallible<Server> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Server {
            poll,
            listener,
            places: Vec::new(),
        })
    }

    fn run(&mut self) -> Fallible<()> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(place) => {
                        if event.is_writable() {
                            self.places[place].flush();
                        }
                        if event.is_readable() {
                            self.read(place, &mut buffer);
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self) -> Fallible<()> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    stream.set_nodelay(true)?;
                    let token = Token(self.places.len());
                    // Edges of both kinds come at no cost while nothing changes.
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    self.poll.registry().register(&mut stream, token, interest)?;
                    self.places.push(Place::New(stream, Vec::new()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read(&mut self, place: usize, buffer: &mut [u8]) {
        loop {
            let (Place::New(stream, _) | Place::Subscriber(stream, _) | Place::Feed(stream, _)) =
                &mut self.places[place]
            else {
                return;
            };
            match stream.read(buffer) {
                Ok(length) if length > 0 => self.take(place, &buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.places[place] = Place::Gone,
            }
        }
    }

    fn take(&mut self, place: usize, bytes: &[u8]) {
        match &mut self.places[place] {
            // A subscriber has nothing to say.
            Place::Subscriber(..) | Place::Gone => {}
            Place::New(_, head) => {
                head.extend_from_slice(bytes);
                self.introduce(place);
            }
            Place::Feed(_, rest) => {
                rest.extend_from_slice(bytes);
                let batch = framed(rest);
                if !batch.is_empty() {
                    self.fan_out(&batch);
                }
            }
        }
    }

    /// Finds out what a new connection is.
    fn introduce(&mut self, place: usize) {
        let Place::New(stream, head) = std::mem::replace(&mut self.places[place], Place::Gone) else {
            return;
        };
        self.places[place] = if head.starts_with(FEED) {
            Place::Feed(stream, head[FEED.len()..].to_vec())
        } else if head.ends_with(b"\r\n\r\n") {
            subscriber(stream, &head)
        } else {
            Place::New(stream, head)
        };
    }

    fn fan_out(&mut self, batch: &[u8]) {
        for place in &mut self.places {
            if let Place::Subscriber(_, pending) = place {
                if pending.is_empty() {
                    place.write(batch);
                } else {
                    pending.extend_from_slice(batch);
                }
            }
        }
    }
}

impl Place {
    /// One write; what it does not take waits until the socket has room.
    fn write(&mut self, bytes: &[u8]) {
        let Place::Subscriber(stream, pending) = self else {
            return;
        };
        match stream.write(bytes) {
            Ok(length) => pending.extend_from_slice(&bytes[length..]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => pending.extend_from_slice(bytes),
            Err(_) => *self = Place::Gone,
        }
    }

    fn flush(&mut self) {
        if let Place::Subscriber(_, pending) = self
            && !pending.is_empty()
        {
            let bytes = std::mem::take(pending);
            self.write(&bytes);
        }
    }
}

/// Answers a websocket's handshake.
fn subscriber(stream: TcpStream, head: &[u8]) -> Place {
    let head = String::from_utf8_lossy(head);
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))
        .unwrap_or_default();
    let accept = frames::accept_key(key);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let mut place = Place::Subscriber(stream, Vec::new());
    place.write(answer.as_bytes());
    place
}

/// Takes every whole message out of `rest` and frames each once: what a subscriber is sent in one write.
fn framed(rest: &mut Vec<u8>) -> Vec<u8> {
    let mut batch = Vec::new();
    let mut at = 0;
    while let Some(length) = rest[at..].first_chunk::<LENGTH_BYTES>() {
        let begin = at + LENGTH_BYTES;
        let Some(text) = rest.get(begin..begin + u32::from_be_bytes(*length) as usize) else {
            break;
        };
        batch.extend_from_slice(&frames::server_text(text));
        at = begin + text.len();
    }
    rest.drain(..at);
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_are_framed_and_the_rest_waits() {
        let mut rest = b"\0\0\0\x02hi\0\0\0\x03you\0\0\0\x09par".to_vec();
        assert_eq!(framed(&mut rest), b"\x81\x02hi\x81\x03you");
        assert_eq!(rest, b"\0\0\0\x09par");
        rest.extend_from_slice(b"ticles");
        assert_eq!(framed(&mut rest), b"\x81\x09particles");
        assert!(rest.is_empty() && framed(&mut rest).is_empty());
    }
}
