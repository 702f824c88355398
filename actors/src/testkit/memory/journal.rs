//! The journal's store in memory: one transaction over the batches of many rooms, fenced room by room.

use super::fault::commit_late;
use super::tables::{Row, Tables, TokenRow};
use super::{CommitFault, Memory};
use crate::journal::{TokenFound, assign, dedupe};
use crate::model::Timestamp;
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
    let mut order: Vec<usize> = (0..batches.len()).collect();
    order.sort_by_key(|&index| batches[index].room);
    let mut outcomes = vec![BatchOutcome::Fenced; batches.len()];
    for index in order {
        outcomes[index] = append_one(tables, &batches[index]);
    }
    outcomes
}

fn append_one(tables: &mut Tables, batch: &RoomBatch) -> BatchOutcome {
    let ours = |tables: &Tables| {
        tables
            .rooms
            .get(&batch.room)
            .is_some_and(|r| r.epoch == batch.epoch)
    };
    if !ours(tables) {
        return BatchOutcome::Fenced;
    }
    let known = known_tokens(tables, batch);
    let ids: Vec<_> = dedupe(batch, &known)
        .iter()
        .map(|_| tables.next_message())
        .collect();
    let (rows, posts, last_seq, counts) = assign(batch, &known, &ids);
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
        assert_eq!(
            room.last_seq, batch.last_seq,
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
    BatchOutcome::Committed {
        posts,
        last_seq,
        counts,
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
