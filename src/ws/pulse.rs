//! One timer for all sockets of a worker: sends keep-alive frames, and closes sockets that take nothing.

use super::{CloseCode, Frame, Pipe};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// A frame that a session is sent again and again.
#[derive(Clone, Debug)]
pub struct Beat {
    pub frame: Frame,
    pub every_seconds: u64,
    /// Beats in a row after which a client that says nothing at all is given up; 0 gives up none.
    pub unanswered_max: u64,
}

struct Watched {
    pipe: Weak<Pipe>,
    beat: Option<Rc<Beat>>,
    /// The tick at which the next beat is due.
    due: u64,
    /// How often the client had been heard at the last beat, and how many beats it has let go by since.
    heard: u32,
    unanswered: u64,
    /// How often the socket had asked at the last tick, and for how many ticks that has not changed though something waits.
    asked: u32,
    stuck_ticks: u64,
}

/// The sockets of one worker thread.
pub struct Pulse {
    watched: RefCell<Vec<Watched>>,
    tick: Cell<u64>,
    stall_ticks: u64,
}

impl Pulse {
    const TICK: Duration = Duration::from_secs(1);

    /// Starts the timer on this thread; it ends with the pulse.
    #[must_use]
    pub fn start(stall_seconds: u64) -> Rc<Pulse> {
        let pulse = Rc::new(Pulse::new(stall_seconds));
        let weak = Rc::downgrade(&pulse);
        actix_web::rt::spawn(async move {
            let mut ticks = tokio::time::interval(Pulse::TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                match weak.upgrade() {
                    Some(pulse) => pulse.beat(),
                    None => return,
                }
            }
        });
        pulse
    }

    fn new(stall_seconds: u64) -> Pulse {
        Pulse {
            watched: RefCell::default(),
            tick: Cell::new(0),
            stall_ticks: stall_seconds,
        }
    }

    /// Watches over a socket until its pipe is gone.
    pub fn join(&self, pipe: &Rc<Pipe>, beat: Option<Rc<Beat>>) {
        let every = beat.as_ref().map_or(0, |beat| beat.every_seconds);
        self.watched.borrow_mut().push(Watched {
            pipe: Rc::downgrade(pipe),
            beat,
            due: self.tick.get() + every,
            heard: pipe.times_heard(),
            unanswered: 0,
            asked: pipe.times_asked(),
            stuck_ticks: 0,
        });
    }

    fn beat(&self) {
        let tick = self.tick.get() + 1;
        self.tick.set(tick);
        let mut watched = self.watched.borrow_mut();
        watched.retain_mut(|socket| {
            let Some(pipe) = socket.pipe.upgrade() else {
                return false;
            };
            if !socket.keep_alive(&pipe, tick) {
                tracing::debug!("a socket that answers no ping is closed");
                pipe.give_up(Frame::close(CloseCode::Again, "no ping was answered: come back"));
                return false;
            }
            socket.look(&pipe);
            if socket.stuck_ticks > self.stall_ticks {
                let why = format!("took nothing for {} s: come back and read on", self.stall_ticks);
                tracing::debug!("a socket that takes nothing is closed");
                pipe.give_up(Frame::close(CloseCode::Again, &why));
                return false;
            }
            true
        });
    }
}

impl Watched {
    /// `false`: the client has let too many beats go by.
    fn keep_alive(&mut self, pipe: &Pipe, tick: u64) -> bool {
        let Some(beat) = self.beat.as_ref().filter(|_| self.due <= tick) else {
            return true;
        };
        let heard = pipe.times_heard();
        if heard != self.heard {
            self.heard = heard;
            self.unanswered = 0;
        }
        if beat.unanswered_max > 0 && self.unanswered >= beat.unanswered_max {
            return false;
        }
        self.due = tick + beat.every_seconds;
        // Who has something to read knows already that we are here.
        if !pipe.waits() && !pipe.is_finished() {
            pipe.say(beat.frame.clone());
            pipe.wake();
            self.unanswered += 1;
        }
        true
    }

    fn look(&mut self, pipe: &Pipe) {
        let asked = pipe.times_asked();
        if asked != self.asked || !pipe.waits() {
            self.asked = asked;
            self.stuck_ticks = 0;
        } else {
            self.stuck_ticks += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn taken(pipe: &Pipe) -> Vec<Frame> {
        pipe.asked_by(Waker::noop());
        let frames = std::iter::from_fn(|| pipe.take());
        frames
            .map(|bytes| Frame::text(&String::from_utf8_lossy(&bytes[2..])))
            .collect()
    }

    #[test]
    fn each_socket_is_sent_its_beat_in_its_own_time() {
        let pulse = Pulse::new(60);
        let beat = Rc::new(Beat {
            frame: Frame::text("ping"),
            every_seconds: 2,
            unanswered_max: 0,
        });
        let (one, quiet) = (Pipe::new(None), Pipe::new(None));
        pulse.join(&one, Some(beat.clone()));
        pulse.join(&quiet, None);
        pulse.beat();
        let other = Pipe::new(None);
        pulse.join(&other, Some(beat));
        let mut seen = Vec::new();
        for _ in 0..4 {
            pulse.beat();
            seen.push((taken(&one).len(), taken(&other).len(), taken(&quiet).len()));
        }
        assert_eq!(seen, [(1, 0, 0), (0, 1, 0), (1, 0, 0), (0, 1, 0)]);
    }

    #[test]
    fn a_client_that_answers_no_ping_is_given_up() {
        let pulse = Pulse::new(60);
        let beat = Rc::new(Beat {
            frame: Frame::ping(),
            every_seconds: 1,
            unanswered_max: 3,
        });
        let (mute, alive) = (Pipe::new(None), Pipe::new(None));
        pulse.join(&mute, Some(beat.clone()));
        pulse.join(&alive, Some(beat));
        for _ in 0..3 {
            pulse.beat();
            assert_eq!((taken(&mute).len(), taken(&alive).len()), (1, 1));
            alive.note_heard();
        }
        pulse.beat();
        assert!(mute.is_finished() && !alive.is_finished());
        assert_eq!(mute.take().unwrap()[2..4], 1013u16.to_be_bytes());
    }

    #[test]
    fn only_a_socket_that_takes_nothing_is_closed() {
        let pulse = Pulse::new(2);
        let (stuck, slow, idle) = (Pipe::new(None), Pipe::new(None), Pipe::new(None));
        for pipe in [&stuck, &slow, &idle] {
            pulse.join(pipe, None);
        }
        for pipe in [&stuck, &slow] {
            (0..9).for_each(|_| pipe.say(Frame::text("x")));
        }
        for _ in 0..8 {
            assert!(!stuck.is_finished() || pulse.watched.borrow().len() == 2);
            pulse.beat();
            slow.asked_by(Waker::noop());
            assert!(slow.take().is_some());
        }
        assert!(stuck.is_finished() && !slow.is_finished() && !idle.is_finished());
        assert_eq!(stuck.take().unwrap()[2..4], 1013u16.to_be_bytes());
        drop((slow, idle));
        pulse.beat();
        assert!(pulse.watched.borrow().is_empty());
    }
}
