//! The façade that adapters hold: `node.room(id)`, `node.user(id)`, `node.directory()`, and a place for sessions.

mod board;
mod files;
mod online;
mod refs;
mod route;
mod threads;
mod tree;

pub use refs::{DirectoryRef, RoomRef, UserRef};

use crate::cluster::{Cluster, ClusterParts, Placed, Standing};
use crate::directory::{Directory, DirectoryShell};
use crate::failure::{Failure, Thing};
use crate::fanout::Fanout;
use crate::hub::{Hub, HubActor, HubId, HubMessage, Interest};
use crate::journal::{Journal, Quiet};
use crate::ledger::{Attach, Bell, Ledger, LedgerSeat};
use crate::meters::Meters;
use crate::model::{Account, AccountId, Channel, Grant, RoomId, RoomKind, SecretDigest, Timestamp};
use crate::ports::{Clock, Joining, Links, Ports};
use crate::registry::Registry;
use crate::room::{Held, RoomActor, RoomShell};
use crate::session::CloseWhy;
use crate::user::{UserActor, UserRequest, UserShell};
use actix::prelude::*;
use dashmap::DashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;
use threads::Threads;

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
    threads: Threads,
    ports: Ports,
    rooms: Arc<Registry<RoomId, RoomActor>>,
    users: Arc<Registry<AccountId, UserActor>>,
    directory: Mutex<Vec<Addr<Directory>>>,
    next_directory: AtomicUsize,
    directory_shell: Arc<DirectoryShell>,
    journal: Addr<Journal>,
    ledger: Addr<Ledger>,
    bell: Bell,
    interest: Arc<Interest>,
    fanout: Fanout,
    meters: Arc<Meters>,
    workers: Mutex<Vec<ArbiterHandle>>,
    cards: DashMap<AccountId, (Arc<Account>, Timestamp)>,
    grants: DashMap<SecretDigest, (Grant, Timestamp)>,
    direct_rooms: DashMap<RoomKind, RoomId>,
    draining: AtomicBool,
    standing: Arc<Standing>,
    held: Arc<Held>,
    cluster: OnceLock<Arc<Cluster>>,
}

impl Node {
    /// How long a profile seen by [`Node::card`] may be out of date, in milliseconds.
    pub const CARD_MS_MAX: i64 = 3_000;
    /// Profiles kept for [`Node::card`], and direct rooms kept for [`Node::direct_room`], at most.
    pub const CACHE_LEN_MAX: usize = 200_000;

    /// Starts a node. Its journal and ledger get a thread of their own; rooms and users run on the workers that join.
    #[must_use]
    pub fn start(options: NodeOptions, ports: Ports) -> Node {
        Node::assemble(options, ports, Threads::Own)
    }

    /// Starts a node that runs on the calling thread alone: what it does then depends on its ports and nothing else.
    #[must_use]
    pub fn start_here(options: NodeOptions, ports: Ports) -> Node {
        Node::assemble(options, ports, Threads::Here)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "what a node is made of, in the order in which it is made"
    )]
    fn assemble(options: NodeOptions, ports: Ports, threads: Threads) -> Node {
        let meters = Arc::new(Meters::default());
        let interest = Arc::new(Interest::default());
        let fanout = Fanout::new(interest.clone(), options.workers.clamp(1, HubId::MAX));
        let arbiter = threads.arbiter();
        let journal = {
            let journal = Journal::new(ports.journal.clone(), ports.clock.clone(), meters.clone());
            Journal::start_in_arbiter(&arbiter, |_| journal)
        };
        let bell = Bell::default();
        let ledger = {
            let ledger = Ledger::new(ports.ledger.clone(), fanout.clone(), bell.clone());
            Ledger::start_in_arbiter(&arbiter, |_| ledger)
        };
        let standing = Arc::new(Standing::alone(ports.clock.clone()));
        let held = Arc::new(Held::default());
        let room_shell = Arc::new(RoomShell {
            store: ports.rooms.clone(),
            tree: ports.tree.clone(),
            board: ports.board.clone(),
            journal: journal.clone(),
            fanout: fanout.clone(),
            clock: ports.clock.clone(),
            meters: meters.clone(),
            standing: standing.clone(),
            held: held.clone(),
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
                views: ports.views.clone(),
                rooms: ports.rooms.clone(),
                ledger: ports.ledger.clone(),
                board: ports.board.clone(),
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
                threads,
                ports,
                rooms,
                users,
                directory: Mutex::new(Vec::new()),
                next_directory: AtomicUsize::new(0),
                directory_shell,
                journal,
                ledger,
                bell,
                interest,
                fanout,
                meters,
                workers: Mutex::new(Vec::new()),
                cards: DashMap::new(),
                grants: DashMap::new(),
                direct_rooms: DashMap::new(),
                draining: AtomicBool::new(false),
                standing,
                held,
                cluster: OnceLock::new(),
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
            inner.bell.clone(),
        );
        inner.fanout.set_hub(index, HubActor::new(hub.clone()).start());
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

    /// Makes this node a member of its cluster: waits until it may join, then keeps it one. Called once, before the
    /// node serves. Refused with `Exists(Name)` when a node of this name lives.
    pub async fn join_cluster(&self, joining: Joining, links: Arc<dyn Links>) -> Result<(), Failure> {
        let inner = &self.0;
        let cluster = Cluster::new(ClusterParts {
            ports: inner.ports.clone(),
            links,
            joining,
            standing: inner.standing.clone(),
            interest: inner.interest.clone(),
            fanout: inner.fanout.clone(),
            meters: inner.meters.clone(),
            node: self.downgrade(),
        });
        if inner.cluster.set(cluster.clone()).is_err() {
            return Err(Failure::Internal("a node joins one cluster only".to_owned()));
        }
        cluster.join().await?;
        inner.fanout.set_abroad(cluster.clone());
        inner.threads.arbiter().spawn(async move {
            // A keeper that dies is started again: without one the lease ends and nothing is acknowledged.
            while let Err(error) = tokio::spawn(cluster.clone().keep()).await {
                tracing::error!(%error, "the cluster's keeper died and is started again");
            }
        });
        Ok(())
    }

    /// The cluster this node is a member of, if any.
    #[must_use]
    pub fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.0.cluster.get()
    }

    /// Sends rooms and users that belong elsewhere on their way. Returns how many.
    pub(crate) fn hand_over(&self, elsewhere: impl Fn(Placed) -> bool) -> usize {
        for room in self.0.held.left_behind() {
            if elsewhere(Placed::Room(room)) {
                // A new actor takes it, and gives it back at the next look.
                self.0.rooms.wake(room);
            }
        }
        let rooms = self.0.rooms.hand_over(|room| elsewhere(Placed::Room(room)));
        rooms + self.0.users.hand_over(|account| elsewhere(Placed::User(account)))
    }

    /// Whether an actor of the room lives here, one that has left and is finishing included.
    pub(crate) fn has_room(&self, room: RoomId) -> bool {
        self.0.rooms.is_living(room)
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

    /// The account of a sign-in that still counts. Like [`Node::card`], up to [`Node::CARD_MS_MAX`] old.
    pub async fn signed_in(&self, value: SecretDigest) -> Result<Option<Arc<Account>>, Failure> {
        let Some(grant) = self.grant(value).await? else {
            return Ok(None);
        };
        match self.card(grant.account).await {
            Ok(account) => {
                let counts = grant.issued_at > account.tokens_from && !account.locked;
                Ok(counts.then_some(account))
            }
            Err(Failure::Unknown(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn grant(&self, value: SecretDigest) -> Result<Option<Grant>, Failure> {
        let now = self.clock().now();
        if let Some(found) = self.0.grants.get(&value)
            && now.since_ms(found.1) < Node::CARD_MS_MAX
        {
            return Ok(Some(found.0));
        }
        let found = self.directory().find_grant(value).await?;
        if self.0.grants.len() >= Node::CACHE_LEN_MAX {
            self.0.grants.clear();
        }
        // Only what there is: a value that was made on another node a moment ago counts at once.
        if let Some(grant) = found {
            self.0.grants.insert(value, (grant, now));
        }
        Ok(found)
    }

    /// Forgets a sign-in: here at once, on other nodes within [`Node::CARD_MS_MAX`].
    pub async fn sign_out(&self, value: SecretDigest) -> Result<(), Failure> {
        let done = self.directory().drop_grant(value).await;
        self.0.grants.remove(&value);
        done
    }

    /// Keeps a sign-in, or dates it anew so that it outlives a change of the password.
    pub async fn sign_in(&self, value: SecretDigest, account: AccountId) -> Result<(), Failure> {
        let done = self.directory().put_grant(value, account).await;
        self.0.grants.remove(&value);
        done
    }

    /// Drops what is cached of an account here, and has its actor drop its cache wherever it lives.
    pub async fn forget_user(&self, account: AccountId) -> Result<(), Failure> {
        self.0.cards.remove(&account);
        self.user(account).ask(UserRequest::Forget).await.map(drop)
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

    /// A seat at the ledger: from now on this node's hubs hear every line of it.
    pub async fn read_ledger(&self) -> Result<LedgerSeat, Failure> {
        let (reply, seat) = tokio::sync::oneshot::channel();
        if self.0.ledger.try_send(Attach(reply)).is_err() {
            return Err(Failure::Busy("the ledger".to_owned()));
        }
        let ended = Failure::Unavailable("the node is stopping".to_owned());
        seat.await.unwrap_or(Err(ended))
    }

    /// Retires idle actors, starts those that must see to what an earlier one left, and repeats where active rooms
    /// end: called every second by the node's shell.
    pub fn tick(&self) {
        self.0.fanout.announce_recent();
        self.0.rooms.revive();
        self.0.bell.ring();
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
        if let Err(why) = ports
            .grants
            .forget_channels(now.plus_ms(-Channel::VALID_MS))
            .await
        {
            tracing::warn!(%why, "old push channels were not forgotten");
        }
        if let Err(why) = ports.files.forget_tickets(now).await {
            tracing::warn!(%why, "old rights to fetch files were not forgotten");
        }
    }

    /// Whether storage answers.
    pub async fn probe(&self) -> Result<(), Failure> {
        self.0.ports.secrets.ping().await?;
        match self.cluster().and_then(|cluster| cluster.problem()) {
            Some(why) => Err(Failure::Unavailable(why)),
            None => Ok(()),
        }
    }

    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Stops taking new work, waits until the journal is quiet (at most `within`), then says goodbye to sessions.
    pub async fn drain(&self, within: Duration) {
        self.0.draining.store(true, Ordering::Relaxed);
        if let Some(cluster) = self.cluster() {
            cluster.drain().await;
        }
        let quiet = async {
            // In a cluster rooms leave as soon as they are flushed; alone they stay and rest.
            while self.0.rooms.living() > self.0.rooms.len() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            while let Ok(false) = self.0.journal.send(Quiet).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(within, quiet).await.is_err() {
            tracing::warn!("the journal was not quiet in time");
        }
        self.0.fanout.to_all(&HubMessage::CloseAll(CloseWhy::NodeStops));
    }

    /// Signs off from the cluster: the last thing a node does.
    pub async fn leave_cluster(&self) {
        if let Some(cluster) = self.cluster() {
            cluster.leave().await;
        }
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
