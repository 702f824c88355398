//! The body of a websocket's answer: frames for the socket, and the actor that makes them, for as long as it is asked.

use super::Pipe;
use actix::dev::ContextFut;
use actix::{Actor, Context};
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{self, Poll, Wake, Waker};

/// Runs one session's actor inside the dispatcher of its connection, so that a socket that takes nothing stops it.
pub struct SocketBody<A: Actor<Context = Context<A>>> {
    actor: ContextFut<A, Context<A>>,
    bell: Arc<ActorBell>,
    waker: Waker,
    ended: bool,
    pipe: Rc<Pipe>,
}

/// Wakes the dispatcher for the actor, and keeps in mind that it was the actor who was woken: the dispatcher asks for
/// bytes much more often than there is something for the actor to do.
struct ActorBell {
    rung: AtomicBool,
    dispatcher: AtomicWaker,
}

impl Wake for ActorBell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.dispatcher.wake();
    }
}

impl<A: Actor<Context = Context<A>>> SocketBody<A> {
    #[must_use]
    pub fn new(context: Context<A>, actor: A, pipe: Rc<Pipe>) -> SocketBody<A> {
        let bell = Arc::new(ActorBell {
            rung: AtomicBool::new(true),
            dispatcher: AtomicWaker::new(),
        });
        SocketBody {
            actor: context.into_future(actor),
            waker: Waker::from(bell.clone()),
            bell,
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
        this.pipe.asked_by(&this.waker);
        if let Some(frame) = this.pipe.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if !this.ended && !this.pipe.is_finished() {
            this.bell.dispatcher.register(task.waker());
            if this.bell.rung.swap(false, Ordering::AcqRel) {
                let mut task = task::Context::from_waker(&this.waker);
                this.ended = Pin::new(&mut this.actor).poll(&mut task).is_ready();
            }
        }
        match this.pipe.take() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if this.ended || this.pipe.is_finished() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}
