//! What a request does next when it came back without an answer. Pure.
//!
//! Requests that were certainly not carried out go to the owner again, for as long as a hand-over or a failover may
//! take. One that may have been carried out is repeated only when repeating it cannot do it twice.

use crate::failure::Failure;

/// How one attempt at an actor ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt<T> {
    /// The actor's own word, or a refusal that stands.
    Answered(Result<T, Failure>),
    /// Certainly not carried out: the actor moved, is moving, or was not reached.
    NotDone(Failure),
    /// The actor or the way to it was lost with the request on it: carried out or not.
    Lost,
}

impl<T> Attempt<T> {
    /// Sorts an actor's answer: `Moved` says that nothing was done.
    #[must_use]
    pub fn of(answer: Result<T, Failure>) -> Attempt<T> {
        match answer {
            Err(failure @ Failure::Moved) => Attempt::NotDone(failure),
            answer => Attempt::Answered(answer),
        }
    }
}

/// What to do after an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<T> {
    Done(Result<T, Failure>),
    /// Look for the owner again after this many milliseconds.
    AgainAfterMs(u64),
}

/// How long a request looks for its owner, in milliseconds: a node is dead after two seconds, and a room is
/// handed over in less.
pub const SEEK_MS_MAX: i64 = 5_000;
/// How long one attempt at a peer may take, in milliseconds: longer than storage may take to refuse.
pub const ATTEMPT_MS_MAX: u64 = 6_000;
const PAUSE_MS_MIN: u64 = 5;
const PAUSE_MS_MAX: u64 = 100;

/// One request on its way to whoever owns what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Seek {
    retry: Retry,
    attempts: u32,
    /// An attempt was lost: it may have been carried out, whatever later ones come back with.
    may_be_done: bool,
}

/// Whether a request may be carried out again when its outcome was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It changes nothing that is stored.
    Reads,
    /// Doing it twice is doing it once.
    Safe,
    /// Doing it twice does it twice.
    Unsafe,
}

impl Seek {
    #[must_use]
    pub fn new(retry: Retry) -> Seek {
        Seek {
            retry,
            attempts: 0,
            may_be_done: false,
        }
    }

    /// Decides after an attempt. What may have been done is never called refused.
    pub fn next<T>(&mut self, attempt: Attempt<T>, elapsed_ms: i64, what: &str) -> Next<T> {
        let pause = (PAUSE_MS_MIN << self.attempts.min(8)).min(PAUSE_MS_MAX);
        self.attempts += 1;
        let in_time = elapsed_ms < SEEK_MS_MAX;
        let failure = match attempt {
            Attempt::Answered(Ok(answer)) => return Next::Done(Ok(answer)),
            Attempt::NotDone(_) if in_time => return Next::AgainAfterMs(pause),
            Attempt::Lost if in_time && self.retry != Retry::Unsafe => {
                self.may_be_done |= self.retry != Retry::Reads;
                return Next::AgainAfterMs(pause);
            }
            Attempt::Answered(Err(failure)) => failure,
            Attempt::NotDone(Failure::Moved) => Failure::Busy(what.to_owned()),
            Attempt::NotDone(failure) => failure,
            Attempt::Lost => Failure::OutcomeUnknown,
        };
        Next::Done(Err(if self.may_be_done {
            Failure::OutcomeUnknown
        } else {
            failure
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After so many attempts that were certainly not carried out.
    fn after(attempt: Attempt<u8>, attempts: u32, elapsed_ms: i64, retry: Retry) -> Next<u8> {
        let mut seek = Seek::new(retry);
        for _ in 1..attempts {
            seek.next(Attempt::<u8>::NotDone(Failure::Moved), 0, "room 1");
        }
        seek.next(attempt, elapsed_ms, "room 1")
    }

    #[test]
    fn an_answer_stands_whatever_it_is() {
        assert_eq!(after(Attempt::of(Ok(1)), 1, 0, Retry::Unsafe), Next::Done(Ok(1)));
        let refused = Attempt::of(Err(Failure::NotMember));
        assert_eq!(
            after(refused, 1, 0, Retry::Safe),
            Next::Done(Err(Failure::NotMember))
        );
    }

    #[test]
    fn what_was_not_done_is_tried_again_ever_more_slowly_and_not_for_ever() {
        let moved = || Attempt::of(Err(Failure::Moved));
        assert_eq!(after(moved(), 1, 0, Retry::Unsafe), Next::AgainAfterMs(5));
        assert_eq!(after(moved(), 3, 50, Retry::Unsafe), Next::AgainAfterMs(20));
        assert_eq!(after(moved(), 30, 4_999, Retry::Unsafe), Next::AgainAfterMs(100));
        assert_eq!(
            after(moved(), 30, 5_000, Retry::Unsafe),
            Next::Done(Err(Failure::Busy("room 1".to_owned())))
        );
        let why = Failure::Unavailable("no link to b".to_owned());
        assert_eq!(
            after(Attempt::NotDone(why.clone()), 30, 5_000, Retry::Unsafe),
            Next::Done(Err(why))
        );
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_when_that_is_safe() {
        assert_eq!(after(Attempt::Lost, 1, 0, Retry::Safe), Next::AgainAfterMs(5));
        assert_eq!(
            after(Attempt::Lost, 1, 0, Retry::Unsafe),
            Next::Done(Err(Failure::OutcomeUnknown))
        );
        assert_eq!(
            after(Attempt::Lost, 9, 6_000, Retry::Safe),
            Next::Done(Err(Failure::OutcomeUnknown))
        );
    }

    #[test]
    fn what_may_have_been_done_is_never_called_refused() {
        let gone = || Failure::Unavailable("gone".to_owned());
        for (retry, told) in [(Retry::Safe, Failure::OutcomeUnknown), (Retry::Reads, gone())] {
            for refusal in [Attempt::<u8>::NotDone(gone()), Attempt::Answered(Err(gone()))] {
                let mut seek = Seek::new(retry);
                assert_eq!(seek.next(Attempt::<u8>::Lost, 0, "room 1"), Next::AgainAfterMs(5));
                assert_eq!(seek.next(refusal, 5_000, "room 1"), Next::Done(Err(told.clone())));
            }
        }
        let mut seek = Seek::new(Retry::Safe);
        seek.next(Attempt::<u8>::Lost, 0, "room 1");
        assert_eq!(
            seek.next(Attempt::Answered(Ok(7)), 10, "room 1"),
            Next::Done(Ok(7))
        );
    }
}
