//! The rooms' store in memory: activation, fenced changes, history.

use super::Memory;
use super::tables::{RoomRow, Stay, Tables};
use crate::cluster::Incarnation;
use crate::failure::{Failure, Thing};
use crate::model::{
    AccountId, ChatMessage, Counts, Epoch, HistoryPage, HistoryQuery, JoinRequest, Member, MessageId,
    NewGroup, Order, RequestId, RequestStatus, Role, RoomId, RoomInfo, RoomKind, RoomRules, RoomSnapshot,
    Seat, Seq, Timestamp,
};
use crate::ports::{RoomChange, RoomSaved, RoomStore, StoreResult};
use async_trait::async_trait;

#[async_trait]
impl RoomStore for Memory {
    async fn activate(&self, room: RoomId, me: Incarnation) -> StoreResult<RoomSnapshot> {
        self.change(|tables| activate(tables, room, me)).await
    }

    async fn holder(&self, room: RoomId) -> StoreResult<Option<(Incarnation, Epoch)>> {
        let tables = self.begin().await?;
        Ok(tables.rooms.get(&room).map(|row| (row.owner, row.epoch)))
    }

    async fn release(&self, room: RoomId, epoch: Epoch) -> StoreResult<()> {
        self.change(|tables| {
            if let Some(row) = tables.rooms.get_mut(&room).filter(|row| row.epoch == epoch) {
                row.owner = Incarnation(0);
            }
            Ok(())
        })
        .await
    }

    async fn ends(&self, rooms: &[RoomId]) -> StoreResult<Vec<(RoomId, Seq)>> {
        let tables = self.begin().await?;
        let end = |id: &RoomId| Some((*id, tables.rooms.get(id)?.last_seq));
        Ok(rooms.iter().filter_map(end).collect())
    }

    async fn revoked(
        &self,
        rooms: &[RoomId],
        since: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<(RoomKind, ChatMessage)>> {
        let tables = self.begin().await?;
        let mut rooms = rooms.to_vec();
        rooms.sort_unstable();
        let rows = rooms
            .iter()
            .filter_map(|id| tables.rooms.get(id))
            .flat_map(|room| {
                let messages = room.rows.iter().map(|row| &row.message);
                messages.map(|message| (room.info.kind, message.clone()))
            });
        let late = rows.filter(|(_, message)| message.revoked_at.is_some_and(|at| at >= since));
        Ok(late.take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    async fn change(&self, room: RoomId, epoch: Epoch, change: &RoomChange) -> StoreResult<RoomSaved> {
        self.change(|tables| {
            if tables.room(room)?.epoch != epoch {
                return Err(Failure::Moved);
            }
            apply(tables, room, change)
        })
        .await
    }

    async fn create_group(&self, group: &NewGroup) -> StoreResult<RoomId> {
        self.change(|tables| create_group(tables, group)).await
    }

    async fn direct_room(&self, kind: RoomKind, now: Timestamp) -> StoreResult<RoomId> {
        let found = self.begin().await?.direct.get(&kind).copied();
        match found {
            Some(room) => Ok(room),
            None => self.change(|tables| direct_room(tables, kind, now)).await,
        }
    }

    async fn page(&self, room: RoomId, query: &HistoryQuery) -> StoreResult<HistoryPage> {
        let tables = self.begin().await?;
        Ok(page(tables.room(room)?, query))
    }

    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<ChatMessage> {
        let tables = self.begin().await?;
        let found = tables.room(room)?.rows.iter().find(|row| row.message.id == id);
        Ok(found.ok_or(Failure::Unknown(Thing::Message))?.message.clone())
    }

    async fn unread(&self, room: RoomId, kind: RoomKind, reader: AccountId, after: Seq) -> StoreResult<i64> {
        let tables = self.begin().await?;
        let room = tables.room(room)?;
        let at_cursor = usize::try_from(after.0)
            .ok()
            .and_then(|seq| seq.checked_sub(1))
            .and_then(|index| room.rows.get(index.min(room.rows.len().saturating_sub(1))))
            .map_or(Counts::default(), |row| row.counts);
        let taken_back = room.rows.iter().filter(|row| {
            let by_other = kind
                .peer_of(reader)
                .is_none_or(|peer| row.message.sender == peer && peer != reader);
            row.message.seq > after && row.counted && row.message.revoked_at.is_some() && by_other
        });
        Ok(room.counts.for_reader(kind, reader)
            - at_cursor.for_reader(kind, reader)
            - taken_back.count() as i64)
    }

    async fn seats(&self, members: &[Member]) -> StoreResult<Vec<Seat>> {
        let tables = self.begin().await?;
        let seat = |member: &Member| {
            let row = tables.accounts.get(&member.account)?;
            Some(Seat {
                member: member.clone(),
                account: row.account.clone(),
            })
        };
        Ok(members.iter().filter_map(seat).collect())
    }
}

impl Memory {
    /// The stays of an account in a room that have ended: the first and the last seq of each.
    pub async fn ended_stays(&self, room: RoomId, account: AccountId) -> StoreResult<Vec<(Seq, Seq)>> {
        let tables = self.begin().await?;
        let stays = tables
            .room(room)?
            .stays
            .iter()
            .filter(|stay| stay.account == account);
        Ok(stays.map(|stay| (stay.from_seq, stay.to_seq)).collect())
    }
}

fn activate(tables: &mut Tables, id: RoomId, me: Incarnation) -> Result<RoomSnapshot, Failure> {
    let (info, owner) = (tables.info(id)?, tables.room(id)?.owner);
    if owner != me && tables.nodes.contains_key(&owner) {
        return Err(Failure::Moved);
    }
    let blocks = |owner: AccountId, peer: AccountId| {
        tables
            .contacts
            .get(&(owner, peer))
            .is_some_and(|c| c.blocked)
            .then_some(owner)
    };
    let blocked_by = match info.kind {
        RoomKind::Direct { low, high } => [blocks(low, high), blocks(high, low)]
            .into_iter()
            .flatten()
            .collect(),
        RoomKind::Group => Vec::new(),
    };
    let waiting = |r: &&JoinRequest| r.room == id && r.status == RequestStatus::Waiting;
    let join_requests = tables.join_requests.iter().filter(waiting).cloned().collect();
    let room = tables.rooms.get_mut(&id).ok_or(Failure::Unknown(Thing::Room))?;
    room.epoch = Epoch(room.epoch.0 + 1);
    room.owner = me;
    Ok(RoomSnapshot {
        info,
        epoch: room.epoch,
        last_seq: room.last_seq,
        counts: room.counts,
        members: room.members.values().cloned().collect(),
        join_requests,
        blocked_by,
    })
}

fn apply(tables: &mut Tables, id: RoomId, change: &RoomChange) -> Result<RoomSaved, Failure> {
    match change {
        RoomChange::Add {
            members,
            passed,
            at: _,
        } => add(tables, id, members, *passed)?,
        RoomChange::Apply { account, reason, at } => {
            tables.account(*account)?;
            let request = JoinRequest {
                id: tables.next_request(),
                room: id,
                account: *account,
                reason: reason.clone(),
                deny_reason: String::new(),
                status: RequestStatus::Waiting,
                created_at: *at,
            };
            tables.join_requests.push(request.clone());
            return Ok(RoomSaved::Applied(request));
        }
        RoomChange::SetAvatar { image, address, at } => {
            row(tables, id)?.info.avatar.clone_from(address);
            super::board::set_avatar(tables, (None, Some(id)), image, *at)?;
        }
        RoomChange::Deny { request, reason } => {
            for waiting in tables.join_requests.iter_mut().filter(|r| r.id == *request) {
                waiting.status = RequestStatus::Denied;
                waiting.deny_reason.clone_from(reason);
            }
        }
        RoomChange::Dissolve { at } => {
            for waiting in tables.join_requests.iter_mut() {
                if waiting.room == id && waiting.status == RequestStatus::Waiting {
                    waiting.status = RequestStatus::Denied;
                }
            }
            row(tables, id)?.info.dissolved_at = Some(*at);
            super::views::release_claim(tables, id);
        }
        other => apply_to_row(row(tables, id)?, other),
    }
    Ok(RoomSaved::Done)
}

fn row(tables: &mut Tables, id: RoomId) -> Result<&mut RoomRow, Failure> {
    tables.rooms.get_mut(&id).ok_or(Failure::Unknown(Thing::Room))
}

fn add(
    tables: &mut Tables,
    id: RoomId,
    members: &[Member],
    passed: Option<RequestId>,
) -> Result<(), Failure> {
    for member in members {
        tables.account(member.account)?;
    }
    for request in tables.join_requests.iter_mut() {
        // A waiting request of somebody who was brought in otherwise is answered by that.
        let answered = members.iter().any(|m| m.account == request.account) && request.room == id;
        if Some(request.id) == passed || (answered && request.status == RequestStatus::Waiting) {
            request.status = RequestStatus::Passed;
        }
    }
    let room = row(tables, id)?;
    for member in members {
        room.members.insert(member.account, member.clone());
    }
    Ok(())
}

fn apply_to_row(room: &mut RoomRow, change: &RoomChange) {
    match change {
        RoomChange::Edit {
            name,
            avatar,
            intro,
            place,
            rules,
        } => {
            let info = &mut room.info;
            set(&mut info.name, name.as_ref());
            set(&mut info.avatar, avatar.as_ref());
            set(&mut info.intro, intro.as_ref());
            set(&mut info.place, place.as_ref());
            set(&mut info.rules, rules.as_ref());
        }
        RoomChange::Remove { accounts, at: _ } => {
            for account in accounts {
                room.unseat(*account);
            }
        }
        RoomChange::SetRole { account, role } => room.edit(*account, |m| m.role = *role),
        RoomChange::Mute { account, until } => room.edit(*account, |m| m.muted_until = *until),
        RoomChange::SetNickname { account, nickname } => {
            room.edit(*account, |m| m.nickname.clone_from(nickname));
        }
        RoomChange::SetQuiet { account, quiet } => room.edit(*account, |m| m.quiet = *quiet),
        RoomChange::Transfer {
            to,
            old_leaves,
            at: _,
        } => {
            let old = std::mem::replace(&mut room.info.owner, *to);
            if *old_leaves {
                room.unseat(old);
            } else {
                room.edit(old, |m| m.role = Role::Member);
            }
            room.edit(*to, |m| m.role = Role::Owner);
        }
        RoomChange::Revoke { message, at } => {
            for row in room.rows.iter_mut().filter(|row| row.message.id == *message) {
                std::sync::Arc::make_mut(row).message.revoked_at = Some(*at);
            }
        }
        RoomChange::Add { .. }
        | RoomChange::SetAvatar { .. }
        | RoomChange::Apply { .. }
        | RoomChange::Deny { .. }
        | RoomChange::Dissolve { .. } => unreachable!("these changes touch more than the room's row"),
    }
}

fn set<T: Clone>(field: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        field.clone_from(new);
    }
}

impl RoomRow {
    fn edit(&mut self, account: AccountId, edit: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&account) {
            edit(member);
        }
    }

    fn unseat(&mut self, account: AccountId) {
        if let Some(member) = self.members.remove(&account) {
            self.stays.push(Stay {
                account,
                from_seq: member.from_seq,
                to_seq: self.last_seq,
            });
        }
    }
}

fn first_seat(account: AccountId, role: Role, now: Timestamp) -> Member {
    Member {
        account,
        role,
        nickname: String::new(),
        muted_until: Timestamp(0),
        joined_at: now,
        from_seq: Seq(1),
        read_seq: Seq(0),
        quiet: false,
    }
}

fn create_group(tables: &mut Tables, group: &NewGroup) -> Result<RoomId, Failure> {
    tables.account(group.owner)?;
    for account in &group.members {
        tables.account(*account)?;
    }
    if group.claims_name && tables.claims.contains_key(&group.name.to_lowercase()) {
        return Err(Failure::Exists(Thing::Name));
    }
    let id = tables.next_room(RoomKind::Group);
    if group.claims_name {
        let claim = (group.name.clone(), id);
        tables.claims.insert(group.name.to_lowercase(), claim);
    }
    let info = RoomInfo {
        id,
        kind: RoomKind::Group,
        name: group.name.clone(),
        avatar: group.avatar.clone(),
        intro: group.intro.clone(),
        owner: group.owner,
        member_count: 0,
        member_limit: group.member_limit,
        rules: group.rules,
        place: group.place.clone(),
        super_group: group.super_group,
        category: group.category.clone(),
        created_at: group.created_at,
        dissolved_at: None,
    };
    let mut room = RoomRow::new(info);
    for &account in &group.members {
        room.members
            .insert(account, first_seat(account, Role::Member, group.created_at));
    }
    if group.owner_joins {
        let seat = first_seat(group.owner, Role::Owner, group.created_at);
        room.members.insert(group.owner, seat);
    }
    tables.rooms.insert(id, room);
    Ok(id)
}

pub(super) fn direct_room(tables: &mut Tables, kind: RoomKind, now: Timestamp) -> Result<RoomId, Failure> {
    let RoomKind::Direct { low, high } = kind else {
        return Err(Failure::invalid("kind", "a group is not made by its kind"));
    };
    if let Some(room) = tables.direct.get(&kind) {
        return Ok(*room);
    }
    tables.account(low)?;
    tables.account(high)?;
    let id = tables.next_room(kind);
    let mut room = RoomRow::new(RoomInfo {
        id,
        kind,
        name: String::new(),
        avatar: String::new(),
        intro: String::new(),
        owner: AccountId(0),
        member_count: 0,
        member_limit: 2,
        rules: RoomRules::default(),
        place: crate::model::Place::default(),
        super_group: false,
        category: String::new(),
        created_at: now,
        dissolved_at: None,
    });
    for account in [low, high] {
        room.members
            .insert(account, first_seat(account, Role::Member, now));
    }
    tables.rooms.insert(id, room);
    tables.direct.insert(kind, id);
    Ok(id)
}

impl RoomRow {
    fn new(info: RoomInfo) -> RoomRow {
        RoomRow {
            info,
            epoch: Epoch(0),
            owner: Incarnation(0),
            last_seq: Seq(0),
            counts: Counts::default(),
            members: std::collections::BTreeMap::new(),
            stays: Vec::new(),
            rows: Vec::new(),
        }
    }
}

fn page(room: &RoomRow, query: &HistoryQuery) -> HistoryPage {
    let wanted = |message: &&ChatMessage| {
        let revoked = match (query.revoked_since, message.revoked_at) {
            (Some(since), at) => at.is_some_and(|at| at >= since),
            (None, Some(_)) => query.with_revoked,
            (None, None) => true,
        };
        (query.from_seq..=query.to_seq).contains(&message.seq)
            && query.before.is_none_or(|id| message.id < id)
            && query.kind.as_ref().is_none_or(|kind| *kind == message.kind)
            && revoked
    };
    let mut found: Vec<&ChatMessage> = room.rows.iter().map(|row| &row.message).filter(wanted).collect();
    if query.order == Order::Descending {
        found.reverse();
    }
    let total = if query.with_total { found.len() as i64 } else { 0 };
    let (offset, limit) = (query.offset.max(0) as usize, query.limit.max(0) as usize);
    HistoryPage {
        messages: found.into_iter().skip(offset).take(limit).cloned().collect(),
        total,
        ..HistoryPage::default()
    }
}
