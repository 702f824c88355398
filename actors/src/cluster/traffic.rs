//! What peers say to this node, and what this node's rooms and users say to the sessions on others.

use super::envelope::{Answer, Envelope, Ticket};
use super::follows::Wishes;
use super::membership::Incarnation;
use super::placement::Placed;
use super::routing::Attempt;
use super::shell::{Cluster, Route, lock};
use crate::fanout::Abroad;
use crate::model::{AccountId, Delivery, Epoch, Push, RoomId, Seq, TopicId};
use crate::ports::Inbound;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

impl Inbound for Cluster {
    fn link_up(&self, peer: Incarnation) {
        self.linked
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(peer);
        // Its answer says that from now on whatever it tells is told over this link: what it told before may be lost.
        self.follow(peer, Wishes::default());
        self.moved.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn link_down(&self, peer: Incarnation) {
        self.linked
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&peer);
        self.peer_interest
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .forget(peer);
        self.link_lost_at.store(self.now().0, Ordering::Release);
        let told_of = lock(&self.follows).link_ended(peer);
        self.hearing.doubt(&told_of);
        // Dropping the replies tells those who wait, the longest first.
        let on_link = self.questions.iter().filter(|waiting| waiting.peer == peer);
        let mut lost: Vec<Ticket> = on_link.map(|waiting| *waiting.key()).collect();
        lost.sort_unstable();
        for ticket in lost {
            self.questions
                .remove_if(&ticket, |_, waiting| waiting.peer == peer);
        }
        self.unconfirmed.retain(|_, (asked, _)| *asked != peer);
        self.moved.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn received(self: Arc<Self>, from: Incarnation, bytes: &[u8]) -> Result<(), String> {
        let meters = &self.parts.meters.cluster;
        meters.envelopes_received.add(1);
        meters.bytes_received.add(bytes.len() as u64);
        match Envelope::decode(bytes).map_err(|error| error.to_string())? {
            Envelope::Ask {
                ticket,
                hops,
                question,
            } => self.answer_later(from, ticket, hops, question),
            Envelope::Answer { ticket, answer } => self.answered(from, ticket, Attempt::of(answer)),
            Envelope::Lost { ticket } => self.answered(from, ticket, Attempt::Lost),
            Envelope::Room { room, pushes } => {
                let deliveries: Vec<Arc<Delivery>> = pushes.into_iter().map(Delivery::new).collect();
                self.parts.fanout.to_room_here(room, &deliveries);
            }
            Envelope::Account { account, push, relay } => {
                if relay {
                    self.relay(from, account, &push);
                }
                self.parts.fanout.to_account_here(account, push);
            }
            Envelope::Ends { ends } => {
                for (room, end) in ends {
                    self.parts.fanout.announce_here(room, end);
                }
            }
            Envelope::Follow {
                ticket,
                rooms,
                accounts,
            } => {
                let mut interest = self.peer_interest.write().unwrap_or_else(PoisonError::into_inner);
                interest.follow(from, &rooms, &accounts);
                drop(interest);
                self.tell([from], &Envelope::Followed { ticket });
            }
            Envelope::Followed { ticket } => {
                if let Some((_, (_, wishes))) = self.unconfirmed.remove(&ticket) {
                    self.followed(from, wishes);
                }
            }
            Envelope::Unfollow { rooms, accounts } => {
                let mut interest = self.peer_interest.write().unwrap_or_else(PoisonError::into_inner);
                interest.unfollow(from, &rooms, &accounts);
            }
            Envelope::Reread { accounts } => self.reread_later(accounts),
            Envelope::Topic { topic, push } => self.parts.fanout.to_topic_here(topic, push),
            Envelope::LetGo { room, epoch } => self.give_back(room, epoch),
            Envelope::MembersChanged => {
                self.moved.store(true, Ordering::Release);
                self.wake.notify_one();
            }
            Envelope::Ping => {}
        }
        Ok(())
    }
}

impl Cluster {
    /// A peer tells this node of these from now on. That it was asked for nothing says that its link was new.
    fn followed(self: Arc<Self>, by: Incarnation, mut wishes: Wishes) {
        if wishes.is_empty() {
            return self.reread_home(by);
        }
        let missed = self.hearing.confirmed(&wishes.accounts);
        wishes.accounts.retain(|account| !missed.contains(account));
        self.reread_later(missed);
        self.check_later(wishes);
    }

    /// Gives back a room that nobody here has: its actor rests, died, or never heard that it had it. One that lives is
    /// handed over when it is placed elsewhere, as this node sees it.
    fn give_back(&self, room: RoomId, epoch: Epoch) {
        let Some(node) = self.parts.node.upgrade() else {
            return;
        };
        if node.has_room(room) {
            return;
        }
        let store = self.parts.ports.rooms.clone();
        tokio::spawn(async move {
            // Whoever asked asks again.
            if let Err(error) = store.release(room, epoch).await {
                tracing::debug!(%room, %error, "a room could not be given back");
            }
        });
    }

    fn answered(&self, from: Incarnation, ticket: Ticket, attempt: Attempt<Answer>) {
        if let Some((_, waiting)) = self
            .questions
            .remove_if(&ticket, |_, waiting| waiting.peer == from)
        {
            // Whoever asked may have given up.
            drop(waiting.reply.send(attempt));
        }
    }
}

impl Abroad for Cluster {
    fn let_go(&self, holder: Incarnation, room: RoomId, epoch: Epoch) {
        self.tell([holder], &Envelope::LetGo { room, epoch });
    }

    fn to_room(&self, room: RoomId, deliveries: &[Arc<Delivery>]) {
        let peers = self
            .peer_interest
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .of_room(room)
            .to_vec();
        if peers.is_empty() {
            return;
        }
        let pushes = deliveries.iter().map(|delivery| delivery.push.clone()).collect();
        self.tell(peers, &Envelope::Room { room, pushes });
    }

    fn to_account(&self, account: AccountId, push: &Push) {
        let envelope = |relay| Envelope::Account {
            account,
            push: push.clone(),
            relay,
        };
        match self.route(Placed::User(account)) {
            Route::Here => self.relay(self.parts.standing.me(), account, push),
            Route::There(home) if self.linked().contains(&home) => self.tell([home], &envelope(true)),
            // The home is out of reach: everybody else is asked.
            Route::There(_) | Route::Nowhere => self.tell_all(&envelope(false)),
        }
    }

    fn to_topic(&self, topic: TopicId, push: &Push) {
        // Who listens where is not kept: topics are few and short-lived.
        self.tell_all(&Envelope::Topic {
            topic,
            push: push.clone(),
        });
    }

    fn announce(&self, ends: &[(RoomId, Seq)]) {
        let interest = self.peer_interest.read().unwrap_or_else(PoisonError::into_inner);
        let mut by_peer: BTreeMap<Incarnation, Vec<(RoomId, Seq)>> = Default::default();
        for &(room, end) in ends {
            for &peer in interest.of_room(room) {
                by_peer.entry(peer).or_default().push((room, end));
            }
        }
        drop(interest);
        for (peer, ends) in by_peer {
            self.tell([peer], &Envelope::Ends { ends });
        }
    }
}
