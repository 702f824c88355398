//! A drop guard inside every actor: it reports the actor's end, and whether it was a panic.

type Report<K> = Box<dyn Fn(K, bool) + Send>;

/// Kept by an actor for as long as it lives.
pub struct Tombstone<K: Copy> {
    key: K,
    report: Report<K>,
}

impl<K: Copy> Tombstone<K> {
    #[must_use]
    pub fn new(key: K, report: Report<K>) -> Tombstone<K> {
        Tombstone { key, report }
    }
}

impl<K: Copy> Drop for Tombstone<K> {
    fn drop(&mut self) {
        (self.report)(self.key, std::thread::panicking());
    }
}
