//! The way of a push from a room or a user to the sessions of this node: once per worker thread that cares.

use crate::hub::{HubActor, HubMessage, Interest};
use crate::model::{AccountId, Delivery, Push, RoomId, Seq};
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
        }))
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
        let chunks: Vec<Arc<[Arc<Delivery>]>> = deliveries
            .chunks(Fanout::PUSHES_PER_MESSAGE_MAX)
            .map(Into::into)
            .collect();
        for hub in self.0.interest.hubs_of_room(room) {
            for chunk in &chunks {
                self.tell(hub, HubMessage::Room(room, chunk.clone()));
            }
        }
        // Last, so that no announcement of these comes before them.
        if let Some((_, seq)) = deliveries.last().and_then(|d| d.position()) {
            self.0.recent.insert(room, seq);
        }
    }

    /// Shows a push to every session of one account.
    pub fn to_account(&self, account: AccountId, push: Push) {
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

    /// Tells followers where the room ends.
    pub fn announce(&self, room: RoomId, end: Seq) {
        for hub in self.0.interest.hubs_of_room(room) {
            self.tell(hub, HubMessage::Announce(room, end));
        }
    }

    /// Repeats the end of every room that posted since the last time.
    pub fn announce_recent(&self) {
        let rooms: Vec<(RoomId, Seq)> = self.0.recent.iter().map(|e| (*e.key(), *e.value())).collect();
        for (room, seq) in rooms {
            self.0.recent.remove_if(&room, |_, latest| *latest == seq);
            self.announce(room, seq);
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
