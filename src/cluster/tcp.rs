//! Links over TCP: one a pair of nodes. The node with the smaller name dials, the other accepts.

use super::frame::{self, Frames};
use super::hello::{self, HELLO_BYTES_MAX, Hello, HelloError, Proof, Reply, Verdict};
use super::link::{self, Sender};
use super::tls::Tls;
use actix::ArbiterHandle;
use bytes::Bytes;
use dashmap::DashMap;
use futures_util::future::{AbortHandle, abortable};
use rand::TryRngCore;
use rand::rngs::OsRng;
use roost_actors::cluster::{Incarnation, Member, envelope};
use roost_actors::ports::{Inbound, Links};
use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
const DIAL_MAX: Duration = Duration::from_secs(2);
const REDIAL_MIN: Duration = Duration::from_millis(50);
const REDIAL_MAX: Duration = Duration::from_millis(1_000);
/// Connections that may be in their handshake at the same time; more wait in the kernel.
const HANDSHAKES_MAX: usize = 64;
const NONCE_BYTES: usize = 32;

/// What links need to know.
#[derive(Clone)]
pub struct LinkOptions {
    pub cluster: String,
    pub secret: String,
    pub tls: Option<Tls>,
}

/// The links of one node.
pub struct TcpLinks {
    shared: Arc<Shared>,
    arbiter: ArbiterHandle,
}

struct Shared {
    options: LinkOptions,
    up: DashMap<Incarnation, Sender>,
    wanted: Mutex<Wanted>,
}

#[derive(Default)]
struct Wanted {
    me: Option<Member>,
    inbound: Option<Arc<dyn Inbound>>,
    peers: HashMap<Incarnation, Member>,
    dialling: HashMap<Incarnation, AbortHandle>,
}

impl TcpLinks {
    /// Takes links on a listener. All of their work is done on `arbiter`.
    pub fn start(
        listener: TcpListener,
        options: LinkOptions,
        arbiter: ArbiterHandle,
    ) -> io::Result<TcpLinks> {
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            options,
            up: DashMap::new(),
            wanted: Mutex::default(),
        });
        let accepting = shared.clone();
        arbiter.spawn(async move {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => accepting.accept(listener).await,
                Err(error) => tracing::error!(%error, "links cannot be taken"),
            }
        });
        Ok(TcpLinks { shared, arbiter })
    }
}

impl Links for TcpLinks {
    fn connect(&self, me: &Member, peers: &[Member], inbound: Arc<dyn Inbound>) {
        let mut wanted = self.shared.lock();
        let renamed = wanted
            .me
            .as_ref()
            .is_some_and(|before| before.incarnation != me.incarnation);
        wanted.me = Some(me.clone());
        wanted.inbound = Some(inbound);
        wanted.peers = peers
            .iter()
            .map(|peer| (peer.incarnation, peer.clone()))
            .collect();
        let Wanted { peers, dialling, .. } = &mut *wanted;
        dialling.retain(|incarnation, task| {
            let stays = peers.contains_key(incarnation) && !renamed;
            if !stays {
                task.abort();
            }
            stays
        });
        for link in self.shared.up.iter() {
            if renamed || !peers.contains_key(link.key()) {
                link.value().end();
            }
        }
        for peer in peers.values().filter(|peer| me.name < peer.name) {
            if dialling.contains_key(&peer.incarnation) {
                continue;
            }
            let (shared, me, target) = (self.shared.clone(), me.clone(), peer.clone());
            let (task, handle) = abortable(async move { shared.dial(me, target).await });
            self.arbiter.spawn(async move { _ = task.await });
            dialling.insert(peer.incarnation, handle);
        }
    }

    fn send(&self, to: Incarnation, envelope: Bytes) -> bool {
        match self.shared.up.get(&to) {
            Some(link) => link.send(envelope),
            None => false,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hello(&self, me: &Member) -> io::Result<Hello> {
        let mut nonce = vec![0; NONCE_BYTES];
        OsRng.try_fill_bytes(&mut nonce).map_err(io::Error::other)?;
        Ok(Hello::new(&self.options.cluster, &me.name, me.incarnation, nonce))
    }

    async fn accept(self: Arc<Self>, listener: tokio::net::TcpListener) {
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        loop {
            let Ok(turn) = handshakes.clone().acquire_owned().await else {
                return;
            };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of files, most likely: others need time to close theirs.
                    tracing::warn!(%error, "a link could not be taken");
                    tokio::time::sleep(REDIAL_MIN).await;
                    continue;
                }
            };
            let shared = self.clone();
            tokio::spawn(async move {
                let welcomed = tokio::time::timeout(HANDSHAKE_MAX, shared.welcome(stream)).await;
                drop(turn);
                match welcomed {
                    Ok(Ok((theirs, stream, frames))) => {
                        shared
                            .live(theirs.incarnation, &theirs.name, stream, frames)
                            .await
                    }
                    Ok(Err(error)) => tracing::warn!(peer = %address, %error, "a link was refused"),
                    Err(_) => tracing::warn!(peer = %address, "a link was refused: no handshake in time"),
                }
            });
        }
    }

    async fn welcome(&self, stream: TcpStream) -> io::Result<(Hello, Box<dyn Stream>, Frames)> {
        let mut stream = self.wrap(stream, None).await?;
        let mut frames = Frames::new(HELLO_BYTES_MAX);
        let theirs: Hello = hello::decode(&frames.next(&mut stream).await?).map_err(invalid)?;
        let Some(me) = self.lock().me.clone() else {
            return Err(io::Error::other("this node has not joined yet"));
        };
        let ours = self.hello(&me)?;
        if let Err(error) = ours.check(&theirs) {
            frame::write(&mut stream, &hello::encode(&Reply::Refused(error.to_string()))).await?;
            return Err(invalid(error));
        }
        let secret = self.options.secret.as_bytes();
        let proof = hello::acceptor_proof(secret, &theirs, &ours);
        frame::write(&mut stream, &hello::encode(&Reply::Hello(ours.clone(), proof))).await?;
        let Proof(proof) = hello::decode(&frames.next(&mut stream).await?).map_err(invalid)?;
        if let Err(error) = hello::check_dialler(secret, &theirs, &ours, &proof) {
            let refused = Verdict::Refused("cluster.secret differs".to_owned());
            frame::write(&mut stream, &hello::encode(&refused)).await?;
            return Err(invalid(error));
        }
        frame::write(&mut stream, &hello::encode(&Verdict::Welcome)).await?;
        Ok((theirs, stream, frames))
    }

    async fn dial(self: Arc<Self>, me: Member, peer: Member) {
        let mut pause = REDIAL_MIN;
        let mut told = String::new();
        loop {
            match tokio::time::timeout(DIAL_MAX + HANDSHAKE_MAX, self.call(&me, &peer)).await {
                Ok(Ok((stream, frames))) => {
                    pause = REDIAL_MIN;
                    told.clear();
                    self.live(peer.incarnation, &peer.name, stream, frames).await;
                }
                Ok(Err(error)) => {
                    // Said once for as long as it stays the same: a peer may be away for hours.
                    let error = error.to_string();
                    if told != error {
                        tracing::warn!(node = %peer.name, address = %peer.peer, %error, "no link to a peer");
                        told = error;
                    }
                }
                Err(_) => {
                    tracing::warn!(node = %peer.name, address = %peer.peer, "no link to a peer: no handshake in time")
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(REDIAL_MAX);
        }
    }

    async fn call(&self, me: &Member, peer: &Member) -> io::Result<(Box<dyn Stream>, Frames)> {
        let dialled = tokio::time::timeout(DIAL_MAX, TcpStream::connect(&peer.peer)).await;
        let stream =
            dialled.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer to the call"))??;
        let mut stream = self.wrap(stream, Some(&peer.peer)).await?;
        let mut frames = Frames::new(HELLO_BYTES_MAX);
        let ours = self.hello(me)?;
        frame::write(&mut stream, &hello::encode(&ours)).await?;
        let (theirs, proof) = match hello::decode(&frames.next(&mut stream).await?).map_err(invalid)? {
            Reply::Hello(theirs, proof) => (theirs, proof),
            Reply::Refused(why) => return Err(invalid(HelloError::Refused(why))),
        };
        ours.check(&theirs).map_err(invalid)?;
        let secret = self.options.secret.as_bytes();
        hello::check_acceptor(secret, &ours, &theirs, &proof).map_err(invalid)?;
        if theirs.incarnation != peer.incarnation {
            return Err(io::Error::other(format!(
                "another life of node {} answered",
                theirs.name
            )));
        }
        let proof = Proof(hello::dialler_proof(secret, &ours, &theirs));
        frame::write(&mut stream, &hello::encode(&proof)).await?;
        match hello::decode(&frames.next(&mut stream).await?).map_err(invalid)? {
            Verdict::Welcome => Ok((stream, frames)),
            Verdict::Refused(why) => Err(invalid(HelloError::Refused(why))),
        }
    }

    /// `address` is given by the side that dials.
    async fn wrap(&self, stream: TcpStream, address: Option<&str>) -> io::Result<Box<dyn Stream>> {
        stream.set_nodelay(true)?;
        Ok(match (&self.options.tls, address) {
            (None, _) => Box::new(stream),
            (Some(tls), None) => Box::new(tls.accept(stream).await?),
            (Some(tls), Some(address)) => Box::new(tls.connect(address, stream).await?),
        })
    }

    /// Runs a link that both sides trust.
    async fn live(&self, peer: Incarnation, name: &str, stream: Box<dyn Stream>, mut frames: Frames) {
        let Some(inbound) = self.lock().inbound.clone() else {
            return;
        };
        frames.allow(envelope::ENVELOPE_BYTES_MAX);
        let (sender, outgoing) = link::queue();
        if let Some(before) = self.up.insert(peer, sender.clone()) {
            // The peer has noticed its end before we did.
            before.end();
            inbound.link_down(peer);
        }
        tracing::info!(node = name, "a link is up");
        inbound.link_up(peer);
        let _up = Up {
            shared: self,
            peer,
            sender,
            inbound: inbound.clone(),
        };
        let error = link::run(stream, frames, peer, outgoing, inbound).await;
        tracing::info!(node = name, %error, "a link has ended");
    }
}

/// Says that a link is down, however it ends: dialling may be given up in the middle of it.
struct Up<'a> {
    shared: &'a Shared,
    peer: Incarnation,
    sender: Sender,
    inbound: Arc<dyn Inbound>,
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        let ours = |_: &Incarnation, link: &Sender| link.is(&self.sender);
        if self.shared.up.remove_if(&self.peer, ours).is_some() {
            self.inbound.link_down(self.peer);
        }
    }
}

/// Either kind of connection.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

fn invalid(error: HelloError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
