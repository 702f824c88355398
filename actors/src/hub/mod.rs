//! Hubs: one a worker thread. A hub knows the sessions of its thread, which rooms they follow and how far each
//! has seen, so that a push crosses to a thread once, and a hole or a slow session is repaired from history.

mod actor;
mod interest;
mod state;
mod surge;
mod watch;

pub use actor::{Hub, HubMessage, Place};
pub use interest::{HubId, Interest};
pub use state::{Arrival, Behind, HandedOver, HubState, SlotId, Wave};
pub use surge::HubActor;
