//! The journal's store in memory: one transaction over the batches of many rooms, fenced room by room.

use super::fault::commit_late;
use super::tables::{Row, Tables, TokenRow};
use super::{CommitFault, Memory};
use crate::journal::{Assigned, TokenFound, assign, dedupe};
use crate::model::{Counts, Seq, Timestamp};
use crate::ports::{AppendError, BatchOutcome, InDoubt, JournalStore, RoomBatch, Verdict};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

#[async_trait]
impl JournalStore for Memory {
    async fn append(&self, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError> {
        self.faults.pass().await.map_err(AppendError::Unavailable)?;
        let mut tables = self.tables.clone().lock_owned().await;
        let Some(fault) = self.faults.next_append() else {
            return Ok(append_all(&mut tables, batches));
        };
        let mut draft = tables.clone();
        let outcomes = append_all(&mut draft, batches);
        match fault {
            CommitFault::Unavailable => return Err(AppendError::Unavailable("a fault was set".to_owned())),
            CommitFault::LostBefore => {}
            CommitFault::LostAfter => *tables = draft,
            CommitFault::Late { ms } => commit_late(tables, draft, ms),
        }
        Err(in_doubt(batches, outcomes))
    }

    async fn resolve(&self, doubt: &InDoubt) -> Result<Verdict, String> {
        let tables = self.begin().await.map_err(|error| error.to_string())?;
        let Some(room) = tables.rooms.get(&doubt.batch.room) else {
            return Ok(Verdict::Fenced);
        };
        let marks = doubt.marks();
        let stored = |(seq, id): &(crate::model::Seq, crate::model::MessageId)| {
            let row = room.rows.get((seq.0 - 1) as usize);
            row.is_some_and(|row| row.message.id == *id)
        };
        // Read cursors leave no mark; storing them twice does no harm.
        if !marks.is_empty() && marks.iter().all(stored) {
            return Ok(Verdict::Committed);
        }
        if room.epoch == doubt.batch.epoch {
            Ok(Verdict::Absent)
        } else {
            Ok(Verdict::Fenced)
        }
    }

    fn writers(&self) -> usize {
        2
    }

    async fn forget_tokens(&self, before: Timestamp) -> Result<u64, String> {
        let mut tables = self.begin().await.map_err(|error| error.to_string())?;
        let had = tables.tokens.len();
        tables.tokens.retain(|_, token| token.at >= before);
        Ok((had - tables.tokens.len()) as u64)
    }
}

fn in_doubt(batches: &[RoomBatch], outcomes: Vec<BatchOutcome>) -> AppendError {
    let doubts = batches
        .iter()
        .zip(outcomes)
        .filter_map(|(batch, outcome)| match outcome {
            BatchOutcome::Committed {
                posts,
                last_seq,
                counts,
            } => Some(InDoubt {
                batch: batch.clone(),
                posts,
                last_seq,
                counts,
            }),
            BatchOutcome::Fenced => None,
        });
    AppendError::InDoubt(doubts.collect())
}

fn append_all(tables: &mut Tables, batches: &[RoomBatch]) -> Vec<BatchOutcome> {
    work(tables, batches, true).outcomes
}

/// A transaction of the journal that has done its work and has not committed yet.
#[derive(Clone, Debug)]
pub struct Running {
    writes: Vec<Write>,
    outcomes: Vec<BatchOutcome>,
}

#[derive(Clone, Debug)]
struct Write {
    batch: RoomBatch,
    rows: Vec<Assigned>,
    last_seq: Seq,
    counts: Counts,
}

impl Running {
    /// What becomes of each batch if this commits.
    #[must_use]
    pub fn outcomes(&self) -> &[BatchOutcome] {
        &self.outcomes
    }

    fn apply(self, tables: &mut Tables) {
        for write in self.writes {
            apply_one(tables, write);
        }
    }
}

impl Memory {
    /// Does the work of an append without committing it. Whoever calls this keeps the rooms locked until
    /// [`Memory::commit`]; message ids are taken for good, as from a sequence. `fenced` checks epochs, as a store must.
    pub async fn begin_append(&self, batches: &[RoomBatch], fenced: bool) -> Running {
        let mut tables = self.tables.lock().await;
        let mut draft = tables.clone();
        let running = work(&mut draft, batches, fenced);
        tables.take_message_ids_of(&draft);
        running
    }

    pub async fn commit(&self, running: Running) {
        running.apply(&mut *self.tables.lock().await);
    }
}

/// Does the work of an append, room by room: what one room stores counts for the next.
fn work(tables: &mut Tables, batches: &[RoomBatch], fenced: bool) -> Running {
    let mut order: Vec<usize> = (0..batches.len()).collect();
    order.sort_by_key(|&index| batches[index].room);
    let mut running = Running {
        writes: Vec::with_capacity(batches.len()),
        outcomes: vec![BatchOutcome::Fenced; batches.len()],
    };
    for index in order {
        if let Some((write, outcome)) = begin_one(tables, &batches[index], fenced) {
            running.outcomes[index] = outcome;
            running.writes.push(write.clone());
            apply_one(tables, write);
        }
    }
    running
}

fn begin_one(tables: &mut Tables, batch: &RoomBatch, fenced: bool) -> Option<(Write, BatchOutcome)> {
    let room = tables.rooms.get(&batch.room)?;
    if fenced && room.epoch != batch.epoch {
        return None;
    }
    let known = known_tokens(tables, batch);
    let ids: Vec<_> = dedupe(batch, &known)
        .iter()
        .map(|_| tables.next_message())
        .collect();
    let (rows, posts, last_seq, counts) = assign(batch, &known, &ids);
    let write = Write {
        batch: batch.clone(),
        rows,
        last_seq,
        counts,
    };
    let outcome = BatchOutcome::Committed {
        posts,
        last_seq,
        counts,
    };
    Some((write, outcome))
}

fn apply_one(tables: &mut Tables, write: Write) {
    let Write {
        batch,
        rows,
        last_seq,
        counts,
    } = write;
    for row in &rows {
        let post = &batch.posts[row.index];
        if let Some(token) = &post.token {
            let stored = TokenRow {
                digest: token.digest,
                room: batch.room,
                seq: row.message.seq,
                at: post.created_at,
            };
            tables.tokens.insert((post.sender, token.key.clone()), stored);
        }
    }
    if let Some(room) = tables.rooms.get_mut(&batch.room) {
        // With fences no other owner can have written since.
        assert!(
            room.epoch != batch.epoch || room.last_seq == batch.last_seq,
            "the owner of room {} knows its end",
            batch.room
        );
        room.last_seq = last_seq;
        room.counts = counts;
        room.rows.extend(rows.into_iter().map(|row| {
            Arc::new(Row {
                message: row.message,
                counts: row.counts,
                counted: row.counted,
            })
        }));
        for &(account, seq) in &batch.reads {
            if let Some(member) = room.members.get_mut(&account) {
                member.read_seq = member.read_seq.max(seq);
            }
        }
    }
}

fn known_tokens(tables: &Tables, batch: &RoomBatch) -> HashMap<usize, TokenFound> {
    let mut known = HashMap::new();
    for (index, post) in batch.posts.iter().enumerate() {
        let Some(token) = &post.token else { continue };
        let Some(row) = tables.tokens.get(&(post.sender, token.key.clone())) else {
            continue;
        };
        let message = tables
            .rooms
            .get(&row.room)
            .and_then(|room| room.rows.get((row.seq.0 - 1) as usize));
        let found = match message {
            Some(stored) if row.digest == token.digest => TokenFound::Same(stored.message.clone()),
            _ => TokenFound::Other,
        };
        known.insert(index, found);
    }
    known
}
