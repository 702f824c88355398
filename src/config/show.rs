//! Configuration as text: the reference in `config/default.toml`, and what `roost check` prints.

use super::{Config, Key, Loaded, Source};
use std::fmt::Write;

const COLUMNS: usize = 100;

/// The reference file: every key, its default, a sentence. Keys without a default are commented out.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# Every key of Roost's configuration, with its default. `roost run --config FILE` reads a file like this;\n\
         # the environment goes over it: ROOST__HTTP__LISTEN sets http.listen. A secret KEY may also be given as the\n\
         # name of a file that holds it: KEY_file here, ROOST__…__KEY_FILE in the environment.\n\
         # Written by `roost check --reference`; a test keeps it equal to the code.\n",
    );
    sections(&Config::default().keys(), &mut out, |key, out| {
        out.push('\n');
        comment(&key.doc, out);
        match &key.shown {
            Some(value) => _ = writeln!(out, "{} = {value}", key.name()),
            None => _ = writeln!(out, "# {} =", key.name()),
        }
    });
    out
}

/// The configuration in force, secrets masked, with the source of what is not a default.
#[must_use]
pub fn effective(loaded: &Loaded) -> String {
    let mut out = String::new();
    sections(&loaded.config.keys(), &mut out, |key, out| {
        let source = match loaded.source(&key.path) {
            Source::Default => String::new(),
            source => format!("  # {source}"),
        };
        match &key.shown {
            Some(value) => _ = writeln!(out, "{} = {value}{source}", key.name()),
            None => _ = writeln!(out, "# {} =", key.name()),
        }
    });
    out
}

fn sections(keys: &[Key], out: &mut String, mut write_key: impl FnMut(&Key, &mut String)) {
    let mut section = "";
    for key in keys {
        if key.section() != section {
            section = key.section();
            _ = writeln!(out, "\n[{section}]");
        }
        write_key(key, out);
    }
}

fn comment(text: &str, out: &mut String) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > COLUMNS {
            _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    _ = writeln!(out, "{line}");
}
