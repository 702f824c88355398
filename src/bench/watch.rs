//! The tool's clock: nanoseconds since a run began, and what makes a run end with an error.

use std::time::{Duration, Instant};
use thiserror::Error;

/// Counts from the moment it was made. Every thread of a run reads the same one.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Instant);

impl Watch {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a load tool measures real time")]
    pub fn start() -> Watch {
        Watch(Instant::now())
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Sleeps until a moment, at once when it has passed.
    pub async fn sleep_until(&self, ns: u64) {
        tokio::time::sleep_until((self.0 + Duration::from_nanos(ns)).into()).await;
    }
}

/// Why a run could not be made. What a run found wrong with the node is in its report instead.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Trouble(String);

pub type Fallible<T> = Result<T, Trouble>;

impl Trouble {
    pub fn new(why: impl Into<String>) -> Trouble {
        Trouble(why.into())
    }
}

macro_rules! trouble_from {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Trouble {
            fn from(error: $error) -> Trouble {
                Trouble(error.to_string())
            }
        })+
    };
}

trouble_from!(
    std::io::Error,
    serde_json::Error,
    tokio_postgres::Error,
    rusqlite::Error
);
