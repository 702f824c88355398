//! `/ws`: the IM protocol over a websocket, one frame in each binary message.

use super::State;
use super::frame::{BODY_BYTES_MAX, HEADER_BYTES};
use super::reply::Refusal;
use super::session::{Session, Wire};
use crate::ws::{Incoming, Pipe, SocketBody, Sockets};
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use futures_util::StreamExt;

/// The longest message over a websocket, in bytes: the longest frame, and what may trail it.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
const _: () = assert!(HEADER_BYTES + BODY_BYTES_MAX <= MESSAGE_BYTES_MAX);

/// Opens a socket. Who it is, the first frame says.
pub async fn open(
    state: web::Data<State>,
    sockets: web::Data<Sockets>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refusal> {
    let mut answer = ws::handshake(&request).map_err(|error| Refusal::bad(&error.to_string()))?;
    let pipe = Pipe::new(None);
    sockets.pulse().join(&pipe, None);
    let incoming = Incoming::new(payload, MESSAGE_BYTES_MAX, pipe.clone()).boxed_local();
    let hub = sockets.hub().clone();
    let (session, context) = Session::new(state, hub, Wire::WebSocket, pipe.clone(), incoming);
    Ok(answer.body(SocketBody::new(context, session, pipe)))
}
