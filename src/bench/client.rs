//! A client that posts: one account on one HTTP connection, one request at a time.

use super::figures::Latencies;
use super::freeim::{self, Place, User};
use super::http::{Connection, request};
use super::ledger::Ack;
use super::stamp::Stamp;
use super::watch::Watch;
use std::time::Duration;

/// Between two tries of a post that was not acknowledged.
const RETRY_AFTER: Duration = Duration::from_millis(20);
/// For how long a post is tried.
const RETRY_FOR: Duration = Duration::from_secs(60);

/// One sender of a run.
#[derive(Debug)]
pub struct Client {
    /// Its number in the run.
    pub sender: usize,
    pub user: User,
    /// Where it posts.
    pub place: Place,
    watch: Watch,
    connection: Connection,
    counter: u64,
    pub acks: Vec<Ack>,
    /// From when a post was due to its acknowledgement.
    pub latencies: Latencies,
    /// Posts that were not acknowledged, and how the first of them was answered.
    pub refused: u64,
    pub first_refusal: Option<String>,
    /// Posts that had to be repeated.
    pub retries: u64,
}

impl Client {
    #[must_use]
    pub fn new(sender: usize, user: User, place: Place, connection: Connection, watch: Watch) -> Client {
        Client {
            sender,
            user,
            place,
            watch,
            connection,
            counter: 0,
            acks: Vec::new(),
            latencies: Latencies::default(),
            refused: 0,
            first_refusal: None,
            retries: 0,
        }
    }

    fn next_body(&mut self, due_ns: u64, length: usize) -> String {
        let stamp = Stamp {
            sender: self.sender,
            counter: self.counter,
            due_ns,
        };
        self.counter += 1;
        stamp.body(length)
    }

    fn note_ack(&mut self, id: i64, due_ns: u64) {
        self.latencies.record(self.watch.ns().saturating_sub(due_ns));
        self.acks.push(Ack {
            id,
            sender: self.sender,
            counter: self.counter - 1,
        });
    }

    /// Notes that a post was not acknowledged.
    pub fn note_refusal(&mut self, why: String) {
        self.refused += 1;
        self.first_refusal.get_or_insert(why);
    }

    /// Posts one stamped message of a length that was due at a time. Whether it was acknowledged.
    pub async fn post(&mut self, due_ns: u64, length: usize) -> bool {
        let body = self.next_body(due_ns, length);
        match self.send(&body, None).await {
            Ok(id) => self.note_ack(id, due_ns),
            Err(why) => {
                self.note_refusal(why);
                return false;
            }
        }
        true
    }

    /// Posts one stamped message, and again with the same key until it is acknowledged.
    pub async fn post_until_acknowledged(&mut self, length: usize) -> bool {
        let due_ns = self.watch.ns();
        let body = self.next_body(due_ns, length);
        let key = format!("bench-{}-{}", self.sender, self.counter);
        match self.send_until_acknowledged(&body, &key).await {
            Ok(id) => self.note_ack(id, due_ns),
            Err(why) => {
                self.note_refusal(why);
                return false;
            }
        }
        true
    }

    /// Sends a text, and again with the same key until it is acknowledged. The id of the stored message.
    pub async fn send_until_acknowledged(&mut self, body: &str, key: &str) -> Result<i64, String> {
        let began = self.watch.elapsed();
        loop {
            match self.send(body, Some(key)).await {
                Ok(id) => return Ok(id),
                Err(why) if self.watch.elapsed() - began > RETRY_FOR => return Err(why),
                Err(_) => {
                    self.retries += 1;
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn send(&mut self, body: &str, key: Option<&str>) -> Result<i64, String> {
        let body = freeim::send_body(self.place, body);
        let address = self.connection.address();
        let request = request(address, "POST", "/api/v1/chat/send", &self.user.token, key, &body);
        let answer = self.connection.ask(&request).await;
        freeim::read_ack(&answer.map_err(|error| error.to_string())?)
    }
}
