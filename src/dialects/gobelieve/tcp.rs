//! The IM protocol over plain TCP and TLS: the same frames, one after the other.

use super::State;
use super::frame;
use super::session::{Session, Wire};
use crate::config::Config;
use crate::ws::{CloseCode, Heard, Pipe, Said, SocketBody, Sockets};
use actix_web::body::MessageBody;
use actix_web::{rt, web};
use bytes::BytesMut;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use socket2::SockRef;
use std::cell::{Cell, OnceCell};
use std::future::poll_fn;
use std::io;
use std::net;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How long a client may take to shake hands over TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what is written to it.
const WRITE: Duration = Duration::from_secs(30);
/// What goes out in one write, roughly, in bytes.
const WRITE_BYTES_MAX: usize = 64 * 1024;
/// What is read at once, at most, in bytes.
const READ_BYTES_MAX: usize = 8 * 1024;
/// How long accepting rests after it failed, as when no more files may be opened.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// The listeners without HTTP, those that are set.
#[derive(Clone)]
pub struct Streams(Arc<[Listener]>);

struct Listener {
    socket: net::TcpListener,
    tls: Option<TlsAcceptor>,
}

/// Why a listener was not opened. Both name the key.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("{0}")]
    Address(io::Error),
    #[error("{0}")]
    Tls(String),
}

thread_local! {
    static SERVED: OnceCell<()> = const { OnceCell::new() };
}

impl Streams {
    /// Opens the listeners that the configuration names, if the dialect is served at all.
    pub fn open(config: &Config) -> Result<Streams, OpenError> {
        let settings = &config.gobelieve;
        let bind = |key: &str, address: &str| crate::http::bind(key, address).map_err(OpenError::Address);
        let mut listeners = Vec::new();
        if !config.dialects.gobelieve.enabled {
            return Ok(Streams(listeners.into()));
        }
        if let Some(address) = &settings.tcp_listen {
            let socket = bind("gobelieve.tcp_listen", address)?;
            listeners.push(Listener { socket, tls: None });
        }
        if let (Some(address), Some(certificate), Some(key)) =
            (&settings.tls_listen, &settings.tls_certificate, &settings.tls_key)
        {
            let tls = Some(acceptor(certificate, key).map_err(OpenError::Tls)?);
            let socket = bind("gobelieve.tls_listen", address)?;
            listeners.push(Listener { socket, tls });
        }
        Ok(Streams(listeners.into()))
    }

    /// Has this worker thread take connections too, so many at a time, the first time it is asked.
    pub fn serve_on_this_thread(
        &self,
        state: &web::Data<State>,
        sockets: &web::Data<Sockets>,
        connections_max: usize,
    ) {
        if SERVED.with(|served| served.set(()).is_err()) {
            return;
        }
        for listener in self.0.iter() {
            let serving = listener.socket.try_clone().and_then(|socket| {
                let (state, sockets) = (state.clone(), sockets.clone());
                serve(socket, listener.tls.clone(), state, sockets, connections_max)
            });
            if let Err(error) = serving {
                tracing::error!(%error, "a thread takes no connections of the IM protocol");
            }
        }
    }
}

/// What TLS connections are accepted with. The error names the key of the file that is at fault.
fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let at = |name: &str, path: &Path, why: &dyn std::fmt::Display| {
        format!("gobelieve.{name} {}: {why}", path.display())
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| at("tls_certificate", certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| at("tls_key", key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| at("tls_certificate", certificate, &error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Accepts connections on this thread for as long as the node lives.
fn serve(
    listener: net::TcpListener,
    tls: Option<TlsAcceptor>,
    state: web::Data<State>,
    sockets: web::Data<Sockets>,
    connections_max: usize,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let _runtime = tokio::runtime::Handle::current().enter();
    let listener = TcpListener::from_std(listener)?;
    rt::spawn(async move {
        let open = Rc::new(Cell::new(0));
        loop {
            match listener.accept().await {
                Ok((stream, _)) if open.get() < connections_max => {
                    let (tls, state, sockets) = (tls.clone(), state.clone(), sockets.clone());
                    let seat = Seat::take(&open);
                    rt::spawn(async move {
                        if let Err(error) = accepted(stream, tls, state, &sockets).await {
                            tracing::debug!(%error, "a connection ended");
                        }
                        drop(seat);
                    });
                }
                // Closed at once: better than a client that waits.
                Ok(_) => tracing::warn!(max = connections_max, "too many connections of the IM protocol"),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    });
    Ok(())
}

/// One of the connections that a thread may hold.
struct Seat(Rc<Cell<usize>>);

impl Seat {
    fn take(open: &Rc<Cell<usize>>) -> Seat {
        open.set(open.get() + 1);
        Seat(open.clone())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

async fn accepted(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    state: web::Data<State>,
    sockets: &Sockets,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_user_timeout(Some(WRITE))?;
    let Some(tls) = tls else {
        return converse(stream, state, sockets).await;
    };
    let shaken = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
    let stream = shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    converse(stream, state, sockets).await
}

/// Runs a session on a stream: what it has to say is written while the client takes it, and only then is it asked again.
async fn converse<S>(stream: S, state: web::Data<State>, sockets: &Sockets) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let (read, mut write) = tokio::io::split(stream);
    let pipe = Pipe::new(None);
    sockets.pulse().join(&pipe, None);
    let incoming = heard(read, pipe.clone()).boxed_local();
    let hub = sockets.hub().clone();
    let (session, context) = Session::new(state, hub, Wire::Stream, pipe.clone(), incoming);
    let mut body = pin!(SocketBody::new(context, session, pipe));
    let mut buffer = BytesMut::new();
    loop {
        let Some(Ok(frame)) = poll_fn(|task| body.as_mut().poll_next(task)).await else {
            return write.shutdown().await;
        };
        buffer.extend_from_slice(&frame);
        let mut ended = false;
        while buffer.len() < WRITE_BYTES_MAX && !ended {
            match poll_fn(|task| body.as_mut().poll_next(task)).now_or_never() {
                Some(Some(Ok(frame))) => buffer.extend_from_slice(&frame),
                Some(_) => ended = true,
                None => break,
            }
        }
        let written = tokio::time::timeout(WRITE, write.write_all(&buffer)).await;
        written.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        buffer.clear();
        if ended {
            return write.shutdown().await;
        }
    }
}

/// What a client says over a stream, frame by frame. Ends with the connection, or with what is no frame.
fn heard<S: AsyncRead>(read: ReadHalf<S>, pipe: Rc<Pipe>) -> impl Stream<Item = Heard> {
    let start = Some((read, pipe, BytesMut::new()));
    stream::unfold(start, |reading| async {
        let (mut read, pipe, mut buffer) = reading?;
        loop {
            poll_fn(|task| pipe.poll_listens(task)).await;
            match frame::split(&mut buffer) {
                Ok(Some(frame)) => {
                    if buffer.is_empty() {
                        buffer = BytesMut::new();
                    }
                    return Some((Heard::Said(Said::Binary(frame)), Some((read, pipe, buffer))));
                }
                Err(_) => return Some((Heard::Fault(CloseCode::Protocol, "not a frame"), None)),
                Ok(None) => {}
            }
            let mut chunk = (&mut read).take(READ_BYTES_MAX as u64);
            if !matches!(chunk.read_buf(&mut buffer).await, Ok(1..)) {
                return None;
            }
        }
    })
}
