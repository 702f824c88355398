//! One bare durable commit: a row of a message's size, in a transaction of its own, on the storage under test.

use super::database;
use super::figures::Latencies;
use super::watch::{Fallible, Watch};
use rusqlite::Connection;
use std::path::Path;
use tokio_postgres::{Client, Statement};

const NANOSECONDS: f64 = 1e9;
const TABLE: &str = "CREATE TABLE bare (id BIGINT PRIMARY KEY, body TEXT NOT NULL)";
const INSERT: &str = "INSERT INTO bare (id, body) VALUES ($1, $2)";

/// A table that takes such commits.
pub struct BareCommits {
    engine: Engine,
    next_id: i64,
}

enum Engine {
    Sqlite(Connection),
    Postgres(Client, Statement),
}

impl BareCommits {
    /// In a SQLite file of a folder, with the settings the node uses.
    pub fn sqlite(folder: &Path) -> Fallible<BareCommits> {
        let connection = Connection::open(folder.join("bare.db"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(TABLE)?;
        Ok(BareCommits {
            engine: Engine::Sqlite(connection),
            next_id: 1,
        })
    }

    /// In a PostgreSQL database.
    pub async fn postgres(url: &str) -> Fallible<BareCommits> {
        let client = database::connect(url).await?;
        client.batch_execute(TABLE).await?;
        let insert = client.prepare(INSERT).await?;
        Ok(BareCommits {
            engine: Engine::Postgres(client, insert),
            next_id: 1,
        })
    }

    /// On the storage behind a URL of the node's configuration; a SQLite file goes to `folder`.
    pub async fn beside(storage_url: &str, folder: &Path) -> Fallible<BareCommits> {
        if storage_url.starts_with("sqlite:") {
            BareCommits::sqlite(folder)
        } else {
            BareCommits::postgres(storage_url).await
        }
    }

    async fn commit(&mut self, body: &str) -> Fallible<()> {
        let id = self.next_id;
        self.next_id += 1;
        match &self.engine {
            Engine::Sqlite(connection) => {
                connection.prepare_cached(INSERT)?.execute((id, body))?;
            }
            Engine::Postgres(client, insert) => {
                client.execute(insert, &[&id, &body]).await?;
            }
        }
        Ok(())
    }

    /// Commits for a time, so many a second or, without a rate, one after the other.
    pub async fn measure(
        &mut self,
        watch: Watch,
        seconds: f64,
        rate: Option<f64>,
        bytes: usize,
    ) -> Fallible<Latencies> {
        let body = "x".repeat(bytes);
        let mut latencies = Latencies::default();
        let began = watch.ns();
        let end = began + (seconds * NANOSECONDS) as u64;
        for number in 0_u64.. {
            if let Some(rate) = rate {
                watch
                    .sleep_until(began + (number as f64 / rate * NANOSECONDS) as u64)
                    .await;
            }
            let before = watch.ns();
            if before >= end {
                break;
            }
            self.commit(&body).await?;
            latencies.record(watch.ns() - before);
        }
        Ok(latencies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commits_are_counted_and_paced() {
        let folder = tempfile::tempdir().unwrap();
        let mut commits = BareCommits::sqlite(folder.path()).unwrap();
        let watch = Watch::start();
        let paced = commits.measure(watch, 0.2, Some(50.0), 100).await.unwrap();
        assert!((1..=10).contains(&paced.count()), "{}", paced.count());
        let unpaced = commits.measure(watch, 0.2, None, 100).await.unwrap();
        assert!(unpaced.count() > 0);
        let Engine::Sqlite(connection) = &commits.engine else {
            panic!("not sqlite");
        };
        let rows: i64 = connection
            .query_row("SELECT count(*) FROM bare WHERE length(body) = 100", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(rows as u64, paced.count() + unpaced.count());
    }
}
