//! What a dialect gave out once and is shown again later: sign-ins, and push channels with their keys.

use super::{AccountId, ChannelId, Timestamp};
use serde::{Deserialize, Serialize};

/// A sign-in, found by the digest of the value that its client shows. Void once the account's `tokens_from` is later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub account: AccountId,
    pub issued_at: Timestamp,
}

/// SHA-256 of a secret: what is kept instead of it.
pub type SecretDigest = [u8; 32];

/// A push channel of one account: whoever shows its key is sent what the account is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    pub id: ChannelId,
    pub account: AccountId,
    pub key: String,
    pub opened_at: Timestamp,
}

impl Channel {
    /// How long a channel may be connected to after it was opened, in milliseconds: one day.
    pub const VALID_MS: i64 = 24 * 60 * 60 * 1_000;

    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        now.since_ms(self.opened_at) < Channel::VALID_MS
    }
}
