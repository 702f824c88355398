//! The world of one seed: machines with nodes on them, one database, one network, people and their sessions.

use super::checks::{Book, Tally};
use super::clock::MachineClock;
use super::dice::Dice;
use super::host::Host;
use super::network::{HostLinks, LOOK_MS, Network};
use super::plan::{Broken, Plan};
use super::session::Screen;
use super::store::{Database, Desk};
use super::{faults, people, verdict};
use roost_actors::cluster::Timing;
use roost_actors::hub::Hub;
use roost_actors::model::{AccountId, NewAccount, NewGroup, Place, RoomId, RoomKind, RoomRules, Timestamp};
use roost_actors::node::NodeOptions;
use roost_actors::ports::{DirectoryStore, Joining, Ports, RoomStore};
use roost_actors::testkit::{Outbox, PlainPasswords};
use roost_actors::{Failure, Node};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How many there are of whom one hears only that they ask for friendship.
const STRANGERS: usize = 12;

/// A process with its node, once that is a member.
#[derive(Clone)]
pub struct Running {
    pub host: Arc<Host>,
    pub node: Node,
    pub hubs: Vec<Hub>,
}

/// The world.
pub struct Town {
    pub plan: Arc<Plan>,
    pub book: Arc<Book>,
    pub database: Arc<Database>,
    pub network: Arc<Network>,
    pub people: Vec<AccountId>,
    /// People of whom one hears only that they ask for friendship, each the same person once.
    pub strangers: Vec<AccountId>,
    pub rooms: Vec<RoomId>,
    pub screens: RefCell<Vec<Rc<RefCell<Screen>>>>,
    /// No faults any more.
    pub calm: Arc<AtomicBool>,
    /// Nobody does anything any more.
    pub closing: Cell<bool>,
    /// People who are still at it.
    pub busy: Cell<usize>,
    began: Instant,
    /// The process of each machine; `None` while it starts.
    machines: RefCell<Vec<Option<Running>>>,
    lives: Cell<u64>,
}

/// What came of a world.
#[derive(Debug)]
pub struct Report {
    pub wrong: Option<String>,
    pub tally: Tally,
    pub trace: Vec<String>,
}

pub async fn sleep(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Lives through one seed.
pub async fn live(plan: Plan, traced: bool) -> Report {
    let town = Town::found(plan, traced).await;
    for machine in 0..town.plan.machines {
        actix::spawn(town.clone().start(machine));
    }
    let looking = town.clone();
    actix::spawn(async move {
        loop {
            looking.network.look();
            sleep(LOOK_MS).await;
        }
    });
    if town.plan.broken == Some(Broken::HastyDeaths) {
        let memory = town.database.memory.clone();
        actix::spawn(async move {
            loop {
                memory.advance_ms(300);
                sleep(100).await;
            }
        });
    }
    for person in 0..town.people.len() {
        town.busy.set(town.busy.get() + 1);
        actix::spawn(people::live(town.clone(), person));
    }
    for session in 0..town.plan.sessions {
        actix::spawn(people::watch(town.clone(), session));
    }
    let book = town.book.clone();
    let whole = async {
        faults::rage(&town).await;
        town.settle().await;
        verdict::give(&town).await;
    };
    tokio::pin!(whole);
    loop {
        tokio::select! {
            biased;
            () = &mut whole => break,
            () = sleep(500) => if book.is_wrong() { break },
        }
    }
    let (wrong, tally, trace) = book.close();
    Report { wrong, tally, trace }
}

impl Town {
    async fn found(plan: Plan, traced: bool) -> Rc<Town> {
        let (plan, began) = (Arc::new(plan), Instant::now());
        let book = Arc::new(Book::new(began, traced));
        let calm = Arc::new(AtomicBool::new(false));
        let database = Database::new();
        let mut people = Vec::new();
        for person in 0..plan.people + STRANGERS {
            let account = NewAccount {
                username: Some(format!("person-{person}")),
                nickname: format!("person-{person}"),
                ..NewAccount::default()
            };
            let made = database.memory.create(&account).await.expect("an account");
            people.push(made.id);
        }
        let strangers = people.split_off(plan.people);
        let mut rooms = Vec::new();
        for _ in 0..plan.groups {
            rooms.push(
                database
                    .memory
                    .create_group(&group(&people))
                    .await
                    .expect("a group"),
            );
        }
        let direct = RoomKind::direct(people[0], people[1]);
        rooms.push(
            database
                .memory
                .direct_room(direct, Timestamp(0))
                .await
                .expect("a direct room"),
        );
        let network = Network::new(plan.clone(), book.clone(), calm.clone());
        Rc::new(Town {
            machines: RefCell::new(vec![None; plan.machines]),
            plan,
            book,
            database,
            network,
            people,
            strangers,
            rooms,
            screens: RefCell::default(),
            calm,
            closing: Cell::new(false),
            busy: Cell::new(0),
            began,
            lives: Cell::new(0),
        })
    }

    /// Dice of a place that has not drawn yet.
    pub fn dice(&self, place: u64) -> Dice {
        Dice::new(self.plan.seed, place)
    }

    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    /// Processes that others can talk to.
    pub fn up(&self) -> Vec<Running> {
        let machines = self.machines.borrow();
        machines
            .iter()
            .flatten()
            .filter(|running| running.host.is_up())
            .cloned()
            .collect()
    }

    /// The process of a machine, if it has started.
    pub fn on(&self, machine: usize) -> Option<Running> {
        self.machines.borrow()[machine].clone()
    }

    /// Takes a machine's process away. It is dead from now on.
    pub fn kill(&self, machine: usize) -> bool {
        let Some(running) = self.machines.borrow_mut()[machine].take() else {
            return false;
        };
        self.book.note(|| format!("{} is killed", running.host));
        running.host.kill();
        true
    }

    /// Starts a process on a machine and has its node join; again, as another process, when that fails.
    pub async fn start(self: Rc<Self>, machine: usize) {
        const RESTART_MS: u64 = 500;
        let running = loop {
            match self.begin(machine).await {
                Ok(running) => break running,
                Err(failure) => self
                    .book
                    .note(|| format!("machine {machine} cannot join: {failure}")),
            }
            sleep(RESTART_MS).await;
        };
        let Running { host, node, .. } = running.clone();
        self.machines.borrow_mut()[machine] = Some(running);
        while !host.is_dead() {
            sleep(1_000).await;
            node.tick();
        }
    }

    async fn begin(&self, machine: usize) -> Result<Running, Failure> {
        let life = self.lives.get() + 1;
        self.lives.set(life);
        let host = Arc::new(Host::new(machine, life));
        self.book.note(|| format!("{host} starts"));
        let clock = Arc::new(MachineClock::new(self.began, &self.dice(100 + life)));
        let desk = Arc::new(Desk {
            host: host.clone(),
            database: self.database.clone(),
            book: self.book.clone(),
            dice: self.dice(10_000 + life),
            plan: self.plan.clone(),
            calm: self.calm.clone(),
        });
        let name = format!("machine-{machine}");
        let options = NodeOptions {
            name: name.clone(),
            workers: 2,
            idle_ms: self.plan.idle_ms,
        };
        let node = Node::start_here(options, self.ports(desk, clock));
        let hubs = vec![node.join_worker(), node.join_worker()];
        let links = Arc::new(HostLinks {
            network: self.network.clone(),
            host: host.clone(),
        });
        let joining = Joining {
            http: format!("{name}:80"),
            peer: format!("{name}:90"),
            name,
            timing: Timing::default(),
        };
        if let Err(failure) = node.join_cluster(joining, links).await {
            host.kill();
            return Err(failure);
        }
        Ok(Running { host, node, hubs })
    }

    fn ports(&self, desk: Arc<Desk>, clock: Arc<MachineClock>) -> Ports {
        let memory = self.database.memory.clone();
        Ports {
            clock,
            journal: desk.clone(),
            rooms: desk.clone(),
            users: desk.clone(),
            cluster: desk,
            views: memory.clone(),
            grants: memory.clone(),
            files: memory.clone(),
            tree: memory.clone(),
            board: memory.clone(),
            uploads: memory.clone(),
            jobs: memory.clone(),
            directory: memory.clone(),
            secrets: memory.clone(),
            ledger: memory.clone(),
            passes: memory,
            passwords: Arc::new(PlainPasswords),
            notifier: Arc::new(Outbox::default()),
        }
    }

    /// Lets everybody finish, and the nodes come to rest.
    async fn settle(&self) {
        const FINISH_MS_MAX: u64 = 60_000;
        const REST_MS: u64 = 7_500;
        self.closing.set(true);
        let mut waited_ms = 0;
        while self.busy.get() > 0 {
            if waited_ms >= FINISH_MS_MAX {
                return self.book.wrong("somebody waits for an answer for ever");
            }
            sleep(100).await;
            waited_ms += 100;
        }
        self.book.note(|| "everybody has finished".to_owned());
        sleep(REST_MS).await;
    }
}

fn group(people: &[AccountId]) -> NewGroup {
    NewGroup {
        name: "a group".to_owned(),
        avatar: String::new(),
        intro: String::new(),
        owner: people[0],
        members: people[1..].to_vec(),
        owner_joins: true,
        member_limit: 500,
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: false,
        category: String::new(),
        claims_name: false,
        created_at: Timestamp(0),
    }
}
