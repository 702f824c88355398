//! The websocket side of a session: one actor per connection, polled inside the body of its answer.
//!
//! The HTTP dispatcher asks that body for bytes only while the socket takes some, and the actor is asked only when
//! its pipe is empty. So a client that reads slowly leaves its pushes in the session's bounded mailbox; when that is
//! full the hub calls the session behind, and it reads the missing range back from history as its socket drains.

mod body;
mod frame;
mod incoming;
mod pipe;
mod pulse;
mod session;
mod sockets;

pub use body::SocketBody;
pub use frame::Frame;
pub use incoming::{Heard, Incoming, Said};
pub use pipe::Pipe;
pub use pulse::{Beat, Pulse};
pub use session::{Action, Codec, Session};
pub use sockets::{Entered, OpenError, Opening, Sockets};

pub use actix_http::ws::CloseCode;
