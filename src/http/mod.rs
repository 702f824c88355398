//! What all dialects share over HTTP, and nothing of any one of them.

pub mod params;
