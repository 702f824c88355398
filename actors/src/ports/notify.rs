//! Messages that leave the node by another road: captcha answers (development), e-mail, SMS.

use crate::failure::Failure;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A code for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// `captcha`, `email` or `sms`.
    pub channel: String,
    /// The address; for a captcha its key.
    pub to: String,
    pub code: String,
}

#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends, or appends to the outbox file. Errors with `Unavailable` naming what is not configured or failed.
    async fn send(&self, notice: &Notice) -> Result<(), Failure>;
}
