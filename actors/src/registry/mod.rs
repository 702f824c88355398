//! Finds an actor or starts it; notices its death; rests what keeps dying; retires what is idle.
//!
//! The registry owns supervision, because `actix::Supervisor` does not survive a panic: every actor carries a
//! [`Tombstone`] that reports its end, and the next request builds a new actor from storage.

mod restart;
mod tombstone;

pub use restart::RestartBook;
pub use tombstone::{Tombstone, Word};

use crate::cluster::routing::Attempt;
use crate::failure::Failure;
use crate::ports::Clock;
use actix::dev::channel::channel;
use actix::prelude::*;
use dashmap::{DashMap, DashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use tokio::sync::oneshot;

/// A request to an actor with the way back for its answer.
pub struct Ask<Q, A> {
    pub request: Q,
    pub reply: oneshot::Sender<Result<A, Failure>>,
}

impl<Q, A> Message for Ask<Q, A> {
    type Result = ();
}

/// Asks an actor to stop once nothing is under way: it has left the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retire {
    /// It was idle. Requests already on their way to it are still answered.
    Rest,
    /// It belongs on another node from now on: what waits is finished, what comes is sent on.
    HandOver,
}

impl Message for Retire {
    type Result = ();
}

/// What a key must be to name an actor.
pub trait Key: Copy + Ord + Hash + Display + Send + Sync + 'static {
    /// Spreads keys over arbiters.
    fn spread(self) -> u64;
}

impl Key for crate::model::RoomId {
    fn spread(self) -> u64 {
        (self.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
    }
}

impl Key for crate::model::AccountId {
    fn spread(self) -> u64 {
        (self.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
    }
}

struct Entry<A: Actor> {
    addr: Addr<A>,
    generation: u64,
    used_at_ms: AtomicI64,
    ready: AtomicBool,
}

type Build<K, A> = dyn Fn(K, Tombstone<K>) -> A + Send + Sync;

/// The actors of one kind on this node.
pub struct Registry<K: Key, A: Actor<Context = Context<A>>> {
    what: &'static str,
    entries: DashMap<K, Entry<A>>,
    arbiters: OnceLock<Vec<ArbiterHandle>>,
    build: Box<Build<K, A>>,
    deaths: Mutex<RestartBook<K>>,
    /// Keys of which an actor ended before it had shown what it stored.
    owed: DashSet<K>,
    /// Actors that have not ended, those that have left the entries included.
    living: AtomicUsize,
    /// The same by key.
    alive: DashMap<K, usize>,
    generations: AtomicU64,
    clock: Arc<dyn Clock>,
    mailbox_len_max: usize,
    me: Weak<Registry<K, A>>,
}

impl<K: Key, A: Actor<Context = Context<A>> + Handler<Retire>> Registry<K, A> {
    /// `what` names the kind in failures and logs; `build` makes an actor, which must keep the tombstone.
    pub fn new(
        what: &'static str,
        mailbox_len_max: usize,
        clock: Arc<dyn Clock>,
        build: Box<Build<K, A>>,
    ) -> Arc<Registry<K, A>> {
        Arc::new_cyclic(|me| Registry {
            what,
            entries: DashMap::new(),
            arbiters: OnceLock::new(),
            build,
            deaths: Mutex::new(RestartBook::default()),
            owed: DashSet::new(),
            living: AtomicUsize::new(0),
            alive: DashMap::new(),
            generations: AtomicU64::new(1),
            clock,
            mailbox_len_max,
            me: me.clone(),
        })
    }

    /// Says on which threads actors run. Before this, requests are refused as not available.
    pub fn set_arbiters(&self, arbiters: Vec<ArbiterHandle>) {
        if self.arbiters.set(arbiters).is_err() {
            tracing::warn!(kind = self.what, "arbiters were set twice; the first ones stay");
        }
    }

    /// How many actors live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The keys of the living actors, in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<K> {
        let mut keys: Vec<K> = self.entries.iter().map(|e| *e.key()).collect();
        keys.sort_unstable();
        keys
    }

    /// How many actors have not ended yet, those that are finishing what they had included.
    #[must_use]
    pub fn living(&self) -> usize {
        self.living.load(Ordering::Acquire)
    }

    /// Whether an actor of this key has not ended yet.
    #[must_use]
    pub fn is_living(&self, key: K) -> bool {
        self.alive.contains_key(&key)
    }

    fn begins(&self, key: K) {
        self.living.fetch_add(1, Ordering::AcqRel);
        *self.alive.entry(key).or_default() += 1;
    }

    fn ends(&self, key: K) {
        self.living.fetch_sub(1, Ordering::AcqRel);
        if let Some(mut count) = self.alive.get_mut(&key) {
            *count -= 1;
        }
        self.alive.remove_if(&key, |_, count| *count == 0);
    }

    /// Sends a request and waits for its answer. A full mailbox is `Busy`.
    pub async fn attempt<Q, R>(&self, key: K, request: Q) -> Attempt<R>
    where
        A: Handler<Ask<Q, R>>,
        Q: Send + 'static,
        R: Send + 'static,
        A::Context: actix::dev::ToEnvelope<A, Ask<Q, R>>,
    {
        let busy = || Attempt::Answered(Err(Failure::Busy(format!("{} {key}", self.what))));
        let (reply, answer) = oneshot::channel();
        let mut ask = Ask { request, reply };
        for _ in 0..3 {
            let (addr, generation) = match self.find(key) {
                Ok(found) => found,
                // The node starts or stops: another one may do it, or this one in a moment.
                Err(failure @ Failure::Unavailable(_)) => return Attempt::NotDone(failure),
                Err(failure) => return Attempt::Answered(Err(failure)),
            };
            match addr.try_send(ask) {
                // A dropped reply: the actor took the request and died.
                Ok(()) => return answer.await.map_or(Attempt::Lost, Attempt::of),
                Err(SendError::Full(_)) => return busy(),
                Err(SendError::Closed(back)) => {
                    self.forget(key, generation);
                    ask = back;
                }
            }
        }
        busy()
    }

    fn find(&self, key: K) -> Result<(Addr<A>, u64), Failure> {
        let now = self.clock.now();
        if let Some(entry) = self.entries.get(&key) {
            entry.used_at_ms.store(now.0, Ordering::Relaxed);
            return Ok((entry.addr.clone(), entry.generation));
        }
        if self.lock_deaths().is_resting(key, now) {
            return Err(Failure::Quarantined(format!("{} {key}", self.what)));
        }
        let entry = match self.entries.entry(key) {
            dashmap::Entry::Occupied(entry) => entry.into_ref(),
            dashmap::Entry::Vacant(vacant) => {
                let generation = self.generations.fetch_add(1, Ordering::Relaxed);
                let addr = self.start(key, generation)?;
                vacant.insert(Entry {
                    addr,
                    generation,
                    used_at_ms: AtomicI64::new(now.0),
                    ready: AtomicBool::new(false),
                })
            }
        };
        Ok((entry.addr.clone(), entry.generation))
    }

    fn start(&self, key: K, generation: u64) -> Result<Addr<A>, Failure> {
        let arbiters = self.arbiters.get().filter(|a| !a.is_empty());
        let arbiters = arbiters.ok_or_else(|| Failure::Unavailable("the node is starting".to_owned()))?;
        let arbiter = &arbiters[(key.spread() % arbiters.len() as u64) as usize];
        let Some(me) = self.me.upgrade() else {
            return Err(Failure::Unavailable("the node is stopping".to_owned()));
        };
        let (sender, receiver) = channel(self.mailbox_len_max);
        self.begins(key);
        let started = arbiter.spawn_fn(move || {
            let context = Context::with_receiver(receiver);
            let reporter = me.clone();
            let tombstone = Tombstone::new(
                key,
                Box::new(move |key, word| reporter.hear(key, generation, word)),
            );
            let actor = (me.build)(key, tombstone);
            actix::spawn(context.into_future(actor));
        });
        if started {
            Ok(Addr::new(sender))
        } else {
            self.ends(key);
            Err(Failure::Unavailable("the node is stopping".to_owned()))
        }
    }

    fn hear(&self, key: K, generation: u64, word: Word) {
        match word {
            Word::Ready => {
                if let Some(entry) = self.entries.get(&key).filter(|e| e.generation == generation) {
                    entry.ready.store(true, Ordering::Release);
                }
                self.owed.remove(&key);
            }
            Word::Leaves { owes } => {
                self.forget(key, generation);
                self.note(key, owes);
            }
            Word::Ended { panicked, owes } => {
                self.ended(key, generation, panicked);
                self.note(key, owes);
            }
        }
    }

    fn note(&self, key: K, owes: bool) {
        if owes {
            self.owed.insert(key);
        }
    }

    fn ended(&self, key: K, generation: u64, panicked: bool) {
        self.ends(key);
        self.forget(key, generation);
        if panicked {
            let resting = self.lock_deaths().record(key, self.clock.now());
            tracing::error!(kind = self.what, %key, resting, "an actor panicked");
        }
    }

    fn forget(&self, key: K, generation: u64) {
        self.entries
            .remove_if(&key, |_, entry| entry.generation == generation);
    }

    /// Retires one actor whatever it does: the next request starts a new one.
    pub fn retire(&self, key: K, how: Retire) {
        if let Some((_, entry)) = self.entries.remove(&key) {
            self.tell_retire(key, &entry, how);
        }
    }

    /// Hands over every actor that belongs elsewhere. Returns how many.
    pub fn hand_over(&self, elsewhere: impl Fn(K) -> bool) -> usize {
        let keys: Vec<K> = self.keys().into_iter().filter(|key| elsewhere(*key)).collect();
        for key in &keys {
            self.retire(*key, Retire::HandOver);
        }
        keys.len()
    }

    fn tell_retire(&self, key: K, entry: &Entry<A>, how: Retire) {
        match entry.addr.try_send(how) {
            Ok(()) | Err(SendError::Closed(_)) => {}
            // It must hear of it all the same: waits for room in the mailbox.
            Err(SendError::Full(how)) => {
                let (addr, what) = (entry.addr.clone(), self.what);
                let told = async move {
                    if addr.send(how).await.is_err() {
                        tracing::debug!(kind = what, %key, "an actor to retire had already ended");
                    }
                };
                if let Some(arbiter) = self.arbiters.get().and_then(|arbiters| arbiters.first()) {
                    arbiter.spawn(told);
                }
            }
        }
    }

    /// Retires actors unused for `idle_ms`. They leave the registry first, so that later requests start a new
    /// actor while the old one finishes what it has.
    pub fn retire_idle(&self, idle_ms: i64) -> usize {
        let now = self.clock.now();
        let idle = |entry: &Entry<A>| now.0 - entry.used_at_ms.load(Ordering::Relaxed) >= idle_ms;
        let mut keys: Vec<K> = self
            .entries
            .iter()
            .filter(|e| idle(e.value()))
            .map(|e| *e.key())
            .collect();
        keys.sort_unstable();
        let mut retired = 0;
        for key in keys {
            if let Some((_, entry)) = self.entries.remove_if(&key, |_, entry| idle(entry)) {
                retired += 1;
                self.tell_retire(key, &entry, Retire::Rest);
            }
        }
        retired
    }

    /// Sees to it that every key whose actor ended owing something gets a new one, until one is ready: it has shown
    /// what was left.
    pub fn revive(&self) {
        let mut owed: Vec<K> = self.owed.iter().map(|key| *key).collect();
        owed.sort_unstable();
        for key in owed {
            match self
                .entries
                .get(&key)
                .map(|entry| entry.ready.load(Ordering::Acquire))
            {
                Some(true) => drop(self.owed.remove(&key)),
                Some(false) => {}
                None => self.wake(key),
            }
        }
    }

    /// Starts the actor of a key whose earlier one has left something, if it can be started now.
    pub fn wake(&self, key: K) {
        if let Err(failure) = self.find(key) {
            tracing::debug!(kind = self.what, %key, %failure, "what an actor left must wait");
        }
    }

    fn lock_deaths(&self) -> std::sync::MutexGuard<'_, RestartBook<K>> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
