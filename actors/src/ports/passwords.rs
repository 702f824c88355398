//! Password hashing, away from the arbiters: it is slow on purpose.

use crate::failure::Failure;
use async_trait::async_trait;

#[async_trait]
pub trait Passwords: Send + Sync {
    /// A PHC string of the password. Refused with `Busy` when too many hashes run at once.
    async fn hash(&self, password: &str) -> Result<String, Failure>;

    /// Whether the password fits. Takes as long when `hash` is `None` (no such account), so that time tells nothing.
    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Failure>;
}
