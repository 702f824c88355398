//! Which folder may mention which, and which files mention nothing of the world at all.

use super::{File, Findings, mentions};

const DIALECTS: [&str; 4] = ["freeim", "kahla", "gobelieve", "teamup"];

/// What files under a folder never mention, and why.
const FORBIDDEN: [(&str, &[&str], &str); 9] = [
    (
        "actors/src/",
        &[
            "actix_web",
            "actix_http",
            "actix_multipart",
            "tungstenite",
            "tokio_tungstenite",
            "HttpRequest",
            "HttpResponse",
        ],
        "the core knows no HTTP",
    ),
    (
        "actors/src/",
        &[
            "rusqlite",
            "tokio_postgres",
            "deadpool_postgres",
            "\"SELECT ",
            "\"INSERT ",
            "\"UPDATE ",
            "\"DELETE ",
            "toml",
        ],
        "the core knows no SQL and no TOML",
    ),
    (
        "actors/src/",
        &["freeim", "kahla", "gobelieve", "teamup", "roost"],
        "the core knows no dialect and no adapter",
    ),
    (
        "src/dialects/",
        &[
            "crate::storage",
            "crate::cluster",
            "crate::boot",
            "crate::bench",
            "rusqlite",
            "tokio_postgres",
            "deadpool_postgres",
        ],
        "a dialect knows no storage and no cluster",
    ),
    (
        "src/http/",
        &[
            "crate::dialects",
            "crate::storage",
            "crate::cluster",
            "crate::ws",
            "crate::boot",
        ],
        "what all dialects share knows none of them",
    ),
    (
        "src/ws/",
        &[
            "crate::dialects",
            "crate::storage",
            "crate::cluster",
            "crate::boot",
        ],
        "a socket knows no dialect: it is handed a codec",
    ),
    (
        "src/storage/",
        &[
            "actix_web",
            "crate::dialects",
            "crate::http",
            "crate::ws",
            "crate::cluster",
            "crate::boot",
        ],
        "storage knows only the ports",
    ),
    (
        "src/cluster/",
        &["crate::dialects", "crate::storage", "crate::ws", "crate::boot"],
        "the links know only the ports",
    ),
    (
        "src/notify/",
        &[
            "crate::dialects",
            "crate::storage",
            "crate::cluster",
            "crate::ws",
            "crate::boot",
        ],
        "senders know only the ports",
    ),
];

/// The adapters, each by its folder in `src`.
const ADAPTERS: [&str; 8] = [
    "dialects", "storage", "cluster", "ws", "notify", "identity", "blobs", "console",
];

/// Which adapters besides itself a folder may use: dialects open sockets, files stream between a handler and the blob
/// port, and the load tool measures a store alone. Everything else meets in the core.
const MAY_USE: [(&str, &str); 4] = [
    ("dialects", "ws"),
    ("dialects", "blobs"),
    ("http", "blobs"),
    ("bench", "storage"),
];

/// Files of the core that decide and never act. They say so in their opening sentence.
const PURE: [&str; 14] = [
    "apply.rs",
    "assign.rs",
    "batch.rs",
    "convert.rs",
    "gather.rs",
    "interest.rs",
    "lease.rs",
    "membership.rs",
    "ownership.rs",
    "placement.rs",
    "restart.rs",
    "retry.rs",
    "rules.rs",
    "state.rs",
];

const IMPURE_WORDS: [&str; 13] = [
    "actix",
    "actix_web",
    "tokio",
    "async",
    "await",
    "Instant",
    "SystemTime",
    "Clock",
    "rand",
    "thread_rng",
    "fs",
    "println",
    "spawn",
];

pub fn forbidden_words(files: &[File]) -> Findings {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (folder, words, why) in FORBIDDEN {
            if file.path.starts_with(folder) {
                report(file, words, why, &mut found);
            }
        }
        if let Some(dialect) = dialect_of(&file.path) {
            for other in DIALECTS.iter().filter(|other| **other != dialect) {
                let ways = [format!("dialects::{other}"), format!("super::{other}")];
                let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
                report(file, &ways, "a dialect knows no other dialect", &mut found);
            }
        }
        if file.path.starts_with("src/config/") {
            for (line, code) in file.code() {
                if code.contains("crate::") && !code.contains("crate::config") {
                    found.push(format!(
                        "{}:{line}: configuration imports nothing of ours: {code}",
                        file.path
                    ));
                }
            }
        }
    }
    found
}

/// The name of the dialect a file belongs to.
fn dialect_of(path: &str) -> Option<&str> {
    let (dialect, _) = path.strip_prefix("src/dialects/")?.split_once('/')?;
    Some(dialect)
}

fn report(file: &File, words: &[&str], why: &str, found: &mut Findings) {
    for (line, code) in file.code() {
        for word in words.iter().filter(|word| mentions(code, word)) {
            found.push(format!("{}:{line}: mentions {word}: {why}", file.path));
        }
    }
}

/// Besides `boot.rs`, a file of `src` mentions the adapter that it is part of, and those it may use.
pub fn adapters_meet_in_boot(files: &[File]) -> Findings {
    let mut found = Vec::new();
    let sources = files
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("src/"));
    for file in sources.filter(|file| file.path != "src/lib.rs" && !file.path.starts_with("src/boot/")) {
        let own = file
            .path
            .strip_prefix("src/")
            .and_then(|path| path.split('/').next());
        for (line, code) in file.code() {
            for adapter in ADAPTERS.iter().filter(|adapter| mentions_module(code, adapter)) {
                let own = own.unwrap_or_default();
                if own != *adapter && !MAY_USE.contains(&(own, *adapter)) {
                    found.push(format!(
                        "{}:{line}: only boot.rs sees the adapter {adapter}",
                        file.path
                    ));
                }
            }
        }
    }
    found
}

/// Whether a line names a module of this package, alone or in a list of imports.
fn mentions_module(code: &str, module: &str) -> bool {
    if mentions(code, &format!("crate::{module}")) || mentions(code, &format!("roost::{module}")) {
        return true;
    }
    let list = code
        .split_once("crate::{")
        .or_else(|| code.split_once("roost::{"));
    list.is_some_and(|(_, names)| {
        names.split(['{', '}', ',', ';']).any(|name| {
            let name = name.trim();
            name == module || name.starts_with(&format!("{module}::"))
        })
    })
}

/// Pure files mention nothing of the world, and files that are pure by their name say so.
pub fn impure_words(files: &[File]) -> Findings {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let named = file.path.starts_with("actors/src/")
            && PURE.iter().any(|name| file.path.ends_with(&format!("/{name}")));
        let says_so = opening(&file.text)
            .split_whitespace()
            .any(|word| word.trim_matches(['.', ':', ';', ',']) == "Pure");
        if named && !says_so {
            found.push(format!(
                "{}: by its name it is pure, and its opening does not say so",
                file.path
            ));
        }
        if says_so || named || file.path.starts_with("actors/src/model/") {
            report(
                file,
                &IMPURE_WORDS,
                "pure files take time, chance and the world as arguments",
                &mut found,
            );
        }
    }
    found
}

/// The `//!` lines at the top of a file.
fn opening(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.collect::<Vec<_>>().join(" ")
}
