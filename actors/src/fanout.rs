//! The way of a push from a room or a user to sessions: once per worker thread of this node that cares, and once
//! per peer node that does.

use crate::cluster::Incarnation;
use crate::hub::{HubActor, HubMessage, Interest};
use crate::model::{AccountId, Delivery, Entry, Epoch, Push, RoomId, RoomPosition, Seq, Timestamp, TopicId};
use actix::Addr;
use dashmap::DashMap;
use std::sync::{Arc, OnceLock};

/// How rooms and users reach sessions. Cheap to clone.
#[derive(Clone)]
pub struct Fanout(Arc<Shared>);

struct Shared {
    interest: Arc<Interest>,
    hubs: Vec<OnceLock<Addr<HubActor>>>,
    /// The last seq of each room that posted since the last announcement.
    recent: DashMap<RoomId, Seq>,
    /// Set in a cluster.
    abroad: OnceLock<Arc<dyn Abroad>>,
}

/// The sessions of other nodes, as the cluster reaches them.
pub trait Abroad: Send + Sync {
    /// Shows pushes to the sessions elsewhere that follow the room.
    fn to_room(&self, room: RoomId, deliveries: &[Arc<Delivery>]);
    /// Shows a push to the sessions that the account has elsewhere.
    fn to_account(&self, account: AccountId, push: &Push);
    /// Shows a push to the sessions elsewhere that listen to the topic.
    fn to_topic(&self, topic: TopicId, push: &Push);
    /// Tells nodes elsewhere where the rooms they follow end.
    fn announce(&self, ends: &[(RoomId, Seq)]);
    /// Asks a node to give back a room that is placed here and that it took with this epoch.
    fn let_go(&self, holder: Incarnation, room: RoomId, epoch: Epoch);
}

impl Fanout {
    /// Pushes that go to a hub in one message, at most: it keeps each session's queue fine-grained.
    pub const PUSHES_PER_MESSAGE_MAX: usize = 16;

    #[must_use]
    pub fn new(interest: Arc<Interest>, hubs_max: usize) -> Fanout {
        let hubs = (0..hubs_max).map(|_| OnceLock::new()).collect();
        Fanout(Arc::new(Shared {
            interest,
            hubs,
            recent: DashMap::new(),
            abroad: OnceLock::new(),
        }))
    }

    /// Says how other nodes are reached. Set once.
    pub fn set_abroad(&self, abroad: Arc<dyn Abroad>) {
        if self.0.abroad.set(abroad).is_err() {
            tracing::error!("a node joined two clusters; the first one stays");
        }
    }

    /// Says where the hub of this number is. A hub is set once.
    pub fn set_hub(&self, index: usize, hub: Addr<HubActor>) {
        if self.0.hubs.get(index).is_none_or(|slot| slot.set(hub).is_err()) {
            tracing::error!(index, "a hub was started twice or beyond the number of workers");
        }
    }

    /// Shows pushes to every session that follows the room, in this order.
    pub fn to_room(&self, room: RoomId, pushes: Vec<Push>) {
        let deliveries: Vec<Arc<Delivery>> = pushes.into_iter().map(Delivery::new).collect();
        self.to_room_here(room, &deliveries);
        if let Some(abroad) = self.0.abroad.get() {
            abroad.to_room(room, &deliveries);
        }
        // Last, so that no announcement of these comes before them.
        if let Some((_, seq)) = deliveries.last().and_then(|d| d.position()) {
            self.0.recent.insert(room, seq);
        }
    }

    /// The same for the sessions of this node only.
    pub fn to_room_here(&self, room: RoomId, deliveries: &[Arc<Delivery>]) {
        let chunks: Vec<Arc<[Arc<Delivery>]>> = deliveries
            .chunks(Fanout::PUSHES_PER_MESSAGE_MAX)
            .map(Into::into)
            .collect();
        for hub in self.0.interest.hubs_of_room(room) {
            for chunk in &chunks {
                self.tell(hub, HubMessage::Room(room, chunk.clone()));
            }
        }
    }

    /// Shows a push to every session of one account.
    pub fn to_account(&self, account: AccountId, push: Push) {
        if let Some(abroad) = self.0.abroad.get() {
            abroad.to_account(account, &push);
        }
        self.to_account_here(account, push);
    }

    /// The same for the sessions of this node only.
    pub fn to_account_here(&self, account: AccountId, push: Push) {
        let joined = match &push {
            Push::Joined { room, .. } => Some(*room),
            _ => None,
        };
        let delivery = Delivery::new(push);
        for hub in self.0.interest.hubs_of_account(account) {
            if let Some(room) = joined {
                // Marked here, before anything is posted, so that the first post already finds the way.
                self.0.interest.follow_room(room, crate::hub::HubId(hub as u8));
            }
            self.tell(hub, HubMessage::Account(account, delivery.clone()));
        }
    }

    /// Shows a push to every session that listens to the topic.
    pub fn to_topic(&self, topic: TopicId, push: Push) {
        if let Some(abroad) = self.0.abroad.get() {
            abroad.to_topic(topic, &push);
        }
        self.to_topic_here(topic, push);
    }

    /// The same for the sessions of this node only.
    pub fn to_topic_here(&self, topic: TopicId, push: Push) {
        let delivery = Delivery::new(push);
        for hub in self.0.interest.hubs_of_topic(topic) {
            self.tell(hub, HubMessage::Topic(topic, delivery.clone()));
        }
    }

    /// Tells lines of the ledger to the hubs, waiting for room in each: a line that were lost would be a hole.
    pub async fn to_ledger_readers(&self, entries: &[Entry]) {
        let interest = &self.0.interest;
        let lines = entries.iter().filter_map(|entry| {
            let mut line = entry.clone();
            line.newcomers.retain(|account| interest.is_online(*account));
            let wanted = !line.newcomers.is_empty() || interest.is_followed(line.room);
            wanted.then_some(line)
        });
        let lines: Arc<[Entry]> = lines.collect();
        if lines.is_empty() {
            return;
        }
        for hub in self.0.hubs.iter().filter_map(OnceLock::get) {
            if hub.send(HubMessage::Ledger(lines.clone())).await.is_err() {
                tracing::warn!("a hub ended before its lines of the ledger were told");
            }
        }
    }

    /// Tells followers where the room ends.
    pub fn announce(&self, room: RoomId, end: Seq) {
        if let Some(abroad) = self.0.abroad.get() {
            abroad.announce(&[(room, end)]);
        }
        self.announce_here(room, end);
    }

    /// The same for the sessions of this node only.
    pub fn announce_here(&self, room: RoomId, end: Seq) {
        for hub in self.0.interest.hubs_of_room(room) {
            self.tell(hub, HubMessage::Announce(room, end));
        }
    }

    /// Asks whoever holds a room that is placed here to give it back.
    pub fn let_go(&self, holder: Incarnation, room: RoomId, epoch: Epoch) {
        if let Some(abroad) = self.0.abroad.get() {
            abroad.let_go(holder, room, epoch);
        }
    }

    /// Repeats the end of every room that posted since the last time.
    pub fn announce_recent(&self) {
        let mut rooms: Vec<(RoomId, Seq)> = self.0.recent.iter().map(|e| (*e.key(), *e.value())).collect();
        rooms.sort_unstable();
        for &(room, seq) in &rooms {
            self.0.recent.remove_if(&room, |_, latest| *latest == seq);
            self.announce_here(room, seq);
        }
        if let Some(abroad) = self.0.abroad.get()
            && !rooms.is_empty()
        {
            abroad.announce(&rooms);
        }
    }

    /// Has the sessions that the account has here follow exactly these rooms, as storage said when it was asked.
    pub fn sync_here(&self, account: AccountId, positions: Arc<[RoomPosition]>, asked_at: Timestamp) {
        for hub in self.0.interest.hubs_of_account(account) {
            self.tell(hub, HubMessage::Sync(account, positions.clone(), asked_at));
        }
    }

    /// Has the sessions that the account has here read again what is not kept by seq: what pushes to it were about.
    pub fn reread_here(&self, account: AccountId) {
        for hub in self.0.interest.hubs_of_account(account) {
            self.tell(hub, HubMessage::Reread(account));
        }
    }

    /// Tells every hub.
    pub fn to_all(&self, message: &HubMessage) {
        for hub in 0..self.0.hubs.len() {
            self.tell(hub, message.clone());
        }
    }

    fn tell(&self, hub: usize, message: HubMessage) {
        let Some(addr) = self.0.hubs.get(hub).and_then(OnceLock::get) else {
            return;
        };
        if addr.try_send(message).is_err() {
            tracing::warn!(hub, "a hub is full: its sessions will read back from history");
        }
    }
}
