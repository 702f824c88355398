//! People who post through any node and hold sockets on any node, and the checker that compares what was acknowledged
//! with every session's stream and with history: nothing lost, doubled or out of order.

use crate::crowd::{self, Member};
use crate::harness::{Answer, Cluster, Encoding, Request, Socket};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use roost::bench::{Ack, Faults, Item, Ledger, Proof, Stamp};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

/// Longer than that no client waits for an answer before it asks another node.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);
/// Messages of a page of history.
const PAGE: usize = 500;
const BODY_BYTES: usize = 80;

/// A post that was acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Acked {
    pub room: usize,
    pub ack: Ack,
    /// When the try began that was acknowledged.
    pub began: Instant,
    pub at: Instant,
}

/// One conversation.
pub struct Room {
    pub id: i64,
    pub members: Vec<Member>,
    ledger: Mutex<Ledger>,
}

/// How many of what.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub rooms: usize,
    /// Members of each room; each holds a socket.
    pub members: usize,
    /// Members of each room that post.
    pub posters: usize,
    /// Between two posts of one person.
    pub pause: Duration,
}

/// People at work.
pub struct Crowd {
    shared: Arc<Shared>,
    posters: Vec<JoinHandle<()>>,
    listeners: Vec<JoinHandle<()>>,
}

struct Shared {
    rooms: Vec<Room>,
    /// Where nodes can be reached, if they live.
    addresses: Mutex<Vec<SocketAddr>>,
    acks: Mutex<Vec<Acked>>,
    refused: Mutex<Vec<String>>,
    posting: AtomicBool,
    listening: AtomicBool,
    pause: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crowd {
    /// Makes rooms with members on the nodes of a cluster, opens everybody's socket, and starts to post.
    pub async fn start(cluster: &Cluster, size: Size, seed: u64) -> Crowd {
        let mut rooms = Vec::new();
        for room in 0..size.rooms {
            let names: Vec<String> = (0..size.members)
                .map(|member| format!("member-{room}-{member}"))
                .collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let node = &cluster.nodes[room % cluster.nodes.len()];
            let members = crowd::make(node, &names).await;
            let id = crowd::group(node, &members).await;
            let ledger = Mutex::new(Ledger::new(members.len(), Proof::Stamps));
            rooms.push(Room { id, members, ledger });
        }
        let shared = Arc::new(Shared {
            rooms,
            addresses: Mutex::new(cluster.nodes.iter().map(|node| node.address).collect()),
            acks: Mutex::default(),
            refused: Mutex::default(),
            posting: AtomicBool::new(true),
            listening: AtomicBool::new(true),
            pause: size.pause,
        });
        let mut number = 0;
        let mut randomness = || {
            number += 1;
            StdRng::seed_from_u64(seed.wrapping_add(number))
        };
        let mut crowd = Crowd {
            shared: shared.clone(),
            posters: Vec::new(),
            listeners: Vec::new(),
        };
        for room in 0..size.rooms {
            for member in 0..size.members {
                let listener = shared.clone().listen(room, member, randomness());
                crowd.listeners.push(tokio::spawn(listener));
            }
            for member in 0..size.posters {
                let poster = shared.clone().post(room, member, randomness());
                crowd.posters.push(tokio::spawn(poster));
            }
        }
        crowd
    }

    /// One more node that may be used.
    pub fn add(&self, address: SocketAddr) {
        lock(&self.shared.addresses).push(address);
    }

    /// A node that is gone for good.
    pub fn remove(&self, address: SocketAddr) {
        lock(&self.shared.addresses).retain(|other| *other != address);
    }

    pub fn rooms(&self) -> &[Room] {
        &self.shared.rooms
    }

    pub fn acks(&self) -> Vec<Acked> {
        lock(&self.shared.acks).clone()
    }

    /// Waits for the first post of a room that began after a moment and was acknowledged. How long after the moment.
    pub async fn next_ack(&self, room: usize, since: Instant, within: Duration) -> Duration {
        crate::until("an acknowledged post", within, async || {
            let acks = lock(&self.shared.acks);
            let found = acks
                .iter()
                .find(|acked| acked.room == room && acked.began >= since);
            found.map(|acked| acked.at - since)
        })
        .await
    }

    /// Ends the posting, waits until everybody has been shown everything, and compares all there is: what went wrong
    /// in each room.
    pub async fn settle(self, within: Duration) -> Vec<Faults> {
        self.shared.posting.store(false, Ordering::Relaxed);
        for poster in self.posters {
            poster.await.expect("a poster ends well");
        }
        let mut histories = Vec::new();
        for room in &self.shared.rooms {
            histories.push(self.shared.whole_history(room).await);
        }
        // Nobody reconnects for nothing: whoever still misses something now has a socket that lost it.
        let began = Instant::now();
        while began.elapsed() < within && !self.shared.all_shown(&histories) {
            tokio::time::sleep(PAUSE).await;
        }
        self.shared.listening.store(false, Ordering::Relaxed);
        self.listeners.iter().for_each(JoinHandle::abort);
        for listener in self.listeners {
            if let Err(error) = listener.await {
                assert!(error.is_cancelled(), "a listener died: {error}");
            }
        }
        let refused = lock(&self.shared.refused);
        assert!(
            refused.is_empty(),
            "refused for another reason than trouble: {refused:?}"
        );
        let acks = lock(&self.shared.acks);
        let rooms = self.shared.rooms.iter().enumerate().zip(&histories);
        rooms
            .map(|((number, room), history)| {
                let acks: Vec<Ack> = acks.iter().filter(|a| a.room == number).map(|a| a.ack).collect();
                lock(&room.ledger).close(&acks, history)
            })
            .collect()
    }
}

impl Shared {
    fn any_address(&self, randomness: &mut StdRng) -> SocketAddr {
        let addresses = lock(&self.addresses);
        addresses[randomness.random_range(0..addresses.len())]
    }

    /// The history of a room, which every node must show the same.
    async fn whole_history(&self, room: &Room) -> Vec<Item> {
        let addresses = lock(&self.addresses).clone();
        let mut shown: Option<Vec<Item>> = None;
        for address in addresses {
            let token = &room.members[0].token;
            let items = crate::until("history of a node", Duration::from_secs(20), async || {
                history(address, token, room.id, 0).await
            });
            let items = items.await;
            if let Some(before) = &shown {
                assert_eq!(
                    before.len(),
                    items.len(),
                    "nodes show histories of different lengths"
                );
                assert!(*before == items, "nodes show different histories");
            }
            shown = Some(items);
        }
        shown.expect("a node")
    }

    fn all_shown(&self, histories: &[Vec<Item>]) -> bool {
        self.rooms.iter().zip(histories).all(|(room, history)| {
            let ledger = lock(&room.ledger);
            (0..room.members.len()).all(|member| ledger.position(member) >= history.len())
        })
    }

    /// Posts one message after the other, each with a key, through any node, until it is acknowledged.
    async fn post(self: Arc<Shared>, room: usize, member: usize, mut randomness: StdRng) {
        let sender = room * 1_000 + member;
        let (group, token) = (
            self.rooms[room].id.to_string(),
            self.rooms[room].members[member].token.clone(),
        );
        for counter in 0.. {
            if !self.posting.load(Ordering::Relaxed) {
                return;
            }
            let stamp = Stamp {
                sender,
                counter,
                due_ns: 0,
            };
            let body = stamp.body(BODY_BYTES);
            loop {
                let params = [
                    ("toId", group.as_str()),
                    ("ope", "group"),
                    ("type", "text"),
                    ("body", &body),
                ];
                let request = Request::new(self.any_address(&mut randomness), "POST", "/api/v1/chat/send")
                    .header("Authorization", &token)
                    .header("Idempotency-Key", &body)
                    .params(Encoding::Urlencoded, &params);
                let began = Instant::now();
                if let Ok(Ok(answer)) = tokio::time::timeout(PATIENCE, request.try_send()).await {
                    match stored_id(&answer) {
                        Ok(id) => {
                            let ack = Ack { id, sender, counter };
                            let at = Instant::now();
                            lock(&self.acks).push(Acked { room, ack, began, at });
                            break;
                        }
                        Err(why) => self.refuse(why),
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Notes a refusal that trouble does not explain.
    fn refuse(&self, why: String) {
        // FreeIM's words for "busy", "not available" and "outcome unknown". What failed inside has the second words too,
        // and a line in the log: see `Cluster::unbroken`.
        let trouble = ["服务器繁忙", "服务器错误", "处理结果未知"];
        if !trouble.iter().any(|word| why.contains(word)) {
            lock(&self.refused).push(why);
        }
    }

    /// Holds a socket on any node, and another one when it ends: then history shows what was missed.
    async fn listen(self: Arc<Shared>, room: usize, member: usize, mut randomness: StdRng) {
        let it = &self.rooms[room];
        let person = &it.members[member];
        while self.listening.load(Ordering::Relaxed) {
            let address = self.any_address(&mut randomness);
            let headers = [("Authorization", person.token.as_str())];
            let opened = Socket::try_open(address, "/api/v1/ws", &headers);
            let Ok(Some(mut socket)) = tokio::time::timeout(PATIENCE, opened).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let skip = lock(&it.ledger).position(member);
            let Some(missed) = self.missed(it, member, skip, &mut randomness).await else {
                return;
            };
            lock(&it.ledger).catch_up(member, &missed);
            while let Some(text) = next_message(&mut socket).await {
                lock(&it.ledger).deliver(member, text.as_bytes());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What history has after a position, by any node that answers; `None` at the end of the test.
    async fn missed(
        &self,
        room: &Room,
        member: usize,
        skip: usize,
        randomness: &mut StdRng,
    ) -> Option<Vec<Item>> {
        while self.listening.load(Ordering::Relaxed) {
            let address = self.any_address(randomness);
            let reading = history(address, &room.members[member].token, room.id, skip);
            if let Ok(Some(items)) = tokio::time::timeout(PATIENCE, reading).await {
                return Some(items);
            }
            tokio::time::sleep(PAUSE).await;
        }
        None
    }
}

/// The id of a stored message, or FreeIM's words for why there is none.
fn stored_id(answer: &Answer) -> Result<i64, String> {
    let json: Value =
        serde_json::from_slice(&answer.body).map_err(|error| format!("{error}: {}", answer.text()))?;
    match (answer.status, json["code"].as_i64()) {
        (200, Some(0)) => Ok(json["result"]["id"].as_i64().expect("an id")),
        _ => Err(answer.text()),
    }
}

/// The text of the next message; `None` when the socket has ended.
pub async fn next_message(socket: &mut Socket) -> Option<String> {
    loop {
        match socket.try_next().await? {
            Message::Text(text) if text.contains("\"type\":\"text\"") => return Some(text.to_string()),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

/// A group's history from its `skip`-th message on, oldest first. `None` when the node does not answer so.
pub async fn history(address: SocketAddr, token: &str, group: i64, skip: usize) -> Option<Vec<Item>> {
    let group = group.to_string();
    let first = skip / PAGE + 1;
    let mut items: Vec<Item> = Vec::new();
    for page in first.. {
        let page = page.to_string();
        let params = [
            ("toId", group.as_str()),
            ("ope", "group"),
            ("limit", "500"),
            ("page", &page),
            ("sort", "id:asc"),
        ];
        let answer = Request::new(address, "GET", "/api/v1/chat/messages")
            .header("Authorization", token)
            .params(Encoding::Query, &params)
            .try_send()
            .await
            .ok()?;
        let mut json: Value = serde_json::from_slice(&answer.body).ok()?;
        let read: Vec<Item> = serde_json::from_value(json["result"]["items"].take()).ok()?;
        let last = read.len() < PAGE;
        items.extend(read);
        if last {
            break;
        }
    }
    Some(items.split_off((skip % PAGE).min(items.len())))
}

/// Seqs without holes in every room of the database, and the room's own count of them.
pub async fn dense(url: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("the database");
    let driving = tokio::spawn(connection);
    let sql = "SELECT r.id FROM rooms r LEFT JOIN messages m ON m.room = r.id GROUP BY r.id, r.last_seq
               HAVING count(m.seq) <> r.last_seq OR coalesce(max(m.seq), 0) <> r.last_seq";
    let holes = client.query(sql, &[]).await.expect("the rooms");
    drop(client);
    drop(driving.await);
    let holes: Vec<i64> = holes.iter().map(|row| row.get(0)).collect();
    assert!(holes.is_empty(), "rooms with holes: {holes:?}");
}
