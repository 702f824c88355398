//! What one connection is to be shown, in the order in which it may be shown. Pure.
//!
//! Messages of persons and normal groups come twice: the message itself by its room, and its line by the ledger. The line
//! decides the order. Messages of super groups are shown as they come, by their seq.

use super::Place;
use roost_actors::model::{AccountId, CommitKey, Delivery, Entry, Push, RoomId, RoomKind, Seq};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The next thing to show.
#[derive(Debug)]
pub enum Arrived {
    /// The line of the message this connection waits to acknowledge.
    Own {
        key: CommitKey,
        previous: CommitKey,
    },
    Message {
        key: CommitKey,
        previous: CommitKey,
        delivery: Arc<Delivery>,
    },
    /// The line of a message that did not come, or not in time: a sync will bring it.
    Missing {
        key: CommitKey,
    },
    Super {
        delivery: Arc<Delivery>,
    },
}

enum Item {
    Line { key: CommitKey, room: RoomId, seq: Seq },
    Super(Arc<Delivery>),
}

/// The order of things for one connection.
#[derive(Default)]
pub struct Stream {
    /// Whether each group is a super group.
    groups: HashMap<RoomId, bool>,
    /// The account's last key, and up to where it was told; `None` while that is not known.
    place: Option<Place>,
    items: VecDeque<Item>,
    /// Messages that wait for their line.
    held: HashMap<(RoomId, Seq), Arc<Delivery>>,
    held_order: VecDeque<(RoomId, Seq)>,
    /// Messages of groups of which it is not known yet what they are.
    unsorted: VecDeque<Arc<Delivery>>,
    /// Written by this connection and acknowledged: not shown to it again.
    sent: VecDeque<(RoomId, Seq)>,
}

impl Stream {
    /// Messages that wait for their line, at most; beyond this the oldest is left to a sync.
    pub const HELD_MAX: usize = 300;
    /// Lines and messages that wait to be shown, at most; beyond this all are left to a sync.
    pub const ITEMS_MAX: usize = 2_048;
    const SENT_MAX: usize = 64;

    /// The login succeeded. Returns the groups of which it is not known what they are.
    pub fn start(&mut self, groups: HashMap<RoomId, bool>, place: Place) -> Vec<RoomId> {
        self.groups = groups;
        self.place = Some(place);
        self.sort()
    }

    #[must_use]
    pub fn is_super(&self, room: RoomId) -> bool {
        self.groups.get(&room) == Some(&true)
    }

    #[must_use]
    pub fn is_unknown_group(&self, room: RoomId) -> bool {
        room < RoomId::FIRST_DIRECT && !self.groups.contains_key(&room)
    }

    pub fn learn(&mut self, group: RoomId, is_super: bool) {
        self.groups.insert(group, is_super);
        // Those that are still unknown were asked for before.
        self.sort();
    }

    /// Takes a posted message. Returns the group that must be looked at first, if any.
    pub fn deliver(&mut self, delivery: &Arc<Delivery>) -> Option<RoomId> {
        let Push::Posted { kind, message } = &delivery.push else {
            return None;
        };
        if *kind == RoomKind::Group {
            match self.groups.get(&message.room) {
                Some(true) => {
                    self.push(Item::Super(delivery.clone()));
                    return None;
                }
                Some(false) => {}
                None => {
                    let asked = self
                        .unsorted
                        .iter()
                        .any(|other| room_of(other) == Some(message.room));
                    if self.unsorted.len() < Stream::HELD_MAX {
                        self.unsorted.push_back(delivery.clone());
                    }
                    return (!asked && self.place.is_some()).then_some(message.room);
                }
            }
        }
        self.hold((message.room, message.seq), delivery.clone());
        None
    }

    fn sort(&mut self) -> Vec<RoomId> {
        let unsorted = std::mem::take(&mut self.unsorted);
        unsorted
            .iter()
            .filter_map(|delivery| self.deliver(delivery))
            .collect()
    }

    fn hold(&mut self, at: (RoomId, Seq), delivery: Arc<Delivery>) {
        if self.held.insert(at, delivery).is_none() {
            self.held_order.push_back(at);
        }
        while self.held.len() > Stream::HELD_MAX
            && let Some(oldest) = self.held_order.pop_front()
        {
            self.held.remove(&oldest);
        }
    }

    fn push(&mut self, item: Item) -> bool {
        if self.items.len() >= Stream::ITEMS_MAX {
            return false;
        }
        self.items.push_back(item);
        true
    }

    /// Takes lines of the ledger. `false`: there were too many, and the place must be asked for.
    pub fn lines(&mut self, lines: &[Entry]) -> bool {
        for line in lines {
            let item = Item::Line {
                key: line.key,
                room: line.room,
                seq: line.seq,
            };
            if !self.push(item) {
                self.lose();
                return false;
            }
        }
        true
    }

    /// Lines were lost: nothing is shown by its line until the place is known again.
    pub fn lose(&mut self) {
        self.place = None;
        self.items.retain(|item| matches!(item, Item::Super(_)));
    }

    /// The place is known again. `true`: something was missed meanwhile, or may have been.
    pub fn place(&mut self, place: Place) -> bool {
        let lost = self.place.is_none();
        if lost {
            self.place = Some(place);
        }
        lost && place.end.0 > 0
    }

    /// This connection wrote that message and has its acknowledgement.
    pub fn sent_here(&mut self, room: RoomId, seq: Seq) {
        self.sent.push_back((room, seq));
        if self.sent.len() > Stream::SENT_MAX {
            self.sent.pop_front();
        }
    }

    fn was_sent_here(&mut self, at: (RoomId, Seq)) -> bool {
        let found = self.sent.iter().position(|sent| *sent == at);
        found.is_some_and(|index| self.sent.remove(index).is_some())
    }

    /// The next thing to show. While a message of `posting` is on its way to storage, one of that account's waits: it may be
    /// that very message. `awaited` is the message whose line brings its acknowledgement.
    pub fn next(&mut self, posting: Option<AccountId>, awaited: Option<(RoomId, Seq)>) -> Option<Arrived> {
        loop {
            match self.items.front()? {
                Item::Super(delivery) => {
                    let (sender, at) = author_and_place(delivery)?;
                    if Some(sender) == posting {
                        return None;
                    }
                    let delivery = delivery.clone();
                    self.items.pop_front();
                    if !self.was_sent_here(at) {
                        return Some(Arrived::Super { delivery });
                    }
                }
                &Item::Line { key, room, seq } => {
                    let place = self.place?;
                    let at = (room, seq);
                    if key > place.clear && posting.is_some() && awaited != Some(at) {
                        // Not here yet, or the account's own: it may be the one under way.
                        let author = self.held.get(&at).and_then(|d| author_and_place(d));
                        if author.is_none_or(|(author, _)| Some(author) == posting) {
                            return None;
                        }
                    }
                    self.items.pop_front();
                    let delivery = self.take_held(at);
                    if key <= place.clear {
                        // Told before by the place itself: what comes before it cannot be said any more.
                        if awaited == Some(at) {
                            let previous = CommitKey(0);
                            return Some(Arrived::Own { key, previous });
                        }
                        continue;
                    }
                    let previous = place.end;
                    self.place = Some(Place {
                        end: key.max(place.end),
                        clear: key.max(place.clear),
                    });
                    if awaited == Some(at) {
                        return Some(Arrived::Own { key, previous });
                    }
                    if self.was_sent_here(at) {
                        continue;
                    }
                    return Some(match delivery {
                        Some(delivery) => Arrived::Message {
                            key,
                            previous,
                            delivery,
                        },
                        None => Arrived::Missing { key },
                    });
                }
            }
        }
    }

    fn take_held(&mut self, at: (RoomId, Seq)) -> Option<Arc<Delivery>> {
        let held = self.held.remove(&at)?;
        self.held_order.retain(|other| *other != at);
        Some(held)
    }
}

fn room_of(delivery: &Delivery) -> Option<RoomId> {
    delivery.position().map(|(room, _)| room)
}

fn author_and_place(delivery: &Delivery) -> Option<(AccountId, (RoomId, Seq))> {
    match &delivery.push {
        Push::Posted { message, .. } => Some((message.sender, (message.room, message.seq))),
        _ => None,
    }
}
