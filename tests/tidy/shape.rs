//! What files look like: their opening sentence, their length, their folder, their leftovers.

use super::{File, Findings};
use std::collections::{BTreeMap, BTreeSet};

/// Files stay under about 500 lines; this is where about ends.
pub const LINES_MAX: usize = 550;

/// Names under which anything could be put.
const DRAWERS: [&str; 10] = [
    "util",
    "utils",
    "common",
    "helper",
    "helpers",
    "misc",
    "shared",
    "lib_common",
    "tools",
    "stuff",
];

/// Paths that exist on one machine only. Put together here, so that this file does not hold them.
const MACHINE_PATHS: [&str; 4] = [
    concat!("/wo", "rk/main"),
    concat!("/wo", "rk/wt"),
    concat!("/wo", "rk/shared"),
    concat!("/ro", "ot/"),
];

pub fn opening_sentences(files: &[File]) -> Findings {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let lines = file
            .text
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim);
        let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        if !paragraph.join(" ").ends_with('.') {
            found.push(format!("{}: does not open with a //! sentence", file.path));
        }
    }
    found
}

pub fn long_files(files: &[File]) -> Findings {
    let rust = files.iter().filter(|file| file.is_rust());
    rust.map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| {
            format!(
                "{}: {lines} lines; it is more than one idea above {LINES_MAX}",
                file.path
            )
        })
        .collect()
}

pub fn drawers(files: &[File]) -> Findings {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let names = file.path.split('/').map(|name| name.trim_end_matches(".rs"));
        for name in names.filter(|name| DRAWERS.contains(name)) {
            found.push(format!(
                "{}: {name} says nothing; a thing lives with its owner",
                file.path
            ));
        }
    }
    found
}

/// No test is switched off, nothing is left to do, and every exception to a lint says why.
pub fn unfinished(files: &[File]) -> Findings {
    let mut found = Vec::new();
    let rust = files
        .iter()
        .filter(|file| file.is_rust() && !file.path.starts_with("tests/tidy"));
    for file in rust {
        let code: Vec<(usize, &str)> = file.code().collect();
        for (index, (line, text)) in code.iter().enumerate() {
            for word in ["#[ignore", "todo!(", "unimplemented!("] {
                if text.contains(word) {
                    found.push(format!("{}:{line}: {word}", file.path));
                }
            }
            let exception = ["#[allow(", "#[expect(", "#![allow(", "#![expect("];
            if exception.iter().any(|start| text.trim_start().starts_with(start)) {
                let whole: Vec<&str> = code[index..].iter().map(|(_, text)| *text).take(8).collect();
                let attribute = whole.join(" ");
                let attribute = attribute.split(")]").next().unwrap_or_default();
                if !attribute.contains("reason =") {
                    found.push(format!(
                        "{}:{line}: an exception to a lint without a reason",
                        file.path
                    ));
                }
            }
        }
    }
    found
}

pub fn usage_lines(files: &[File]) -> Findings {
    let scripts = files
        .iter()
        .filter(|file| file.path.starts_with("scripts/") || file.path.starts_with(".ci/"));
    scripts
        .filter(|file| {
            let usage = format!("# usage: {}", file.path);
            !file.text.starts_with("#!") || !file.text.lines().take(3).any(|line| line.starts_with(&usage))
        })
        .map(|file| {
            format!(
                "{0}: needs a first line `#!…` and then `# usage: {0} …`",
                file.path
            )
        })
        .collect()
}

pub fn machine_paths(files: &[File]) -> Findings {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for path in MACHINE_PATHS.iter().filter(|path| line.contains(*path)) {
                found.push(format!(
                    "{}:{}: {path} is a path of one machine",
                    file.path,
                    index + 1
                ));
            }
        }
    }
    found
}

/// Every dialect folder has these files; a file may have become a folder of its name.
pub fn odd_dialects(files: &[File], expected: &[&str]) -> Findings {
    let mut dialects: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        let path = file
            .path
            .strip_prefix("src/dialects/")
            .and_then(|path| path.split_once('/'));
        if let Some((dialect, rest)) = path {
            let name = rest.split('/').next().unwrap_or_default();
            dialects
                .entry(dialect)
                .or_default()
                .insert(name.trim_end_matches(".rs"));
        }
    }
    let mut found = Vec::new();
    for (dialect, names) in dialects {
        for name in expected.iter().filter(|name| !names.contains(**name)) {
            found.push(format!(
                "src/dialects/{dialect}: has no {name}.rs as the other dialects have"
            ));
        }
    }
    found
}
