//! The directory: register, log in, look up, search; codes and notices. What belongs to no single room or user.
//! A pool of stateless actors, never one mailbox.

mod actor;
mod board;
mod keep;
pub mod messages;

pub use actor::{Directory, DirectoryShell};
pub use messages::{CodeChannel, DirectoryAnswer, DirectoryRequest, IssuedCode};
