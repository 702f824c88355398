//! A room's rules as a value: requests and outcomes in, effects out. Pure: time comes in, nothing goes out.

use super::messages::{RoomAnswer, RoomRequest, RoomView};
use crate::board::BoardRequest;
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, Caller, ChatMessage, Counts, Epoch, HistoryQuery, JoinRequest, Member, MessageId, Post, Push,
    RoomInfo, RoomKind, RoomSnapshot, Seq, Timestamp,
};
use crate::ports::{BatchOutcome, PostDraft, PostOutcome, RoomBatch, RoomChange, RoomSaved};
use crate::tree::TreeRequest;
use crate::tree::rules::By;
use std::collections::{HashMap, HashSet, VecDeque};

/// Names a request while its answer is on the way.
pub type Ticket = u64;

/// What a room asks of its shell.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Answer(Ticket, Result<RoomAnswer, Failure>),
    /// Hand a batch to the journal; the outcome comes back by [`RoomState::committed`].
    Commit(RoomBatch),
    /// Store a change; the outcome comes back by [`RoomState::saved`].
    Save(Epoch, RoomChange),
    /// Read a page and answer with it.
    LoadPage(Ticket, HistoryQuery, PageContext),
    /// Read the members' profiles and answer with them.
    LoadSeats(Ticket, RoomView, Vec<Member>),
    /// Do this with the room's files for somebody who may, and answer.
    Tree(Ticket, By, TreeRequest),
    /// Do this with the group's board for an account that may, and answer.
    Board(Ticket, AccountId, BoardRequest),
    /// Read the message, then come back by [`RoomState::revocable`].
    LoadForRevoke {
        caller: Caller,
        message: MessageId,
        within_ms: i64,
    },
    /// Show these to every session that follows the room, in this order.
    Publish(Vec<Push>),
    /// Show this to every session of one account.
    PushTo(AccountId, Push),
    /// This actor's knowledge is stale: it must end; the next request builds a new one.
    Stop,
}

/// What a page needs besides its messages.
#[derive(Clone, Debug, PartialEq)]
pub struct PageContext {
    pub kind: RoomKind,
    pub reader: AccountId,
    pub read_seq: Seq,
    pub peer_read_seq: Seq,
    pub last_seq: Seq,
}

/// Why a commit did not answer with an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitFailure {
    Refused(Failure),
    /// Not known, within the bound of waiting.
    Unknown,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Committing {
        posts: Vec<Ticket>,
        reads: Vec<(Ticket, AccountId, Seq)>,
    },
    Changing {
        ticket: Ticket,
        change: RoomChange,
    },
    /// A message is being read to see whether it may be revoked.
    Checking {
        ticket: Ticket,
    },
    Stopped,
}

/// One room.
#[derive(Debug)]
pub struct RoomState {
    pub(super) info: RoomInfo,
    pub(super) epoch: Epoch,
    pub(super) last_seq: Seq,
    pub(super) counts: Counts,
    pub(super) members: HashMap<AccountId, Member>,
    pub(super) join_requests: HashMap<AccountId, JoinRequest>,
    pub(super) blocked_by: HashSet<AccountId>,
    /// The message whose revocation is being stored.
    pub(super) revoking: Option<ChatMessage>,
    stage: Stage,
    pub(super) waiting: VecDeque<(Ticket, RoomRequest)>,
}

impl RoomState {
    /// Posts that go into one batch of a room, at most.
    pub const BATCH_POSTS_MAX: usize = 256;
    /// Requests that wait for the batch or change under way, at most.
    pub const WAITING_REQUESTS_MAX: usize = 4_096;

    #[must_use]
    pub fn new(snapshot: RoomSnapshot) -> RoomState {
        RoomState {
            info: snapshot.info,
            epoch: snapshot.epoch,
            last_seq: snapshot.last_seq,
            counts: snapshot.counts,
            members: snapshot.members.into_iter().map(|m| (m.account, m)).collect(),
            join_requests: snapshot
                .join_requests
                .into_iter()
                .map(|r| (r.account, r))
                .collect(),
            blocked_by: snapshot.blocked_by.into_iter().collect(),
            revoking: None,
            stage: Stage::Idle,
            waiting: VecDeque::new(),
        }
    }

    #[must_use]
    pub fn last_seq(&self) -> Seq {
        self.last_seq
    }

    /// Whether nothing is under way or waiting: the actor may be put to rest.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Idle | Stage::Stopped) && self.waiting.is_empty()
    }

    /// Takes a request. What changes the room waits its turn; what reads is answered from what is committed.
    pub fn ask(&mut self, ticket: Ticket, request: RoomRequest, now: Timestamp, out: &mut Vec<Effect>) {
        if matches!(self.stage, Stage::Stopped) {
            out.push(Effect::Answer(ticket, Err(Failure::Moved)));
            return;
        }
        match request {
            RoomRequest::Page { caller, query, whole } => out.push(self.page(ticket, caller, query, whole)),
            RoomRequest::Range { query } => out.push(self.range(ticket, query)),
            RoomRequest::Look { caller } => {
                out.push(Effect::Answer(ticket, Ok(RoomAnswer::Look(self.view(caller)))));
            }
            RoomRequest::Seats { caller } => out.push(self.seats(ticket, caller)),
            RoomRequest::Files { caller, request } => out.push(self.files(ticket, caller, request)),
            RoomRequest::Board { caller, request } => out.push(self.board(ticket, caller, request)),
            RoomRequest::BlockChanged { by, blocked } => {
                if blocked {
                    self.blocked_by.insert(by);
                } else {
                    self.blocked_by.remove(&by);
                }
                out.push(Effect::Answer(ticket, Ok(RoomAnswer::Done)));
            }
            RoomRequest::Census => out.push(Effect::Answer(ticket, Ok(RoomAnswer::Census(self.census())))),
            _ if self.waiting.len() >= RoomState::WAITING_REQUESTS_MAX => {
                let what = format!("room {}", self.info.id);
                out.push(Effect::Answer(ticket, Err(Failure::Busy(what))));
            }
            queued => {
                self.waiting.push_back((ticket, queued));
                self.advance(now, out);
            }
        }
    }

    /// The journal's word on the batch under way.
    pub fn committed(
        &mut self,
        outcome: Result<BatchOutcome, CommitFailure>,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let Stage::Committing { posts, reads } = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return;
        };
        let tickets = |posts: Vec<Ticket>, reads: Vec<(Ticket, AccountId, Seq)>| {
            posts
                .into_iter()
                .chain(reads.into_iter().map(|r| r.0))
                .collect::<Vec<_>>()
        };
        match outcome {
            Ok(BatchOutcome::Committed {
                posts: outcomes,
                last_seq,
                counts,
            }) => {
                self.last_seq = last_seq;
                self.counts = counts;
                self.show_posts(posts, outcomes, out);
                self.show_reads(reads, out);
                self.advance(now, out);
            }
            Ok(BatchOutcome::Fenced) => self.stop(tickets(posts, reads), &Failure::Moved, out),
            Err(CommitFailure::Unknown) => self.stop(tickets(posts, reads), &Failure::OutcomeUnknown, out),
            Err(CommitFailure::Refused(failure)) => {
                for ticket in tickets(posts, reads) {
                    out.push(Effect::Answer(ticket, Err(failure.clone())));
                }
                self.go_on_after(&failure, now, out);
            }
        }
    }

    /// The store's word on the change under way.
    pub fn saved(&mut self, result: Result<RoomSaved, Failure>, now: Timestamp, out: &mut Vec<Effect>) {
        let Stage::Changing { ticket, change } = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return;
        };
        match result {
            Ok(saved) => {
                let answer = self.apply(change, saved, out);
                out.push(Effect::Answer(ticket, Ok(answer)));
                self.advance(now, out);
            }
            Err(failure @ (Failure::Moved | Failure::OutcomeUnknown)) => {
                self.stop(vec![ticket], &failure, out);
            }
            Err(failure) => {
                out.push(Effect::Answer(ticket, Err(failure.clone())));
                self.go_on_after(&failure, now, out);
            }
        }
    }

    /// The message a caller wants to revoke, as read from the store.
    pub fn revocable(
        &mut self,
        caller: Caller,
        found: Result<ChatMessage, Failure>,
        within_ms: i64,
        now: Timestamp,
        out: &mut Vec<Effect>,
    ) {
        let Stage::Checking { ticket } = self.stage else {
            return;
        };
        self.stage = Stage::Idle;
        match found.and_then(|message| self.may_revoke(caller, message, within_ms, now)) {
            Ok(message) => {
                let change = RoomChange::Revoke {
                    message: message.id,
                    at: now,
                };
                self.revoking = Some(message);
                self.begin(ticket, change, out);
            }
            Err(failure) => {
                out.push(Effect::Answer(ticket, Err(failure.clone())));
                self.go_on_after(&failure, now, out);
            }
        }
    }

    /// Goes on after something was refused. What waited while storage was found gone is refused with it: trying each
    /// in turn would keep the last of them waiting for many times the bound of one.
    fn go_on_after(&mut self, failure: &Failure, now: Timestamp, out: &mut Vec<Effect>) {
        if matches!(failure, Failure::Unavailable(_)) {
            for (ticket, _) in self.waiting.drain(..) {
                out.push(Effect::Answer(ticket, Err(failure.clone())));
            }
        }
        self.advance(now, out);
    }

    /// Starts what can be started: the posts and reads at the head of the queue as one batch, or one change.
    fn advance(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        while matches!(self.stage, Stage::Idle) && !self.waiting.is_empty() {
            let mut gathered = Gathered::default();
            while gathered.posts.len() < RoomState::BATCH_POSTS_MAX
                && let Some((ticket, request)) = self.waiting.pop_front()
            {
                match request {
                    RoomRequest::Post { caller, post } => {
                        self.gather_post(ticket, caller, post, now, &mut gathered, out);
                    }
                    RoomRequest::Read { caller, up_to } => {
                        self.gather_read(ticket, caller, up_to, &mut gathered, out);
                    }
                    change if gathered.is_empty() => {
                        self.start_change(ticket, change, now, out);
                        break;
                    }
                    change => {
                        self.waiting.push_front((ticket, change));
                        break;
                    }
                }
            }
            if !gathered.is_empty() {
                self.start_batch(gathered, out);
            }
        }
    }

    fn gather_post(
        &self,
        ticket: Ticket,
        caller: Caller,
        post: Post,
        now: Timestamp,
        gathered: &mut Gathered,
        out: &mut Vec<Effect>,
    ) {
        match self.may_post(caller, &post, now) {
            Ok(()) => {
                gathered.posts.push(ticket);
                gathered.drafts.push(PostDraft {
                    sender: caller.account,
                    kind: post.kind,
                    body: post.body,
                    private: post.private,
                    extra: post.extra,
                    token: post.token,
                    created_at: now,
                });
            }
            Err(failure) => out.push(Effect::Answer(ticket, Err(failure))),
        }
    }

    fn gather_read(
        &self,
        ticket: Ticket,
        caller: Caller,
        up_to: Option<Seq>,
        gathered: &mut Gathered,
        out: &mut Vec<Effect>,
    ) {
        match self.may_read(caller, up_to) {
            Ok((seq, true)) => gathered.reads.push((ticket, caller.account, seq)),
            Ok((seq, false)) => {
                out.push(Effect::Answer(ticket, Ok(RoomAnswer::Read(seq))));
                self.tell_read(caller.account, seq, out);
            }
            Err(failure) => out.push(Effect::Answer(ticket, Err(failure))),
        }
    }

    fn start_batch(&mut self, gathered: Gathered, out: &mut Vec<Effect>) {
        let Gathered { posts, drafts, reads } = gathered;
        out.push(Effect::Commit(RoomBatch {
            room: self.info.id,
            kind: self.info.kind,
            epoch: self.epoch,
            last_seq: self.last_seq,
            counts: self.counts,
            posts: drafts,
            reads: reads.iter().map(|&(_, account, seq)| (account, seq)).collect(),
        }));
        self.stage = Stage::Committing { posts, reads };
    }

    fn start_change(&mut self, ticket: Ticket, request: RoomRequest, now: Timestamp, out: &mut Vec<Effect>) {
        if let RoomRequest::Revoke {
            caller,
            message,
            within_ms,
        } = request
        {
            if !caller.trusted && !self.members.contains_key(&caller.account) {
                out.push(Effect::Answer(ticket, Err(Failure::NotMember)));
                return;
            }
            self.stage = Stage::Checking { ticket };
            out.push(Effect::LoadForRevoke {
                caller,
                message,
                within_ms,
            });
            return;
        }
        match self.decide(request, now) {
            Ok(Some(change)) => self.begin(ticket, change, out),
            Ok(None) => out.push(Effect::Answer(ticket, Ok(RoomAnswer::Done))),
            Err(failure) => out.push(Effect::Answer(ticket, Err(failure))),
        }
    }

    fn begin(&mut self, ticket: Ticket, change: RoomChange, out: &mut Vec<Effect>) {
        out.push(Effect::Save(self.epoch, change.clone()));
        self.stage = Stage::Changing { ticket, change };
    }

    /// Ends this actor's life: what was under way gets `failure`, what waits is sent to the next actor. The shell
    /// hears of it first, so that whoever is sent on does not come back here.
    fn stop(&mut self, tickets: Vec<Ticket>, failure: &Failure, out: &mut Vec<Effect>) {
        out.push(Effect::Stop);
        for ticket in tickets {
            out.push(Effect::Answer(ticket, Err(failure.clone())));
        }
        for (ticket, _) in self.waiting.drain(..) {
            out.push(Effect::Answer(ticket, Err(Failure::Moved)));
        }
        self.stage = Stage::Stopped;
    }

    fn show_posts(&mut self, tickets: Vec<Ticket>, outcomes: Vec<PostOutcome>, out: &mut Vec<Effect>) {
        let mut pushes = Vec::with_capacity(outcomes.len());
        for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
            let answer = match outcome {
                PostOutcome::Stored(message) => {
                    pushes.push(Push::Posted {
                        kind: self.info.kind,
                        message: message.clone(),
                    });
                    Ok(RoomAnswer::Posted(message))
                }
                PostOutcome::Repeated(message) => Ok(RoomAnswer::Posted(message)),
                PostOutcome::TokenReused => Err(Failure::TokenReused),
            };
            out.push(Effect::Answer(ticket, answer));
        }
        if !pushes.is_empty() {
            out.push(Effect::Publish(pushes));
        }
    }

    fn show_reads(&mut self, reads: Vec<(Ticket, AccountId, Seq)>, out: &mut Vec<Effect>) {
        for (ticket, account, seq) in reads {
            if let Some(member) = self.members.get_mut(&account) {
                member.read_seq = member.read_seq.max(seq);
            }
            out.push(Effect::Answer(ticket, Ok(RoomAnswer::Read(seq))));
            self.tell_read(account, seq, out);
        }
    }

    fn tell_read(&self, reader: AccountId, up_to: Seq, out: &mut Vec<Effect>) {
        if let Some(author) = self.info.kind.peer_of(reader) {
            out.push(Effect::PushTo(
                author,
                Push::Read {
                    reader,
                    author,
                    up_to,
                },
            ));
        }
    }

    pub(super) fn member(&self, account: AccountId) -> Result<&Member, Failure> {
        self.members.get(&account).ok_or(Failure::NotMember)
    }

    pub(super) fn other(&self, account: AccountId) -> Result<&Member, Failure> {
        self.members.get(&account).ok_or(Failure::Unknown(Thing::Member))
    }
}

/// The posts and reads at the head of the queue.
#[derive(Default)]
struct Gathered {
    posts: Vec<Ticket>,
    drafts: Vec<PostDraft>,
    reads: Vec<(Ticket, AccountId, Seq)>,
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.reads.is_empty()
    }
}
