//! The core by itself: the store in memory, the rules as transcripts, and the actors over the store in memory.

mod actors;
mod envelopes;
mod memory_store;
mod room;
mod rules;
