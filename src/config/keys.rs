//! The vocabulary of configuration keys: what a key is, which types it may have, and the macro that writes a section once.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use toml::Value;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A whole number from 0.
    Count,
    Integer,
    Flag,
    List,
    Choice(&'static [&'static str]),
    /// Text that is never shown, and may be read from a file named by `KEY_file`.
    Secret,
    /// A URL whose password is never shown; may be read from a file as a secret may.
    SecretUrl,
}

impl Kind {
    /// Whether `KEY_file` may name a file that holds the value.
    #[must_use]
    pub fn may_come_by_file(self) -> bool {
        matches!(self, Kind::Secret | Kind::SecretUrl)
    }

    fn name(self) -> String {
        match self {
            Kind::Text | Kind::Secret | Kind::SecretUrl => "text".to_owned(),
            Kind::Count => "a whole number from 0".to_owned(),
            Kind::Integer => "a whole number".to_owned(),
            Kind::Flag => "true or false".to_owned(),
            Kind::List => "a list of texts".to_owned(),
            Kind::Choice(names) => format!("one of {}", names.join(", ")),
        }
    }

    /// Checks a value that was written with a type of its own.
    pub fn check(self, value: &Value) -> Result<(), String> {
        let fits = match (self, value) {
            (Kind::Text | Kind::Secret | Kind::SecretUrl, Value::String(_)) => true,
            (Kind::Count, Value::Integer(number)) => *number >= 0,
            (Kind::Integer, Value::Integer(_)) | (Kind::Flag, Value::Boolean(_)) => true,
            (Kind::List, Value::Array(items)) => items.iter().all(Value::is_str),
            (Kind::Choice(names), Value::String(text)) => names.contains(&text.as_str()),
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(format!("expected {}, not {}", self.name(), self.shown(value)))
    }

    /// Reads a value that can only be written as text (an environment variable).
    pub fn parse(self, text: &str) -> Result<Value, String> {
        let number = || text.trim().parse::<i64>().ok().map(Value::Integer);
        let value = match self {
            Kind::Text | Kind::Secret | Kind::SecretUrl | Kind::Choice(_) => Some(Value::from(text)),
            Kind::Count | Kind::Integer => number(),
            Kind::Flag => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(Value::Boolean(true)),
                "false" | "0" | "no" | "off" => Some(Value::Boolean(false)),
                _ => None,
            },
            Kind::List => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(Value::from)
                    .collect::<Vec<_>>()
                    .into(),
            ),
        };
        let value = value.ok_or_else(|| format!("expected {}, not {text:?}", self.name()))?;
        self.check(&value)?;
        Ok(value)
    }

    fn shown(self, value: &Value) -> String {
        match value {
            Value::Table(_) => "a table".to_owned(),
            Value::Array(_) if self != Kind::List => "a list".to_owned(),
            _ if self.may_come_by_file() => "a number, flag or list".to_owned(),
            other => other.to_string(),
        }
    }
}

/// One key with the value it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The dotted path, as in `http.listen`.
    pub path: String,
    /// A sentence or two on what it sets.
    pub doc: String,
    pub kind: Kind,
    /// What may be shown of the value; `None` when it is not set.
    pub shown: Option<Value>,
}

impl Key {
    pub fn new<T: KeyType>(section: &str, name: &str, doc: &str, value: &T) -> Key {
        let dot = if section.is_empty() { "" } else { "." };
        Key {
            path: format!("{section}{dot}{name}"),
            doc: doc.trim().to_owned(),
            kind: T::KIND,
            shown: value.shown(),
        }
    }

    /// The key without its section.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }

    /// The section, empty for the keys at the top.
    #[must_use]
    pub fn section(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// A type that a key may have.
pub trait KeyType {
    const KIND: Kind;
    fn shown(&self) -> Option<Value>;
}

macro_rules! key_type {
    ($type:ty, $kind:expr, $self:ident => $shown:expr) => {
        impl KeyType for $type {
            const KIND: Kind = $kind;
            fn shown(&self) -> Option<Value> {
                let $self = self;
                Some(Value::from($shown))
            }
        }
    };
}

key_type!(String, Kind::Text, it => it.clone());
key_type!(PathBuf, Kind::Text, it => it.display().to_string());
key_type!(usize, Kind::Count, it => i64::try_from(*it).unwrap_or(i64::MAX));
key_type!(u64, Kind::Count, it => i64::try_from(*it).unwrap_or(i64::MAX));
key_type!(u32, Kind::Count, it => i64::from(*it));
key_type!(i64, Kind::Integer, it => *it);
key_type!(bool, Kind::Flag, it => *it);
key_type!(Vec<String>, Kind::List, it => it.clone());
key_type!(Secret, Kind::Secret, it => it.to_string());
key_type!(SecretUrl, Kind::SecretUrl, it => it.to_string());
key_type!(BlobPlace, Kind::Choice(BlobPlace::NAMES), it => BlobPlace::NAMES[*it as usize]);
key_type!(MailSecurity, Kind::Choice(MailSecurity::NAMES), it => MailSecurity::NAMES[*it as usize]);
key_type!(LogFormat, Kind::Choice(LogFormat::NAMES), it => LogFormat::NAMES[*it as usize]);

impl<T: KeyType> KeyType for Option<T> {
    const KIND: Kind = T::KIND;
    fn shown(&self) -> Option<Value> {
        self.as_ref().and_then(KeyType::shown)
    }
}

/// A text that no log and no `check` shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The text itself, for the one who needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A URL that may hold a password, which is shown as `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    #[must_use]
    pub fn new(text: &str) -> SecretUrl {
        SecretUrl(text.to_owned())
    }

    /// The URL with its password, for the one who needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Masks `user:PASSWORD@` and `password=PASSWORD`.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (base, query) = rest
        .split_once('?')
        .map_or((rest, None), |(base, query)| (base, Some(query)));
    // The last @: a password may hold one, a host cannot.
    let base = match base.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => base.to_owned(),
        },
        None => base.to_owned(),
    };
    let query = query.map_or(String::new(), |query| {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if name.contains("password") => format!("{name}=***"),
                _ => pair.to_owned(),
            })
            .collect();
        format!("?{}", pairs.join("&"))
    });
    format!("{scheme}://{base}{query}")
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl LogFormat {
    const NAMES: &'static [&'static str] = &["text", "json"];
}

/// What files are kept in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobPlace {
    /// A folder with SQLite, the database with PostgreSQL.
    #[default]
    Auto,
    Folder,
    Database,
    S3,
}

impl BlobPlace {
    const NAMES: &'static [&'static str] = &["auto", "folder", "database", "s3"];
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// In the clear at first, and not at all if the server does not go over to TLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the clear: for a server on the same machine.
    None,
}

impl MailSecurity {
    const NAMES: &'static [&'static str] = &["starttls", "tls", "none"];
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(PathBuf),
    Environment(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(path) => write!(f, "file {}", path.display()),
            Source::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

impl Source {
    /// The refusal of a value that came from here.
    #[must_use]
    pub fn refuse(&self, key: &str, why: impl Into<String>) -> ConfigError {
        ConfigError::BadValue {
            key: key.to_owned(),
            origin: self.clone(),
            why: why.into(),
        }
    }
}

/// Writes a section once: its struct, its defaults and its list of keys with their sentences.
macro_rules! section {
    ($(#[doc = $about:literal])+ $section:ident {
        $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(default)]
        pub struct $section {
            $($(#[doc = $doc])+ pub $key: $type,)+
        }

        impl Default for $section {
            fn default() -> $section {
                $section { $($key: $default,)+ }
            }
        }

        impl $section {
            fn keys(&self, path: &str) -> Vec<$crate::config::keys::Key> {
                vec![$($crate::config::keys::Key::new(
                    path,
                    stringify!($key),
                    concat!($($doc),+),
                    &self.$key,
                ),)+]
            }
        }
    };
}
pub(super) use section;
