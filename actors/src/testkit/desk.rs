//! The small ports in memory: passwords that cost nothing, and an outbox that keeps what was sent.

use crate::failure::Failure;
use crate::ports::{Notice, Notifier, Passwords};
use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};

/// Passwords that are only marked, not hashed: tests must not wait for a hash that is slow on purpose.
#[derive(Clone, Copy, Debug)]
pub struct PlainPasswords;

#[async_trait]
impl Passwords for PlainPasswords {
    async fn hash(&self, password: &str) -> Result<String, Failure> {
        Ok(format!("$plain${password}"))
    }

    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Failure> {
        Ok(hash.is_some_and(|hash| hash.strip_prefix("$plain$") == Some(password)))
    }
}

/// Keeps every notice.
#[derive(Debug, Default)]
pub struct Outbox(Mutex<Vec<Notice>>);

impl Outbox {
    /// What was sent so far, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<Notice> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Notifier for Outbox {
    async fn send(&self, notice: &Notice) -> Result<(), Failure> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(notice.clone());
        Ok(())
    }
}
