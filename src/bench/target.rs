//! The node under load: one of the tool's own in a temporary directory, or one that runs already.

use super::database::Storage;
use super::figures::Report;
use super::freeim::{self, User};
use super::http::Connection;
use super::options::Common;
use super::watch::{Fallible, Trouble, Watch};
use crate::http::metrics;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long a node may take until it is ready.
const READY: Duration = Duration::from_secs(60);
const MILLISECONDS: f64 = 1e3;
const POLL: Duration = Duration::from_millis(2);
/// The most members of a group on a node of the tool's own.
const GROUP_MEMBERS_MAX: usize = 100_000;
/// Groups made until one lives on the first of several nodes, at most.
const GROUPS_TRIED_MAX: usize = 100;
/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(60);
const HANDSHAKE_BYTES_MAX: usize = 16 * 1024;

/// The node under load.
pub struct Target {
    pub address: SocketAddr,
    /// Other nodes of its cluster, at which sockets are opened too.
    peers: Vec<SocketAddr>,
    sockets_opened: AtomicUsize,
    admin_token: String,
    own: Option<Own>,
    watch: Watch,
    /// The prefix of the accounts that this run makes.
    prefix: String,
    accounts_made: usize,
}

/// A node that the tool started.
struct Own {
    child: Option<Child>,
    settings: Vec<(String, String)>,
    // Dropped after the child has ended.
    storage: Storage,
}

impl Target {
    /// Starts a node, or looks at the one that is named, and says so in the report.
    pub async fn prepare(common: &Common, watch: Watch, report: &mut Report) -> Fallible<Target> {
        let prefix = format!("bench-{}-", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let given = common
            .url
            .iter()
            .map(|url| given_address(url, common.allow_remote));
        let given: Vec<SocketAddr> = given.collect::<Fallible<_>>()?;
        let mut target = match given.first() {
            Some(&address) => Target {
                address,
                peers: given[1..].to_vec(),
                sockets_opened: AtomicUsize::new(0),
                admin_token: common.admin_token.clone().unwrap_or_default(),
                own: None,
                watch,
                prefix,
                accounts_made: 0,
            },
            None => {
                let admin_token = uuid::Uuid::new_v4().simple().to_string();
                let address = free_address()?;
                let own = Own::new(common, address, &admin_token).await?;
                Target {
                    address,
                    peers: Vec::new(),
                    sockets_opened: AtomicUsize::new(0),
                    admin_token,
                    own: Some(own),
                    watch,
                    prefix,
                    accounts_made: 0,
                }
            }
        };
        let ready = target.run().await?;
        match &common.url[..] {
            [url] => report.fact("node", url),
            [_, ..] => report.fact("nodes", common.url.join(", ")),
            [] => {
                report.fact("node", "of its own");
                report.fact("storage", common.storage.name());
                report.add("ready_ms", "ms", ready.as_secs_f64() * MILLISECONDS);
            }
        }
        Ok(target)
    }

    /// Starts the node (again) and waits until it is ready. How long that took.
    pub async fn run(&mut self) -> Fallible<Duration> {
        let began = self.watch.elapsed();
        if let Some(own) = &mut self.own {
            own.start()?;
        }
        while self.watch.elapsed() - began < READY {
            if let Some(own) = &mut self.own
                && let Some(status) = own.child.as_mut().map(Child::try_wait).transpose()?.flatten()
            {
                return Err(Trouble::new(format!(
                    "the node ended with {status}:\n{}",
                    own.log()
                )));
            }
            let ready = Connection::new(self.address).call("GET", "/readyz", "", "").await;
            if ready.is_ok_and(|answer| answer.status == 200) {
                return Ok(self.watch.elapsed() - began);
            }
            tokio::time::sleep(POLL).await;
        }
        let log = self.own.as_ref().map(Own::log).unwrap_or_default();
        Err(Trouble::new(format!(
            "the node was not ready within {READY:?}\n{log}"
        )))
    }

    /// Ends the tool's own node at once, as a power cut would (SIGKILL).
    pub fn kill(&mut self) -> Fallible<()> {
        let own = self.own.as_mut();
        own.ok_or_else(|| Trouble::new("only a node of the tool's own can be killed: leave --url out"))?
            .kill()
    }

    /// Where the tool's own node keeps its data.
    #[must_use]
    pub fn storage_url(&self) -> Option<&str> {
        self.own.as_ref().map(|own| own.storage.url.as_str())
    }

    /// A folder on the disk of the node's data, for comparisons.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        self.own.as_ref().map(|own| own.storage.folder.path().to_owned())
    }

    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection::new(self.address)
    }

    /// Makes that many accounts more.
    pub async fn accounts(&mut self, count: usize) -> Fallible<Vec<User>> {
        let prefix = format!("{}{}-", self.prefix, self.accounts_made);
        self.accounts_made += count;
        freeim::make_accounts(&mut self.connection(), &self.admin_token, &prefix, count).await
    }

    /// Makes a group with these members that lives on the node that is measured.
    pub async fn group(&self, connection: &mut Connection, members: &[User]) -> Fallible<i64> {
        for _ in 0..GROUPS_TRIED_MAX {
            let group = freeim::make_group(connection, "bench", members).await?;
            if self.peers.is_empty() || self.owns(connection, group).await? {
                return Ok(group);
            }
        }
        Err(Trouble::new("no group lives on the first of the nodes"))
    }

    async fn owns(&self, connection: &mut Connection, group: i64) -> Fallible<bool> {
        let bearer = format!("Bearer {}", self.admin_token);
        let mut ask = async |path: String| -> Fallible<Value> {
            let answer = connection.call("GET", &path, &bearer, "").await?;
            Ok(serde_json::from_slice(&answer.body)?)
        };
        let home = ask(format!("/admin/api/v1/cluster/rooms/{group}")).await?;
        let status = ask("/admin/api/v1/cluster".to_owned()).await?;
        let me = self.address.to_string();
        let members = status["members"].as_array().into_iter().flatten();
        Ok(members
            .filter(|member| member["http"] == *me)
            .any(|member| member["name"] == home["node"]))
    }

    /// User and system time the node has used, in seconds, as it says itself.
    pub async fn cpu_seconds(&self) -> Fallible<f64> {
        self.metric("process_cpu_seconds_total").await
    }

    /// The node's resident memory in bytes, as it says itself.
    pub async fn resident_bytes(&self) -> Fallible<f64> {
        self.metric("process_resident_memory_bytes").await
    }

    async fn metric(&self, name: &str) -> Fallible<f64> {
        let bearer = format!("Bearer {}", self.admin_token);
        let answer = self.connection().call("GET", "/metrics", &bearer, "").await?;
        let text = String::from_utf8_lossy(&answer.body);
        read_metric(&text, name).ok_or_else(|| Trouble::new(format!("/metrics has no {name}")))
    }

    /// Opens a session of an account, and gives it with what came behind the handshake.
    pub fn open_socket(&self, user: &User) -> Fallible<(TcpStream, Vec<u8>)> {
        let turn = self.sockets_opened.fetch_add(1, Ordering::Relaxed) % (self.peers.len() + 1);
        let address = turn.checked_sub(1).map_or(self.address, |peer| self.peers[peer]);
        open_socket(address, "/api/v1/ws", &user.token)
    }
}

impl Own {
    async fn new(common: &Common, address: SocketAddr, admin_token: &str) -> Fallible<Own> {
        let storage = Storage::prepare(common).await?;
        let data = storage.folder.path().join("data").display().to_string();
        let mut settings = vec![
            ("ROOST__HTTP__LISTEN", address.to_string()),
            ("ROOST__DATA_DIR", data),
            ("ROOST__STORAGE__URL", storage.url.clone()),
            ("ROOST__ADMIN__TOKEN", admin_token.to_owned()),
            ("ROOST__LIMITS__ENABLED", "false".to_owned()),
            ("ROOST__LOG__LEVEL", "warn".to_owned()),
            ("ROOST__FREEIM__GROUP_MEMBER_LIMIT", GROUP_MEMBERS_MAX.to_string()),
            ("ROOST__FREEIM__PING_SECONDS", "0".to_owned()),
        ];
        if let Some(workers) = common.workers {
            settings.push(("ROOST__HTTP__WORKERS", workers.to_string()));
        }
        let settings = settings.into_iter().map(|(key, value)| (key.to_owned(), value));
        Ok(Own {
            child: None,
            settings: settings.collect(),
            storage,
        })
    }

    fn start(&mut self) -> Fallible<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let child = Command::new(std::env::current_exe()?)
            .arg("run")
            .env_clear()
            .envs(std::env::vars_os().filter(|(key, _)| !key.to_string_lossy().starts_with("ROOST_")))
            .envs(self.settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // The terminal's Ctrl-C is for the tool, which then ends the node.
            .process_group(0)
            .spawn()?;
        self.child = Some(child);
        Ok(())
    }

    fn kill(&mut self) -> Fallible<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    fn log_path(&self) -> PathBuf {
        self.storage.folder.path().join("log")
    }

    fn log(&self) -> String {
        let mut text = String::new();
        // What cannot be read is not worth failing for: it is shown beside another error.
        if let Ok(mut file) = File::open(self.log_path()) {
            drop(file.read_to_string(&mut text));
        }
        text
    }
}

impl Drop for Own {
    #[expect(clippy::print_stderr, reason = "the person at the terminal has to end it")]
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("roost bench: the node could not be ended: {error}");
        }
    }
}

/// Opens a websocket, waiting for the handshake. The stream does not block afterwards.
pub fn open_socket(address: SocketAddr, path: &str, token: &str) -> Fallible<(TcpStream, Vec<u8>)> {
    use super::frames;
    use base64::Engine;
    let key = base64::engine::general_purpose::STANDARD.encode(uuid::Uuid::new_v4().as_bytes());
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HANDSHAKE))?;
    stream.write_all(frames::handshake(address, path, token, &key).as_bytes())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 2_048];
    let end = loop {
        let length = stream.read(&mut buffer)?;
        answer.extend_from_slice(&buffer[..length]);
        if let Some(at) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if length == 0 || answer.len() > HANDSHAKE_BYTES_MAX {
            return Err(Trouble::new("a handshake was not answered"));
        }
    };
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    if !head.starts_with("HTTP/1.1 101") || !head.contains(&frames::accept_key(&key)) {
        return Err(Trouble::new(format!("a handshake was answered with {head}")));
    }
    stream.set_nonblocking(true)?;
    Ok((stream, answer.split_off(end)))
}

/// User and system time of the tool itself, in seconds.
#[must_use]
pub fn own_cpu_seconds() -> f64 {
    metrics::cpu_seconds("self").unwrap_or(f64::NAN)
}

fn read_metric(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([' ', '{']))
    })?;
    line.rsplit(' ').next()?.parse().ok()
}

/// The address of a URL, which must be this machine's unless it is said otherwise.
pub(crate) fn given_address(url: &str, allow_remote: bool) -> Fallible<SocketAddr> {
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| Trouble::new(format!("{url}: only http:// is spoken here")))?;
    let host = rest.trim_end_matches('/');
    let named = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let address = named
        .to_socket_addrs()
        .map_err(|error| Trouble::new(format!("{url}: {error}")))?
        .next()
        .ok_or_else(|| Trouble::new(format!("{url}: no address")))?;
    if !address.ip().is_loopback() && !allow_remote {
        let why = format!("{url} is not this machine: add --allow-remote to put load on it");
        return Err(Trouble::new(why));
    }
    Ok(address)
}

/// An address nobody listens on.
fn free_address() -> Fallible<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_loaded_only_when_that_is_said() {
        assert!(given_address("http://127.0.0.1:8080/", false).is_ok());
        assert_eq!(given_address("http://127.0.0.1", false).unwrap().port(), 80);
        let refused = given_address("http://192.0.2.1:8080", false).unwrap_err();
        assert!(refused.to_string().contains("--allow-remote"));
        assert!(given_address("http://192.0.2.1:8080", true).is_ok());
        assert!(given_address("https://127.0.0.1", false).is_err());
    }

    #[test]
    fn a_metric_is_found_by_its_whole_name() {
        let text = "# HELP x y\nx_total_more 1\nx_total 2.5\ny{a=\"b\"} 3\n";
        assert_eq!(read_metric(text, "x_total"), Some(2.5));
        assert_eq!(read_metric(text, "y"), Some(3.0));
        assert_eq!(read_metric(text, "z"), None);
    }
}
