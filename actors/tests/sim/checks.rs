//! What must hold after every step: written down as it happens, compared at once. The first thing wrong ends the world.

use super::host::Host;
use roost_actors::model::{AccountId, ChatMessage, Epoch, HistoryPage, MessageId, Push, RoomId, Seq};
use roost_actors::ports::{BatchOutcome, PostOutcome, RoomBatch};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The truth about one room: what its rows say, as they were committed.
#[derive(Debug, Default)]
struct Room {
    /// The newest epoch and the process that took it.
    owner: Option<(Epoch, u64)>,
    log: Vec<ChatMessage>,
    /// Up to here somebody was told that it is stored.
    acknowledged: Seq,
    /// When a revocation was stored.
    revoked: BTreeMap<Seq, Instant>,
    /// How far members were told that they have read.
    read: BTreeMap<AccountId, Seq>,
}

#[derive(Debug)]
struct Pages {
    began: Instant,
    trace: Option<Vec<String>>,
    wrong: Option<String>,
    rooms: BTreeMap<RoomId, Room>,
    /// Every stored body and how often it is stored: people never write the same twice.
    bodies: HashMap<String, u32>,
    refused: BTreeSet<String>,
    /// Who was told that somebody was asked for friendship, and when the question was put. In pairs of whom and who.
    asked: BTreeMap<(AccountId, AccountId), Instant>,
    tally: Tally,
}

/// How much happened, to show that something did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub stored: u64,
    pub acknowledged: u64,
    pub refused: u64,
    pub unknown: u64,
    pub shown: u64,
    pub asked: u64,
    pub read_back: u64,
    pub fenced: u64,
    pub activations: u64,
    pub faults: u64,
}

/// The book in which the world is written down.
#[derive(Debug)]
pub struct Book(Mutex<Pages>);

impl Book {
    pub fn new(began: Instant, traced: bool) -> Book {
        Book(Mutex::new(Pages {
            began,
            trace: traced.then(Vec::new),
            wrong: None,
            rooms: BTreeMap::new(),
            bodies: HashMap::new(),
            refused: BTreeSet::new(),
            asked: BTreeMap::new(),
            tally: Tally::default(),
        }))
    }

    fn open(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a step, if the world is traced.
    pub fn note(&self, what: impl FnOnce() -> String) {
        let mut pages = self.open();
        let at = pages.began.elapsed().as_millis();
        if let Some(trace) = &mut pages.trace {
            trace.push(format!("{at:>6} ms  {}", what()));
        }
    }

    /// Notes that a promise is broken.
    pub fn wrong(&self, what: &str) {
        self.note(|| format!("WRONG: {what}"));
        let mut pages = self.open();
        let at = pages.began.elapsed().as_millis();
        pages
            .wrong
            .get_or_insert_with(|| format!("after {at} ms: {what}"));
    }

    pub fn is_wrong(&self) -> bool {
        self.open().wrong.is_some()
    }

    /// What was wrong, what happened, and the steps if they were traced.
    pub fn close(&self) -> (Option<String>, Tally, Vec<String>) {
        let mut pages = self.open();
        let trace = pages.trace.take().unwrap_or_default();
        (pages.wrong.take(), pages.tally, trace)
    }

    pub fn count(&self, count: impl FnOnce(&mut Tally)) {
        count(&mut self.open().tally);
    }

    fn room<T>(&self, room: RoomId, look: impl FnOnce(&mut Room) -> T) -> T {
        look(self.open().rooms.entry(room).or_default())
    }

    /// A process has taken a room.
    pub fn activated(&self, room: RoomId, epoch: Epoch, host: &Host) {
        self.note(|| format!("database: {host} takes room {room}, epoch {epoch}"));
        self.count(|tally| tally.activations += 1);
        let before = self.room(room, |r| r.owner.replace((epoch, host.life)));
        if before.is_some_and(|(before, _)| before.0 + 1 != epoch.0) {
            self.wrong(&format!("room {room} went from {before:?} to epoch {epoch}"));
        }
    }

    /// Whether this process holds the newest epoch of a room.
    pub fn owner_epoch(&self, room: RoomId) -> Option<Epoch> {
        self.room(room, |r| r.owner.map(|(epoch, _)| epoch))
    }

    /// A transaction of the journal has committed.
    pub fn committed(&self, batch: &RoomBatch, outcome: &BatchOutcome, host: &Host) {
        let room = batch.room;
        let BatchOutcome::Committed { posts, last_seq, .. } = outcome else {
            self.note(|| {
                format!(
                    "database: {host} is fenced off room {room}, epoch {}",
                    batch.epoch
                )
            });
            self.count(|tally| tally.fenced += 1);
            return;
        };
        self.note(|| {
            let bodies = batch.posts.iter().map(|post| post.body.as_ref());
            let bodies: Vec<&str> = bodies.collect();
            format!(
                "database: {host} commits room {room} up to {last_seq}: {}",
                bodies.join(" ")
            )
        });
        let owner = self.room(room, |r| r.owner);
        if owner != Some((batch.epoch, host.life)) {
            self.wrong(&format!(
                "{host} committed to room {room} with epoch {}, its owner is {owner:?}",
                batch.epoch
            ));
        }
        for post in posts {
            match post {
                PostOutcome::Stored(message) => self.stored(message),
                PostOutcome::Repeated(message) if self.holds(message) => {}
                PostOutcome::Repeated(message) => {
                    self.wrong(&format!(
                        "a retry was answered with {message:?}, which is not stored"
                    ));
                }
                PostOutcome::TokenReused => self.wrong("a token of one post was called another's"),
            }
        }
    }

    fn stored(&self, message: &ChatMessage) {
        let mut pages = self.open();
        pages.tally.stored += 1;
        let times = pages.bodies.entry(message.body.to_string()).or_default();
        *times += 1;
        let doubled = *times > 1;
        let refused = pages.refused.contains(message.body.as_ref());
        let room = pages.rooms.entry(message.room).or_default();
        let expected = Seq(room.log.len() as i64 + 1);
        let rises = room.log.last().is_none_or(|last| last.id < message.id);
        room.log.push(message.clone());
        drop(pages);
        if message.seq != expected {
            self.wrong(&format!(
                "room {} got seq {} where {expected} was next",
                message.room, message.seq
            ));
        }
        if !rises {
            self.wrong(&format!("ids do not rise with {message:?}"));
        }
        if doubled {
            self.wrong(&format!("{} was stored twice", message.body));
        }
        if refused {
            self.wrong(&format!("{} was refused and stored after all", message.body));
        }
    }

    /// Whether a message is stored as it stands, taken back or not.
    fn holds(&self, message: &ChatMessage) -> bool {
        let index = (message.seq.0 - 1).max(0) as usize;
        self.room(message.room, |room| {
            let stored = room.log.get(index);
            stored.is_some_and(|s| s.id == message.id && s.body == message.body && s.seq == message.seq)
        })
    }

    /// Somebody was told that a message is stored.
    pub fn acknowledged(&self, message: &ChatMessage) {
        self.note(|| {
            format!(
                "client: {} is acknowledged as {} of room {}",
                message.body, message.seq, message.room
            )
        });
        self.count(|tally| tally.acknowledged += 1);
        if !self.holds(message) {
            self.wrong(&format!("{message:?} was acknowledged and is not stored"));
        }
        self.room(message.room, |room| {
            room.acknowledged = room.acknowledged.max(message.seq)
        });
    }

    /// Somebody was told that `to` has been asked for friendship; the question was put at `began`.
    pub fn asked(&self, to: AccountId, from: AccountId, began: Instant) {
        self.note(|| format!("client: {from} has asked {to} for friendship"));
        let mut pages = self.open();
        pages.tally.asked += 1;
        pages.asked.insert((to, from), began);
    }

    /// Who has asked somebody for friendship since a moment.
    pub fn asked_since(&self, to: AccountId, since: Instant) -> Vec<AccountId> {
        let pages = self.open();
        let late = pages
            .asked
            .iter()
            .filter(|((whom, _), began)| *whom == to && **began > since);
        late.map(|((_, from), _)| *from).collect()
    }

    /// Somebody was told that a message is not stored and never will be.
    pub fn refused(&self, body: &str) {
        let mut pages = self.open();
        pages.tally.refused += 1;
        pages.refused.insert(body.to_owned());
        let stored = pages.bodies.contains_key(body);
        drop(pages);
        if stored {
            self.wrong(&format!("{body} was refused and is stored"));
        }
    }

    /// Somebody was shown a message.
    pub fn shown(&self, who: &str, push: &Push) {
        if let Push::Posted { message, .. } | Push::Revoked { message, .. } = push {
            self.count(|tally| tally.shown += 1);
            if !self.holds(message) {
                self.wrong(&format!("{who} was shown {message:?}, which is not stored"));
            }
        }
    }

    /// How far a room was acknowledged: whoever asks from now on must be told of no less.
    pub fn floor(&self, room: RoomId) -> Seq {
        self.room(room, |room| room.acknowledged)
    }

    /// Where a room ends.
    pub fn end(&self, room: RoomId) -> Seq {
        self.room(room, |room| Seq(room.log.len() as i64))
    }

    /// A page was answered to somebody who asked when the room's floor was `floor`.
    pub fn paged(&self, room: RoomId, floor: Seq, page: &HistoryPage) {
        if page.last_seq < floor {
            self.wrong(&format!(
                "room {room} was said to end at {} when {floor} was acknowledged before",
                page.last_seq
            ));
        }
        for message in &page.messages {
            if !self.holds(message) {
                self.wrong(&format!("a page shows {message:?}, which is not stored"));
            }
        }
    }

    /// A revocation was stored.
    pub fn revoked(&self, room: RoomId, id: MessageId) {
        self.note(|| format!("database: message {id} of room {room} is taken back"));
        self.room(room, |room| {
            if let Some(message) = room.log.iter().find(|message| message.id == id) {
                room.revoked.entry(message.seq).or_insert_with(Instant::now);
            }
        });
    }

    pub fn is_revoked(&self, room: RoomId, seq: Seq) -> bool {
        self.room(room, |room| room.revoked.contains_key(&seq))
    }

    /// The revocations in a room that were stored after a moment.
    pub fn revoked_since(&self, room: RoomId, since: Instant) -> Vec<Seq> {
        self.room(room, |room| {
            let late = room.revoked.iter().filter(|(_, at)| **at > since);
            late.map(|(seq, _)| *seq).collect()
        })
    }

    /// A member was told how far it has read.
    pub fn has_read(&self, room: RoomId, account: AccountId, up_to: Seq) {
        self.room(room, |room| {
            let read = room.read.entry(account).or_default();
            *read = (*read).max(up_to);
        });
    }

    /// How far a member was told that it has read.
    pub fn read_by(&self, room: RoomId, account: AccountId) -> Seq {
        self.room(room, |room| room.read.get(&account).copied().unwrap_or_default())
    }

    /// The messages of a room, with whether each was taken back.
    pub fn log(&self, room: RoomId) -> Vec<(ChatMessage, bool)> {
        self.room(room, |room| {
            let with_end = |message: &ChatMessage| (message.clone(), room.revoked.contains_key(&message.seq));
            room.log.iter().map(with_end).collect()
        })
    }
}
