//! A PostgreSQL database that lives as long as one test, and a server of a test's own to stop and start.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
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

/// A server that only one test uses, made by `scripts/postgres`.
pub struct PrivateServer {
    folder: TempDir,
    url: String,
}

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As an operator does: transactions are rolled back, clients told.
    Fast,
    /// As a crash does.
    Immediate,
}

impl PrivateServer {
    pub fn start() -> PrivateServer {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = script(&["start", &inside(&folder)]);
        PrivateServer { folder, url }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts the server again, on the same port and data.
    pub fn start_again(&self) {
        script(&["start", &inside(&self.folder)]);
    }

    pub fn stop(&self, how: Stop) {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        script(&["stop", &inside(&self.folder), mode]);
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        // Fails when the test has stopped it already.
        drop(scripted(&["stop", &inside(&self.folder), "immediate"]));
    }
}

fn inside(folder: &TempDir) -> String {
    folder.path().join("postgres").display().to_string()
}

fn scripted(arguments: &[&str]) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres");
    let output = Command::new(path)
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn script(arguments: &[&str]) -> String {
    scripted(arguments).unwrap_or_else(|error| panic!("scripts/postgres {arguments:?}: {error}"))
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
