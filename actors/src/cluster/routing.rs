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

/// Decides. `attempts` counts from 1, `repeatable` says that doing it twice is doing it once.
pub fn next<T>(attempt: Attempt<T>, attempts: u32, elapsed_ms: i64, repeatable: bool, what: &str) -> Next<T> {
    let pause = (PAUSE_MS_MIN << attempts.saturating_sub(1).min(8)).min(PAUSE_MS_MAX);
    match attempt {
        Attempt::Answered(answer) => Next::Done(answer),
        Attempt::NotDone(_) if elapsed_ms < SEEK_MS_MAX => Next::AgainAfterMs(pause),
        Attempt::NotDone(Failure::Moved) => Next::Done(Err(Failure::Busy(what.to_owned()))),
        Attempt::NotDone(failure) => Next::Done(Err(failure)),
        Attempt::Lost if repeatable && elapsed_ms < SEEK_MS_MAX => Next::AgainAfterMs(pause),
        Attempt::Lost => Next::Done(Err(Failure::OutcomeUnknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(attempt: Attempt<u8>, attempts: u32, elapsed_ms: i64, repeatable: bool) -> Next<u8> {
        next(attempt, attempts, elapsed_ms, repeatable, "room 1")
    }

    #[test]
    fn an_answer_stands_whatever_it_is() {
        assert_eq!(after(Attempt::of(Ok(1)), 1, 0, false), Next::Done(Ok(1)));
        let refused = Attempt::of(Err(Failure::NotMember));
        assert_eq!(after(refused, 1, 0, true), Next::Done(Err(Failure::NotMember)));
    }

    #[test]
    fn what_was_not_done_is_tried_again_ever_more_slowly_and_not_for_ever() {
        let moved = || Attempt::of(Err(Failure::Moved));
        assert_eq!(after(moved(), 1, 0, false), Next::AgainAfterMs(5));
        assert_eq!(after(moved(), 3, 50, false), Next::AgainAfterMs(20));
        assert_eq!(after(moved(), 30, 4_999, false), Next::AgainAfterMs(100));
        assert_eq!(
            after(moved(), 30, 5_000, false),
            Next::Done(Err(Failure::Busy("room 1".to_owned())))
        );
        let why = Failure::Unavailable("no link to b".to_owned());
        assert_eq!(
            after(Attempt::NotDone(why.clone()), 30, 5_000, false),
            Next::Done(Err(why))
        );
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_when_that_is_safe() {
        assert_eq!(after(Attempt::Lost, 1, 0, true), Next::AgainAfterMs(5));
        assert_eq!(
            after(Attempt::Lost, 1, 0, false),
            Next::Done(Err(Failure::OutcomeUnknown))
        );
        assert_eq!(
            after(Attempt::Lost, 9, 6_000, true),
            Next::Done(Err(Failure::OutcomeUnknown))
        );
    }
}
