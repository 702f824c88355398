//! The cluster file: which nodes there are and where they are reached, as an operator writes it. No secrets.

use super::validate::is_host_and_port;
use serde::Deserialize;
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
        let file: ClusterFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        check_id("cluster.id", &file.cluster.id)?;
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
