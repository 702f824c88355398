//! Links between processes: slow, cut in the middle, with both ends hearing of it at different times.
//!
//! While a link lives it is in order and loses nothing, as the port promises; pushes and announcements are lost,
//! doubled and late all the same, because the queues behind it may be full.

use super::checks::Book;
use super::dice::Dice;
use super::host::Host;
use super::plan::{Broken, Plan};
use bytes::Bytes;
use roost_actors::cluster::{Envelope, Incarnation, Member};
use roost_actors::model::Push;
use roost_actors::ports::{Inbound, Links};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// After so long without a word a link has ended, in milliseconds.
const SILENCE_MS: u64 = 2_500;
/// How often the network looks which links there should be, in milliseconds.
pub const LOOK_MS: u64 = 150;

struct End {
    host: Arc<Host>,
    me: Incarnation,
    inbound: Arc<dyn Inbound>,
    peers: BTreeSet<Incarnation>,
}

struct Side {
    host: Arc<Host>,
    me: Incarnation,
    inbound: Arc<dyn Inbound>,
    up: AtomicBool,
    /// It has heard of the end, or never will.
    over: AtomicBool,
    out: UnboundedSender<(Instant, Bytes)>,
}

struct Link {
    sides: [Side; 2],
    broken: AtomicBool,
}

impl Link {
    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
struct State {
    /// By life of the host.
    ends: BTreeMap<u64, End>,
    links: Vec<Arc<Link>>,
    /// Machines that do not hear each other, and since when.
    splits: BTreeMap<(usize, usize), Instant>,
}

/// The network between all machines.
pub struct Network {
    state: Mutex<State>,
    plan: Arc<Plan>,
    book: Arc<Book>,
    dice: Dice,
    calm: Arc<AtomicBool>,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Network {
    pub fn new(plan: Arc<Plan>, book: Arc<Book>, calm: Arc<AtomicBool>) -> Arc<Network> {
        Arc::new(Network {
            state: Mutex::default(),
            dice: Dice::new(plan.seed, 2),
            plan,
            book,
            calm,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the way between two machines, or mends it.
    pub fn split(&self, a: usize, b: usize, cut: bool) {
        let mut state = self.state();
        if cut {
            state.splits.entry(pair(a, b)).or_insert_with(Instant::now);
        } else {
            state.splits.remove(&pair(a, b));
        }
    }

    fn split_since(&self, a: &Host, b: &Host) -> Option<Instant> {
        self.state().splits.get(&pair(a.machine, b.machine)).copied()
    }

    /// Ends every link of a machine at once.
    pub fn reset(self: &Arc<Self>, machine: usize) {
        let links = self.state().links.clone();
        for link in links {
            if link.sides.iter().any(|side| side.host.machine == machine) {
                self.end(&link);
            }
        }
    }

    /// Ends links that are no more and begins those that should be.
    pub fn look(self: &Arc<Self>) {
        let links = self.state().links.clone();
        for link in &links {
            if !link.is_broken() && self.must_end(link) {
                self.end(link);
            }
        }
        let fresh = {
            let mut state = self.state();
            let over = |side: &Side| side.over.load(Ordering::SeqCst);
            state.links.retain(|link| !link.sides.iter().all(over));
            state.ends.retain(|_, end| !end.host.is_dead());
            let fresh = wanted(&state, &self.dice);
            state.links.extend(fresh.iter().map(|(link, _)| link.clone()));
            fresh
        };
        for (link, outs) in fresh {
            self.begin(&link, outs);
        }
    }

    fn must_end(&self, link: &Link) -> bool {
        let [a, b] = &link.sides;
        let state = self.state();
        let wants = |side: &Side, peer: &Side| {
            let end = state.ends.get(&side.host.life);
            end.is_some_and(|end| end.me == side.me && end.peers.contains(&peer.me))
        };
        let silent = |since: &Instant| since.elapsed() >= Duration::from_millis(SILENCE_MS);
        let cut = state
            .splits
            .get(&pair(a.host.machine, b.host.machine))
            .is_some_and(silent);
        a.host.is_dead() || b.host.is_dead() || cut || !wants(a, b) || !wants(b, a)
    }

    fn end(self: &Arc<Self>, link: &Arc<Link>) {
        if link.broken.swap(true, Ordering::SeqCst) {
            return;
        }
        self.book
            .note(|| format!("network: {} and {} part", link.sides[0].host, link.sides[1].host));
        for index in 0..2 {
            let (link, wait) = (link.clone(), self.dice.wait_ms(1_000));
            if link.sides[index].host.is_dead() {
                link.sides[index].over.store(true, Ordering::SeqCst);
                continue;
            }
            tokio::spawn(async move {
                let (side, peer) = (&link.sides[index], &link.sides[1 - index]);
                tokio::time::sleep(Duration::from_millis(wait)).await;
                tokio::select! {
                    biased;
                    () = side.host.died() => {}
                    () = side.host.running() => {
                        if side.up.swap(false, Ordering::SeqCst) {
                            side.inbound.link_down(peer.me);
                        }
                    }
                }
                side.over.store(true, Ordering::SeqCst);
            });
        }
    }

    fn begin(self: &Arc<Self>, link: &Arc<Link>, outs: [UnboundedReceiver<(Instant, Bytes)>; 2]) {
        self.book
            .note(|| format!("network: {} and {} meet", link.sides[0].host, link.sides[1].host));
        for (index, out) in outs.into_iter().enumerate() {
            let (up, wait) = (link.clone(), self.dice.wait_ms(200));
            tokio::spawn(async move {
                let (side, peer) = (&up.sides[index], &up.sides[1 - index]);
                tokio::time::sleep(Duration::from_millis(wait)).await;
                side.host.running().await;
                if !up.is_broken() {
                    side.up.store(true, Ordering::SeqCst);
                    side.inbound.link_up(peer.me);
                }
            });
            tokio::spawn(self.clone().carry(link.clone(), index, out));
        }
    }

    /// Carries what one side says to the other, until the link ends.
    async fn carry(
        self: Arc<Self>,
        link: Arc<Link>,
        from: usize,
        mut out: UnboundedReceiver<(Instant, Bytes)>,
    ) {
        let (sender, receiver) = (&link.sides[from], &link.sides[1 - from]);
        let mut due = Instant::now();
        while let Some((sent, bytes)) = out.recv().await {
            due = due.max(sent + Duration::from_millis(self.dice.wait_ms(self.plan.link_ms)));
            tokio::time::sleep_until(due).await;
            sender.host.running().await;
            receiver.host.running().await;
            while !link.is_broken()
                && (self.split_since(&sender.host, &receiver.host).is_some()
                    || !receiver.up.load(Ordering::SeqCst))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if link.is_broken() {
                return;
            }
            self.arrive(&link, from, &bytes);
        }
    }

    fn arrive(self: &Arc<Self>, link: &Arc<Link>, from: usize, bytes: &Bytes) {
        if self.hides(bytes) {
            return;
        }
        let times = match self.suffers(bytes) {
            true if self.loses_tails() => 0,
            true => self.dice.between(0, 2),
            false => 1,
        };
        for copy in 0..times {
            let late = times != 1 && self.dice.chance(500);
            if copy == 0 && !late {
                self.hand(link, from, bytes);
                continue;
            }
            let (network, link, bytes, ms) = (
                self.clone(),
                link.clone(),
                bytes.clone(),
                self.dice.between(1, 400),
            );
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                link.sides[1 - from].host.running().await;
                if !link.is_broken() {
                    network.hand(&link, from, &bytes);
                }
            });
        }
    }

    fn hand(&self, link: &Link, from: usize, bytes: &Bytes) {
        self.deliver(link, from, bytes);
        if self.plan.broken == Some(Broken::ForgetsInterest)
            && let Ok(Envelope::Follow { rooms, .. }) = Envelope::decode(bytes)
        {
            let mut forgotten = Vec::new();
            let unfollow = Envelope::Unfollow {
                rooms,
                accounts: Vec::new(),
            };
            unfollow.encode(&mut forgotten).expect("an envelope has bytes");
            self.deliver(link, from, &forgotten.into());
        }
    }

    fn deliver(&self, link: &Link, from: usize, bytes: &Bytes) {
        let (sender, receiver) = (&link.sides[from], &link.sides[1 - from]);
        self.book.note(|| {
            let what = Envelope::decode(bytes).map_or_else(|error| error.to_string(), |e| told(&e));
            format!("network: {} hears of {}: {what}", receiver.host, sender.host)
        });
        if let Err(why) = receiver.inbound.clone().received(sender.me, bytes) {
            self.book.wrong(&format!(
                "{} does not understand {}: {why}",
                receiver.host, sender.host
            ));
        }
    }

    /// Whether a broken network keeps this envelope back for ever.
    fn hides(&self, bytes: &Bytes) -> bool {
        if self.plan.broken != Some(Broken::HidesLosses) {
            return false;
        }
        match Envelope::decode(bytes) {
            Ok(Envelope::Follow { rooms, accounts, .. }) => rooms.is_empty() && accounts.is_empty(),
            Ok(Envelope::Reread { .. }) => true,
            _ => false,
        }
    }

    fn loses_tails(&self) -> bool {
        self.plan.broken == Some(Broken::LosesTails)
    }

    /// Whether this envelope is one that queues may lose, and it is its turn.
    fn suffers(&self, bytes: &Bytes) -> bool {
        const LOST_WITH_TAILS: u64 = 200;
        let broken = self.loses_tails();
        let rate = match self.calm.load(Ordering::SeqCst) {
            _ if broken => LOST_WITH_TAILS,
            true => 0,
            false => self.plan.link_faults,
        };
        if rate == 0 {
            return false;
        }
        match Envelope::decode(bytes) {
            Ok(Envelope::Ends { .. }) => broken || self.dice.chance(rate),
            Ok(Envelope::Room { pushes, .. }) => {
                let repaired = pushes.iter().all(|push| matches!(push, Push::Posted { .. }));
                repaired && self.dice.chance(rate)
            }
            _ => false,
        }
    }
}

fn told(envelope: &Envelope) -> String {
    let text = format!("{envelope:?}");
    let end = text.char_indices().nth(160).map_or(text.len(), |(at, _)| at);
    text[..end].to_owned()
}

/// A link with the far ends of its queues.
type FreshLink = (Arc<Link>, [UnboundedReceiver<(Instant, Bytes)>; 2]);

/// The links that should be and are not.
fn wanted(state: &State, dice: &Dice) -> Vec<FreshLink> {
    let mut fresh = Vec::new();
    let ends: Vec<&End> = state.ends.values().collect();
    for (index, a) in ends.iter().enumerate() {
        for b in &ends[index + 1..] {
            let linked = |link: &Arc<Link>| {
                let [x, y] = &link.sides;
                (x.host.life, y.host.life) == (a.host.life, b.host.life)
            };
            let apart = state.splits.contains_key(&pair(a.host.machine, b.host.machine));
            let mutual = a.peers.contains(&b.me) && b.peers.contains(&a.me);
            let dialled = dice.chance(500);
            if mutual
                && a.host.is_up()
                && b.host.is_up()
                && !apart
                && dialled
                && !state.links.iter().any(linked)
            {
                fresh.push(link(a, b));
            }
        }
    }
    fresh
}

fn link(a: &End, b: &End) -> (Arc<Link>, [UnboundedReceiver<(Instant, Bytes)>; 2]) {
    let side = |end: &End| {
        let (out, far) = unbounded_channel();
        let side = Side {
            host: end.host.clone(),
            me: end.me,
            inbound: end.inbound.clone(),
            up: AtomicBool::new(false),
            over: AtomicBool::new(false),
            out,
        };
        (side, far)
    };
    let ((a, far_a), (b, far_b)) = (side(a), side(b));
    let broken = AtomicBool::new(false);
    (
        Arc::new(Link {
            sides: [a, b],
            broken,
        }),
        [far_a, far_b],
    )
}

/// The links of one process.
pub struct HostLinks {
    pub network: Arc<Network>,
    pub host: Arc<Host>,
}

impl Links for HostLinks {
    fn connect(&self, me: &Member, peers: &[Member], inbound: Arc<dyn Inbound>) {
        let end = End {
            host: self.host.clone(),
            me: me.incarnation,
            inbound,
            peers: peers.iter().map(|peer| peer.incarnation).collect(),
        };
        self.network.state().ends.insert(self.host.life, end);
    }

    fn send(&self, to: Incarnation, envelope: Bytes) -> bool {
        let state = self.network.state();
        for link in &state.links {
            let [a, b] = &link.sides;
            for (side, peer) in [(a, b), (b, a)] {
                if side.host.life == self.host.life && peer.me == to && side.up.load(Ordering::SeqCst) {
                    return side.out.send((Instant::now(), envelope)).is_ok();
                }
            }
        }
        false
    }
}
