//! The receiving side: one thread that reads every socket of a run and enters what it gets into the ledgers.
//!
//! Made to be light, because it shares the machine with the node: no task and no buffer per socket, one read per
//! wake, frames parsed where they lie.

use super::figures::Latencies;
use super::frames::{self, Frame};
use super::freeim::Item;
use super::ledger::{Delivered, Ledger};
use super::progress::Progress;
use super::watch::{Fallible, Trouble, Watch};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};
use std::io::{ErrorKind, Read, Write};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Read at once from one socket, in bytes.
const READ_BYTES: usize = 64 * 1024;
const EVENTS_PER_POLL: usize = 1_024;
const WAKE: Token = Token(usize::MAX);

/// What was received since the last time it was asked.
#[derive(Debug, Default)]
pub struct Received {
    pub deliveries: u64,
    pub latencies: Latencies,
}

/// Which receiver of which ledger a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub ledger: usize,
    pub receiver: usize,
}

enum Command {
    Join {
        seat: Seat,
        stream: std::net::TcpStream,
        first: Vec<u8>,
        /// Holds what comes until a `CatchUp` for the seat.
        holds: bool,
    },
    CatchUp(Seat, Vec<Item>),
    Position(Seat, oneshot::Sender<usize>),
    Take(oneshot::Sender<Received>),
    End(oneshot::Sender<Vec<Ledger>>),
}

/// The handle of the thread.
pub struct Receivers {
    pub progress: Arc<Progress>,
    commands: mpsc::Sender<Command>,
    waker: Waker,
    thread: JoinHandle<Fallible<()>>,
}

impl Receivers {
    /// Starts the thread. Senders are numbered from 0, as in the stamps of what they send.
    pub fn start(watch: Watch, ledgers: Vec<Ledger>, senders: usize) -> Fallible<Receivers> {
        let progress = Arc::new(Progress::new(senders));
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let (commands, inbox) = mpsc::channel();
        let mut reader = Reader {
            watch,
            poll,
            inbox,
            books: Books {
                ledgers,
                progress: progress.clone(),
                received: Received::default(),
                advanced: Vec::new(),
            },
            sockets: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("bench-receivers".to_owned())
            .spawn(move || reader.run())?;
        Ok(Receivers {
            progress,
            commands,
            waker,
            thread,
        })
    }

    /// Reads a socket from now on. `first` is what came behind the handshake.
    pub fn join(&self, seat: Seat, stream: std::net::TcpStream, first: Vec<u8>) -> Fallible<()> {
        self.tell(Command::Join {
            seat,
            stream,
            first,
            holds: false,
        })
    }

    /// The same for a receiver that was away: what comes is held until [`Receivers::catch_up`].
    pub fn rejoin(&self, seat: Seat, stream: std::net::TcpStream, first: Vec<u8>) -> Fallible<()> {
        self.tell(Command::Join {
            seat,
            stream,
            first,
            holds: true,
        })
    }

    /// Gives a receiver what it read in history, and then what its socket brought meanwhile.
    pub fn catch_up(&self, seat: Seat, items: Vec<Item>) -> Fallible<()> {
        self.tell(Command::CatchUp(seat, items))
    }

    /// How many messages of its ledger a receiver is past.
    pub async fn position(&self, seat: Seat) -> Fallible<usize> {
        self.ask(|reply| Command::Position(seat, reply)).await
    }

    /// What was received since the last time.
    pub async fn take(&self) -> Fallible<Received> {
        self.ask(Command::Take).await
    }

    /// Ends the thread and closes its sockets.
    pub async fn end(self) -> Fallible<Vec<Ledger>> {
        let ledgers = self.ask(Command::End).await;
        match self.thread.join() {
            Ok(Ok(())) => ledgers,
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Trouble::new("the receiving thread panicked")),
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Fallible<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply))?;
        answer
            .await
            .map_err(|_| Trouble::new("the receiving thread ended"))
    }

    fn tell(&self, command: Command) -> Fallible<()> {
        let gone = |_| Trouble::new("the receiving thread ended");
        self.commands.send(command).map_err(gone)?;
        Ok(self.waker.wake()?)
    }
}

struct Socket {
    stream: TcpStream,
    seat: Seat,
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
    held: Option<Vec<Vec<u8>>>,
}

/// What a frame is entered into.
struct Books {
    ledgers: Vec<Ledger>,
    progress: Arc<Progress>,
    received: Received,
    /// Senders of messages that became complete since they were last told.
    advanced: Vec<usize>,
}

impl Books {
    fn enter(&mut self, delivered: Option<Delivered>, now: u64) {
        let Some(delivered) = delivered else {
            return;
        };
        self.received.deliveries += 1;
        if let Some(stamp) = delivered.stamp {
            self.received.latencies.record(now.saturating_sub(stamp.due_ns));
        }
        self.progress.note_delivery();
        if delivered.complete {
            let sender = delivered.stamp.map(|stamp| stamp.sender);
            self.progress.note_complete(sender);
            self.advanced.extend(sender);
        }
    }

    /// Wakes each sender once, however many of its messages became complete.
    fn tell_senders(&mut self) {
        self.advanced.sort_unstable();
        self.advanced.dedup();
        for sender in self.advanced.drain(..) {
            self.progress.tell(sender);
        }
    }
}

struct Reader {
    watch: Watch,
    poll: Poll,
    inbox: mpsc::Receiver<Command>,
    books: Books,
    /// By token. What is closed leaves an empty place.
    sockets: Vec<Option<Socket>>,
}

impl Reader {
    fn run(&mut self) -> Fallible<()> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() != WAKE {
                    self.read(event.token().0, &mut buffer);
                } else if self.obey()? {
                    return Ok(());
                }
            }
            self.books.tell_senders();
        }
    }

    /// Does what was asked. `true`: it was the end.
    fn obey(&mut self) -> Fallible<bool> {
        while let Ok(command) = self.inbox.try_recv() {
            // Whoever does not wait for an answer any more needs none.
            match command {
                Command::Join {
                    seat,
                    stream,
                    first,
                    holds,
                } => self.join(seat, stream, &first, holds)?,
                Command::CatchUp(seat, items) => self.catch_up(seat, &items),
                Command::Position(seat, reply) => {
                    let _ = reply.send(self.books.ledgers[seat.ledger].position(seat.receiver));
                }
                Command::Take(reply) => _ = reply.send(std::mem::take(&mut self.books.received)),
                Command::End(reply) => {
                    let _ = reply.send(std::mem::take(&mut self.books.ledgers));
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn join(&mut self, seat: Seat, stream: std::net::TcpStream, first: &[u8], holds: bool) -> Fallible<()> {
        let mut stream = TcpStream::from_std(stream);
        let token = Token(self.sockets.len());
        self.poll
            .registry()
            .register(&mut stream, token, Interest::READABLE)?;
        self.sockets.push(Some(Socket {
            stream,
            seat,
            rest: Vec::new(),
            held: holds.then(Vec::new),
        }));
        self.take(token.0, first);
        Ok(())
    }

    fn catch_up(&mut self, seat: Seat, items: &[Item]) {
        let ledger = &mut self.books.ledgers[seat.ledger];
        let before = ledger.position(seat.receiver);
        ledger.catch_up(seat.receiver, items);
        self.books.received.deliveries += (ledger.position(seat.receiver) - before) as u64;
        let mut open = self.sockets.iter_mut().flatten();
        let holding = open.find(|socket| socket.seat == seat && socket.held.is_some());
        for text in holding.and_then(|socket| socket.held.take()).unwrap_or_default() {
            let delivered = self.books.ledgers[seat.ledger].deliver(seat.receiver, &text);
            self.books.enter(delivered, self.watch.ns());
        }
    }

    fn read(&mut self, token: usize, buffer: &mut [u8]) {
        loop {
            let Some(Some(socket)) = self.sockets.get_mut(token) else {
                return;
            };
            match socket.stream.read(buffer) {
                Ok(0) => return self.close(token),
                Ok(length) => {
                    self.take(token, &buffer[..length]);
                    // A read that did not fill the buffer has emptied the socket: the next bytes wake us again.
                    if length < buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.close(token),
            }
        }
    }

    fn close(&mut self, token: usize) {
        self.sockets[token] = None;
        self.books.progress.note_closed();
    }

    /// Enters what a socket gave.
    fn take(&mut self, token: usize, bytes: &[u8]) {
        let Some(Some(socket)) = self.sockets.get_mut(token) else {
            return;
        };
        let now = self.watch.ns();
        let joined;
        let mut bytes = bytes;
        if !socket.rest.is_empty() {
            socket.rest.extend_from_slice(bytes);
            joined = std::mem::take(&mut socket.rest);
            bytes = &joined;
        }
        loop {
            match frames::read(bytes) {
                Ok(None) => {
                    socket.rest = bytes.to_vec();
                    return;
                }
                Ok(Some((frame, used))) => {
                    bytes = &bytes[used..];
                    match (frame, &mut socket.held) {
                        (Frame::Text(text), Some(held)) => held.push(text.to_vec()),
                        (Frame::Text(text), None) => {
                            let Seat { ledger, receiver } = socket.seat;
                            let delivered = self.books.ledgers[ledger].deliver(receiver, text);
                            self.books.enter(delivered, now);
                        }
                        (Frame::Ping(payload), _) => {
                            // A pong that finds no room is not worth waiting for.
                            drop(socket.stream.write(&frames::client_pong(payload)));
                        }
                        (Frame::Pong, _) => {}
                        (Frame::Close(_), _) => return self.close(token),
                    }
                }
                Err(_) => return self.close(token),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::freeim;
    use super::super::ledger::Proof;
    use super::super::stamp::Stamp;
    use super::*;
    use std::net::{TcpListener, TcpStream as StdStream};
    use std::time::Duration;

    /// Two ends of a connection; the second is ready for a [`Receivers`].
    fn pair() -> (StdStream, StdStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_nonblocking(true).unwrap();
        (listener.accept().unwrap().0, client)
    }

    fn frame(id: i64) -> Vec<u8> {
        let stamp = Stamp {
            sender: 0,
            counter: id as u64 - 1,
            due_ns: 0,
        };
        frames::server_text(freeim::frame_text(id, 1, 1, &stamp.body(64)).as_bytes())
    }

    #[tokio::test]
    async fn frames_cut_anywhere_are_put_together_and_complete_messages_wake_their_sender() {
        let ledgers = vec![Ledger::new(2, Proof::Stamps)];
        let receivers = Receivers::start(Watch::start(), ledgers, 1).unwrap();
        let mut servers = Vec::new();
        for receiver in 0..2 {
            let (server, client) = pair();
            let seat = Seat { ledger: 0, receiver };
            receivers.join(seat, client, Vec::new()).unwrap();
            servers.push(server);
        }
        let bytes: Vec<u8> = (1..=3).flat_map(frame).collect();
        for server in &mut servers {
            server.set_nodelay(true).unwrap();
            for piece in bytes.chunks(101) {
                server.write_all(piece).unwrap();
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let waiting = receivers.progress.wait_for(0, 3);
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap();
        let received = receivers.take().await.unwrap();
        assert_eq!((received.deliveries, received.latencies.count()), (6, 6));
        assert_eq!(
            (receivers.progress.complete(), receivers.progress.delivered()),
            (3, 6)
        );
        let ledgers = receivers.end().await.unwrap();
        assert_eq!(ledgers[0].close(&[], &[]).lost, 0);
    }

    #[tokio::test]
    async fn a_receiver_that_comes_back_is_shown_history_before_what_its_socket_brought() {
        let receivers = Receivers::start(Watch::start(), vec![Ledger::new(1, Proof::Stamps)], 1).unwrap();
        let seat = Seat {
            ledger: 0,
            receiver: 0,
        };
        let (mut server, client) = pair();
        server.write_all(&frame(3)).unwrap();
        receivers.rejoin(seat, client, frame(2)).unwrap();
        let items = (1..=2).map(|id| {
            let bytes = frame(id);
            let Ok(Some((Frame::Text(text), _))) = frames::read(&bytes) else {
                panic!("no text frame");
            };
            let seen = freeim::read_frame(text).unwrap();
            Item {
                id,
                from: 1,
                body: seen.body.into_owned(),
            }
        });
        receivers.catch_up(seat, items.collect()).unwrap();
        let waiting = receivers.progress.wait_for(0, 1);
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap();
        assert_eq!(receivers.position(seat).await.unwrap(), 3);
        drop(server);
        while receivers.progress.closed() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let faults = receivers.end().await.unwrap()[0].close(&[], &[]);
        assert_eq!(
            (faults.lost, faults.duplicated, faults.reordered, faults.corrupted),
            (0, 0, 0, 0)
        );
    }
}
