//! When the journal writes, and what it does when storage fails. Pure.
//!
//! Natural batching: a free writer takes all that waits, at once; what comes meanwhile waits for the next free one.
//! So an idle room commits at once, and a busy node commits many rooms together.

use crate::model::Timestamp;
use std::collections::VecDeque;

/// Names a room's batch while it is with the journal.
pub type BatchId = u64;

#[derive(Debug)]
struct Waiting {
    id: BatchId,
    rows: usize,
    since: Timestamp,
}

/// What waits and what is being written.
#[derive(Debug)]
pub struct JournalState {
    waiting: VecDeque<Waiting>,
    writing: usize,
    writers_max: usize,
}

/// What to do after an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again after this many milliseconds.
    RetryAfterMs(u64),
    GiveUp,
}

impl JournalState {
    /// Rows of one transaction, at most (one room's batch may go over).
    pub const ROWS_PER_COMMIT_MAX: usize = 2_000;
    /// Batches that wait, at most: one per room.
    pub const WAITING_BATCHES_MAX: usize = 100_000;
    /// A post that has reached no commit is refused after this long.
    pub const REFUSE_AFTER_MS: i64 = 4_000;
    /// A commit whose outcome is not known is asked after for this long, then answered as unknown.
    pub const UNKNOWN_AFTER_MS: i64 = 30_000;
    const RETRY_MS_MIN: u64 = 50;
    const RETRY_MS_MAX: u64 = 500;

    #[must_use]
    pub fn new(writers_max: usize) -> JournalState {
        JournalState {
            waiting: VecDeque::new(),
            writing: 0,
            writers_max: writers_max.max(1),
        }
    }

    /// Takes a batch in. `false`: too many wait already.
    pub fn submit(&mut self, id: BatchId, rows: usize, now: Timestamp) -> bool {
        if self.waiting.len() >= JournalState::WAITING_BATCHES_MAX {
            return false;
        }
        self.waiting.push_back(Waiting { id, rows, since: now });
        true
    }

    /// The batches a free writer should commit together now, and those that waited too long, whether a writer is free
    /// or not.
    pub fn take(&mut self, now: Timestamp) -> (Vec<BatchId>, Vec<BatchId>) {
        let (mut batches, mut late, mut rows) = (Vec::new(), Vec::new(), 0);
        let writer_free = self.writing < self.writers_max;
        while let Some(next) = self.waiting.front() {
            if now.since_ms(next.since) >= JournalState::REFUSE_AFTER_MS {
                late.push(next.id);
            } else if writer_free
                && (batches.is_empty() || rows + next.rows <= JournalState::ROWS_PER_COMMIT_MAX)
            {
                rows += next.rows;
                batches.push(next.id);
            } else {
                break;
            }
            self.waiting.pop_front();
        }
        if !batches.is_empty() {
            self.writing += 1;
        }
        (batches, late)
    }

    /// A writer is free again.
    pub fn finished(&mut self) {
        self.writing = self.writing.saturating_sub(1);
    }

    /// Whether nothing waits and nothing is being written.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing == 0
    }

    /// How many batches wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// After the `attempt`th failure (from 1) of a commit that was begun at `since`, bounded by `limit_ms`.
    #[must_use]
    pub fn after_failure(attempt: u32, since: Timestamp, now: Timestamp, limit_ms: i64) -> Next {
        let delay = (Self::RETRY_MS_MIN << attempt.saturating_sub(1).min(8)).min(Self::RETRY_MS_MAX);
        if now.since_ms(since) + delay as i64 >= limit_ms {
            return Next::GiveUp;
        }
        Next::RetryAfterMs(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_journal_writes_a_batch_at_once() {
        let mut journal = JournalState::new(1);
        assert!(journal.submit(1, 1, Timestamp(0)));
        assert_eq!(journal.take(Timestamp(0)), (vec![1], vec![]));
        assert!(!journal.is_idle());
        journal.finished();
        assert!(journal.is_idle());
    }

    #[test]
    fn what_comes_while_a_commit_runs_is_committed_together_afterwards() {
        let mut journal = JournalState::new(1);
        journal.submit(1, 1, Timestamp(0));
        journal.take(Timestamp(0));
        journal.submit(2, 5, Timestamp(1));
        journal.submit(3, 5, Timestamp(1));
        assert_eq!(journal.take(Timestamp(1)), (vec![], vec![]));
        journal.finished();
        assert_eq!(journal.take(Timestamp(2)), (vec![2, 3], vec![]));
    }

    #[test]
    fn a_commit_has_a_bound_in_rows_but_always_takes_one_batch() {
        let mut journal = JournalState::new(2);
        journal.submit(1, 5_000, Timestamp(0));
        journal.submit(2, 1_500, Timestamp(0));
        journal.submit(3, 1_500, Timestamp(0));
        assert_eq!(journal.take(Timestamp(0)).0, vec![1]);
        assert_eq!(journal.take(Timestamp(0)).0, vec![2]);
        assert_eq!(journal.take(Timestamp(0)).0, Vec::<BatchId>::new());
    }

    #[test]
    fn what_waited_four_seconds_is_refused_and_the_rest_written() {
        let mut journal = JournalState::new(1);
        journal.submit(1, 1, Timestamp(0));
        journal.submit(2, 1, Timestamp(3_000));
        assert_eq!(journal.take(Timestamp(4_000)), (vec![2], vec![1]));
    }

    #[test]
    fn what_waited_too_long_is_refused_even_while_every_writer_hangs() {
        let mut journal = JournalState::new(1);
        journal.submit(1, 1, Timestamp(0));
        journal.take(Timestamp(0));
        journal.submit(2, 1, Timestamp(10));
        journal.submit(3, 1, Timestamp(2_000));
        assert_eq!(journal.take(Timestamp(4_009)), (vec![], vec![]));
        assert_eq!(journal.take(Timestamp(4_010)), (vec![], vec![2]));
        assert_eq!(journal.waiting(), 1);
        journal.finished();
        assert_eq!(journal.take(Timestamp(4_011)), (vec![3], vec![]));
    }

    #[test]
    fn a_journal_takes_so_many_batches_and_no_more() {
        let mut journal = JournalState::new(1);
        for id in 0..JournalState::WAITING_BATCHES_MAX as u64 {
            assert!(journal.submit(id, 1, Timestamp(0)));
        }
        assert!(!journal.submit(0, 1, Timestamp(0)));
    }

    #[test]
    fn retries_grow_and_end() {
        let after = |attempt, now| JournalState::after_failure(attempt, Timestamp(0), Timestamp(now), 4_000);
        assert_eq!(after(1, 0), Next::RetryAfterMs(50));
        assert_eq!(after(2, 100), Next::RetryAfterMs(100));
        assert_eq!(after(9, 1_000), Next::RetryAfterMs(500));
        assert_eq!(after(9, 3_500), Next::GiveUp);
    }
}
