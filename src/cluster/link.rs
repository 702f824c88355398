//! One link while it lives: what waits leaves in one write, what arrives is handed on, silence ends it.

use super::frame::{self, Frames};
use bytes::Bytes;
use roost_actors::cluster::{Envelope, Incarnation};
use roost_actors::ports::Inbound;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

/// Envelopes that wait for one peer, at most.
const QUEUE_LEN_MAX: usize = 65_536;
/// Bytes that wait for one peer, at most: a peer that far behind starts anew, from storage.
const QUEUE_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Bytes gathered for one write.
const WRITE_BYTES: usize = 256 * 1024;
/// How often a link that has nothing to say shows that it lives.
const PING_EVERY: Duration = Duration::from_millis(500);
/// After that much silence the peer, or the way to it, is gone.
const SILENCE_MAX: Duration = Duration::from_millis(2_500);
/// A peer that takes nothing for so long is gone.
const WRITE_MAX: Duration = Duration::from_secs(5);

/// The sending side of a link. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    queue: mpsc::Sender<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
    end: Arc<Notify>,
}

/// What the sender has put in.
pub struct Outgoing {
    queue: mpsc::Receiver<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
    end: Arc<Notify>,
}

/// The two ends of a link's queue.
#[must_use]
pub fn queue() -> (Sender, Outgoing) {
    let (sender, receiver) = mpsc::channel(QUEUE_LEN_MAX);
    let (waiting_bytes, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let outgoing = Outgoing {
        queue: receiver,
        waiting_bytes: waiting_bytes.clone(),
        end: end.clone(),
    };
    (
        Sender {
            queue: sender,
            waiting_bytes,
            end,
        },
        outgoing,
    )
}

impl Sender {
    /// `false`: the link has ended, or ends now because too much waits.
    pub fn send(&self, envelope: Bytes) -> bool {
        let length = envelope.len();
        let waiting = self.waiting_bytes.fetch_add(length, Ordering::AcqRel);
        if waiting <= QUEUE_BYTES_MAX && self.queue.try_send(envelope).is_ok() {
            return true;
        }
        self.waiting_bytes.fetch_sub(length, Ordering::AcqRel);
        self.end();
        false
    }

    /// Whether both are the same link's.
    #[must_use]
    pub fn is(&self, other: &Sender) -> bool {
        Arc::ptr_eq(&self.end, &other.end)
    }

    /// Ends the link.
    pub fn end(&self) {
        self.end.notify_one();
    }
}

/// Runs a link until it ends; says why it did.
pub async fn run(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    mut frames: Frames,
    peer: Incarnation,
    outgoing: Outgoing,
    inbound: Arc<dyn Inbound>,
) -> io::Error {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let Outgoing {
        mut queue,
        waiting_bytes,
        end,
    } = outgoing;
    tokio::select! {
        error = read(&mut reading, &mut frames, peer, &inbound) => error,
        error = write(&mut writing, &mut queue, &waiting_bytes) => error,
        () = end.notified() => io::Error::other("too much waited for the peer, or it is no member any more"),
    }
}

async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    frames: &mut Frames,
    peer: Incarnation,
    inbound: &Arc<dyn Inbound>,
) -> io::Error {
    loop {
        loop {
            match frames.ready() {
                Ok(Some(frame)) => {
                    if let Err(why) = inbound.clone().received(peer, &frame) {
                        return io::Error::new(io::ErrorKind::InvalidData, why);
                    }
                }
                Ok(None) => break,
                Err(error) => return error,
            }
        }
        match tokio::time::timeout(SILENCE_MAX, frames.fill(stream)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error,
            Err(_) => return io::Error::new(io::ErrorKind::TimedOut, "the peer has fallen silent"),
        }
    }
}

async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    queue: &mut mpsc::Receiver<Bytes>,
    waiting_bytes: &AtomicUsize,
) -> io::Error {
    let mut ping = Vec::new();
    if let Err(error) = Envelope::Ping.encode(&mut ping) {
        return io::Error::other(error);
    }
    let mut out = Vec::with_capacity(4_096);
    loop {
        out.clear();
        match tokio::time::timeout(PING_EVERY, queue.recv()).await {
            Ok(Some(envelope)) => {
                let mut taken = envelope.len();
                frame::put(&mut out, &envelope);
                while out.len() < WRITE_BYTES
                    && let Ok(more) = queue.try_recv()
                {
                    taken += more.len();
                    frame::put(&mut out, &more);
                }
                waiting_bytes.fetch_sub(taken, Ordering::AcqRel);
            }
            Ok(None) => return io::Error::other("the link was given up"),
            Err(_) => frame::put(&mut out, &ping),
        }
        let written = async {
            stream.write_all(&out).await?;
            stream.flush().await
        };
        match tokio::time::timeout(WRITE_MAX, written).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error,
            Err(_) => return io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing"),
        }
        if out.capacity() > 4 * WRITE_BYTES {
            out = Vec::with_capacity(4_096);
        }
    }
}
