//! What those who only read are answered, from what is committed. Pure.

use super::messages::{RoomAnswer, RoomCensus, RoomView};
use super::state::{Effect, PageContext, RoomState, Ticket};
use crate::failure::Failure;
use crate::model::{AccountId, Caller, HistoryPage, HistoryQuery, Member, Seq};

impl RoomState {
    pub(super) fn range(&self, ticket: Ticket, query: HistoryQuery) -> Effect {
        Effect::LoadPage(ticket, bounded(query), self.page_context(AccountId(0)))
    }

    pub(super) fn page(
        &self,
        ticket: Ticket,
        caller: Caller,
        mut query: HistoryQuery,
        whole: bool,
    ) -> Effect {
        if !caller.trusted {
            let Some(member) = self.members.get(&caller.account) else {
                return Effect::Answer(ticket, Err(Failure::NotMember));
            };
            if !whole && !self.info.rules.history_before_join {
                query.from_seq = query.from_seq.max(member.from_seq);
            }
        }
        // Not only up to what this actor has heard of: a session that opens is told where the room ends in storage, and
        // whoever reads history after that must be shown everything up to there.
        let query = bounded(query);
        let context = self.page_context(caller.account);
        if query.from_seq > query.to_seq {
            return Effect::Answer(
                ticket,
                Ok(RoomAnswer::Page(HistoryPage {
                    kind: Some(context.kind),
                    read_seq: context.read_seq,
                    peer_read_seq: context.peer_read_seq,
                    last_seq: self.last_seq,
                    ..HistoryPage::default()
                })),
            );
        }
        Effect::LoadPage(ticket, query, context)
    }

    fn page_context(&self, reader: AccountId) -> PageContext {
        let read = |account: AccountId| self.members.get(&account).map_or(Seq(0), |m| m.read_seq);
        PageContext {
            kind: self.info.kind,
            reader,
            read_seq: read(reader),
            peer_read_seq: self.info.kind.peer_of(reader).map_or(Seq(0), read),
            last_seq: self.last_seq,
        }
    }

    pub(super) fn seats(&self, ticket: Ticket, caller: Caller) -> Effect {
        let mut members: Vec<Member> = self.members.values().cloned().collect();
        members.sort_by_key(|m| (std::cmp::Reverse(m.role), m.joined_at, m.account));
        Effect::LoadSeats(ticket, self.view(caller), members)
    }

    pub(super) fn view(&self, caller: Caller) -> RoomView {
        RoomView {
            info: self.info.clone(),
            me: self.members.get(&caller.account).cloned(),
            last_seq: self.last_seq,
        }
    }

    /// What an operator sees of this room.
    #[must_use]
    pub fn census(&self) -> RoomCensus {
        RoomCensus {
            epoch: self.epoch,
            last_seq: self.last_seq,
            members: self.members.len(),
            waiting: self.waiting.len(),
        }
    }
}

/// A query whose page has a bound.
fn bounded(query: HistoryQuery) -> HistoryQuery {
    HistoryQuery {
        limit: query.limit.clamp(0, HistoryQuery::LIMIT_MAX),
        offset: query.offset.max(0),
        ..query
    }
}
