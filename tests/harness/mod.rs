//! Starts the real node as a child process on a storage of its own, and talks to it over real sockets.
//! Knows no dialect; each black-box suite uses the part it needs.
#![allow(
    dead_code,
    unused_imports,
    reason = "each test binary uses its own part of the harness"
)]
#![allow(
    clippy::print_stderr,
    reason = "what went wrong belongs into the output of the tests"
)]

pub mod cluster;
pub mod http;
pub mod postgres;
pub mod proxy;
pub mod socket;
mod stored;

pub use cluster::{Cluster, ClusterPlan};
pub use http::{Answer, Encoding, Request};
pub use socket::Socket;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// How long a node may take until it is ready. Generous: tests share the machine.
const READY: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// Asks for so many nodes, on PostgreSQL, wherever a test starts one there: each request goes to the next of them.
const NODES: &str = "ROOST_TEST_NODES";

/// What the node keeps its data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    Sqlite,
    Postgres,
}

/// Runs each scenario, an `async fn(Server)`, on both storages as tests of its name.
#[macro_export]
macro_rules! on_both_storages {
    ($($scenario:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::harness::Server::start($crate::harness::Storage::Sqlite).await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario($crate::harness::Server::start($crate::harness::Storage::Postgres).await).await;
            })+
        }
    };
}

/// A running node. Ends, with everything it wrote, when dropped.
pub struct Server {
    pub address: SocketAddr,
    child: Option<Child>,
    settings: Vec<(String, String)>,
    folder: TempDir,
    database: Option<postgres::Database>,
    /// The other nodes of its cluster, where a test of one node is run on several.
    others: Vec<Server>,
    asked: AtomicUsize,
}

impl Server {
    /// Starts a node with limits off and an outbox, and waits until it is ready.
    pub async fn start(storage: Storage) -> Server {
        Server::start_with(storage, &[]).await
    }

    /// The same with further settings, as in `("ROOST__FREEIM__PING_SECONDS", "0")`.
    pub async fn start_with(storage: Storage, more: &[(&str, &str)]) -> Server {
        let mut server = match (storage, nodes_wanted()) {
            (Storage::Postgres, 2..) => cluster::as_one(nodes_wanted(), more).await,
            _ => Server::prepare(storage, more).await,
        };
        server.run().await;
        server
    }

    /// Starts a node and waits until its log says something: for one that will not be ready.
    pub async fn start_waiting(more: &[(&str, &str)], words: &str) -> Server {
        let mut server = Server::prepare(Storage::Sqlite, more).await;
        server.spawn();
        for _ in 0..READY.as_millis() / POLL.as_millis() {
            if server.log().contains(words) {
                return server;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the node did not say {words:?}:\n{}", server.log());
    }

    /// Makes a node's storage and settings, and does not start it: that is for [`Server::run`] or [`Server::spawn`].
    pub async fn prepare(storage: Storage, more: &[(&str, &str)]) -> Server {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let address = free_address();
        let database = match storage {
            Storage::Sqlite => None,
            Storage::Postgres => Some(postgres::Database::create().await),
        };
        let mut settings = vec![
            ("ROOST__HTTP__LISTEN".to_owned(), address.to_string()),
            (
                "ROOST__DATA_DIR".to_owned(),
                folder.path().join("data").display().to_string(),
            ),
            (
                "ROOST__NOTIFY__OUTBOX".to_owned(),
                outbox(&folder).display().to_string(),
            ),
            ("ROOST__LIMITS__ENABLED".to_owned(), "false".to_owned()),
            ("ROOST__HTTP__WORKERS".to_owned(), "2".to_owned()),
        ];
        if let Some(database) = &database {
            settings.push(("ROOST__STORAGE__URL".to_owned(), database.url().to_owned()));
        }
        settings.extend(
            more.iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        );
        Server {
            address,
            child: None,
            settings,
            folder,
            database,
            others: Vec::new(),
            asked: AtomicUsize::new(0),
        }
    }

    /// Starts the node again on the same address and data, after [`Server::kill`] or [`Server::stop`].
    pub async fn run(&mut self) {
        self.spawn();
        self.wait_ready().await;
        for other in &mut self.others {
            other.wait_ready().await;
        }
    }

    /// Starts the node and does not wait for it.
    pub fn spawn(&mut self) {
        self.others.iter_mut().for_each(Server::spawn);
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path());
        let child = self.command(log.expect("a log file")).spawn();
        self.child = Some(child.expect("the node starts"));
    }

    fn command(&self, log: std::fs::File) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_roost"));
        command
            .env_clear()
            .envs(std::env::vars().filter(|(key, _)| !key.starts_with("ROOST_")))
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    /// Whether the node was started and not told to end since.
    pub fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Whether the node's process lives.
    pub fn is_alive(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The database as the node is told of it, or `None` for SQLite in [`Server::data_dir`].
    pub fn storage_url(&self) -> Option<&str> {
        self.setting("ROOST__STORAGE__URL")
    }

    /// A setting of the node.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Changes a setting, for the next start.
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// The file to which codes are written instead of sent.
    pub fn outbox(&self) -> PathBuf {
        outbox(&self.folder)
    }

    /// Ends the node at once, as a power cut would.
    pub fn kill(&mut self) {
        self.others.iter_mut().for_each(Server::kill);
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the node can be killed");
            child.wait().expect("the node ends");
        }
    }

    /// Asks the node to end, and waits for it. The exit code.
    pub async fn stop(&mut self) -> Option<i32> {
        for other in &mut self.others {
            other.signal("TERM");
            other.wait().await;
        }
        self.signal("TERM");
        self.wait().await
    }

    /// Sends the node's process a signal, as in `"STOP"`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.process_id().to_string()])
            .status();
        assert!(sent.expect("kill(1)").success(), "SIG{name} was not sent");
    }

    /// Waits for a node that was told to end. The exit code.
    pub async fn wait(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("a running node");
        for _ in 0..1_000 {
            if let Some(status) = child.try_wait().expect("the node's status") {
                return status.code();
            }
            tokio::time::sleep(POLL).await;
        }
        child.kill().expect("the node can be killed");
        panic!("the node did not end after SIGTERM:\n{}", self.log());
    }

    /// Runs another node with this one's settings and these over them, which must end by itself. Its exit code and log.
    pub async fn run_in_vain(&self, more: &[(&str, &str)]) -> (Option<i32>, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log");
        let log = std::fs::File::create(&path).expect("a log file");
        let mut child = self
            .command(log)
            .envs(more.iter().copied())
            .spawn()
            .expect("the node starts");
        for _ in 0..READY.as_millis() / POLL.as_millis() {
            if let Some(status) = child.try_wait().expect("the node's status") {
                return (status.code(), std::fs::read_to_string(&path).unwrap_or_default());
            }
            tokio::time::sleep(POLL).await;
        }
        child.kill().expect("the node can be killed");
        child.wait().expect("the node ends");
        let log = std::fs::read_to_string(&path).unwrap_or_default();
        panic!("the node did not end by itself:\n{log}");
    }

    /// Where the node keeps its data.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The URL of the PostgreSQL database, where that is what the node keeps its data in.
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(postgres::Database::url)
    }

    /// The id of the node's process.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().expect("a running node").id()
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.next_address(), method, path)
    }

    /// Where to go next: the node, or the next node of its cluster.
    pub fn next_address(&self) -> SocketAddr {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % (self.others.len() + 1);
        self.others
            .get(turn.wrapping_sub(1))
            .map_or(self.address, |other| other.address)
    }

    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// What the node has written to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The last code that was sent to an address; for a captcha that is its key.
    pub fn code_for(&self, to: &str) -> Option<String> {
        let text = std::fs::read_to_string(outbox(&self.folder)).ok()?;
        let notices = text.lines().map(serde_json::from_str::<serde_json::Value>);
        notices
            .filter_map(Result::ok)
            .rfind(|notice| notice["to"] == to)
            .and_then(|notice| notice["code"].as_str().map(str::to_owned))
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    async fn wait_ready(&mut self) {
        for _ in 0..READY.as_millis() / POLL.as_millis() {
            if let Some(status) = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten())
            {
                panic!("the node ended with {status}:\n{}", self.log());
            }
            if let Ok(answer) = self.get("/readyz").try_send().await
                && answer.status == 200
            {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the node was not ready within {READY:?}:\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of the node ---\n{}", self.log());
        }
    }
}

/// How many nodes a test of one node on PostgreSQL is run on.
fn nodes_wanted() -> usize {
    std::env::var(NODES).map_or(1, |nodes| nodes.parse().expect("ROOST_TEST_NODES is a number"))
}

fn outbox(folder: &TempDir) -> PathBuf {
    folder.path().join("outbox.jsonl")
}

/// An address nobody listens on.
fn free_address() -> SocketAddr {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
    probe.local_addr().expect("its address")
}
