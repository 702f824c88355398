//! A PostgreSQL database that lives as long as one test.

use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Config, NoTls};

/// Names the server on which databases are made: a superuser's URL, as `scripts/test` sets it.
const SERVER: &str = "ROOST_TEST_POSTGRES";

static NEXT: AtomicU32 = AtomicU32::new(1);

pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// Makes an empty database. Panics, saying what to do, when no server is named.
    pub async fn create() -> Database {
        let server = server();
        let name = format!(
            "roost_test_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        execute(&server, &format!("CREATE DATABASE {name}"))
            .await
            .unwrap_or_else(|error| panic!("{SERVER}: {error}"));
        let url = with_database(&server, &name);
        Database { name, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A thread of its own: this one may be inside a runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server(), &sql))
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("database {} was left behind: {error}", self.name),
            Err(_) => eprintln!("database {} was left behind", self.name),
        }
    }
}

fn server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run scripts/test, or set it to postgres://USER@HOST:PORT/postgres of a server where databases may be made")
    })
}

async fn execute(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = url.parse::<Config>()?.connect(NoTls).await?;
    let driving = tokio::spawn(connection);
    let done = client.batch_execute(sql).await;
    drop(client);
    // The connection ends with its client; how does not matter.
    drop(driving.await);
    done
}

/// The same server's URL for another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(b, q)| (b, Some(q)));
    let scheme = base.find("://").map_or(0, |at| at + 3);
    let host_end = base[scheme..].find('/').map_or(base.len(), |at| scheme + at);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{}/{name}{query}", &base[..host_end])
}
