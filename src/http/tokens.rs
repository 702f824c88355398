//! Signed tokens of accounts: how they are dated, signed and opened. What they claim is each dialect's own.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use roost_actors::Failure;
use roost_actors::model::{Account, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// The longest time a token can be good for, in days.
const DAYS_MAX: i64 = 36_500;
/// The longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// When a token was made and when it ends, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    pub iat: i64,
    pub exp: i64,
}

/// Signs and opens tokens with one key.
#[derive(Clone)]
pub struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    good_for_seconds: i64,
}

impl Signer {
    /// `key` is the same on every node of a cluster; a token is good for so many days.
    #[must_use]
    pub fn new(key: &[u8], days: u64) -> Signer {
        Signer {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            good_for_seconds: i64::try_from(days).unwrap_or(DAYS_MAX).min(DAYS_MAX) * DAY_SECONDS,
        }
    }

    /// The dates of a token made now. It is dated after `tokens_from`, so that one made in the very second of a new
    /// password is told from those that the password voided.
    #[must_use]
    pub fn dates(&self, tokens_from: Timestamp, now: Timestamp) -> Dates {
        let iat = seconds(now).max(seconds(tokens_from) + 1);
        Dates {
            iat,
            exp: iat.saturating_add(self.good_for_seconds),
        }
    }

    pub fn sign(&self, claims: &impl Serialize) -> Result<String, Failure> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
            .map_err(|error| Failure::Internal(format!("a token could not be signed: {error}")))
    }

    /// What a token claims, if it was signed here. Whether it has ended is for [`has_ended`] to say, by the node's clock.
    #[must_use]
    pub fn open<C: DeserializeOwned + Clone>(&self, token: &str) -> Option<C> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let mut rules = Validation::new(Algorithm::HS256);
        rules.validate_exp = false;
        let opened = jsonwebtoken::decode::<C>(token, &self.decoding, &rules).ok()?;
        Some(opened.claims)
    }
}

#[must_use]
pub fn has_ended(exp: i64, now: Timestamp) -> bool {
    exp <= seconds(now)
}

/// Whether a token of this date (in seconds) still counts for the account.
#[must_use]
pub fn still_counts(iat: i64, account: &Account) -> bool {
    account.tokens_from == Timestamp(0) || iat > seconds(account.tokens_from)
}

fn seconds(time: Timestamp) -> i64 {
    time.0.div_euclid(1_000)
}
