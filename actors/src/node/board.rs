//! Typed calls on what groups and people show of themselves.

use super::refs::unexpected;
use super::{DirectoryRef, RoomRef, UserRef};
use crate::board::{BoardAnswer, BoardRequest, TagRequest};
use crate::directory::{DirectoryAnswer, DirectoryRequest};
use crate::failure::Failure;
use crate::model::{
    AccountId, Announcement, AnnouncementId, Caller, GroupHit, GroupQuery, HintOf, Image, JoinRequest,
    Picture, PictureId, RequestId, Tag,
};
use crate::room::{RoomAnswer, RoomRequest};
use crate::user::{UserAnswer, UserRequest};
use std::collections::HashMap;

impl RoomRef {
    /// Any request about the group's board.
    pub async fn board(&self, caller: Caller, request: BoardRequest) -> Result<BoardAnswer, Failure> {
        match self.ask(RoomRequest::Board { caller, request }).await? {
            RoomAnswer::Board(answer) => Ok(answer),
            other => unexpected(other),
        }
    }

    pub async fn tags(&self, caller: Caller) -> Result<Vec<Tag>, Failure> {
        match self.board(caller, BoardRequest::Tags(TagRequest::List)).await? {
            BoardAnswer::Tags(tags) => Ok(tags),
            other => unexpected(other),
        }
    }

    pub async fn pictures(&self, caller: Caller) -> Result<Vec<Picture>, Failure> {
        match self.board(caller, BoardRequest::Pictures).await? {
            BoardAnswer::Pictures(pictures) => Ok(pictures),
            other => unexpected(other),
        }
    }

    pub async fn picture(&self, caller: Caller, id: PictureId) -> Result<Picture, Failure> {
        match self.board(caller, BoardRequest::Picture { id }).await? {
            BoardAnswer::Picture(picture) => Ok(picture),
            other => unexpected(other),
        }
    }

    pub async fn announcements(&self, caller: Caller) -> Result<Vec<Announcement>, Failure> {
        match self.board(caller, BoardRequest::Announcements).await? {
            BoardAnswer::Announcements(announcements) => Ok(announcements),
            other => unexpected(other),
        }
    }

    pub async fn announcement(&self, caller: Caller, id: AnnouncementId) -> Result<Announcement, Failure> {
        match self.board(caller, BoardRequest::Announcement { id }).await? {
            BoardAnswer::Announcement(announcement) => Ok(announcement),
            other => unexpected(other),
        }
    }

    /// A change to the board; the number of what was made or changed.
    pub async fn change_board(&self, caller: Caller, request: BoardRequest) -> Result<i64, Failure> {
        match self.board(caller, request).await? {
            BoardAnswer::Done(id) => Ok(id),
            other => unexpected(other),
        }
    }
}

impl UserRef {
    /// This user's tags after the request; none but for [`TagRequest::List`].
    pub async fn tags(&self, request: TagRequest) -> Result<Vec<Tag>, Failure> {
        match self.ask(UserRequest::Tags(request)).await? {
            UserAnswer::Tags(tags) => Ok(tags),
            other => unexpected(other),
        }
    }
}

impl DirectoryRef {
    /// How these people are rated; those whom nobody has rated are left out.
    pub async fn stars(&self, accounts: Vec<AccountId>) -> Result<HashMap<AccountId, f64>, Failure> {
        match self.ask(DirectoryRequest::Stars { accounts }).await? {
            DirectoryAnswer::Stars(stars) => Ok(stars
                .into_iter()
                .map(|rating| (rating.account, rating.stars))
                .collect()),
            other => unexpected(other),
        }
    }

    /// The avatar whose bytes are this blob.
    pub async fn avatar(&self, blob: String) -> Result<Option<Image>, Failure> {
        match self.ask(DirectoryRequest::Avatar { blob }).await? {
            DirectoryAnswer::MaybeImage(image) => Ok(image),
            other => unexpected(other),
        }
    }

    pub async fn find_groups(&self, query: GroupQuery) -> Result<Vec<GroupHit>, Failure> {
        match self.ask(DirectoryRequest::FindGroups { query }).await? {
            DirectoryAnswer::Hits(groups) => Ok(groups),
            other => unexpected(other),
        }
    }

    pub async fn hints(
        &self,
        of: HintOf,
        category: String,
        key: String,
        limit: i64,
    ) -> Result<Vec<String>, Failure> {
        let request = DirectoryRequest::Hints {
            of,
            category,
            key,
            limit,
        };
        match self.ask(request).await? {
            DirectoryAnswer::Texts(texts) => Ok(texts),
            other => unexpected(other),
        }
    }

    /// A request to join a group, answered or not.
    pub async fn join_request(&self, id: RequestId) -> Result<JoinRequest, Failure> {
        match self.ask(DirectoryRequest::JoinRequest { id }).await? {
            DirectoryAnswer::JoinRequest(request) => Ok(request),
            other => unexpected(other),
        }
    }
}
