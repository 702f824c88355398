//! The journal's store. The append itself is each engine's own.

use super::sql::{Database, SqlError, SqlResult, values};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::model::{Epoch, MessageId, Seq, Timestamp};
use roost_actors::ports::{AppendError, BatchOutcome, InDoubt, JournalStore, RoomBatch, StoreError, Verdict};
use std::collections::HashMap;

/// Client tokens forgotten in one transaction, at most: so that none keeps others waiting.
const FORGET_MAX: i64 = 5_000;

const FORGET: &str = "
    DELETE FROM client_tokens WHERE (account, key) IN
        (SELECT account, key FROM client_tokens WHERE created_at < $1 LIMIT $2)";

/// Appends through one database.
#[derive(Clone, Debug)]
pub struct Journal {
    pub database: Database,
}

/// The answer to an append that failed before its commit.
#[must_use]
pub fn not_committed(error: SqlError) -> AppendError {
    match StoreError::from(error) {
        StoreError::Unavailable(why) | StoreError::Unknown(why) => AppendError::Unavailable(why),
        StoreError::Refused(failure) => AppendError::Refused(failure),
    }
}

#[async_trait]
impl JournalStore for Journal {
    async fn append(&self, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError> {
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        match &self.database {
            Database::Sqlite(database) => database.append(batches).await,
            Database::Postgres(database) => database.append(batches).await,
        }
    }

    async fn resolve(&self, doubt: &InDoubt) -> Result<Verdict, String> {
        let (room, ours, marks) = (doubt.batch.room, doubt.batch.epoch, doubt.marks());
        let resolved = self.database.write(move |conn| {
            Box::pin(async move {
                let locked = conn
                    .row(
                        "UPDATE rooms SET epoch = epoch WHERE id = $1 RETURNING epoch",
                        values![room],
                    )
                    .await?;
                let epoch: Option<Epoch> = locked.map(|mut row| row.take()).transpose()?;
                let seqs: Vec<i64> = marks.iter().map(|(seq, _)| seq.0).collect();
                let rows = conn
                    .rows(
                        "SELECT seq, id FROM messages WHERE room = $1 AND seq = ANY($2)",
                        values![room, seqs],
                    )
                    .await?;
                let found = rows
                    .into_iter()
                    .map(|mut row| Ok((row.take()?, row.take()?)))
                    .collect::<SqlResult<HashMap<Seq, MessageId>>>()?;
                Ok(verdict(&marks, &found, epoch == Some(ours)))
            })
        });
        resolved.await.map_err(|error| Failure::from(error).to_string())
    }

    fn writers(&self) -> usize {
        match &self.database {
            Database::Sqlite(_) => 1,
            Database::Postgres(database) => database.writers(),
        }
    }

    async fn forget_tokens(&self, before: Timestamp) -> Result<u64, String> {
        let mut forgotten = 0;
        loop {
            let portion = self.database.write(move |conn| {
                Box::pin(async move { Ok(conn.execute(FORGET, values![before, FORGET_MAX]).await?) })
            });
            let count = portion.await.map_err(|error| Failure::from(error).to_string())?;
            forgotten += count;
            if count < FORGET_MAX as u64 {
                return Ok(forgotten);
            }
        }
    }
}

/// A batch that was to store nothing new may always be sent again.
fn verdict(marks: &[(Seq, MessageId)], found: &HashMap<Seq, MessageId>, ours: bool) -> Verdict {
    if !marks.is_empty() && marks.iter().all(|(seq, id)| found.get(seq) == Some(id)) {
        Verdict::Committed
    } else if ours {
        Verdict::Absent
    } else {
        Verdict::Fenced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_was_committed_when_its_ids_stand_at_its_seqs() {
        let marks = [(Seq(4), MessageId(10)), (Seq(5), MessageId(11))];
        let ours = HashMap::from(marks);
        let other = HashMap::from([(Seq(4), MessageId(12)), (Seq(5), MessageId(13))]);
        assert_eq!(verdict(&marks, &ours, true), Verdict::Committed);
        assert_eq!(verdict(&marks, &ours, false), Verdict::Committed);
        assert_eq!(verdict(&marks, &other, false), Verdict::Fenced);
        assert_eq!(verdict(&marks, &HashMap::new(), true), Verdict::Absent);
        assert_eq!(verdict(&[], &HashMap::new(), true), Verdict::Absent);
    }
}
