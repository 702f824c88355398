//! The rooms' store: taking a room over, making rooms, and who sits in them.

mod change;
mod history;

use super::directory::folded;
use super::near::cell;
use super::rows::{self, account_columns, group_columns, join_request_columns};
use super::sql::{Conn, Database, Sequence, SqlError, SqlResult, Value, values};
use async_trait::async_trait;
use roost_actors::cluster::Incarnation;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{
    AccountId, ChatMessage, Counts, Epoch, HistoryPage, HistoryQuery, Member, MessageId, NewGroup, Place,
    Role, RoomId, RoomInfo, RoomKind, RoomRules, RoomSnapshot, Seat, Seq, Timestamp,
};
use roost_actors::ports::{RoomChange, RoomSaved, RoomStore, StoreResult};
use std::collections::{BTreeSet, HashMap};

/// The rooms in one database.
#[derive(Clone, Debug)]
pub struct Rooms {
    pub database: Database,
}

/// A direct room has two seats, or one for notes to oneself.
const DIRECT_SEATS: i64 = 2;

/// Locks the room's row until the transaction ends, and says who owns it.
const LOCK: &str = "UPDATE rooms SET epoch = epoch WHERE id = $1 RETURNING owner";

const LISTED: &str = "SELECT incarnation FROM nodes WHERE incarnation = $1";

const TAKE_OVER: &str = "
    UPDATE rooms SET epoch = epoch + 1, owner = $2 WHERE id = $1
    RETURNING low, high, epoch, last_seq, count_low, count_high, created_at";

const GROUP: &str = concat!(
    "SELECT ",
    group_columns!(),
    " FROM room_groups g WHERE g.room = $1"
);

const MEMBERS: &str = "
    SELECT account, role, nickname, muted_until, joined_at, from_seq, read_seq, quiet
    FROM members WHERE room = $1 AND to_seq IS NULL ORDER BY account";

const JOIN_REQUESTS: &str = concat!(
    "SELECT ",
    join_request_columns!(),
    " FROM join_requests j WHERE j.room = $1 AND j.status = 'wait' ORDER BY j.id"
);

const BLOCKED_BY: &str = "
    SELECT owner FROM contacts
    WHERE ((owner = $1 AND peer = $2) OR (owner = $2 AND peer = $1)) AND blocked ORDER BY owner";

const ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.id = ANY($1)"
);

const INSERT_GROUP: &str = "
    INSERT INTO room_groups (
        room, name, name_folded, avatar, intro, owner, member_count, member_limit, invite_off, members_hidden,
        join_off, history_before_join, longitude, latitude, country, province, city, district, address,
        cell, super_group, category, created_at
    ) VALUES (
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
    )";

const INSERT_MEMBER: &str = "
    INSERT INTO members (room, account, from_seq, role, nickname, muted_until, joined_at, read_seq, quiet)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

#[async_trait]
impl RoomStore for Rooms {
    async fn activate(&self, room: RoomId, me: Incarnation) -> StoreResult<RoomSnapshot> {
        let taken = self
            .database
            .write(move |conn| Box::pin(async move { activate(conn, room, me).await }));
        taken.await
    }

    async fn holder(&self, room: RoomId) -> StoreResult<Option<(Incarnation, Epoch)>> {
        let holder = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT owner, epoch FROM rooms WHERE id = $1";
                let found = conn.row(sql, values![room]).await?;
                Ok(found
                    .map(|mut row| Ok::<_, SqlError>((Incarnation(row.take()?), row.take()?)))
                    .transpose()?)
            })
        });
        holder.await
    }

    async fn release(&self, room: RoomId, epoch: Epoch) -> StoreResult<()> {
        let released = self.database.write(move |conn| {
            Box::pin(async move {
                let sql = "UPDATE rooms SET owner = 0 WHERE id = $1 AND epoch = $2";
                conn.execute(sql, values![room, epoch]).await?;
                Ok(())
            })
        });
        released.await
    }

    async fn ends(&self, rooms: &[RoomId]) -> StoreResult<Vec<(RoomId, Seq)>> {
        let ids: Vec<i64> = rooms.iter().map(|room| room.0).collect();
        let ends = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT id, last_seq FROM rooms WHERE id = ANY($1)";
                let found = conn.rows(sql, values![ids]).await?;
                Ok(rows::all(found, |row| Ok((row.take()?, row.take()?)))?)
            })
        });
        ends.await
    }

    async fn revoked(
        &self,
        rooms: &[RoomId],
        since: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<(RoomKind, ChatMessage)>> {
        let ids: Vec<i64> = rooms.iter().map(|room| room.0).collect();
        let revoked = self
            .database
            .read(move |conn| Box::pin(async move { Ok(history::revoked(conn, ids, since, limit).await?) }));
        revoked.await
    }

    async fn change(&self, room: RoomId, epoch: Epoch, change: &RoomChange) -> StoreResult<RoomSaved> {
        let change = change.clone();
        let saved = self
            .database
            .write(move |conn| Box::pin(async move { change::apply(conn, room, epoch, change).await }));
        saved.await
    }

    async fn create_group(&self, group: &NewGroup) -> StoreResult<RoomId> {
        let group = group.clone();
        let made = self
            .database
            .write(move |conn| Box::pin(async move { create_group(conn, &group).await }));
        made.await
    }

    async fn direct_room(&self, kind: RoomKind, now: Timestamp) -> StoreResult<RoomId> {
        let RoomKind::Direct { low, high } = kind else {
            return Err(Failure::Unknown(Thing::Room).into());
        };
        let known = self
            .database
            .read(move |conn| Box::pin(async move { Ok(find_direct(conn, low, high).await?) }));
        if let Some(room) = known.await? {
            return Ok(room);
        }
        let made = self
            .database
            .write(move |conn| Box::pin(async move { create_direct(conn, low, high, now).await }));
        made.await
    }

    async fn page(&self, room: RoomId, query: &HistoryQuery) -> StoreResult<HistoryPage> {
        let query = query.clone();
        let page = self
            .database
            .read(move |conn| Box::pin(async move { Ok(history::page(conn, room, &query).await?) }));
        page.await
    }

    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<ChatMessage> {
        let found = self
            .database
            .read(move |conn| Box::pin(async move { Ok(history::message(conn, room, id).await?) }));
        found
            .await?
            .ok_or_else(|| Failure::Unknown(Thing::Message).into())
    }

    async fn unread(&self, room: RoomId, kind: RoomKind, reader: AccountId, after: Seq) -> StoreResult<i64> {
        let unread = self.database.read(move |conn| {
            Box::pin(async move { Ok(history::unread(conn, room, kind, reader, after).await?) })
        });
        unread.await
    }

    async fn seats(&self, members: &[Member]) -> StoreResult<Vec<Seat>> {
        let ids: Vec<i64> = members.iter().map(|member| member.account.0).collect();
        let profiles = self.database.read(move |conn| {
            Box::pin(async move {
                Ok(rows::all(
                    conn.rows(ACCOUNTS, values![ids]).await?,
                    rows::account,
                )?)
            })
        });
        let profiles = profiles.await?.into_iter().map(|account| (account.id, account));
        let profiles: HashMap<_, _> = profiles.collect();
        let seats = members.iter().filter_map(|member| {
            Some(Seat {
                member: member.clone(),
                account: profiles.get(&member.account)?.clone(),
            })
        });
        Ok(seats.collect())
    }
}

async fn activate(conn: &mut Conn, room: RoomId, me: Incarnation) -> StoreResult<RoomSnapshot> {
    let locked = conn.row(LOCK, values![room]).await?;
    let owner: Incarnation = locked.ok_or(Failure::Unknown(Thing::Room))?.take()?;
    // Asked after the lock, not with it: a node may have joined and taken the room while this one waited.
    if owner != me && owner != Incarnation(0) && conn.row(LISTED, values![owner]).await?.is_some() {
        return Err(Failure::Moved.into());
    }
    let taken = conn.row(TAKE_OVER, values![room, me]).await?;
    let mut row = taken.ok_or(Failure::Unknown(Thing::Room))?;
    let sides: (Option<AccountId>, Option<AccountId>) = (row.take()?, row.take()?);
    let (epoch, last_seq) = (row.take()?, row.take()?);
    let counts = Counts {
        low: row.take()?,
        high: row.take()?,
    };
    let created_at = row.take()?;
    let members = rows::all(conn.rows(MEMBERS, values![room]).await?, rows::member)?;
    let (info, join_requests, blocked_by) = match sides {
        (Some(low), Some(high)) => {
            let blocked_by = rows::ids(conn.rows(BLOCKED_BY, values![low, high]).await?)?;
            (
                direct_info(room, low, high, members.len(), created_at),
                Vec::new(),
                blocked_by,
            )
        }
        _ => {
            let group = conn.row(GROUP, values![room]).await?;
            let mut group = group.ok_or(Failure::Unknown(Thing::Room))?;
            let requests = conn.rows(JOIN_REQUESTS, values![room]).await?;
            (
                rows::group(&mut group)?,
                rows::all(requests, rows::join_request)?,
                Vec::new(),
            )
        }
    };
    Ok(RoomSnapshot {
        info,
        epoch,
        last_seq,
        counts,
        members,
        join_requests,
        blocked_by,
    })
}

fn direct_info(
    room: RoomId,
    low: AccountId,
    high: AccountId,
    members: usize,
    created_at: Timestamp,
) -> RoomInfo {
    RoomInfo {
        id: room,
        kind: RoomKind::Direct { low, high },
        name: String::new(),
        avatar: String::new(),
        intro: String::new(),
        owner: AccountId(0),
        member_count: members as i64,
        member_limit: DIRECT_SEATS,
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: false,
        category: String::new(),
        created_at,
        dissolved_at: None,
    }
}

async fn create_group(conn: &mut Conn, group: &NewGroup) -> StoreResult<RoomId> {
    let room = RoomId(first(conn.next_ids(Sequence::Groups, 1).await?)?);
    let owner = group.owner_joins.then_some(group.owner);
    let others: BTreeSet<AccountId> = group
        .members
        .iter()
        .copied()
        .filter(|m| Some(*m) != owner)
        .collect();
    let mut seats: Vec<(AccountId, Role)> = others
        .into_iter()
        .map(|account| (account, Role::Member))
        .collect();
    seats.extend(owner.map(|account| (account, Role::Owner)));
    insert_room(conn, room, None, group.created_at).await?;
    conn.execute(INSERT_GROUP, &columns(room, group, seats.len()))
        .await?;
    let members: Vec<Member> = seats
        .into_iter()
        .map(|(account, role)| newcomer(account, role, group.created_at))
        .collect();
    insert_members(conn, room, &members).await?;
    if group.claims_name {
        claim_name(conn, room, &group.name).await?;
    }
    Ok(room)
}

async fn claim_name(conn: &mut Conn, room: RoomId, name: &str) -> SqlResult<()> {
    let sql = "INSERT INTO claims (name_folded, name, room) VALUES ($1, $2, $3)";
    let claimed = conn.execute(sql, values![folded(name), name, room]).await;
    claimed.map_err(|error| error.if_taken(Failure::Exists(Thing::Name)))?;
    Ok(())
}

fn columns(room: RoomId, group: &NewGroup, members: usize) -> Vec<Value> {
    let mut columns = vec![
        room.into(),
        (&group.name).into(),
        folded(&group.name).into(),
        (&group.avatar).into(),
        (&group.intro).into(),
        group.owner.into(),
        (members as i64).into(),
        group.member_limit.into(),
    ];
    columns.extend(rules(group.rules));
    columns.extend(place(&group.place));
    columns.extend([
        group.super_group.into(),
        (&group.category).into(),
        group.created_at.into(),
    ]);
    columns
}

/// In the order of the columns of `room_groups`.
fn rules(rules: RoomRules) -> [Value; 4] {
    [
        rules.invite_off.into(),
        rules.members_hidden.into(),
        rules.join_off.into(),
        rules.history_before_join.into(),
    ]
}

/// In the order of the columns of `room_groups`, with the cell last.
fn place(place: &Place) -> [Value; 8] {
    [
        place.longitude.into(),
        place.latitude.into(),
        (&place.country).into(),
        (&place.province).into(),
        (&place.city).into(),
        (&place.district).into(),
        (&place.address).into(),
        cell(place.longitude, place.latitude),
    ]
}

async fn find_direct(conn: &mut Conn, low: AccountId, high: AccountId) -> SqlResult<Option<RoomId>> {
    let sql = "SELECT id FROM rooms WHERE low = $1 AND high = $2";
    let found = conn.row(sql, values![low, high]).await?;
    found.map(|mut row| row.take()).transpose()
}

/// The direct room of two accounts, made if there is none, within the transaction of somebody else's change.
pub async fn direct_room(conn: &mut Conn, a: AccountId, b: AccountId, now: Timestamp) -> StoreResult<RoomId> {
    let (low, high) = (a.min(b), a.max(b));
    match find_direct(conn, low, high).await? {
        Some(room) => Ok(room),
        None => create_direct(conn, low, high, now).await,
    }
}

/// Somebody else may make the room meanwhile: then theirs is the room.
async fn create_direct(
    conn: &mut Conn,
    low: AccountId,
    high: AccountId,
    now: Timestamp,
) -> StoreResult<RoomId> {
    let room = RoomId(first(conn.next_ids(Sequence::Directs, 1).await?)?);
    if !insert_room(conn, room, Some((low, high)), now).await? {
        let made = find_direct(conn, low, high).await?;
        return made
            .ok_or_else(|| Failure::Internal("a direct room was made and is not there".to_owned()).into());
    }
    let sides: BTreeSet<AccountId> = [low, high].into();
    let members: Vec<Member> = sides
        .into_iter()
        .map(|account| newcomer(account, Role::Member, now))
        .collect();
    insert_members(conn, room, &members).await?;
    Ok(room)
}

/// Whether the room was made; not if there is one of the same sides.
async fn insert_room(
    conn: &mut Conn,
    room: RoomId,
    sides: Option<(AccountId, AccountId)>,
    now: Timestamp,
) -> SqlResult<bool> {
    let sql = "INSERT INTO rooms (id, low, high, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (low, high) DO NOTHING";
    let (low, high) = sides.unzip();
    Ok(conn.execute(sql, values![room, low, high, now]).await? == 1)
}

fn newcomer(account: AccountId, role: Role, now: Timestamp) -> Member {
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

async fn insert_members(conn: &mut Conn, room: RoomId, members: &[Member]) -> SqlResult<u64> {
    let seats: Vec<Vec<Value>> = members
        .iter()
        .map(|member| {
            vec![
                room.into(),
                member.account.into(),
                member.from_seq.into(),
                member.role.rank().into(),
                (&member.nickname).into(),
                member.muted_until.into(),
                member.joined_at.into(),
                member.read_seq.into(),
                member.quiet.into(),
            ]
        })
        .collect();
    let inserted = conn.execute_many(INSERT_MEMBER, &seats).await;
    inserted.map_err(|error| {
        error
            .if_missing(Failure::Unknown(Thing::Account))
            .if_taken(Failure::Exists(Thing::Member))
    })
}

fn first(ids: Vec<i64>) -> SqlResult<i64> {
    let first = ids.first().copied();
    first.ok_or_else(|| SqlError::Internal("a sequence gave no id".to_owned()))
}
