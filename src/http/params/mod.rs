//! Request parameters, wherever a client put them: query, urlencoded body, multipart text fields, JSON object.
//!
//! A handler takes `Params`, or `Result<Params, ParamsError>` to word the refusal itself. Which spelling of a key counts,
//! and what a value must look like, is the dialect's business: values keep the type they came with.

mod multipart;
mod read;
mod urlencoded;

pub use read::{ParamsLimits, of_query, read};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::Value;
use std::borrow::Cow;
use thiserror::Error;

/// The most parameters one request may carry, every repetition counted.
pub const PARAMS_MAX: usize = 10_000;

/// One value as it came.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// From a query, a urlencoded body or a multipart field: always text.
    Text(String),
    /// From a JSON body: any type but null, which counts as absent.
    Json(Value),
}

impl Param {
    /// The value as text: texts as they are, JSON numbers and booleans as they are written. `None` for arrays and objects.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Param::Text(text) | Param::Json(Value::String(text)) => Some(Cow::Borrowed(text)),
            Param::Json(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            Param::Json(Value::Bool(flag)) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Param::Json(_) => None,
        }
    }

    /// The value as it would stand in JSON.
    #[must_use]
    pub fn into_json(self) -> Value {
        match self {
            Param::Text(text) => Value::String(text),
            Param::Json(value) => value,
        }
    }
}

/// How keys are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyCase {
    #[default]
    Exact,
    /// ASCII letters of either case are the same.
    Ignored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Query,
    Route,
    Body,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    origin: Origin,
    key: String,
    value: Param,
}

/// Every parameter of one request. Where several places name a key, the body wins over the path, the path over the query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    entries: Vec<Entry>,
    case: KeyCase,
}

impl Params {
    /// The same parameters, with keys compared in this way from now on.
    #[must_use]
    pub fn with_case(mut self, case: KeyCase) -> Params {
        self.case = case;
        self
    }

    /// Adds a parameter that the path of the request holds.
    pub fn add_route(&mut self, key: &str, value: &str) -> Result<(), ParamsError> {
        self.add(Origin::Route, key.to_owned(), Param::Text(value.to_owned()))
    }

    /// The first value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Param> {
        self.values(key).next()
    }

    /// The first value of a key as text; see [`Param::text`].
    #[must_use]
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(Param::text)
    }

    /// Every value of `key` and `key[]` in the order given; a JSON array counts as its elements.
    #[must_use]
    pub fn list(&self, key: &str) -> Vec<Param> {
        let mut list = Vec::new();
        for value in self.values(key) {
            match value {
                Param::Json(Value::Array(items)) => list.extend(items.iter().cloned().map(Param::Json)),
                other => list.push(other.clone()),
            }
        }
        list
    }

    /// Every key as it was written, repetitions included.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a text field of a form that is read part by part, with the files in it.
    pub fn add_field(&mut self, key: String, value: String) -> Result<(), ParamsError> {
        self.add(Origin::Body, key, Param::Text(value))
    }

    fn values<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a Param> {
        let named = |entry: &&Entry| {
            let written = entry.key.strip_suffix("[]").unwrap_or(&entry.key);
            match self.case {
                KeyCase::Exact => written == key,
                KeyCase::Ignored => written.eq_ignore_ascii_case(key),
            }
        };
        let entries: Vec<&Entry> = self.entries.iter().filter(named).collect();
        let strongest = entries.iter().map(|entry| entry.origin).max();
        entries
            .into_iter()
            .filter(move |entry| Some(entry.origin) == strongest)
            .map(|entry| &entry.value)
    }

    fn add(&mut self, origin: Origin, key: String, value: Param) -> Result<(), ParamsError> {
        if self.entries.len() >= PARAMS_MAX {
            return Err(ParamsError::TooMany { max: PARAMS_MAX });
        }
        if key.contains('\0') || holds_nul(&value) {
            return Err(ParamsError::Nul { key });
        }
        self.entries.push(Entry { origin, key, value });
        Ok(())
    }
}

/// Whether a value has a NUL character in it, which no text column takes. JSON nests at most 128 deep here.
fn holds_nul(value: &Param) -> bool {
    fn in_json(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(in_json),
            Value::Object(fields) => fields
                .iter()
                .any(|(key, value)| key.contains('\0') || in_json(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    match value {
        Param::Text(text) => text.contains('\0'),
        Param::Json(value) => in_json(value),
    }
}

/// Why parameters could not be read. A dialect has its own words for each; `Display` is for those that have none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// The body, or what it decompresses to, is over the bound.
    #[error("the body is longer than {max} bytes")]
    TooLarge { max: usize },
    #[error("more than {max} parameters")]
    TooMany { max: usize },
    /// The text after the field's name is what the JSON parser says.
    #[error("the body is not valid JSON: {0}")]
    Json(String),
    #[error("the body is not a JSON object but {0}")]
    NotAnObject(&'static str),
    #[error("{key} is not valid UTF-8")]
    NotUtf8 { key: String },
    #[error("{key:?} holds a NUL character")]
    Nul { key: String },
    #[error("the multipart body is not valid: {0}")]
    Multipart(String),
    #[error("the body cannot be decompressed: {0}")]
    Compression(String),
    /// A content encoding that is neither gzip nor deflate.
    #[error("content encoding {0:?} is not supported")]
    Encoding(String),
    /// The client went away, or broke HTTP, before the body was complete.
    #[error("the body did not arrive: {0}")]
    Broken(String),
}

impl ResponseError for ParamsError {
    fn status_code(&self) -> StatusCode {
        match self {
            ParamsError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ParamsError::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(serde_json::json!({ "error": self.to_string() }))
    }
}

#[cfg(test)]
mod tests;
