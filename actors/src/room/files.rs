//! Who may do what with a room's files. Pure; what the files themselves allow is in [`crate::tree`].

use super::state::{Effect, RoomState, Ticket};
use crate::failure::{Failure, Thing};
use crate::model::{Caller, Role, RoomKind, Spot};
use crate::tree::TreeRequest;
use crate::tree::rules::By;

impl RoomState {
    pub(super) fn files(&self, ticket: Ticket, caller: Caller, request: TreeRequest) -> Effect {
        match self.may_files(caller, &request) {
            Ok(by) => Effect::Tree(ticket, by, request),
            Err(failure) => Effect::Answer(ticket, Err(failure)),
        }
    }

    fn may_files(&self, caller: Caller, request: &TreeRequest) -> Result<By, Failure> {
        let in_chat = match request {
            TreeRequest::Find { .. } => true,
            TreeRequest::Left { spot, .. } | TreeRequest::Add { spot, .. } => *spot == Spot::Chat,
            _ => false,
        };
        if self.info.kind != RoomKind::Group && !in_chat {
            return Err(Failure::Unknown(Thing::Room));
        }
        let by = |manages| By {
            account: caller.account,
            manages,
        };
        let by = if caller.trusted {
            by(true)
        } else {
            by(self.member(caller.account)?.role >= Role::Manager)
        };
        // Who asks what is left is about to add something.
        let reads = matches!(request, TreeRequest::List { .. } | TreeRequest::Find { .. });
        if self.info.dissolved_at.is_some() && !reads {
            return Err(Failure::Dissolved);
        }
        let peer = self.info.kind.peer_of(caller.account);
        if !reads && peer.is_some_and(|peer| peer != caller.account && self.blocked_by.contains(&peer)) {
            return Err(Failure::Blocked);
        }
        Ok(by)
    }
}
