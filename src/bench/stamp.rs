//! What the tool writes into a message so that every receiver can prove it: who, which, when, and a hash of it all.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The text a body is filled up with, from a place that differs by message.
const FILLING: &[u8] =
    b"the quick brown fox jumps over the lazy dog while sphinxes of black quartz judge my vow ";

/// The identity of one message of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Unique in the run.
    pub sender: usize,
    /// Counts what this sender wrote, from 0.
    pub counter: u64,
    /// When it was due to be sent, in nanoseconds of the run's watch.
    pub due_ns: u64,
}

impl Stamp {
    /// The body of the message, `length` bytes long or as long as it has to be.
    #[must_use]
    pub fn body(&self, length: usize) -> String {
        let head = format!("{}.{}.{}.", self.sender, self.counter, self.due_ns);
        let filling: String = FILLING
            .iter()
            .cycle()
            .skip(self.counter as usize % FILLING.len())
            .take(length.saturating_sub(head.len() + HASH_DIGITS + 1))
            .map(|byte| char::from(*byte))
            .collect();
        let hash = hash(&head, &filling);
        format!("{head}{hash:0HASH_DIGITS$x}.{filling}")
    }

    /// Reads a body back. `None` when it is not exactly what [`Stamp::body`] wrote.
    #[must_use]
    pub fn read(body: &str) -> Option<Stamp> {
        let mut parts = body.splitn(5, '.');
        let sender = parts.next()?.parse().ok()?;
        let counter = parts.next()?.parse().ok()?;
        let due_ns = parts.next()?.parse().ok()?;
        let written = u64::from_str_radix(parts.next()?, 16).ok()?;
        let filling = parts.next()?;
        let head = body.len() - filling.len() - HASH_DIGITS - 1;
        (hash(body.get(..head)?, filling) == written).then_some(Stamp {
            sender,
            counter,
            due_ns,
        })
    }
}

const HASH_DIGITS: usize = 16;

fn hash(head: &str, filling: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (head, filling).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_as_long_as_asked_and_reads_back() {
        let stamp = Stamp {
            sender: 12,
            counter: 345,
            due_ns: 6_789_000,
        };
        for length in [0, 60, 128, 5_000] {
            let body = stamp.body(length);
            assert!(body.len() == length || length == 0, "{length}: {body}");
            assert_eq!(Stamp::read(&body), Some(stamp));
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let body = Stamp {
            sender: 1,
            counter: 2,
            due_ns: 3,
        }
        .body(64);
        for at in 0..body.len() {
            let mut changed = body.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Stamp::read(&changed), None, "{changed}");
        }
        for wrong in ["", "1", "1.2.3", "1.2.3.4", "hello", &body[..63]] {
            assert_eq!(Stamp::read(wrong), None, "{wrong}");
        }
    }
}
