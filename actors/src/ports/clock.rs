//! Time and randomness come from outside, so that rules can be tested and simulated.

use crate::model::Timestamp;

/// The world's time and chance.
pub trait Clock: Send + Sync {
    /// Wall time.
    fn now(&self) -> Timestamp;
    /// Milliseconds of a clock that never jumps, from some start of its own: for leases and time-outs.
    fn steady(&self) -> Timestamp;
    /// A random UUID (version 4), lower case with dashes.
    fn uuid(&self) -> String;
    /// Random bytes from the system's generator, for codes and secrets.
    fn random(&self, bytes: &mut [u8]);
}
