//! Brings a PostgreSQL database up to date, one node at a time, each migration in a transaction of its own.

use super::connect::Target;
use super::value;
use crate::storage::migrations::{Engine, MIGRATIONS, Migration, Mismatch, RECORDS, Record, pending};
use crate::storage::sql::{SqlError, SqlResult};
use roost_actors::model::Timestamp;
use std::time::Duration;
use tokio_postgres::Client;

/// The key of the advisory lock: "roost" in ASCII.
const LOCK: i64 = 0x72_6f_6f_73_74;
/// How often, and how many times, the lock is tried: 120 s in all.
const TRY_EVERY: Duration = Duration::from_millis(200);
const TRIES_MAX: u32 = 600;

/// The names of what was applied, or what does not fit.
pub async fn migrate(target: &Target, now: Timestamp) -> SqlResult<Result<Vec<String>, Mismatch>> {
    let mut client = target.alone().await?;
    encoding(&client).await?;
    lock(&client).await?;
    // The lock ends with the connection.
    let applied = apply(&mut client, now).await?;
    if applied.is_ok() {
        raise_ledger(&client).await?;
    }
    Ok(applied)
}

/// After a restore into a cluster whose transaction ids are lower than those that keys were made of: see migration
/// `ledger`. Otherwise no key that is visible was made of an id that the snapshot does not know, and nothing is raised.
async fn raise_ledger(client: &Client) -> SqlResult<()> {
    let sql = "UPDATE ledger SET base = base + t.short FROM (
            SELECT (SELECT COALESCE(MAX(commit_key), 0) FROM messages) / 8192 + 1 - base
                - pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS short
            FROM ledger
        ) t WHERE t.short > 0";
    let raised = client.execute(sql, &[]).await.map_err(value::error)?;
    if raised > 0 {
        tracing::info!("this database was restored: sync keys go on above those that were given out");
    }
    Ok(())
}

async fn encoding(client: &Client) -> SqlResult<()> {
    let row = client.query_one("SHOW server_encoding", &[]).await;
    let encoding: String = row.and_then(|row| row.try_get(0)).map_err(value::error)?;
    if encoding == "UTF8" {
        return Ok(());
    }
    let why = format!("the database's encoding is {encoding}: make one WITH ENCODING 'UTF8'");
    Err(SqlError::Internal(why))
}

async fn lock(client: &Client) -> SqlResult<()> {
    for _ in 0..TRIES_MAX {
        let row = client
            .query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])
            .await;
        if row.and_then(|row| row.try_get(0)).map_err(value::error)? {
            return Ok(());
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
    let why = "another node holds the lock for migrations and does not end";
    Err(SqlError::Unavailable(why.to_owned()))
}

async fn apply(client: &mut Client, now: Timestamp) -> SqlResult<Result<Vec<String>, Mismatch>> {
    client.batch_execute(RECORDS).await.map_err(value::error)?;
    let missing = match pending(MIGRATIONS, &records(client).await?, Engine::Postgres) {
        Ok(missing) => missing,
        Err(mismatch) => return Ok(Err(mismatch)),
    };
    let mut applied = Vec::with_capacity(missing.len());
    for migration in missing {
        step(client, migration, now)
            .await
            .map_err(|error| match value::error(error) {
                SqlError::Unavailable(why) => SqlError::Unavailable(why),
                other => SqlError::Internal(format!("migration {}: {other:?}", migration.number)),
            })?;
        applied.push(migration.name.to_owned());
    }
    Ok(Ok(applied))
}

async fn step(
    client: &mut Client,
    migration: &Migration,
    now: Timestamp,
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction
        .batch_execute(&migration.text(Engine::Postgres))
        .await?;
    let checksum = migration.checksum(Engine::Postgres);
    transaction
        .execute(
            "INSERT INTO roost_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            &[&migration.number, &migration.name, &checksum, &now.0],
        )
        .await?;
    transaction.commit().await
}

async fn records(client: &Client) -> SqlResult<Vec<Record>> {
    let sql = "SELECT number, name, checksum FROM roost_migrations ORDER BY number";
    let rows = client.query(sql, &[]).await.map_err(value::error)?;
    rows.iter()
        .map(|row| {
            Ok(Record {
                number: row.try_get(0)?,
                name: row.try_get(1)?,
                checksum: row.try_get(2)?,
            })
        })
        .collect::<Result<_, _>>()
        .map_err(value::error)
}
