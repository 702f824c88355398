//! Views, claims and friend requests by id, in memory.

use super::Memory;
use super::tables::{RoomRow, Tables};
use crate::failure::Failure;
use crate::model::{
    Account, AccountId, Conversation, Counts, FriendRequest, RequestId, RoomId, RoomInfo, RoomKind, Seq,
    Timestamp, View, ViewId, With,
};
use crate::ports::{StoreResult, ViewStore};
use async_trait::async_trait;

#[async_trait]
impl ViewStore for Memory {
    async fn view(&self, id: ViewId) -> StoreResult<Option<View>> {
        let tables = self.begin().await?;
        Ok(tables.views.iter().find(|view| view.id == id).cloned())
    }

    async fn open_view(&self, a: AccountId, b: AccountId) -> StoreResult<Option<View>> {
        Ok(open_view(&*self.begin().await?, a, b).cloned())
    }

    async fn conversations(&self, account: AccountId) -> StoreResult<Vec<Conversation>> {
        let tables = self.begin().await?;
        let views = tables
            .views
            .iter()
            .filter(|view| view.open_for(account).is_some());
        let mut found: Vec<Conversation> = views
            .map(|view| with_friend(&tables, account, view))
            .collect::<Result<_, Failure>>()?;
        let lives = |room: &&RoomRow| room.info.kind == RoomKind::Group && room.info.dissolved_at.is_none();
        for room in tables.rooms.values().filter(lives) {
            found.extend(with_group(&tables, account, room)?);
        }
        Ok(found)
    }

    async fn request(&self, id: RequestId) -> StoreResult<Option<FriendRequest>> {
        let tables = self.begin().await?;
        Ok(tables
            .friend_requests
            .iter()
            .find(|request| request.id == id)
            .cloned())
    }

    async fn requests_to(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>> {
        let tables = self.begin().await?;
        let to = tables
            .friend_requests
            .iter()
            .rev()
            .filter(|request| request.to == account);
        let with_profile = |r: &FriendRequest| Ok((r.clone(), tables.account(r.from)?.account.clone()));
        let requests: Result<Vec<_>, Failure> = to.map(with_profile).collect();
        Ok(requests?)
    }

    async fn claimed(&self, name: &str) -> StoreResult<Option<RoomId>> {
        let tables = self.begin().await?;
        Ok(tables.claims.get(&name.to_lowercase()).map(|claim| claim.1))
    }

    async fn search_claims(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>> {
        let tables = self.begin().await?;
        let text = text.to_lowercase();
        let mut found = Vec::new();
        for (folded, (name, room)) in &tables.claims {
            if !text.is_empty() && folded.contains(&text) {
                let name = name.clone();
                found.push(RoomInfo {
                    name,
                    ..tables.info(*room)?
                });
            }
        }
        found.sort_by_key(|info| info.id);
        found.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(found)
    }
}

fn with_friend(tables: &Tables, account: AccountId, view: &View) -> Result<Conversation, Failure> {
    let room = tables.room(view.room)?;
    let peer = view.open_for(account).unwrap_or(account);
    let read = room.members.get(&account).map_or(Seq(0), |seat| seat.read_seq);
    let cursor = read.max(Seq(view.from_seq.0 - 1));
    let taken_back = room.rows.iter().filter(|row| {
        let message = &row.message;
        message.seq > cursor && row.counted && message.revoked_at.is_some() && message.sender != account
    });
    let unread = room.counts.for_reader(room.info.kind, account)
        - counts_at(room, cursor).for_reader(room.info.kind, account)
        - taken_back.count() as i64;
    let profile = Box::new(tables.account(peer)?.account.clone());
    Ok(conversation(
        room,
        With::Friend(view.clone(), profile),
        view.from_seq,
        unread,
    ))
}

fn with_group(tables: &Tables, account: AccountId, room: &RoomRow) -> Result<Option<Conversation>, Failure> {
    let Some(seat) = room.members.get(&account) else {
        return Ok(None);
    };
    let taken_back = room
        .rows
        .iter()
        .filter(|row| row.message.seq > seat.read_seq && row.counted && row.message.revoked_at.is_some());
    let unread = room.counts.low - counts_at(room, seat.read_seq).low - taken_back.count() as i64;
    let from = if room.info.rules.history_before_join {
        Seq(1)
    } else {
        seat.from_seq
    };
    let with = With::Group(Box::new(tables.info(room.info.id)?));
    Ok(Some(conversation(room, with, from, unread)))
}

fn counts_at(room: &RoomRow, seq: Seq) -> Counts {
    let row = room.rows.iter().find(|row| row.message.seq == seq);
    row.map_or(Counts::default(), |row| row.counts)
}

fn conversation(room: &RoomRow, with: With, from: Seq, unread: i64) -> Conversation {
    let there = |message: &&crate::model::ChatMessage| message.seq >= from && message.revoked_at.is_none();
    let latest = room.rows.iter().rev().map(|row| &row.message).find(there);
    Conversation {
        with,
        latest: latest.cloned(),
        unread: unread.max(0),
    }
}

pub(super) fn open_view(tables: &Tables, a: AccountId, b: AccountId) -> Option<&View> {
    let (low, high) = (a.min(b), a.max(b));
    tables
        .views
        .iter()
        .find(|view| view.low == low && view.high == high && !view.closed)
}

pub(super) fn open(
    tables: &mut Tables,
    requester: AccountId,
    asked: AccountId,
    at: Timestamp,
) -> Result<(), Failure> {
    if open_view(tables, requester, asked).is_some() {
        return Ok(());
    }
    let room = super::rooms::direct_room(tables, RoomKind::direct(requester, asked), at)?;
    let from_seq = tables.room(room)?.last_seq.next();
    let id = ViewId(ViewId::FIRST.0 + tables.views.len() as i64);
    tables.views.push(View {
        id,
        room,
        low: requester.min(asked),
        high: requester.max(asked),
        requester,
        from_seq,
        opened_at: at,
        closed: false,
    });
    Ok(())
}

/// Closes the open view of two accounts, if there is one.
pub(super) fn close(tables: &mut Tables, a: AccountId, b: AccountId) -> Option<()> {
    let id = open_view(tables, a, b)?.id;
    let view = tables.views.iter_mut().find(|view| view.id == id)?;
    view.closed = true;
    Some(())
}

/// A name that a group gives up.
pub(super) fn release_claim(tables: &mut Tables, room: RoomId) {
    tables.claims.retain(|_, claim| claim.1 != room);
}
