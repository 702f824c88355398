//! Layers of configuration: defaults, then a TOML file, then the environment. Every value remembers where it came from.

use super::keys::{Kind, Source};
use super::{ClusterFile, Config, ConfigError, validate};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

const PREFIX: &str = "ROOST__";
/// The longest secret that is read from a file, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// A configuration with the source of every key that is not at its default.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub config: Config,
    sources: BTreeMap<String, Source>,
}

impl Loaded {
    /// Where a key's value came from.
    #[must_use]
    pub fn source(&self, key: &str) -> Source {
        self.sources.get(key).cloned().unwrap_or(Source::Default)
    }
}

/// Reads all layers. `environment` is what [`std::env::vars_os`] gives. All faults are told, not only the first.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Loaded, Vec<ConfigError>> {
    let mut overlay = Overlay::new();
    if let Some(path) = file {
        overlay.read_file(path);
    }
    let mut variables: Vec<_> = environment
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    for (name, value) in variables {
        overlay.read_variable(&name, value);
    }
    overlay.finish()
}

struct Overlay {
    kinds: BTreeMap<String, Kind>,
    values: BTreeMap<String, (Value, Source)>,
    errors: Vec<ConfigError>,
}

impl Overlay {
    fn new() -> Overlay {
        let keys = Config::default().keys();
        Overlay {
            kinds: keys.into_iter().map(|key| (key.path, key.kind)).collect(),
            values: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    fn read_file(&mut self, path: &Path) {
        let fault = |why: String| ConfigError::File {
            path: path.display().to_string(),
            why,
        };
        let parsed = std::fs::read_to_string(path)
            .map_err(|error| fault(error.to_string()))
            .and_then(|text| {
                text.parse::<Table>().map_err(|error| {
                    // Not the error's own rendering: it quotes the line, which may hold a secret.
                    let start = error.span().map_or(0, |span| span.start);
                    let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
                    fault(format!("line {line}: {}", error.message()))
                })
            });
        match parsed {
            Ok(table) => self.read_table("", table, &Source::File(path.to_owned())),
            Err(error) => self.errors.push(error),
        }
    }

    fn read_table(&mut self, section: &str, table: Table, source: &Source) {
        for (name, value) in table {
            let dot = if section.is_empty() { "" } else { "." };
            let path = format!("{section}{dot}{name}");
            match (self.kinds.get(&path).copied(), value) {
                (Some(kind), value) => match kind.check(&value) {
                    Ok(()) => self.set(&path, value, source),
                    Err(why) => self.errors.push(source.refuse(&path, why)),
                },
                (None, Value::Table(inner)) if self.is_section(&path) => {
                    self.read_table(&path, inner, source);
                }
                (None, Value::String(file)) if self.secret_of(&path).is_some() => {
                    self.read_secret(&path, &file, source);
                }
                (None, _) => self.unknown(path, source),
            }
        }
    }

    fn read_variable(&mut self, name: &str, value: OsString) {
        let source = Source::Environment(name.to_owned());
        let path = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
        let Ok(text) = value.into_string() else {
            self.errors.push(source.refuse(&path, "not valid UTF-8"));
            return;
        };
        if let Some(kind) = self.kinds.get(&path).copied() {
            // An empty variable is how scripts say "not set".
            if text.is_empty() && kind != Kind::List {
                self.values.remove(&path);
                return;
            }
            match kind.parse(&text) {
                Ok(value) => self.set(&path, value, &source),
                Err(why) => self.errors.push(source.refuse(&path, why)),
            }
        } else if self.secret_of(&path).is_some() {
            if !text.is_empty() {
                self.read_secret(&path, &text, &source);
            }
        } else {
            self.unknown(path, &source);
        }
    }

    /// `admin.token` for `admin.token_file`.
    fn secret_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let key = path.strip_suffix("_file")?;
        self.kinds
            .get(key)
            .is_some_and(|kind| kind.may_come_by_file())
            .then_some(key)
    }

    fn read_secret(&mut self, path: &str, file: &str, source: &Source) {
        let Some(key) = self.secret_of(path).map(str::to_owned) else {
            return;
        };
        match secret_in(&PathBuf::from(file)) {
            Ok(text) => self.set(&key, Value::String(text), source),
            Err(why) => self.errors.push(source.refuse(path, format!("{file}: {why}"))),
        }
    }

    fn is_section(&self, path: &str) -> bool {
        let prefix = format!("{path}.");
        self.kinds.keys().any(|key| key.starts_with(&prefix))
    }

    fn set(&mut self, path: &str, value: Value, source: &Source) {
        self.values.insert(path.to_owned(), (value, source.clone()));
    }

    fn unknown(&mut self, key: String, source: &Source) {
        self.errors.push(ConfigError::UnknownKey {
            key,
            origin: source.clone(),
        });
    }

    fn finish(mut self) -> Result<Loaded, Vec<ConfigError>> {
        let mut table = Table::new();
        let mut sources = BTreeMap::new();
        for (path, (value, source)) in self.values {
            insert(&mut table, &path, value);
            sources.insert(path, source);
        }
        // Every value was checked against its key's type, so this fails only on a number out of its type's range.
        let config = match Config::deserialize(table) {
            Ok(mut config) => {
                if !sources.contains_key("http.listen") {
                    listen_where_the_cluster_says(&mut config);
                }
                config
            }
            Err(error) => {
                self.errors.push(ConfigError::File {
                    path: "(all layers)".to_owned(),
                    why: error.to_string(),
                });
                return Err(self.errors);
            }
        };
        let loaded = Loaded { config, sources };
        self.errors.extend(validate::faults(&loaded));
        if self.errors.is_empty() {
            Ok(loaded)
        } else {
            Err(self.errors)
        }
    }
}

/// A node of a cluster file listens where the file says that it is reached, unless told otherwise.
fn listen_where_the_cluster_says(config: &mut Config) {
    let (Some(path), Some(node)) = (&config.cluster.file, &config.cluster.node) else {
        return;
    };
    // A file that cannot be read is refused below, with its reason.
    if let Ok(file) = ClusterFile::read(path)
        && let Some(entry) = file.node(node)
    {
        config.http.listen = entry.http.clone();
    }
}

fn insert(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = table
                .entry(section.to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// A secret's file without the line break that editors put at its end.
fn secret_in(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > SECRET_BYTES_MAX {
        return Err(format!("longer than {SECRET_BYTES_MAX} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
