//! What groups and people show of themselves: tags, pictures, announcements, and how people are rated.

pub mod messages;
pub mod rules;
mod shell;

pub use messages::{BoardAnswer, BoardRequest, TagRequest};
pub use rules::{ANNOUNCEMENTS_FULL, PICTURES_FULL, TAGS_FULL};
pub use shell::{answer, tags};
