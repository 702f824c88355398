//! Everything that can go wrong at the same time, by chance: owners killed, nodes frozen, links cut, PostgreSQL
//! restarted, nodes restarted one after the other, and nodes joining; nothing acknowledged is lost, doubled or reordered.
//!
//! ROOST_TEST_CHAOS_SECONDS asks for more of it, ROOST_TEST_CHAOS_SEED for the same choices again.

use crate::checker::{Crowd, Size, dense};
use crate::harness::postgres::{PrivateServer, Stop};
use crate::harness::proxy::Wire;
use crate::harness::{Cluster, ClusterPlan};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use roost::bench::Faults;
use std::time::Duration;
use tokio::time::Instant;

/// How long everybody may take to be shown what was posted, once all is well again.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// How long a room may be without an owner whatever happens to its nodes. Generous: tests share the machine.
const SERVED_WITHIN: Duration = Duration::from_secs(30);
/// How long a node is frozen: longer than it may be silent.
const FROZEN: Duration = Duration::from_millis(2_600);
const NODES: usize = 3;
/// With those that join.
const NODES_MAX: usize = 4;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    KillOwner,
    Freeze,
    CutLinks,
    SilenceLinks,
    RestartDatabase,
    RollingRestart,
    Join,
    Leave,
}

const EVENTS: [Event; 8] = [
    Event::KillOwner,
    Event::Freeze,
    Event::CutLinks,
    Event::SilenceLinks,
    Event::RestartDatabase,
    Event::RollingRestart,
    Event::Join,
    Event::Leave,
];

/// The world in which it happens.
struct World {
    cluster: Cluster,
    database: PrivateServer,
    crowd: Crowd,
    randomness: StdRng,
    began: Instant,
    log: Vec<String>,
    /// From the kill of a room's owner to the next post there that was acknowledged.
    gaps: Vec<Duration>,
    events: usize,
}

impl World {
    async fn begin(seed: u64) -> World {
        let database = PrivateServer::start();
        let cluster = ClusterPlan::of(NODES)
            .with_wires()
            .on(database.url())
            .start()
            .await;
        let size = Size {
            rooms: 6,
            members: 4,
            posters: 2,
            pause: Duration::from_millis(30),
        };
        let crowd = Crowd::start(&cluster, size, seed).await;
        World {
            cluster,
            database,
            crowd,
            randomness: StdRng::seed_from_u64(seed),
            began: Instant::now(),
            log: Vec::new(),
            gaps: Vec::new(),
            events: 0,
        }
    }

    fn note(&mut self, what: String) {
        let at = self.began.elapsed().as_secs_f64();
        self.log.push(format!("{at:7.2} s  {what}"));
    }

    fn wait(&mut self, ms: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.randomness.random_range(ms))
    }

    /// A node that runs, by chance.
    fn any_node(&mut self) -> usize {
        let running: Vec<usize> = (0..self.cluster.nodes.len())
            .filter(|number| self.cluster.nodes[*number].is_running())
            .collect();
        running[self.randomness.random_range(0..running.len())]
    }

    async fn happen(&mut self, event: Event) {
        self.events += 1;
        match event {
            Event::KillOwner => self.kill_owner().await,
            Event::Freeze => {
                let node = self.any_node();
                self.note(format!("SIGSTOP {node}"));
                self.cluster.nodes[node].signal("STOP");
                tokio::time::sleep(FROZEN + self.wait(0..1_000)).await;
                self.note(format!("SIGCONT {node}"));
                self.cluster.nodes[node].signal("CONT");
            }
            Event::CutLinks | Event::SilenceLinks => {
                let (node, time) = (self.any_node(), self.wait(500..4_000));
                let wire = if event == Event::CutLinks {
                    Wire::Cut
                } else {
                    Wire::Silent
                };
                self.note(format!("links of {node} {wire:?} for {time:?}"));
                self.cluster.set_links(node, wire);
                tokio::time::sleep(time).await;
                self.cluster.set_links(node, Wire::Whole);
            }
            Event::RestartDatabase => self.restart_database().await,
            Event::RollingRestart => self.restart_nodes().await,
            Event::Join if self.cluster.nodes.len() < NODES_MAX => {
                let node = self.cluster.add().await;
                self.note(format!("{node} joined"));
                self.crowd.add(self.cluster.nodes[node].address);
            }
            Event::Join => {
                let last = NODES_MAX - 1;
                if !self.cluster.nodes[last].is_running() {
                    self.cluster.nodes[last].run().await;
                    self.note(format!("{last} joined again"));
                    self.crowd.add(self.cluster.nodes[last].address);
                }
            }
            Event::Leave => {
                let last = NODES_MAX - 1;
                if self.cluster.nodes.get(last).is_some_and(|node| node.is_running()) {
                    self.note(format!("{last} leaves"));
                    self.crowd.remove(self.cluster.nodes[last].address);
                    assert_eq!(
                        self.cluster.nodes[last].stop().await,
                        Some(0),
                        "a node that is told to end"
                    );
                }
            }
        }
    }

    async fn restart_database(&mut self) {
        let how = if self.randomness.random() {
            Stop::Fast
        } else {
            Stop::Immediate
        };
        let away = self.wait(100..800);
        self.note(format!("PostgreSQL stopped ({how:?}) for {away:?}"));
        self.database.stop(how);
        tokio::time::sleep(away).await;
        self.database.start_again();
        self.note("PostgreSQL started".to_owned());
    }

    /// One node after the other, as an operator does.
    async fn restart_nodes(&mut self) {
        for node in 0..self.cluster.nodes.len() {
            if self.cluster.nodes[node].is_running() {
                self.note(format!("SIGTERM {node}"));
                let code = self.cluster.nodes[node].stop().await;
                assert_eq!(code, Some(0), "a node that is told to end");
                self.cluster.nodes[node].run().await;
            }
        }
    }

    /// Kills the owner of a room, waits for the next post there that is acknowledged, and starts the node again.
    async fn kill_owner(&mut self) {
        let room = self.randomness.random_range(0..self.crowd.rooms().len());
        let id = self.crowd.rooms()[room].id;
        let owner = crate::until("an owner", SERVED_WITHIN, async || {
            crate::owner(&self.cluster, id).await
        });
        let (node, _) = owner.await;
        self.note(format!("SIGKILL {node}, the owner of room {room}"));
        self.cluster.nodes[node].kill();
        let killed = Instant::now();
        let gap = self.crowd.next_ack(room, killed, SERVED_WITHIN).await;
        self.note(format!("room {room} serves again after {gap:?}"));
        self.gaps.push(gap);
        self.cluster.nodes[node].run().await;
    }

    /// What was found wrong, and the figures.
    async fn end(mut self) -> Vec<Faults> {
        self.cluster.linked().await;
        let (acks, took) = (self.crowd.acks().len(), self.began.elapsed());
        let faults = self.crowd.settle(SETTLED_WITHIN).await;
        dense(&self.cluster.url).await;
        self.cluster.unbroken();
        self.gaps.sort_unstable();
        let (p50, worst) = (self.gaps[self.gaps.len() / 2], self.gaps[self.gaps.len() - 1]);
        println!(
            "chaos: {acks} posts acknowledged in {took:.1?}, {} events, {} owners killed, next ack after {p50:.2?} (p50), \
             {worst:.2?} (worst)",
            self.events,
            self.gaps.len()
        );
        faults
    }
}

fn seed() -> u64 {
    match std::env::var("ROOST_TEST_CHAOS_SEED") {
        Ok(text) => text.parse().expect("ROOST_TEST_CHAOS_SEED is a number"),
        Err(_) => rand::random::<u32>().into(),
    }
}

/// How long it goes on after everything has happened once.
fn longer() -> Duration {
    match std::env::var("ROOST_TEST_CHAOS_SECONDS") {
        Ok(text) => Duration::from_secs(text.parse().expect("ROOST_TEST_CHAOS_SECONDS is a number")),
        Err(_) => Duration::ZERO,
    }
}

/// Prints what had happened when a test does not end well.
struct Story(u64);

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("to have the same choices again: ROOST_TEST_CHAOS_SEED={}", self.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_nothing_acknowledged_is_lost_doubled_or_reordered() {
    let seed = seed();
    println!("chaos: seed {seed}");
    let _story = Story(seed);
    let mut world = World::begin(seed).await;
    // Everything once, in an order of chance, then whatever chance says; half of that is killing.
    let mut events = EVENTS;
    events.shuffle(&mut world.randomness);
    for event in events {
        let quiet = world.wait(200..600);
        tokio::time::sleep(quiet).await;
        world.happen(event).await;
    }
    while world.began.elapsed() < longer() {
        let quiet = world.wait(100..1_500);
        tokio::time::sleep(quiet).await;
        let event = match world.randomness.random_range(0..2 * EVENTS.len()) {
            choice if choice < EVENTS.len() => EVENTS[choice],
            _ => Event::KillOwner,
        };
        world.happen(event).await;
    }
    let log = world.log.join("\n");
    println!("{log}");
    let faults = world.end().await;
    assert!(faults.iter().all(Faults::is_none), "{faults:?}\n{log}");
}
