//! The rules of the house that neither the compiler nor clippy can hold. Each rule is shown to find a planted violation.

#[path = "tidy/borders.rs"]
mod borders;
#[path = "tidy/crates.rs"]
mod crates;
#[path = "tidy/promises.rs"]
mod promises;
#[path = "tidy/shape.rs"]
mod shape;

use std::fs;
use std::path::Path;

/// A file of the repository, by its path from the top.
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn new(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines of a Rust file without comments, with their numbers.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines.map(|(index, line)| (index + 1, line.split("//").next().unwrap_or_default()))
    }
}

/// What a rule finds: one line each, naming the place and the reason.
pub type Findings = Vec<String>;

/// What is no part of the repository.
const SKIPPED: [&str; 4] = [".git", "target", "data", "node_modules"];

/// Every text file of the repository.
fn repository() -> Vec<File> {
    let mut files = Vec::new();
    gather(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    assert!(files.len() > 100, "only {} files were found", files.len());
    files
}

fn gather(top: &Path, below: &str, files: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(top.join(below))
        .expect("a folder of the repository")
        .map(|entry| entry.expect("an entry"))
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            gather(top, &path, files);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
}

/// Whether a line has a word that is not part of a longer one.
pub fn mentions(line: &str, word: &str) -> bool {
    let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let starts_plain = word.starts_with(|c: char| !c.is_alphanumeric());
        let ends_plain = word.ends_with(|c: char| !c.is_alphanumeric());
        (starts_plain || !part_of_word(before)) && (ends_plain || !part_of_word(after))
    })
}

/// Holds a rule against the repository, and shows that it finds a planted violation and leaves its innocent twin alone.
macro_rules! rules {
    ($($name:ident: $rule:expr, guilty: [$($guilty:expr),+], innocent: [$($innocent:expr),+];)+) => {
        $(mod $name {
            use super::*;

            #[test]
            fn holds() {
                let found: Findings = $rule(&repository());
                assert!(found.is_empty(), "\n{}\n", found.join("\n"));
            }

            #[test]
            fn can_fail() {
                $(
                    let (path, text) = $guilty;
                    let found: Findings = $rule(&[File::new(path, text)]);
                    assert!(!found.is_empty(), "nothing was found in {path}: {text}");
                )+
                $(
                    let (path, text) = $innocent;
                    let found: Findings = $rule(&[File::new(path, text)]);
                    assert!(found.is_empty(), "{path}: {found:?}");
                )+
            }
        })+
    };
}

const DIALECT_FILES: [&str; 6] = ["mod", "auth", "reply", "wire", "convert", "socket"];

rules! {
    folders_import_only_what_they_may: borders::forbidden_words,
        guilty: [
            ("actors/src/room/state.rs", "use actix_web::web;"),
            ("actors/src/user/actor.rs", "let sql = \"SELECT id FROM rooms\";"),
            ("src/dialects/kahla/chat.rs", "use crate::storage::Stores;"),
            ("src/dialects/kahla/chat.rs", "use super::super::freeim::wire;"),
            ("src/dialects/kahla/chat.rs", "use crate::dialects::freeim::wire;"),
            ("src/http/edge.rs", "use crate::dialects::kahla;"),
            ("src/storage/sqlite/mod.rs", "use actix_web::HttpResponse;"),
            ("src/cluster/link.rs", "use crate::storage::Stores;"),
            ("src/config/load.rs", "use crate::http::Owner;")
        ],
        innocent: [
            ("src/dialects/kahla/chat.rs", "// crate::storage is not for us\nuse crate::http::Owner;"),
            ("src/boot/mod.rs", "use crate::{dialects, storage::Stores};"),
            ("src/config/load.rs", "use crate::config::keys;")
        ];
    only_boot_sees_every_adapter: borders::adapters_meet_in_boot,
        guilty: [
            ("src/ws/mod.rs", "use crate::storage::Stores;"),
            ("src/notify/mod.rs", "use crate::{config, storage};"),
            ("src/main.rs", "roost::dialects::owners();")
        ],
        innocent: [
            ("src/boot/mod.rs", "use crate::storage::Stores; use crate::dialects;"),
            ("src/storage/sqlite/mod.rs", "use crate::storage::sql;")
        ];
    pure_files_stay_pure: borders::impure_words,
        guilty: [
            ("actors/src/room/state.rs", "//! Pure.\nuse std::time::Instant;"),
            ("actors/src/room/rules.rs", "//! Pure.\nasync fn f() {}"),
            ("actors/src/cluster/placement.rs", "//! Pure.\nlet n = rand::random();"),
            ("actors/src/model/id.rs", "//! Ids.\nuse tokio::sync::oneshot;"),
            ("src/dialects/kahla/convert.rs", "//! From and to. Pure.\nuse actix_web::web;"),
            ("actors/src/room/apply.rs", "//! Says nothing of it.\n")
        ],
        innocent: [
            ("actors/src/room/state.rs", "//! Pure.\n// no tokio here\nfn operand(asynchronous: u8) {}"),
            ("actors/src/room/actor.rs", "//! The shell.\nuse actix::prelude::*;")
        ];
    every_rust_file_opens_with_a_sentence: shape::opening_sentences,
        guilty: [
            ("src/a.rs", "use std::fmt;\n"),
            ("src/a.rs", "//!\n//! Late.\n"),
            ("src/a.rs", "//! No full stop\n\nfn f() {}\n")
        ],
        innocent: [
            ("src/a.rs", "//! One sentence\n//! over two lines.\n\nfn f() {}\n"),
            ("README.md", "no rust")
        ];
    files_stay_short: shape::long_files,
        guilty: [("src/a.rs", &"line\n".repeat(shape::LINES_MAX + 1))],
        innocent: [("src/a.rs", &"line\n".repeat(shape::LINES_MAX)), ("Cargo.lock", &"line\n".repeat(9_999))];
    no_folder_is_a_drawer: shape::drawers,
        guilty: [("src/util/text.rs", ""), ("actors/src/common/mod.rs", ""), ("tests/helpers.rs", "")],
        innocent: [("src/http/mod.rs", "")];
    nothing_is_unfinished_or_skipped: shape::unfinished,
        guilty: [
            ("tests/a.rs", "#[ignore]\nfn f() {}"),
            ("tests/a.rs", "#[ignore = \"slow\"]\nfn f() {}"),
            ("src/a.rs", "todo!()"),
            ("src/a.rs", "#[allow(clippy::unwrap_used)]"),
            ("src/a.rs", "#[expect(clippy::too_many_lines)]\nfn f() {}")
        ],
        innocent: [
            ("src/a.rs", "#[expect(\n    clippy::print_stderr,\n    reason = \"why\"\n)]\nfn f() {}"),
            ("src/a.rs", "// todo!() is banned\n")
        ];
    scripts_say_how_they_are_used: shape::usage_lines,
        guilty: [("scripts/a", "#!/bin/sh\necho\n"), ("scripts/a", "#!/bin/sh\n# usage: scripts/b\n")],
        innocent: [("scripts/a", "#!/bin/sh\n# usage: scripts/a [--long]\n"), (".ci/run", "#!/bin/sh\n# usage: .ci/run\n")];
    no_path_of_one_machine: shape::machine_paths,
        guilty: [("docs/a.md", concat!("see /wo", "rk/main/src")), ("scripts/a", concat!("cd /ro", "ot/x"))],
        innocent: [("docs/a.md", "see /var/lib/roost and http://host/work/1")];
    promises_name_tests_that_exist: promises::unproven,
        guilty: [
            ("GUARANTEES.md", "## 1. A\n\n- `chat::nothing_like_this_exists`\n"),
            ("GUARANTEES.md", "## 1. A\n\nTrust us.\n")
        ],
        innocent: [("README.md", "## 1. A\n")];
    every_crate_is_used: crates::unused,
        guilty: [("Cargo.toml", "[dependencies]\nno-such-crate = \"1\"\n")],
        innocent: [("Cargo.toml", "[dependencies]\n")];
}

#[test]
fn dialects_have_the_same_files() {
    let found = shape::odd_dialects(&repository(), &DIALECT_FILES);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_dialect_without_one_of_the_files_is_found() {
    let whole: Vec<File> = DIALECT_FILES
        .iter()
        .map(|name| File::new(&format!("src/dialects/kahla/{name}.rs"), ""))
        .collect();
    assert!(shape::odd_dialects(&whole, &DIALECT_FILES).is_empty());
    for missing in 0..whole.len() {
        let rest = whole.iter().enumerate().filter(|(index, _)| *index != missing);
        let rest: Vec<File> = rest.map(|(_, file)| File::new(&file.path, "")).collect();
        assert_eq!(shape::odd_dialects(&rest, &DIALECT_FILES).len(), 1);
    }
}

#[test]
fn the_prescribed_crates_are_in_use() {
    let found = crates::missing_prescribed(&repository());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let found = crates::missing_prescribed(&[File::new("src/a.rs", "use actix::Addr;")]);
    assert_eq!(found.len(), crates::PRESCRIBED.len() - 1, "{found:?}");
}

#[test]
fn words_are_found_whole() {
    assert!(mentions("use tokio::sync;", "tokio"));
    assert!(!mentions("use tokio_postgres::Client;", "tokio"));
    assert!(!mentions("let operand = 1;", "rand"));
    assert!(mentions("crate::storage::Stores", "crate::storage"));
    assert!(mentions("\"SELECT id\"", "\"SELECT "));
}
