//! The body of a websocket's answer: frames for the socket, and the actor that makes them, for as long as it is asked.

use super::Pipe;
use actix::dev::ContextFut;
use actix::{Actor, Context};
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Poll};

/// Runs one session's actor inside the dispatcher of its connection, so that a socket that takes nothing stops it.
pub struct SocketBody<A: Actor<Context = Context<A>>> {
    actor: ContextFut<A, Context<A>>,
    ended: bool,
    pipe: Rc<Pipe>,
}

impl<A: Actor<Context = Context<A>>> SocketBody<A> {
    #[must_use]
    pub fn new(context: Context<A>, actor: A, pipe: Rc<Pipe>) -> SocketBody<A> {
        SocketBody {
            actor: context.into_future(actor),
            ended: false,
            pipe,
        }
    }
}

impl<A: Actor<Context = Context<A>> + Unpin> MessageBody for SocketBody<A> {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        task: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        this.pipe.asked_by(task.waker());
        if let Some(frame) = this.pipe.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if !this.ended && !this.pipe.is_finished() {
            this.ended = Pin::new(&mut this.actor).poll(task).is_ready();
        }
        match this.pipe.take() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if this.ended || this.pipe.is_finished() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
