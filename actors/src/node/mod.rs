//! The façade that adapters hold: `node.room(id)`, `node.user(id)`, `node.directory()`, and a place for sessions.

mod refs;

pub use refs::{DirectoryRef, RoomRef, UserRef};

use crate::cluster::Standing;
use crate::directory::{Directory, DirectoryShell};
use crate::failure::{Failure, Thing};
use crate::fanout::Fanout;
use crate::hub::{Hub, HubActor, HubId, HubMessage, Interest};
use crate::journal::{Journal, Quiet};
use crate::meters::Meters;
use crate::model::{Account, AccountId, RoomId, RoomKind, Timestamp};
use crate::ports::{Clock, Ports};
use crate::registry::Registry;
use crate::room::{RoomActor, RoomShell};
use crate::session::CloseWhy;
use crate::user::{UserActor, UserShell};
use actix::prelude::*;
use dashmap::DashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// What a node is told about itself.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// This node's name, unique in its cluster.
    pub name: String,
    /// Worker threads that will call [`Node::join_worker`].
    pub workers: usize,
    /// Rooms and users unused for this long are retired.
    pub idle_ms: i64,
}

/// A handle on the node. Cheap to clone, safe to share between threads.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

/// A handle that does not keep the node alive.
#[derive(Clone)]
pub struct WeakNode(Weak<Inner>);

struct Inner {
    options: NodeOptions,
    ports: Ports,
    rooms: Arc<Registry<RoomId, RoomActor>>,
    users: Arc<Registry<AccountId, UserActor>>,
    directory: Mutex<Vec<Addr<Directory>>>,
    next_directory: AtomicUsize,
    directory_shell: Arc<DirectoryShell>,
    journal: Addr<Journal>,
    interest: Arc<Interest>,
    fanout: Fanout,
    meters: Arc<Meters>,
    workers: Mutex<Vec<ArbiterHandle>>,
    cards: DashMap<AccountId, (Arc<Account>, Timestamp)>,
    direct_rooms: DashMap<RoomKind, RoomId>,
    draining: AtomicBool,
}

impl Node {
    /// How long a profile seen by [`Node::card`] may be out of date, in milliseconds.
    pub const CARD_MS_MAX: i64 = 3_000;
    /// Profiles kept for [`Node::card`], and direct rooms kept for [`Node::direct_room`], at most.
    pub const CACHE_LEN_MAX: usize = 200_000;

    /// Starts a node. Its journal gets a thread of its own; rooms and users run on the workers that join.
    #[must_use]
    pub fn start(options: NodeOptions, ports: Ports) -> Node {
        let meters = Arc::new(Meters::default());
        let interest = Arc::new(Interest::default());
        let fanout = Fanout::new(interest.clone(), options.workers.clamp(1, HubId::MAX));
        let journal = {
            let journal = Journal::new(ports.journal.clone(), ports.clock.clone(), meters.clone());
            Journal::start_in_arbiter(&Arbiter::new().handle(), |_| journal)
        };
        let room_shell = Arc::new(RoomShell {
            store: ports.rooms.clone(),
            journal: journal.clone(),
            fanout: fanout.clone(),
            clock: ports.clock.clone(),
            meters: meters.clone(),
            standing: Arc::new(Standing::alone(ports.clock.clone())),
        });
        let rooms = Registry::new(
            "room",
            RoomActor::MAILBOX_LEN_MAX,
            ports.clock.clone(),
            Box::new(move |id, tombstone| RoomActor::new(id, room_shell.clone(), tombstone)),
        );
        Node(Arc::new_cyclic(|me: &Weak<Inner>| {
            let user_shell = Arc::new(UserShell {
                users: ports.users.clone(),
                rooms: ports.rooms.clone(),
                fanout: fanout.clone(),
                clock: ports.clock.clone(),
                node: WeakNode(me.clone()),
            });
            let users = Registry::new(
                "user",
                UserActor::MAILBOX_LEN_MAX,
                ports.clock.clone(),
                Box::new(move |id, tombstone| UserActor::new(id, user_shell.clone(), tombstone)),
            );
            let directory_shell = Arc::new(DirectoryShell {
                ports: ports.clone(),
                fanout: fanout.clone(),
            });
            Inner {
                options,
                ports,
                rooms,
                users,
                directory: Mutex::new(Vec::new()),
                next_directory: AtomicUsize::new(0),
                directory_shell,
                journal,
                interest,
                fanout,
                meters,
                workers: Mutex::new(Vec::new()),
                cards: DashMap::new(),
                direct_rooms: DashMap::new(),
                draining: AtomicBool::new(false),
            }
        }))
    }

    /// Called once on each worker thread (an actix arbiter): gives it a hub for the sessions it will hold.
    /// When the last of them has joined, rooms and users can start.
    #[must_use]
    pub fn join_worker(&self) -> Hub {
        let inner = &self.0;
        let mut workers = inner.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let index = workers.len();
        let id = HubId(u8::try_from(index).unwrap_or(u8::MAX));
        let hub = Hub::new(
            id,
            inner.interest.clone(),
            inner.meters.clone(),
            inner.ports.clock.clone(),
        );
        inner.fanout.set_hub(index, HubActor(hub.clone()).start());
        let directory = Directory::new(inner.directory_shell.clone()).start();
        inner
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(directory);
        workers.push(Arbiter::current());
        if workers.len() == inner.options.workers {
            inner.rooms.set_arbiters(workers.clone());
            inner.users.set_arbiters(workers.clone());
        }
        hub
    }

    /// Whether every worker has joined.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.0
            .workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
            >= self.0.options.workers
    }

    #[must_use]
    pub fn room(&self, id: RoomId) -> RoomRef {
        RoomRef::new(self.clone(), id)
    }

    #[must_use]
    pub fn user(&self, id: AccountId) -> UserRef {
        UserRef::new(self.clone(), id)
    }

    #[must_use]
    pub fn directory(&self) -> DirectoryRef {
        DirectoryRef::new(self.clone())
    }

    #[must_use]
    pub fn meters(&self) -> &Meters {
        &self.0.meters
    }

    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.ports.clock
    }

    #[must_use]
    pub fn fanout(&self) -> &Fanout {
        &self.0.fanout
    }

    /// Whether the account has a session here.
    #[must_use]
    pub fn is_online(&self, account: AccountId) -> bool {
        self.0.interest.is_online(account)
    }

    /// How many rooms and users are active here.
    #[must_use]
    pub fn active(&self) -> (usize, usize) {
        (self.0.rooms.len(), self.0.users.len())
    }

    /// A profile that may be up to [`Node::CARD_MS_MAX`] old: for authentication and for rendering.
    /// Refused with `Unknown(Account)`.
    pub async fn card(&self, account: AccountId) -> Result<Arc<Account>, Failure> {
        let now = self.clock().now();
        if let Some(found) = self.card_now(account) {
            return Ok(found);
        }
        let found = self
            .directory()
            .by_id(account)
            .await?
            .ok_or(Failure::Unknown(Thing::Account))?;
        if self.0.cards.len() >= Node::CACHE_LEN_MAX {
            self.0.cards.clear();
        }
        let card = Arc::new(found);
        self.0.cards.insert(account, (card.clone(), now));
        Ok(card)
    }

    /// The profile if it is at hand and fresh.
    #[must_use]
    pub fn card_now(&self, account: AccountId) -> Option<Arc<Account>> {
        let now = self.clock().now();
        let found = self.0.cards.get(&account)?;
        (now.since_ms(found.1) < Node::CARD_MS_MAX).then(|| found.0.clone())
    }

    /// Drops what is cached of an account, here.
    pub fn forget_user(&self, account: AccountId) {
        self.0.cards.remove(&account);
        self.0.users.retire(account);
    }

    /// The direct room of two accounts, made on first use by `a`. Refused with `Unknown(Account)`.
    pub async fn direct_room(&self, a: AccountId, b: AccountId) -> Result<RoomId, Failure> {
        let kind = RoomKind::direct(a, b);
        if let Some(room) = self.0.direct_rooms.get(&kind) {
            return Ok(*room);
        }
        let room = self.user(a).direct_room(b).await?;
        if self.0.direct_rooms.len() >= Node::CACHE_LEN_MAX {
            self.0.direct_rooms.clear();
        }
        self.0.direct_rooms.insert(kind, room);
        Ok(room)
    }

    /// Retires idle actors and repeats where active rooms end: called every second by the node's shell.
    pub fn tick(&self) {
        self.0.fanout.announce_recent();
        self.0.rooms.retire_idle(self.0.options.idle_ms);
        self.0.users.retire_idle(self.0.options.idle_ms);
    }

    /// Forgets client tokens and codes that are past their time: called now and then by the node's shell.
    pub async fn sweep(&self) {
        let (ports, now) = (&self.0.ports, self.clock().now());
        let before = now.plus_ms(-crate::model::ClientToken::KEPT_MS);
        if let Err(why) = ports.journal.forget_tokens(before).await {
            tracing::warn!(%why, "old client tokens were not forgotten");
        }
        if let Err(why) = ports.secrets.forget_codes(now).await {
            tracing::warn!(%why, "old codes were not forgotten");
        }
    }

    /// Whether storage answers.
    pub async fn probe(&self) -> Result<(), Failure> {
        Ok(self.0.ports.secrets.ping().await?)
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Stops taking new work, waits until the journal is quiet (at most `within`), then says goodbye to sessions.
    pub async fn drain(&self, within: Duration) {
        self.0.draining.store(true, Ordering::Relaxed);
        let quiet = async {
            while let Ok(false) = self.0.journal.send(Quiet).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(within, quiet).await.is_err() {
            tracing::warn!("the journal was not quiet in time");
        }
        self.0.fanout.to_all(&HubMessage::CloseAll(CloseWhy::NodeStops));
    }

    /// A handle that does not keep the node alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakNode {
        WeakNode(Arc::downgrade(&self.0))
    }
}

impl WeakNode {
    #[must_use]
    pub fn upgrade(&self) -> Option<Node> {
        self.0.upgrade().map(Node)
    }
}
