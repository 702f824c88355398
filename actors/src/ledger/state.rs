//! When the ledger is read, and from where. Pure.

use crate::model::{CommitKey, LedgerPage};

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read what comes after this key; `None`: only how far it is clear.
    Read(Option<CommitKey>),
    /// Read after so many milliseconds, unless woken before.
    ReadAfterMs(u64),
    /// Wait until woken.
    Rest,
}

/// Where the node stands in the ledger.
#[derive(Debug, Default)]
pub struct LedgerState {
    /// Everything up to here was told to those who read then. `None` until somebody reads.
    position: Option<CommitKey>,
    reading: bool,
    woken: bool,
    readers: usize,
    /// Reads in a row that brought nothing although something waits.
    fruitless: u32,
}

impl LedgerState {
    /// Lines told at once, at most.
    pub const PAGE_LINES_MAX: i64 = 2_000;
    const WAIT_MS_MIN: u64 = 2;
    const WAIT_MS_MAX: u64 = 100;

    /// Somebody is about to read. The first one starts where the ledger is clear by then: what is before that, readers
    /// find in their inboxes.
    pub fn attach(&mut self) -> Next {
        self.readers += 1;
        if self.readers == 1 {
            self.position = None;
        }
        self.wake()
    }

    pub fn detach(&mut self) {
        self.readers = self.readers.saturating_sub(1);
    }

    /// Whether whoever attached may go on: the ledger is read from before that moment.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        self.position.is_some()
    }

    /// Something may be new.
    pub fn wake(&mut self) -> Next {
        if self.readers == 0 {
            return Next::Rest;
        }
        if self.reading {
            self.woken = true;
            return Next::Rest;
        }
        self.begin()
    }

    fn begin(&mut self) -> Next {
        (self.reading, self.woken) = (true, false);
        Next::Read(self.position)
    }

    /// What a read brought. `since` is the key it was asked for: a page for another is of no use.
    pub fn read(&mut self, since: Option<CommitKey>, page: &LedgerPage) -> Next {
        self.reading = false;
        if since != self.position {
            return self.wake();
        }
        let last = page.entries.last().map_or(page.clear, |entry| entry.key);
        self.position = Some(if page.more {
            last.min(page.clear)
        } else {
            page.clear
        });
        let is_fruitless = page.more && page.entries.is_empty();
        self.fruitless = if is_fruitless { self.fruitless + 1 } else { 0 };
        if self.readers == 0 {
            return Next::Rest;
        }
        if self.woken || (page.more && !page.entries.is_empty()) {
            return self.begin();
        }
        if page.more { self.wait() } else { Next::Rest }
    }

    /// A read failed.
    pub fn failed(&mut self) -> Next {
        self.reading = false;
        self.fruitless += 1;
        if self.readers == 0 {
            Next::Rest
        } else {
            self.wait()
        }
    }

    fn wait(&self) -> Next {
        let shift = self.fruitless.saturating_sub(1).min(6);
        Next::ReadAfterMs((Self::WAIT_MS_MIN << shift).min(Self::WAIT_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, RoomId, Seq};

    fn page(keys: &[i64], clear: i64, more: bool) -> LedgerPage {
        let entry = |key: &i64| Entry {
            key: CommitKey(*key),
            room: RoomId(1),
            seq: Seq(1),
            newcomers: Vec::new(),
        };
        LedgerPage {
            entries: keys.iter().map(entry).collect(),
            clear: CommitKey(clear),
            more,
        }
    }

    fn read_from(key: i64) -> Next {
        Next::Read(Some(CommitKey(key)))
    }

    #[test]
    fn the_first_reader_starts_where_the_ledger_is_clear() {
        let mut state = LedgerState::default();
        assert_eq!(state.wake(), Next::Rest);
        assert_eq!(state.attach(), Next::Read(None));
        assert!(!state.is_placed());
        assert_eq!(state.read(None, &page(&[], 10, false)), Next::Rest);
        assert!(state.is_placed());
        assert_eq!(state.wake(), read_from(10));
        assert_eq!(
            state.read(Some(CommitKey(10)), &page(&[11], 20, false)),
            Next::Rest
        );
        assert_eq!(state.wake(), read_from(20));
    }

    #[test]
    fn a_wake_during_a_read_reads_once_more() {
        let mut state = LedgerState::default();
        state.attach();
        state.read(None, &page(&[], 10, false));
        state.wake();
        assert_eq!((state.wake(), state.wake()), (Next::Rest, Next::Rest));
        assert_eq!(
            state.read(Some(CommitKey(10)), &page(&[11], 11, false)),
            read_from(11)
        );
        assert_eq!(state.read(Some(CommitKey(11)), &page(&[], 11, false)), Next::Rest);
    }

    #[test]
    fn what_is_committed_but_not_clear_is_asked_for_again_ever_more_slowly() {
        let mut state = LedgerState::default();
        state.attach();
        state.read(None, &page(&[], 10, false));
        let mut waits = Vec::new();
        for _ in 0..10 {
            assert_eq!(state.wake(), read_from(10));
            waits.push(state.read(Some(CommitKey(10)), &page(&[], 10, true)));
        }
        assert_eq!(waits[..3], [2, 4, 8].map(Next::ReadAfterMs));
        assert_eq!(waits[9], Next::ReadAfterMs(100));
        state.wake();
        assert_eq!(
            state.read(Some(CommitKey(10)), &page(&[11], 12, true)),
            read_from(11)
        );
    }

    #[test]
    fn a_page_that_is_not_the_last_goes_on_after_its_last_line() {
        let mut state = LedgerState::default();
        state.attach();
        state.read(None, &page(&[], 10, false));
        state.wake();
        assert_eq!(
            state.read(Some(CommitKey(10)), &page(&[11, 12], 50, true)),
            read_from(12)
        );
    }

    #[test]
    fn when_all_have_gone_the_next_reader_starts_anew() {
        let mut state = LedgerState::default();
        state.attach();
        state.read(None, &page(&[], 10, false));
        state.detach();
        assert_eq!(state.wake(), Next::Rest);
        assert_eq!(state.attach(), Next::Read(None));
        assert!(!state.is_placed());
    }

    #[test]
    fn a_page_asked_for_before_the_start_was_moved_is_dropped() {
        let mut state = LedgerState::default();
        state.attach();
        state.read(None, &page(&[], 10, false));
        state.wake();
        state.detach();
        assert_eq!(state.attach(), Next::Rest);
        assert_eq!(
            state.read(Some(CommitKey(10)), &page(&[11], 11, false)),
            Next::Read(None)
        );
        assert_eq!(state.read(None, &page(&[], 30, false)), Next::Rest);
        assert!(state.is_placed());
    }

    #[test]
    fn storage_that_is_away_is_asked_again() {
        let mut state = LedgerState::default();
        state.attach();
        assert_eq!(state.failed(), Next::ReadAfterMs(2));
        assert_eq!(state.wake(), Next::Read(None));
        assert_eq!(state.failed(), Next::ReadAfterMs(4));
    }
}
