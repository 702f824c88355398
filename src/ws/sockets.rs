//! Opening sockets on one worker: the handshake, the place in the hub, and where the session starts.

use super::{Beat, Codec, Frame, Incoming, Pipe, Pulse, Session, SocketBody};
use crate::config::Limits;
use actix::dev::channel::channel;
use actix::{Addr, Context};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use actix_web_actors::ws::{self, HandshakeError};
use roost_actors::hub::{Hub, Place};
use roost_actors::model::{Caller, RoomPosition};
use roost_actors::{Failure, Node};
use std::rc::Rc;

/// What a worker needs to open sockets. One per worker, as `web::Data`.
pub struct Sockets {
    node: Node,
    hub: Hub,
    pulse: Rc<Pulse>,
    frame_bytes_max: usize,
}

/// A session that its hub knows already and that has not started: what is pushed from now on waits for it.
pub struct Entered<C: Codec> {
    me: Caller,
    answer: HttpResponseBuilder,
    context: Context<Session<C>>,
    place: Place,
}

impl Sockets {
    /// Starts this worker's pulse.
    #[must_use]
    pub fn new(node: Node, hub: Hub, limits: &Limits) -> Sockets {
        Sockets {
            node,
            hub,
            pulse: Pulse::start(limits.ws_stall_seconds),
            frame_bytes_max: limits.frame_bytes,
        }
    }

    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    #[must_use]
    pub fn frame_bytes_max(&self) -> usize {
        self.frame_bytes_max
    }

    /// Shakes hands and enters the hub. Where the session stands in its rooms is to be read after this.
    pub fn enter<C: Codec>(&self, request: &HttpRequest, me: Caller) -> Result<Entered<C>, OpenError> {
        let answer = ws::handshake(request)?;
        if self.node.is_draining() {
            return Err(Failure::Unavailable("this node stops".to_owned()).into());
        }
        let (sender, receiver) = channel(Hub::OUTBOX_EVENTS_MAX);
        let address: Addr<Session<C>> = Addr::new(sender);
        Ok(Entered {
            me,
            answer,
            context: Context::with_receiver(receiver),
            place: self.hub.enter(me.account, address.recipient()),
        })
    }

    /// Starts the session: it has seen these rooms up to these positions, and is greeted with these frames.
    pub fn start<C: Codec>(
        &self,
        entered: Entered<C>,
        positions: &[RoomPosition],
        codec: C,
        payload: web::Payload,
        opening: Opening,
    ) -> HttpResponse {
        let Entered {
            me,
            mut answer,
            context,
            place,
        } = entered;
        place.start(positions);
        let pipe = Pipe::new(Some(place));
        opening.greeting.into_iter().for_each(|frame| pipe.say(frame));
        self.pulse.join(&pipe, opening.beat);
        let incoming = Incoming::new(payload, self.frame_bytes_max, pipe.clone());
        let session = Session::new(me, codec, self.node.clone(), pipe.clone(), incoming);
        answer.body(SocketBody::new(context, session, pipe))
    }
}

/// What a session is sent without asking.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    pub greeting: Vec<Frame>,
    pub beat: Option<Rc<Beat>>,
}

/// Why no socket was opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error(transparent)]
    Failure(#[from] Failure),
}
