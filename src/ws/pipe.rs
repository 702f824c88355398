//! What waits to go out over one socket, and where it stands: shared by its actor, its body and its worker's pulse.

use super::Frame;
use bytes::Bytes;
use roost_actors::hub::Place;
use std::cell::{Cell, Ref, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

struct Queued {
    bytes: Bytes,
    /// What the hub reckoned for this when it handed it over; 0 for what is not the hub's.
    weight: usize,
}

/// The way out of one session. Stays on its thread.
pub struct Pipe {
    frames: RefCell<VecDeque<Queued>>,
    place: RefCell<Option<Place>>,
    waker: RefCell<Option<Waker>>,
    /// How often the dispatcher has asked for bytes: it does so only while the socket takes some.
    asked: Cell<u32>,
    /// How often something was heard from the client.
    heard: Cell<u32>,
    /// Whether something that the client asked for is under way: nothing more is heard from it until then.
    busy: Cell<bool>,
    /// Whether the frame at the end is the last one.
    finished: Cell<bool>,
}

impl Pipe {
    /// Frames for which an empty pipe keeps room, at most.
    const SPARE_FRAMES_MAX: usize = 32;

    /// A pipe of a session that is known to its hub, or will be by [`Pipe::take_place`].
    #[must_use]
    pub fn new(place: Option<Place>) -> Rc<Pipe> {
        Rc::new(Pipe {
            frames: RefCell::default(),
            place: RefCell::new(place),
            waker: RefCell::default(),
            asked: Cell::new(0),
            heard: Cell::new(0),
            busy: Cell::new(false),
            finished: Cell::new(false),
        })
    }

    /// Says which place in the hub this pipe belongs to.
    pub fn take_place(&self, place: Place) {
        *self.place.borrow_mut() = Some(place);
    }

    /// The session's place in the hub, while it has one.
    #[must_use]
    pub fn place(&self) -> Option<Ref<'_, Place>> {
        Ref::filter_map(self.place.borrow(), Option::as_ref).ok()
    }

    /// Puts a frame of the session's own at the end.
    pub fn say(&self, frame: Frame) {
        self.push(frame.into_bytes(), 0);
    }

    /// Puts encoded pushes at the end that the hub has reckoned with this weight; none, if there is nothing to show.
    pub fn deliver(&self, bytes: Bytes, weight: usize) {
        if self.finished.get() || bytes.is_empty() {
            self.settle(weight);
        } else {
            self.push(bytes, weight);
        }
    }

    /// Puts an encoded push at the end that was read back from history, so that the hub reckons with it too.
    pub fn read_back(&self, bytes: Bytes) {
        let weight = bytes.len();
        if let Some(place) = self.place() {
            place.queued_bytes.set(place.queued_bytes.get() + weight);
        }
        self.deliver(bytes, weight);
    }

    /// Tells the hub that something of this weight no longer waits.
    pub fn settle(&self, weight: usize) {
        if weight > 0
            && let Some(place) = self.place()
        {
            place
                .queued_bytes
                .set(place.queued_bytes.get().saturating_sub(weight));
        }
    }

    /// Puts the closing frame at the end: what waits goes out before it, nothing after it.
    pub fn finish(&self, closing: Frame) {
        if !self.finished.get() {
            self.push(closing.into_bytes(), 0);
            self.finished.set(true);
        }
    }

    /// Puts the end of a stream that has no closing frame at the end.
    pub fn finish_bare(&self) {
        self.finished.set(true);
    }

    /// Closes without what waits, and leaves the hub at once: for a client that takes nothing.
    pub fn give_up(&self, closing: Frame) {
        self.frames.take();
        self.finished.set(false);
        self.finish(closing);
        self.place.take();
        self.wake();
    }

    /// The next frame for the socket.
    pub fn take(&self) -> Option<Bytes> {
        let mut frames = self.frames.borrow_mut();
        let next = frames.pop_front()?;
        if frames.is_empty() && frames.capacity() > Pipe::SPARE_FRAMES_MAX {
            *frames = VecDeque::new();
        }
        drop(frames);
        self.settle(next.weight);
        Some(next.bytes)
    }

    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished.get()
    }

    /// Whether frames wait here, or pushes in the session's mailbox.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.frames.borrow().is_empty() || self.place().is_some_and(|place| place.queued_bytes.get() > 0)
    }

    /// Hears nothing more from the client until [`Pipe::listen`].
    pub fn hold(&self) {
        self.busy.set(true);
    }

    pub fn listen(&self) {
        self.busy.set(false);
        self.wake();
    }

    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }

    /// Waits until something may be heard from the client. [`Pipe::listen`] wakes whoever runs the session.
    pub fn poll_listens(&self, _: &mut Context<'_>) -> Poll<()> {
        if self.is_busy() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// Has whoever asks ask again, and the session's actor look what it may do.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Notes that the dispatcher asks, and how to wake whoever runs the session.
    pub(super) fn asked_by(&self, waker: &Waker) {
        self.asked.set(self.asked.get().wrapping_add(1));
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    pub(super) fn times_asked(&self) -> u32 {
        self.asked.get()
    }

    /// Notes that the client lives.
    pub fn note_heard(&self) {
        self.heard.set(self.heard.get().wrapping_add(1));
    }

    pub(super) fn times_heard(&self) -> u32 {
        self.heard.get()
    }

    fn push(&self, bytes: Bytes, weight: usize) {
        if !self.finished.get() {
            self.frames.borrow_mut().push_back(Queued { bytes, weight });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_http::ws::CloseCode;

    fn drained(pipe: &Pipe) -> Vec<Bytes> {
        std::iter::from_fn(|| pipe.take()).collect()
    }

    #[test]
    fn what_waits_goes_out_before_the_closing_frame_and_nothing_after_it() {
        let pipe = Pipe::new(None);
        let closing = Frame::close(CloseCode::Restart, "");
        pipe.say(Frame::text("one"));
        pipe.finish(closing.clone());
        pipe.say(Frame::text("late"));
        pipe.finish(Frame::close(CloseCode::Normal, ""));
        assert!(pipe.is_finished());
        assert_eq!(
            drained(&pipe),
            [Frame::text("one").into_bytes(), closing.into_bytes()]
        );
    }

    #[test]
    fn giving_up_drops_what_waits() {
        let pipe = Pipe::new(None);
        let closing = Frame::close(CloseCode::Again, "");
        pipe.say(Frame::text("one"));
        pipe.give_up(closing.clone());
        assert_eq!(drained(&pipe), [closing.into_bytes()]);
        assert!(!pipe.waits());
    }
}
