//! Listeners and the HTTP server around them: workers, timeouts, socket options, and the routes that every listener has.

use crate::config::Config;
use crate::http::{
    AdminToken, Metrics, Owners, ParamsLimits, Peering, Rates, Readiness, edge, front, health, metrics,
};
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

/// Connections the kernel may hold for us before they are accepted.
const BACKLOG: i32 = 2_048;
/// How long a stopping server waits for answers under way, in seconds; sockets were told before.
const STOP_SECONDS: u64 = 2;
/// How long a client may take to close after a last answer.
const DISCONNECT: Duration = Duration::from_secs(2);

/// What the routes of every listener share.
#[derive(Clone)]
pub struct Shared {
    pub readiness: Arc<Readiness>,
    pub metrics: Arc<Metrics>,
    pub owners: Owners,
    pub admin_token: AdminToken,
    pub rates: Arc<Rates>,
    pub peering: Peering,
    pub params: ParamsLimits,
}

/// Opens a listener. The error names the key and the address.
pub fn bind(key: &str, address: &str) -> io::Result<TcpListener> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{key} {address}: {error}"));
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no such host");
    for address in address.to_socket_addrs().map_err(named)? {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(named(last))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Starts serving on listeners with so many threads. `mount` adds the routes of dialects; it runs on each of them,
/// once for each listener.
pub fn serve(
    listeners: Vec<TcpListener>,
    config: &Config,
    workers: usize,
    shared: Shared,
    mount: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let stall = Duration::from_secs(config.limits.ws_stall_seconds);
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(edge::edge))
            .configure(|config| own_routes(config, &shared))
            .configure(mount.clone())
            .default_service(web::to(missing))
    })
    .workers(workers)
    .max_connections(config.http.connections.div_ceil(workers))
    .keep_alive(Duration::from_secs(config.http.keep_alive_seconds))
    .client_request_timeout(Duration::from_secs(config.http.head_seconds))
    .client_disconnect_timeout(DISCONNECT)
    .shutdown_timeout(STOP_SECONDS)
    .tcp_nodelay(true)
    .on_connect(move |connection, _| tune(connection, stall))
    .disable_signals();
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}

fn own_routes(config: &mut web::ServiceConfig, shared: &Shared) {
    config
        .app_data(web::Data::from(Arc::clone(&shared.readiness)))
        .app_data(web::Data::from(Arc::clone(&shared.metrics)))
        .app_data(web::Data::from(Arc::clone(&shared.rates)))
        .app_data(web::Data::new(shared.owners.clone()))
        .app_data(web::Data::new(shared.admin_token.clone()))
        .app_data(web::Data::new(shared.peering))
        .app_data(shared.params)
        .configure(front::configure)
        .configure(health::configure)
        .configure(metrics::configure);
}

async fn missing(request: HttpRequest, owners: web::Data<Owners>) -> HttpResponse {
    (owners.of(request.path()).missing)(&request)
}

/// What the kernel may hold for a client that does not read, in bytes: beyond it writes wait, so that we notice.
const UNSENT_BYTES_MAX: u32 = 32 * 1024;
/// A connection without any traffic for so long is asked whether its client still lives.
const QUIET: Duration = Duration::from_secs(120);

/// Bounds what a connection may cost while its client does not read. One that takes nothing at all is closed: a
/// socket by its worker's pulse, which tells it why, everything else by the kernel after twice the time.
fn tune(connection: &dyn Any, stall: Duration) {
    let Some(stream) = connection.downcast_ref::<rt::net::TcpStream>() else {
        return;
    };
    let socket = SockRef::from(stream);
    let tuned = socket
        .set_tcp_user_timeout(Some(stall * 2))
        .and_then(|()| socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX))
        .and_then(|()| socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(QUIET)));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection keeps the system's own bounds");
    }
}

#[cfg(test)]
mod tests;
