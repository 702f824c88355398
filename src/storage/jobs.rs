//! Which node does a job that only one should do at a time: a row a job.

use super::sql::{Database, values};
use async_trait::async_trait;
use roost_actors::model::Timestamp;
use roost_actors::ports::{JobStore, StoreResult};

/// The jobs in one database.
#[derive(Clone, Debug)]
pub struct Jobs {
    pub database: Database,
}

#[async_trait]
impl JobStore for Jobs {
    async fn claim(&self, job: &str, holder: &str, now: Timestamp, until: Timestamp) -> StoreResult<bool> {
        let (job, holder) = (job.to_owned(), holder.to_owned());
        let claimed = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "INSERT INTO jobs (name, holder, until) VALUES ($1, $2, $4)
                    ON CONFLICT (name) DO UPDATE SET holder = $2, until = $4
                    WHERE jobs.holder = $2 OR jobs.until <= $3";
                Ok(conn.execute(sql, values![job, holder, now, until]).await? > 0)
            })
        });
        claimed.await
    }

    async fn give_back(&self, job: &str, holder: &str) -> StoreResult<()> {
        let (job, holder) = (job.to_owned(), holder.to_owned());
        let given = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "DELETE FROM jobs WHERE name = $1 AND holder = $2";
                conn.execute(sql, values![job, holder]).await?;
                Ok(())
            })
        });
        given.await
    }
}
