//! The cluster's shell on one node: keeps its membership, asks peers and answers them, tells them what they follow.

use super::envelope::{self, Answer, Envelope, HOPS_MAX, NodeCensus, Question, Ticket};
use super::follows::{Follows, Plan, Wishes};
use super::hearing::Hearing;
use super::interest::PeerInterest;
use super::membership::{Incarnation, Member, Membership, View};
use super::placement::Placed;
use super::routing::{ATTEMPT_MS_MAX, Attempt};
use super::standing::Standing;
use crate::failure::Failure;
use crate::fanout::Fanout;
use crate::hub::Interest;
use crate::meters::Meters;
use crate::model::{AccountId, Push, Timestamp};
use crate::node::WeakNode;
use crate::ports::{ClusterStore, Joining, Links, Ports};
use bytes::Bytes;
use dashmap::DashMap;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};

/// Where something lives now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Here,
    There(Incarnation),
    Nowhere,
}

/// What the cluster's shell is made of.
pub struct ClusterParts {
    pub ports: Ports,
    pub links: Arc<dyn Links>,
    pub joining: Joining,
    pub standing: Arc<Standing>,
    pub interest: Arc<Interest>,
    pub fanout: Fanout,
    pub meters: Arc<Meters>,
    pub node: WeakNode,
}

pub(super) struct Waiting {
    pub(super) peer: Incarnation,
    pub(super) reply: oneshot::Sender<Attempt<Answer>>,
}

/// One node's part of the cluster.
pub struct Cluster {
    pub(super) parts: ClusterParts,
    pub(super) membership: Mutex<Option<Membership>>,
    view: RwLock<Arc<View>>,
    pub(super) peer_interest: RwLock<PeerInterest>,
    pub(super) follows: Mutex<Follows>,
    pub(super) linked: RwLock<BTreeSet<Incarnation>>,
    pub(super) questions: DashMap<Ticket, Waiting>,
    pub(super) unconfirmed: DashMap<Ticket, (Incarnation, Wishes)>,
    /// What could not be compared with storage yet.
    pub(super) unchecked: Mutex<Wishes>,
    /// Held while what is due is compared with storage.
    pub(super) looking: Arc<tokio::sync::Mutex<()>>,
    /// When this node was last sure that it is told everything, in milliseconds of wall time.
    pub(super) sure_at: AtomicI64,
    answering: AtomicUsize,
    next_ticket: AtomicU64,
    pub(super) draining: AtomicBool,
    /// Members or links have changed since the keeper looked.
    pub(super) moved: AtomicBool,
    pub(super) wake: Notify,
    pub(super) hearing: Hearing,
    /// When a link ended last, by the steady clock.
    pub(super) link_lost_at: AtomicI64,
}

impl Cluster {
    /// Rooms or accounts named in one envelope, at most.
    const KEYS_PER_ENVELOPE_MAX: usize = 10_000;
    /// Questions of peers that are being answered at the same time, at most.
    const ANSWERING_MAX: usize = 100_000;

    #[must_use]
    pub fn new(parts: ClusterParts) -> Arc<Cluster> {
        Arc::new(Cluster {
            parts,
            membership: Mutex::new(None),
            view: RwLock::default(),
            peer_interest: RwLock::default(),
            follows: Mutex::default(),
            linked: RwLock::default(),
            questions: DashMap::new(),
            unconfirmed: DashMap::new(),
            unchecked: Mutex::default(),
            looking: Arc::default(),
            sure_at: AtomicI64::new(i64::MAX),
            answering: AtomicUsize::new(0),
            next_ticket: AtomicU64::new(1),
            draining: AtomicBool::new(false),
            moved: AtomicBool::new(false),
            wake: Notify::new(),
            hearing: Hearing::default(),
            link_lost_at: AtomicI64::new(i64::MIN / 2),
        })
    }

    pub(super) fn store(&self) -> &Arc<dyn ClusterStore> {
        &self.parts.ports.cluster
    }

    pub(super) fn now(&self) -> Timestamp {
        self.parts.ports.clock.steady()
    }

    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over a view and connects to its members.
    pub(super) fn set_view(self: &Arc<Self>, view: Arc<View>) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view.clone();
        let me = self.parts.standing.me();
        if let Some(myself) = view.find(me) {
            let peers: Vec<Member> = view
                .members()
                .iter()
                .filter(|m| m.incarnation != me)
                .cloned()
                .collect();
            self.parts.links.connect(myself, &peers, self.clone());
        }
        self.moved.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Why this node's heartbeats fail, if they do.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let membership = lock(&self.membership);
        match membership.as_ref() {
            None => Some("this node has not joined yet".to_owned()),
            Some(_) if self.parts.standing.holds() => None,
            Some(membership) => Some(
                membership
                    .problem()
                    .unwrap_or("no heartbeat counted of late")
                    .to_owned(),
            ),
        }
    }

    /// Where a room or an account lives, as this node sees the members.
    #[must_use]
    pub fn route(&self, placed: Placed) -> Route {
        let view = self.view();
        match view.owner(placed) {
            None => Route::Nowhere,
            Some(member) if member.incarnation == self.parts.standing.me() => Route::Here,
            Some(member) => Route::There(member.incarnation),
        }
    }

    pub(super) fn linked(&self) -> BTreeSet<Incarnation> {
        self.linked.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn name_of(&self, incarnation: Incarnation) -> String {
        let view = self.view();
        view.find(incarnation)
            .map_or_else(|| format!("#{}", incarnation.0), |m| m.name.to_string())
    }

    /// Asks a peer, over another one when there is no link to it.
    pub async fn ask(&self, to: Incarnation, hops: u8, question: Question) -> Attempt<Answer> {
        if hops > HOPS_MAX {
            // Nodes that see the members differently send it to and fro: it starts anew, when they may agree.
            return Attempt::NotDone(Failure::Moved);
        }
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let envelope = match encode(&Envelope::Ask {
            ticket,
            hops,
            question,
        }) {
            Ok(bytes) => bytes,
            Err(failure) => return Attempt::Answered(Err(failure)),
        };
        let relays = self
            .linked()
            .into_iter()
            .filter(|peer| *peer != to && hops < HOPS_MAX);
        for peer in std::iter::once(to).chain(relays) {
            let (reply, answer) = oneshot::channel();
            self.questions.insert(ticket, Waiting { peer, reply });
            if self.send(peer, envelope.clone()) {
                let patience = Duration::from_millis(ATTEMPT_MS_MAX);
                let answer = tokio::time::timeout(patience, answer).await;
                self.questions.remove(&ticket);
                return match answer {
                    Ok(Ok(attempt)) => attempt,
                    Ok(Err(_)) | Err(_) => Attempt::Lost,
                };
            }
            self.questions.remove(&ticket);
        }
        Attempt::NotDone(Failure::Unavailable(format!(
            "there is no link to node {}",
            self.name_of(to)
        )))
    }

    /// What an operator wants to know of every member; `None` for one that does not answer.
    pub async fn census(&self) -> Vec<(Member, Option<NodeCensus>)> {
        let view = self.view();
        let asks = view.members().iter().cloned().map(|member| async move {
            let census = if member.incarnation == self.parts.standing.me() {
                Some(self.own_census())
            } else {
                match self.ask(member.incarnation, HOPS_MAX, Question::Census).await {
                    Attempt::Answered(Ok(Answer::Census(census))) => Some(census),
                    _ => None,
                }
            };
            (member, census)
        });
        futures_util::future::join_all(asks).await
    }

    /// What an operator wants to know of this node.
    #[must_use]
    pub fn own_census(&self) -> NodeCensus {
        let Some(node) = self.parts.node.upgrade() else {
            return NodeCensus::default();
        };
        let (rooms, users) = node.active();
        let (followed_rooms, followed_accounts) = self
            .peer_interest
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        let mut links: Vec<String> = self.linked().into_iter().map(|peer| self.name_of(peer)).collect();
        links.sort();
        NodeCensus {
            rooms,
            users,
            sessions: node.meters().sessions.get(),
            followed_rooms,
            followed_accounts,
            links,
        }
    }

    /// Whether an account that is at home here has a session on another node.
    #[must_use]
    pub fn has_session_elsewhere(&self, account: AccountId) -> bool {
        let interest = self.peer_interest.read().unwrap_or_else(PoisonError::into_inner);
        !interest.of_account(account).is_empty()
    }

    fn send(&self, peer: Incarnation, envelope: Bytes) -> bool {
        let (meters, bytes) = (&self.parts.meters.cluster, envelope.len() as u64);
        let taken = self.parts.links.send(peer, envelope);
        if taken {
            meters.envelopes_sent.add(1);
            meters.bytes_sent.add(bytes);
        } else if self.is_linked(peer) {
            meters.envelopes_refused.add(1);
        }
        taken
    }

    pub(super) fn is_linked(&self, peer: Incarnation) -> bool {
        self.linked
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&peer)
    }

    /// How many members this node sees, and how many peers it has a link to.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.view().members().len(), self.linked().len())
    }

    /// The name of the node where something lives, as this node sees it.
    #[must_use]
    pub fn home(&self, placed: Placed) -> Option<Arc<str>> {
        self.view().owner(placed).map(|member| member.name.clone())
    }

    /// Tells every linked peer.
    pub fn tell_all(&self, envelope: &Envelope) {
        self.tell(self.linked(), envelope);
    }

    pub(super) fn tell(&self, peers: impl IntoIterator<Item = Incarnation>, envelope: &Envelope) {
        let mut bytes = None;
        for peer in peers {
            let encoded = match &bytes {
                Some(bytes) => bytes,
                None => match encode(envelope) {
                    Ok(encoded) => bytes.insert(encoded),
                    Err(failure) => {
                        tracing::error!(%failure, "an envelope could not be sent");
                        return;
                    }
                },
            };
            // A link that is down is repaired from storage when it comes up.
            self.send(peer, Bytes::clone(encoded));
        }
    }

    /// Does what a plan asks for; what must be compared with storage, and read again from there, is given back.
    pub(super) fn perform(&self, plan: Plan) -> (Wishes, Vec<AccountId>) {
        for (peer, wishes) in plan.unfollow {
            let Wishes { rooms, accounts } = wishes;
            let gone = |account: &AccountId| !self.parts.interest.follows(Placed::User(*account));
            let gone: Vec<AccountId> = accounts.iter().copied().filter(gone).collect();
            self.hearing.forget(&gone);
            self.tell([peer], &Envelope::Unfollow { rooms, accounts });
        }
        // Here, nobody has to confirm anything.
        self.hearing.forget(&plan.reread);
        self.hearing.doubt(&plan.moved);
        for (peer, wishes) in plan.follow {
            for part in chunked(wishes, Cluster::KEYS_PER_ENVELOPE_MAX) {
                self.follow(peer, part);
            }
        }
        (plan.check, plan.reread)
    }

    /// Asks a peer to tell of these from now on.
    pub(super) fn follow(&self, peer: Incarnation, wishes: Wishes) {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let Wishes { rooms, accounts } = wishes.clone();
        self.unconfirmed.insert(ticket, (peer, wishes));
        let asked = Envelope::Follow {
            ticket,
            rooms,
            accounts,
        };
        self.tell([peer], &asked);
    }

    /// What a peer has told from the moment its link ended to the moment it had this one may be lost, and so may what
    /// was to be passed on by this node: whoever is at home here reads it again.
    pub(super) fn reread_home(self: &Arc<Self>, peer: Incarnation) {
        let mut here = self.parts.interest.accounts();
        here.retain(|account| self.route(Placed::User(*account)) == Route::Here);
        here.sort_unstable();
        self.reread_later(here);
        let interest = self.peer_interest.read().unwrap_or_else(PoisonError::into_inner);
        let elsewhere = interest.accounts_of_others(peer);
        drop(interest);
        for (other, accounts) in elsewhere {
            for part in accounts.chunks(Cluster::KEYS_PER_ENVELOPE_MAX) {
                let accounts = part.to_vec();
                self.tell([other], &Envelope::Reread { accounts });
            }
        }
    }

    pub(super) fn answer_later(
        self: &Arc<Self>,
        from: Incarnation,
        ticket: Ticket,
        hops: u8,
        question: Question,
    ) {
        let cluster = self.clone();
        if self.answering.fetch_add(1, Ordering::AcqRel) >= Cluster::ANSWERING_MAX {
            self.answering.fetch_sub(1, Ordering::AcqRel);
            let answer = Err(Failure::Busy("the peer node".to_owned()));
            return self.tell([from], &Envelope::Answer { ticket, answer });
        }
        tokio::spawn(async move {
            let envelope = match cluster.answer(hops, question).await {
                Attempt::Answered(answer) => Envelope::Answer { ticket, answer },
                // Whoever asked looks for the owner again, with a newer view than ours perhaps.
                Attempt::NotDone(_) => Envelope::Answer {
                    ticket,
                    answer: Err(Failure::Moved),
                },
                Attempt::Lost => Envelope::Lost { ticket },
            };
            match encode(&envelope) {
                Ok(bytes) => _ = cluster.send(from, bytes),
                Err(failure) => cluster.tell(
                    [from],
                    &Envelope::Answer {
                        ticket,
                        answer: Err(failure),
                    },
                ),
            }
            cluster.answering.fetch_sub(1, Ordering::AcqRel);
        });
    }

    async fn answer(&self, hops: u8, question: Question) -> Attempt<Answer> {
        let Some(node) = self.parts.node.upgrade() else {
            return Attempt::NotDone(Failure::Moved);
        };
        match question {
            Question::Room(room, request) => {
                map(node.attempt_room(room, request, hops + 1).await, Answer::Room)
            }
            Question::User(account, request) => {
                map(node.attempt_user(account, request, hops + 1).await, Answer::User)
            }
            Question::Online(accounts) => {
                Attempt::Answered(Ok(Answer::Online(node.online_from_here(accounts))))
            }
            Question::Census => Attempt::Answered(Ok(Answer::Census(self.own_census()))),
        }
    }

    pub(super) fn relay(&self, from: Incarnation, account: AccountId, push: &Push) {
        let peers = self
            .peer_interest
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .of_account(account)
            .to_vec();
        let others = peers.into_iter().filter(|peer| *peer != from);
        self.tell(
            others,
            &Envelope::Account {
                account,
                push: push.clone(),
                relay: false,
            },
        );
    }
}

fn map<T>(attempt: Attempt<T>, wrap: impl FnOnce(T) -> Answer) -> Attempt<Answer> {
    match attempt {
        Attempt::Answered(answer) => Attempt::Answered(answer.map(wrap)),
        Attempt::NotDone(failure) => Attempt::NotDone(failure),
        Attempt::Lost => Attempt::Lost,
    }
}

fn chunked(wishes: Wishes, len_max: usize) -> Vec<Wishes> {
    let rooms = wishes.rooms.chunks(len_max).map(|rooms| Wishes {
        rooms: rooms.to_vec(),
        accounts: Vec::new(),
    });
    let accounts = wishes.accounts.chunks(len_max).map(|accounts| Wishes {
        rooms: Vec::new(),
        accounts: accounts.to_vec(),
    });
    rooms.chain(accounts).collect()
}

fn encode(envelope: &Envelope) -> Result<Bytes, Failure> {
    let mut bytes = Vec::with_capacity(256);
    envelope
        .encode(&mut bytes)
        .map_err(|error| Failure::Internal(format!("an envelope could not be encoded: {error}")))?;
    if bytes.len() > envelope::ENVELOPE_BYTES_MAX {
        return Err(Failure::TooLong {
            field: "an answer between nodes".to_owned(),
            max: envelope::ENVELOPE_BYTES_MAX as u64,
        });
    }
    Ok(bytes.into())
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
