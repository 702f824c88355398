//! What a room can be asked of its board, and a user of its tags. Closed and serde-able: requests cross nodes.

use crate::model::{Announcement, AnnouncementId, Image, Picture, PictureId, Rating, Tag, TagId};
use serde::{Deserialize, Serialize};

/// A request about tags. Refused with `Invalid { field: "tag" }` for one that is blank or too long, `Unknown(Tag)`,
/// `Exists(Tag)` when one is to become another that is there, `Full`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TagRequest {
    /// Oldest first.
    List,
    /// One that is there is not added again.
    Add {
        text: String,
    },
    Edit {
        id: TagId,
        text: String,
    },
    Remove {
        id: TagId,
    },
}

/// A request about a group's board. What changes something is for managers and refused with `Dissolved` in a dissolved
/// group; its former members may go on reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BoardRequest {
    /// Anyone may list them.
    Tags(TagRequest),
    /// Anyone.
    Pictures,
    /// Anyone. Refused with `Unknown(Picture)`.
    Picture {
        id: PictureId,
    },
    /// Refused with `Full` when there are `max` already, and with `Unknown(File)` unless its blob is noted.
    AddPicture {
        image: Image,
        max: i64,
    },
    /// Refused with `Unknown(Picture)`.
    RemovePicture {
        id: PictureId,
    },
    /// Members; newest first.
    Announcements,
    /// Members. Refused with `Unknown(Announcement)`.
    Announcement {
        id: AnnouncementId,
    },
    Announce {
        title: String,
        text: String,
    },
    /// Refused with `Unknown(Announcement)`.
    Reword {
        id: AnnouncementId,
        title: String,
        text: String,
    },
    /// Refused with `Unknown(Announcement)`.
    Withdraw {
        id: AnnouncementId,
    },
    /// Sets an announcement's picture in place of the one it has, or takes that away. Refused with
    /// `Unknown(Announcement)`, and with `Unknown(Picture)` when there is none to take away.
    Illustrate {
        id: AnnouncementId,
        image: Option<Image>,
    },
    /// Members of a group that was dissolved, once each. Refused with `Forbidden` before that or a second time, with
    /// `Invalid { field: "star_rating" }`, and with `Unknown(Member)` for somebody who was not in the group at its end.
    Rate {
        ratings: Vec<Rating>,
    },
}

impl TagRequest {
    /// Whether the request changes nothing that is stored.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self, TagRequest::List)
    }
}

impl BoardRequest {
    /// Whether the request changes nothing that is stored.
    #[must_use]
    pub fn is_read(&self) -> bool {
        match self {
            BoardRequest::Tags(request) => request.is_read(),
            BoardRequest::Pictures
            | BoardRequest::Picture { .. }
            | BoardRequest::Announcements
            | BoardRequest::Announcement { .. } => true,
            BoardRequest::AddPicture { .. }
            | BoardRequest::RemovePicture { .. }
            | BoardRequest::Announce { .. }
            | BoardRequest::Reword { .. }
            | BoardRequest::Withdraw { .. }
            | BoardRequest::Illustrate { .. }
            | BoardRequest::Rate { .. } => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BoardAnswer {
    Tags(Vec<Tag>),
    Pictures(Vec<Picture>),
    Picture(Picture),
    Announcements(Vec<Announcement>),
    Announcement(Announcement),
    /// The number of what was made or changed.
    Done(i64),
}
