//! The cluster file: which nodes there are and where they are reached, as an operator writes it. No secrets.

use super::validate::is_host_and_port;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::Path;

/// `cluster.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFile {
    pub cluster: Named,
    #[serde(rename = "node")]
    pub nodes: Vec<NodeEntry>,
}

/// `[cluster]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// What the cluster is called; the first node writes it into the database.
    pub id: String,
    /// How often a node says in the database that it lives, in milliseconds.
    #[serde(default = "heartbeat_ms")]
    pub heartbeat_ms: i64,
    /// After so many milliseconds of silence a node is dead, and its rooms are taken over.
    #[serde(default = "dead_after_ms")]
    pub dead_after_ms: i64,
}

fn heartbeat_ms() -> i64 {
    500
}

fn dead_after_ms() -> i64 {
    2_000
}

/// One `[[node]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEntry {
    pub id: String,
    /// Where clients and other nodes reach its HTTP, as HOST:PORT.
    pub http: String,
    /// Where other nodes reach its links, as HOST:PORT.
    pub peer: String,
}

/// A heartbeat is a transaction: more often they would be the database's load.
const HEARTBEAT_MS: RangeInclusive<i64> = 100..=10_000;
/// Beyond that a request to a dead node's room would be refused long before another node has it.
const DEAD_AFTER_MS: RangeInclusive<i64> = 300..=30_000;
/// Heartbeats that must fit into the time after which a node is dead: one may be lost, and one late.
const BEATS_MIN: i64 = 3;
/// The longest id of a cluster or node, in bytes.
const ID_BYTES_MAX: usize = 64;

impl ClusterFile {
    /// Reads and checks a file. The error names the faulty key.
    pub fn read(path: &Path) -> Result<ClusterFile, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        ClusterFile::parse(&text)
    }

    /// Checks the text of a file.
    pub fn parse(text: &str) -> Result<ClusterFile, String> {
        let file: ClusterFile = toml::from_str(text).map_err(|error| named(text, &error))?;
        check_id("cluster.id", &file.cluster.id)?;
        check_timing(&file.cluster)?;
        if file.nodes.is_empty() {
            return Err("node: at least one is needed".to_owned());
        }
        for (index, node) in file.nodes.iter().enumerate() {
            check_id("node.id", &node.id)?;
            for (key, address) in [("http", &node.http), ("peer", &node.peer)] {
                if !is_host_and_port(address) {
                    return Err(format!(
                        "node {:?}: {key}: expected HOST:PORT, not {address:?}",
                        node.id
                    ));
                }
            }
            let twin = file.nodes[..index]
                .iter()
                .find(|other| other.id == node.id || other.peer == node.peer);
            if let Some(twin) = twin {
                return Err(format!(
                    "node {:?}: its id or peer is also that of node {:?}",
                    node.id, twin.id
                ));
            }
        }
        Ok(file)
    }

    /// The entry of one node.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<&NodeEntry> {
        self.nodes.iter().find(|node| node.id == id)
    }
}

/// What is wrong, after the line in which it is: a wrong type is told without its key.
fn named(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| {
        let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
        text.get(start..)?.lines().next()
    });
    match line {
        Some(line) if !line.trim().is_empty() => format!("{:?}: {}", line.trim(), error.message()),
        _ => error.message().to_owned(),
    }
}

fn check_timing(cluster: &Named) -> Result<(), String> {
    for (key, value, bounds) in [
        ("heartbeat_ms", cluster.heartbeat_ms, HEARTBEAT_MS),
        ("dead_after_ms", cluster.dead_after_ms, DEAD_AFTER_MS),
    ] {
        if !bounds.contains(&value) {
            let (low, high) = bounds.into_inner();
            return Err(format!("cluster.{key}: expected {low} to {high}, not {value}"));
        }
    }
    if cluster.dead_after_ms < BEATS_MIN * cluster.heartbeat_ms {
        return Err(format!(
            "cluster.dead_after_ms: expected at least {BEATS_MIN} times heartbeat_ms, not {}",
            cluster.dead_after_ms
        ));
    }
    Ok(())
}

fn check_id(key: &str, id: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > ID_BYTES_MAX || !id.chars().all(plain) {
        return Err(format!(
            "{key}: expected 1 to {ID_BYTES_MAX} letters, digits, '-', '_' or '.', not {id:?}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
        [cluster]
        id = "c"
        [[node]]
        id = "a"
        http = "127.0.0.1:1"
        peer = "127.0.0.1:2"
        [[node]]
        id = "b"
        http = "127.0.0.1:3"
        peer = "127.0.0.1:4"
    "#;

    #[test]
    fn a_file_names_its_nodes() {
        let file = ClusterFile::parse(TWO).unwrap();
        assert_eq!(file.cluster.id, "c");
        assert_eq!(
            (file.cluster.heartbeat_ms, file.cluster.dead_after_ms),
            (500, 2_000)
        );
        assert_eq!(file.node("b").unwrap().peer, "127.0.0.1:4");
        assert_eq!(file.node("x"), None);
    }

    #[test]
    fn every_fault_is_named() {
        for (from, to, expected) in [
            ("id = \"c\"", "id = \"\"", "cluster.id"),
            (
                "id = \"c\"",
                "id = \"c\"\nsecret = \"s\"",
                "unknown field `secret`",
            ),
            (
                "http = \"127.0.0.1:1\"",
                "http = \"here\"",
                "node \"a\": http: expected HOST:PORT",
            ),
            ("id = \"b\"", "id = \"a\"", "also that of node \"a\""),
            ("127.0.0.1:4", "127.0.0.1:2", "also that of node \"a\""),
            ("peer = \"127.0.0.1:2\"", "", "missing field `peer`"),
            ("id = \"a\"", "id = \"a b\"", "node.id"),
            (
                "id = \"c\"",
                "id = \"c\"\nheartbeat_ms = 50",
                "cluster.heartbeat_ms: expected 100 to 10000",
            ),
            (
                "id = \"c\"",
                "id = \"c\"\ndead_after_ms = 60000",
                "cluster.dead_after_ms: expected 300 to 30000",
            ),
            (
                "id = \"c\"",
                "id = \"c\"\nheartbeat_ms = 700",
                "cluster.dead_after_ms: expected at least 3 times heartbeat_ms, not 2000",
            ),
            (
                "id = \"c\"",
                "id = \"c\"\ndead_after_ms = \"2s\"",
                "dead_after_ms",
            ),
        ] {
            let error = ClusterFile::parse(&TWO.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn the_example_at_the_top_level_is_right() {
        let file =
            ClusterFile::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cluster.toml"))).unwrap();
        assert_eq!(file.nodes.len(), 3);
    }
}
