//! An identity provider outside: whom a one-time code stands for that a client was given there.

use crate::failure::Failure;
use async_trait::async_trait;

#[async_trait]
pub trait Identities: Send + Sync {
    /// The provider's id of the person. Refused with `Invalid { field: "code" }` when the provider does not take the
    /// code, `Busy` when it wants to be asked later, and `Unavailable` when it cannot be asked.
    async fn identify(&self, code: &str) -> Result<String, Failure>;
}
