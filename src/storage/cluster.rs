//! The store behind membership: who lives, by the clock of the database, and what makes nodes one cluster.

use super::rows;
use super::sql::{Conn, Database, Row, SqlResult, values};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::cluster::{Beat, Incarnation, Member, Timing};
use roost_actors::ports::{Charter, ClusterStore, Joined, Joining, StoreResult};

/// Membership in one database.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub database: Database,
}

const CHARTER: &str = "SELECT cluster, verifier, heartbeat_ms, dead_after_ms FROM charter WHERE id = 1";

const STORE_CHARTER: &str = "
    INSERT INTO charter (id, cluster, verifier, heartbeat_ms, dead_after_ms) VALUES (1, $1, $2, $3, $4)
    ON CONFLICT (id) DO NOTHING";

/// After how long a silent node is dead; `$1` where there is no charter.
macro_rules! dead_after {
    () => {
        "coalesce((SELECT dead_after_ms FROM charter WHERE id = 1), $1)"
    };
}

/// Looked at again when the row was locked: whoever has beaten meanwhile stays.
const BURY: &str = concat!("DELETE FROM nodes WHERE heard_at < now_ms() - ", dead_after!());

const HEARD: &str = "SELECT now_ms() - heard_at FROM nodes WHERE name = $1";

const JOIN: &str = "
    INSERT INTO nodes (name, http, peer, heard_at) VALUES ($1, $2, $3, now_ms())
    ON CONFLICT (name) DO NOTHING RETURNING incarnation";

const BEAT: &str = "UPDATE nodes SET heard_at = now_ms(), draining = $2 WHERE incarnation = $1";

const MEMBERS: &str = concat!(
    "SELECT name, incarnation, http, peer, draining, heard_at < now_ms() - ",
    dead_after!(),
    " FROM nodes ORDER BY name"
);

#[async_trait]
impl ClusterStore for Cluster {
    async fn charter(&self, fresh: Option<&Charter>) -> StoreResult<Option<Charter>> {
        let Some(fresh) = fresh.cloned() else {
            let stored = self
                .database
                .read(|conn| Box::pin(async move { Ok(charter(conn).await?) }));
            return stored.await;
        };
        let stored = self.database.write(move |conn| {
            Box::pin(async move {
                conn.execute(
                    STORE_CHARTER,
                    values![
                        fresh.cluster,
                        fresh.verifier,
                        fresh.timing.heartbeat_ms,
                        fresh.timing.dead_after_ms
                    ],
                )
                .await?;
                Ok(charter(conn).await?)
            })
        });
        stored.await
    }

    async fn join(&self, joining: &Joining) -> StoreResult<Joined> {
        let joining = joining.clone();
        let joined = self
            .database
            .pulse(move |conn| Box::pin(async move { join(conn, &joining).await }));
        joined.await
    }

    async fn beat(&self, me: Incarnation, draining: bool) -> Beat {
        let beat = self
            .database
            .pulse(move |conn| Box::pin(async move { Ok(beat(conn, me, draining).await?) }));
        let listed = match beat.await {
            Ok(Some(listed)) => listed,
            Ok(None) => return Beat::Dead,
            Err(error) => return Beat::Failed(Failure::from(error).to_string()),
        };
        let (dead, living): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, is_dead)| *is_dead);
        if !dead.is_empty() {
            // In a transaction of its own: two nodes that bury each other would wait for each other.
            let buried = self.database.pulse(move |conn| {
                Box::pin(async move {
                    Ok(conn
                        .execute(BURY, values![Timing::default().dead_after_ms])
                        .await?)
                })
            });
            if let Err(error) = buried.await {
                return Beat::Failed(Failure::from(error).to_string());
            }
        }
        Beat::Alive(living.into_iter().map(|(member, _)| member).collect())
    }

    async fn leave(&self, me: Incarnation) -> StoreResult<()> {
        let left = self.database.pulse(move |conn| {
            Box::pin(async move {
                conn.execute("DELETE FROM nodes WHERE incarnation = $1", values![me])
                    .await?;
                Ok(())
            })
        });
        left.await
    }
}

async fn charter(conn: &mut Conn) -> SqlResult<Option<Charter>> {
    let stored = conn.row(CHARTER, &[]).await?;
    let read = |mut row: Row| {
        Ok(Charter {
            cluster: row.take()?,
            verifier: row.take()?,
            timing: Timing {
                heartbeat_ms: row.take()?,
                dead_after_ms: row.take()?,
            },
        })
    };
    stored.map(read).transpose()
}

async fn join(conn: &mut Conn, joining: &Joining) -> StoreResult<Joined> {
    conn.execute(BURY, values![Timing::default().dead_after_ms])
        .await?;
    let values = values![&joining.name, &joining.http, &joining.peer];
    if let Some(mut row) = conn.row(JOIN, values).await? {
        let members = listed(conn).await?.into_iter().map(|(member, _)| member);
        return Ok(Joined::Member(row.take()?, members.collect()));
    }
    let heard = conn.row(HEARD, values![&joining.name]).await?;
    let heard_ms_ago = heard.map_or(Ok(0), |mut row| row.take())?;
    Ok(Joined::NameTaken { heard_ms_ago })
}

/// Every member, and whether it has been silent for too long; `None` when this incarnation is not one.
async fn beat(conn: &mut Conn, me: Incarnation, draining: bool) -> SqlResult<Option<Vec<(Member, bool)>>> {
    if conn.execute(BEAT, values![me, draining]).await? == 0 {
        return Ok(None);
    }
    Ok(Some(listed(conn).await?))
}

async fn listed(conn: &mut Conn) -> SqlResult<Vec<(Member, bool)>> {
    rows::all(
        conn.rows(MEMBERS, values![Timing::default().dead_after_ms])
            .await?,
        |row| {
            let member = Member {
                name: row.take::<String>()?.into(),
                incarnation: row.take()?,
                http: row.take()?,
                peer: row.take()?,
                draining: row.take()?,
            };
            Ok((member, row.take()?))
        },
    )
}
