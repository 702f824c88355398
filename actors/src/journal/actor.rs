//! The journal's shell: gathers batches, runs appends, retries and settles doubt as [`super::JournalState`] says.

use super::state::{BatchId, JournalState, Next};
use crate::failure::Failure;
use crate::meters::Meters;
use crate::model::Timestamp;
use crate::ports::{AppendError, BatchOutcome, Clock, InDoubt, JournalStore, RoomBatch, Verdict};
use crate::room::CommitFailure;
use actix::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

type Outcome = Result<BatchOutcome, CommitFailure>;

/// Commit one room's batch. The answer is the outcome; a dropped answer means it is not known.
pub struct Commit {
    pub batch: RoomBatch,
    pub reply: oneshot::Sender<Outcome>,
}

impl Message for Commit {
    type Result = ();
}

/// Asks whether nothing waits and nothing is being written: a draining node waits for it.
pub struct Quiet;

impl Message for Quiet {
    type Result = bool;
}

struct Pending {
    batch: RoomBatch,
    reply: oneshot::Sender<Outcome>,
    since: Timestamp,
}

/// One journal a node.
pub struct Journal {
    state: JournalState,
    pending: HashMap<BatchId, Pending>,
    next_id: BatchId,
    desk: Desk,
}

impl Journal {
    /// Commits waiting in the mailbox, at most: one per room, and a room sends the next after the answer.
    pub const MAILBOX_LEN_MAX: usize = JournalState::WAITING_BATCHES_MAX;
    /// How often it looks for batches that waited too long, in milliseconds.
    const LATE_EVERY_MS: u64 = 250;

    #[must_use]
    pub fn new(store: Arc<dyn JournalStore>, clock: Arc<dyn Clock>, meters: Arc<Meters>) -> Journal {
        let state = JournalState::new(store.writers());
        Journal {
            state,
            pending: HashMap::new(),
            next_id: 1,
            desk: Desk { store, clock, meters },
        }
    }

    fn write(&mut self, ctx: &mut Context<Self>) {
        loop {
            let now = self.desk.clock.now();
            let (ids, late) = self.state.take(now);
            for id in late {
                if let Some(pending) = self.pending.remove(&id) {
                    let why = Failure::Unavailable("storage takes no writes".to_owned());
                    answer(pending.reply, Err(CommitFailure::Refused(why)));
                }
            }
            if ids.is_empty() {
                return;
            }
            let batches: Vec<Pending> = ids.iter().filter_map(|id| self.pending.remove(id)).collect();
            let desk = self.desk.clone();
            // A task of its own: should the store panic, the rooms concerned hear nothing, and the journal lives on.
            let work = actix::spawn(commit(desk, batches));
            ctx.spawn(work.into_actor(self).map(|ended, journal, ctx| {
                if let Err(error) = ended {
                    tracing::error!(%error, "a commit died; its rooms are told that its outcome is not known");
                }
                journal.state.finished();
                journal.write(ctx);
            }));
        }
    }
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(Journal::MAILBOX_LEN_MAX);
        // Writers may hang longer than what waits behind them may wait.
        ctx.run_interval(Duration::from_millis(Journal::LATE_EVERY_MS), |journal, ctx| {
            if journal.state.waiting() > 0 {
                journal.write(ctx);
            }
        });
    }
}

/// A wake that comes after every commit already in the mailbox, so that one write takes them all.
struct Write;

impl Message for Write {
    type Result = ();
}

impl Handler<Commit> for Journal {
    type Result = ();

    fn handle(&mut self, message: Commit, ctx: &mut Context<Self>) {
        let id = self.next_id;
        self.next_id += 1;
        let (rows, since) = (
            message.batch.posts.len() + message.batch.reads.len(),
            self.desk.clock.now(),
        );
        if !self.state.submit(id, rows, since) {
            answer(
                message.reply,
                Err(CommitFailure::Refused(Failure::Busy("the journal".to_owned()))),
            );
            return;
        }
        self.pending.insert(
            id,
            Pending {
                batch: message.batch,
                reply: message.reply,
                since,
            },
        );
        if self.state.waiting() == 1 {
            ctx.notify(Write);
        }
    }
}

impl Handler<Write> for Journal {
    type Result = ();

    fn handle(&mut self, _: Write, ctx: &mut Context<Self>) {
        self.write(ctx);
    }
}

impl Handler<Quiet> for Journal {
    type Result = bool;

    fn handle(&mut self, _: Quiet, _: &mut Context<Self>) -> bool {
        self.state.is_idle()
    }
}

fn answer(reply: oneshot::Sender<Outcome>, outcome: Outcome) {
    // A room that died in the meantime is rebuilt from storage and needs no answer.
    let _ = reply.send(outcome);
}

/// Where a commit goes.
#[derive(Clone)]
struct Desk {
    store: Arc<dyn JournalStore>,
    clock: Arc<dyn Clock>,
    meters: Arc<Meters>,
}

/// Appends until it succeeds, is refused, or the time is up; then answers every room.
async fn commit(desk: Desk, batches: Vec<Pending>) {
    let since = batches.iter().map(|p| p.since).min();
    let since = since.unwrap_or_else(|| desk.clock.now());
    let (rooms, replies): (Vec<RoomBatch>, Vec<_>) = batches.into_iter().map(|p| (p.batch, p.reply)).unzip();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let began = desk.clock.now();
        match desk.store.append(&rooms).await {
            Ok(outcomes) => {
                let rows = rooms.iter().map(|b| b.posts.len()).sum();
                let fenced = outcomes
                    .iter()
                    .filter(|outcome| **outcome == BatchOutcome::Fenced);
                desk.meters.cluster.fenced_batches.add(fenced.count() as u64);
                desk.meters.committed(rows, desk.clock.now().since_ms(began));
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    answer(reply, Ok(outcome));
                }
                return;
            }
            Err(AppendError::Unavailable(why)) => {
                desk.meters.commit_failures.add(1);
                let (now, limit) = (desk.clock.now(), JournalState::REFUSE_AFTER_MS);
                match JournalState::after_failure(attempt, since, now, limit) {
                    Next::RetryAfterMs(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                    Next::GiveUp => {
                        tracing::warn!(%why, rooms = rooms.len(), "storage takes no writes; posts are refused");
                        return refuse(replies, &Failure::Unavailable(why));
                    }
                }
            }
            Err(AppendError::Refused(failure)) if rooms.len() == 1 => {
                tracing::error!(%failure, room = %rooms[0].room, "storage refused a batch");
                return refuse(replies, &failure);
            }
            // One of the rooms is at fault: each is tried by itself, so that the others do not suffer for it.
            Err(AppendError::Refused(_)) => {
                for (batch, reply) in rooms.into_iter().zip(replies) {
                    let alone = vec![Pending { batch, reply, since }];
                    Box::pin(commit(desk.clone(), alone)).await;
                }
                return;
            }
            Err(AppendError::InDoubt(doubts)) => {
                desk.meters.commits_in_doubt.add(1);
                return settle(&desk, rooms, replies, doubts).await;
            }
        }
    }
}

fn refuse(replies: Vec<oneshot::Sender<Outcome>>, failure: &Failure) {
    for reply in replies {
        answer(reply, Err(CommitFailure::Refused(failure.clone())));
    }
}

/// Finds out what became of a commit that was not answered, of all its rooms at the same time: each may take long.
async fn settle(
    desk: &Desk,
    rooms: Vec<RoomBatch>,
    replies: Vec<oneshot::Sender<Outcome>>,
    doubts: Vec<InDoubt>,
) {
    let mut doubts: HashMap<_, _> = doubts.into_iter().map(|d| (d.batch.room, d)).collect();
    let mut settling = Vec::with_capacity(rooms.len());
    for (batch, reply) in rooms.into_iter().zip(replies) {
        match doubts.remove(&batch.room) {
            Some(doubt) => {
                let desk = desk.clone();
                settling.push(actix::spawn(async move {
                    answer(reply, settle_room(&*desk.store, &*desk.clock, batch, doubt).await);
                }));
            }
            // The transaction had left this room out before its commit.
            None => answer(reply, Ok(BatchOutcome::Fenced)),
        }
    }
    for room in settling {
        if let Err(error) = room.await {
            tracing::error!(%error, "settling a commit died; its room is told that the outcome is not known");
        }
    }
}

async fn settle_room(
    store: &dyn JournalStore,
    clock: &dyn Clock,
    batch: RoomBatch,
    mut doubt: InDoubt,
) -> Outcome {
    let (since, mut attempt) = (clock.now(), 0);
    loop {
        attempt += 1;
        let problem = match store.resolve(&doubt).await {
            Ok(Verdict::Committed) => {
                let InDoubt {
                    posts,
                    last_seq,
                    counts,
                    ..
                } = doubt;
                return Ok(BatchOutcome::Committed {
                    posts,
                    last_seq,
                    counts,
                });
            }
            Ok(Verdict::Fenced) => return Ok(BatchOutcome::Fenced),
            Ok(Verdict::Absent) => match store.append(std::slice::from_ref(&batch)).await {
                Ok(outcomes) => match outcomes.into_iter().next() {
                    Some(outcome) => return Ok(outcome),
                    None => return Err(CommitFailure::Unknown),
                },
                Err(AppendError::Refused(failure)) => return Err(CommitFailure::Refused(failure)),
                Err(AppendError::Unavailable(why)) => why,
                Err(AppendError::InDoubt(again)) => {
                    match again.into_iter().next() {
                        Some(newer) => doubt = newer,
                        None => return Ok(BatchOutcome::Fenced),
                    }
                    "the outcome of the second attempt is not known either".to_owned()
                }
            },
            Err(why) => why,
        };
        match JournalState::after_failure(attempt, since, clock.now(), JournalState::UNKNOWN_AFTER_MS) {
            Next::RetryAfterMs(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Next::GiveUp => {
                tracing::error!(room = %batch.room, %problem, "the outcome of a commit stays unknown");
                return Err(CommitFailure::Unknown);
            }
        }
    }
}
