//! Nodes of one cluster, each a process of its own, with wires between them and to their database that can be cut.

use super::postgres::Database;
use super::proxy::{Proxy, Wire};
use super::{Server, Storage, free_address, outbox};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub const CLUSTER: &str = "roost-test";
pub const SECRET: &str = "the secret of these tests";
/// The admin token of nodes in tests that need a known one.
pub const ADMIN: &str = "the operators' own token";

/// What a cluster is made of. The names of its nodes are a, b, c and so on.
#[derive(Clone, Debug, Default)]
pub struct ClusterPlan {
    /// How many nodes start at once; more can be added.
    pub nodes: usize,
    /// Whether links and connections to the database go through wires that can be cut.
    pub wires: bool,
    /// A server of the test's own, instead of a database on the shared one.
    pub database: Option<String>,
    pub settings: Vec<(String, String)>,
}

impl ClusterPlan {
    pub fn of(nodes: usize) -> ClusterPlan {
        ClusterPlan {
            nodes,
            ..ClusterPlan::default()
        }
    }

    pub fn with_wires(mut self) -> ClusterPlan {
        self.wires = true;
        self
    }

    pub fn on(mut self, database: &str) -> ClusterPlan {
        self.database = Some(database.to_owned());
        self
    }

    pub fn set(mut self, key: &str, value: &str) -> ClusterPlan {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Starts the nodes and waits until all are ready.
    pub async fn start(self) -> Cluster {
        let database = match &self.database {
            Some(_) => None,
            None => Some(Database::create().await),
        };
        let url = self.database.clone();
        let mut cluster = Cluster {
            nodes: Vec::new(),
            url: url
                .or_else(|| Some(database.as_ref()?.url().to_owned()))
                .expect("a database"),
            wires: Vec::new(),
            folder: tempfile::tempdir().expect("a temporary folder"),
            plan: self,
            _database: database,
        };
        for _ in 0..cluster.plan.nodes {
            cluster.prepare(&[]).await;
        }
        // The first one makes the database, the others come to it.
        for node in &mut cluster.nodes {
            node.spawn();
        }
        for node in &mut cluster.nodes {
            node.wait_ready().await;
        }
        cluster.linked().await;
        cluster
    }
}

/// The wires of one node.
struct Wires {
    links: Proxy,
    database: Proxy,
}

/// A running cluster. Ends, with everything it wrote, when dropped.
pub struct Cluster {
    pub nodes: Vec<Server>,
    /// The database itself, past any wire.
    pub url: String,
    wires: Vec<Option<Wires>>,
    folder: TempDir,
    plan: ClusterPlan,
    _database: Option<Database>,
}

impl Cluster {
    /// Makes one more node with these settings over the plan's, and does not start it. Its number.
    pub async fn prepare(&mut self, more: &[(&str, &str)]) -> usize {
        let number = self.nodes.len();
        let name = name(number);
        let links = free_address();
        let mut peer = links;
        let mut url = self.url.clone();
        let wires = if self.plan.wires {
            let proxy = Proxy::start(&links.to_string()).await;
            peer = proxy.address;
            let (database, by_proxy) = Proxy::before_postgres(&url).await;
            url = by_proxy;
            Some(Wires {
                links: proxy,
                database,
            })
        } else {
            None
        };
        let file = self.folder.path().join(format!("{name}.toml"));
        let path = file.display().to_string();
        let links = links.to_string();
        let mut settings = vec![
            ("ROOST__CLUSTER__FILE", path.as_str()),
            ("ROOST__CLUSTER__NODE", name.as_str()),
            ("ROOST__CLUSTER__SECRET", SECRET),
            ("ROOST__CLUSTER__LISTEN", links.as_str()),
            ("ROOST__STORAGE__URL", url.as_str()),
            ("ROOST__ADMIN__TOKEN", ADMIN),
        ];
        let planned = self.plan.settings.iter();
        settings.extend(planned.map(|(key, value)| (key.as_str(), value.as_str())));
        settings.extend_from_slice(more);
        let node = Server::prepare(Storage::Sqlite, &settings).await;
        // Each file names its own node only: the others are learnt from the database.
        write_file(
            &file,
            CLUSTER,
            &name,
            &node.address.to_string(),
            &peer.to_string(),
        );
        self.nodes.push(node);
        self.wires.push(wires);
        number
    }

    /// Adds a node, and waits until it is ready. Its number.
    pub async fn add(&mut self) -> usize {
        let number = self.prepare(&[]).await;
        self.nodes[number].run().await;
        number
    }

    /// Sets the wire over which a node is called by those whose names come before its own.
    pub fn set_links(&self, number: usize, wire: Wire) {
        self.wires(number).links.set(wire);
    }

    /// Sets the wire between a node and its database.
    pub fn set_database(&self, number: usize, wire: Wire) {
        self.wires(number).database.set(wire);
    }

    fn wires(&self, number: usize) -> &Wires {
        self.wires[number].as_ref().expect("a cluster with wires")
    }

    /// Where a node's own cluster file is.
    pub fn file(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("{}.toml", name(number)))
    }

    /// What an operator is told of the members, by one node.
    pub async fn status(&self, number: usize) -> serde_json::Value {
        let request = self.nodes[number].get("/admin/api/v1/cluster");
        let answer = request
            .header("Authorization", &format!("Bearer {ADMIN}"))
            .send()
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Asserts that no node met a defect of its own.
    pub fn unbroken(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let log = node.log();
            for words in ["failed inside", "panicked", "died"] {
                let found: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
                assert!(found.is_empty(), "node {}: {found:#?}", name(number));
            }
        }
    }

    /// Waits until every running node has a link to every other.
    pub async fn linked(&mut self) {
        let running: Vec<usize> = (0..self.nodes.len())
            .filter(|number| self.nodes[*number].is_running())
            .collect();
        let Some(&first) = running.first() else { return };
        for _ in 0..super::READY.as_millis() / super::POLL.as_millis() {
            let status = self.status(first).await;
            let members = status["members"].as_array().expect("members");
            let whole = members.iter().all(|member| {
                let links = member["census"]["links"].as_array();
                links.is_some_and(|links| links.len() + 1 == running.len())
            });
            if whole && members.len() == running.len() {
                return;
            }
            tokio::time::sleep(super::POLL).await;
        }
        panic!("the nodes did not link: {}", self.status(first).await);
    }
}

/// The name of a node by its number.
pub fn name(number: usize) -> String {
    char::from(b'a' + u8::try_from(number).expect("few nodes")).to_string()
}

/// Writes a cluster file with one node.
pub fn write_file(path: &Path, cluster: &str, name: &str, http: &str, peer: &str) {
    let text =
        format!("[cluster]\nid = {cluster:?}\n\n[[node]]\nid = {name:?}\nhttp = {http:?}\npeer = {peer:?}\n");
    std::fs::write(path, text).expect("a cluster file");
}

/// Nodes that look like one to a test: the first, with the others in it. Not started yet.
pub(super) async fn as_one(nodes: usize, more: &[(&str, &str)]) -> Server {
    let plan = ClusterPlan {
        settings: more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..ClusterPlan::of(nodes)
    };
    let database = Database::create().await;
    let mut cluster = Cluster {
        nodes: Vec::new(),
        url: database.url().to_owned(),
        wires: Vec::new(),
        folder: tempfile::tempdir().expect("a temporary folder"),
        plan,
        _database: None,
    };
    for _ in 0..nodes {
        cluster.prepare(&[]).await;
    }
    let mut others = std::mem::take(&mut cluster.nodes);
    let mut first = others.remove(0);
    // All write their codes into one file, where the test looks for them.
    let codes = outbox(&first.folder).display().to_string();
    for other in &mut others {
        other
            .settings
            .push(("ROOST__NOTIFY__OUTBOX".to_owned(), codes.clone()));
        // What a test names for one node alone.
        let own = other
            .settings
            .iter_mut()
            .filter(|(key, _)| key == "ROOST__GOBELIEVE__TCP_LISTEN");
        own.for_each(|(_, value)| *value = free_address().to_string());
    }
    // The cluster files live as long as the first node's folder.
    for number in 0..nodes {
        let from = cluster.file(number);
        let to = first.folder.path().join(format!("{}.toml", name(number)));
        std::fs::copy(from, &to).expect("a cluster file");
        let setting = ("ROOST__CLUSTER__FILE".to_owned(), to.display().to_string());
        match number {
            0 => first.settings.push(setting),
            _ => others[number - 1].settings.push(setting),
        }
    }
    first.database = Some(database);
    first.others = others;
    first
}
