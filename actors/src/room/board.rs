//! Who may do what with a group's board, and who may set its picture. Pure.

use super::state::{Effect, RoomState, Ticket};
use crate::board::{BoardRequest, TagRequest, rules};
use crate::failure::{Failure, Thing};
use crate::model::{Caller, RoomKind};

impl RoomState {
    pub(super) fn board(&self, ticket: Ticket, caller: Caller, request: BoardRequest) -> Effect {
        match self.may_board(caller, &request) {
            Ok(()) => Effect::Board(ticket, caller.account, request),
            Err(failure) => Effect::Answer(ticket, Err(failure)),
        }
    }

    fn may_board(&self, caller: Caller, request: &BoardRequest) -> Result<(), Failure> {
        if self.info.kind != RoomKind::Group {
            return Err(Failure::Unknown(Thing::Room));
        }
        match request {
            BoardRequest::Tags(TagRequest::List) | BoardRequest::Pictures | BoardRequest::Picture { .. } => {
                return Ok(());
            }
            BoardRequest::Announcements | BoardRequest::Announcement { .. } => {
                return if caller.trusted {
                    Ok(())
                } else {
                    self.member(caller.account).map(drop)
                };
            }
            BoardRequest::Rate { ratings } => {
                if self.info.dissolved_at.is_none() {
                    return Err(Failure::Forbidden("the group was not dissolved".to_owned()));
                }
                self.member(caller.account)?;
                rules::check_ratings(ratings)?;
                for rating in ratings {
                    if rating.account == caller.account {
                        return Err(Failure::invalid("rates", "nobody rates oneself"));
                    }
                    self.other(rating.account)?;
                }
                return Ok(());
            }
            _ => {}
        }
        if self.info.dissolved_at.is_some() {
            return Err(Failure::Dissolved);
        }
        self.manager(caller)
    }
}
