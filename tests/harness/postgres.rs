//! A PostgreSQL database that lives as long as one test, and a server of a test's own to stop and start.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
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
    /// Makes a database with the tables of this roost and nothing in them: a copy of one that is migrated once on each
    /// server, which takes a fraction of the time. Panics, saying what to do, when no server is named.
    pub async fn create() -> Database {
        Database::make(true).await
    }

    /// Makes a database without tables.
    pub async fn empty() -> Database {
        Database::make(false).await
    }

    async fn make(migrated: bool) -> Database {
        let server = server();
        let name = format!(
            "roost_test_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let making = async {
            let client = Client::to(&server).await?;
            let like = match migrated {
                true => template(&client, &server).await?,
                false => "template1".to_owned(),
            };
            client
                .run(&format!("CREATE DATABASE {name} TEMPLATE {like}"))
                .await
        };
        let made: Result<(), tokio_postgres::Error> = making.await;
        made.unwrap_or_else(|error| panic!("{SERVER}: {error:?}"));
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
            runtime
                .expect("a runtime")
                .block_on(async { Client::to(&server()).await?.run(&sql).await })
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

/// A connection that ends with this.
struct Client(tokio_postgres::Client);

impl Client {
    async fn to(url: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = url.parse::<Config>()?.connect(NoTls).await?;
        // It ends with its client; how does not matter.
        tokio::spawn(connection);
        Ok(Client(client))
    }

    async fn run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.0.batch_execute(sql).await
    }
}

/// The database that is copied, made by whoever comes first; the others wait.
async fn template(client: &Client, server: &str) -> Result<String, tokio_postgres::Error> {
    const LOCK: i64 = 0x726f_6f73_7464;
    let name = format!("roost_template_{:016x}", digest_of_migrations());
    client.0.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
    let known = "SELECT 1 FROM pg_database WHERE datname = $1";
    if client.0.query_opt(known, &[&name]).await?.is_none() {
        let making = format!("{name}_making");
        client
            .run(&format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)"))
            .await?;
        client.run(&format!("CREATE DATABASE {making}")).await?;
        roost::storage::migrate(&with_database(server, &making))
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        client
            .run(&format!("ALTER DATABASE {making} ALLOW_CONNECTIONS false"))
            .await?;
        // A database is renamed only once nobody is connected to it, and the end of a connection takes its time.
        let rename = format!("ALTER DATABASE {making} RENAME TO {name}");
        for _ in 0..100 {
            if client.run(&rename).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    client
        .0
        .execute("SELECT pg_advisory_unlock($1)", &[&LOCK])
        .await?;
    Ok(name)
}

/// Tells one state of the migrations from another.
fn digest_of_migrations() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/storage/migrations");
    let files = std::fs::read_dir(folder).expect("the migrations");
    let mut paths: Vec<_> = files.map(|file| file.expect("a migration").path()).collect();
    paths.sort();
    let mut hasher = DefaultHasher::new();
    for path in paths {
        std::fs::read(path).expect("a migration").hash(&mut hasher);
    }
    hasher.finish()
}

/// The same server's URL for another database.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(b, q)| (b, Some(q)));
    let scheme = base.find("://").map_or(0, |at| at + 3);
    let host_end = base[scheme..].find('/').map_or(base.len(), |at| scheme + at);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{}/{name}{query}", &base[..host_end])
}
