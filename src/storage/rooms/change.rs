//! Changes to a room besides posts, under the lock of its row and fenced by its epoch.

use super::{insert_members, place, rules};
use crate::storage::board::{self, AvatarOf};
use crate::storage::directory::folded;
use crate::storage::sql::{Conn, Value, values};
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{
    AccountId, Epoch, JoinRequest, Member, MessageId, Place, RequestId, RequestStatus, Role, RoomId,
    RoomRules, Seq, Timestamp,
};
use roost_actors::ports::{RoomChange, RoomSaved, StoreResult};

/// Locks the room's row until the transaction ends.
const LOCK: &str = "UPDATE rooms SET epoch = epoch WHERE id = $1 AND epoch = $2 RETURNING last_seq";

pub async fn apply(
    conn: &mut Conn,
    room: RoomId,
    epoch: Epoch,
    change: RoomChange,
) -> StoreResult<RoomSaved> {
    let locked = conn.row(LOCK, values![room, epoch]).await?;
    let last_seq: Seq = locked.ok_or(Failure::Moved)?.take()?;
    match change {
        RoomChange::Edit {
            name,
            avatar,
            intro,
            place,
            rules,
        } => edit(conn, room, [name, avatar, intro], place, rules).await?,
        RoomChange::SetAvatar { image, address, at } => {
            edit(conn, room, [None, Some(address), None], None, None).await?;
            board::set_avatar(conn, AvatarOf::Room(room), &image, at).await?;
        }
        RoomChange::Add { members, .. } => add(conn, room, &members).await?,
        RoomChange::Remove { accounts, at } => remove(conn, room, &accounts, last_seq, at).await?,
        RoomChange::SetRole { account, role } => {
            let sql = "UPDATE members SET role = $3 WHERE room = $1 AND account = $2 AND to_seq IS NULL";
            member(conn, sql, room, account, role.rank().into()).await?;
        }
        RoomChange::Mute { account, until } => {
            let sql =
                "UPDATE members SET muted_until = $3 WHERE room = $1 AND account = $2 AND to_seq IS NULL";
            member(conn, sql, room, account, until.into()).await?;
        }
        RoomChange::SetNickname { account, nickname } => {
            let sql = "UPDATE members SET nickname = $3 WHERE room = $1 AND account = $2 AND to_seq IS NULL";
            member(conn, sql, room, account, nickname.into()).await?;
        }
        RoomChange::SetQuiet { account, quiet } => {
            let sql = "UPDATE members SET quiet = $3 WHERE room = $1 AND account = $2 AND to_seq IS NULL";
            member(conn, sql, room, account, quiet.into()).await?;
        }
        RoomChange::Transfer { to, old_leaves, at } => {
            transfer(conn, room, to, old_leaves, last_seq, at).await?
        }
        RoomChange::Dissolve { at } => dissolve(conn, room, at).await?,
        RoomChange::Apply { account, reason, at } => {
            return Ok(RoomSaved::Applied(
                ask_to_join(conn, room, account, reason, at).await?,
            ));
        }
        RoomChange::Deny { request, reason } => deny(conn, room, request, &reason).await?,
        RoomChange::Revoke { message, at } => revoke(conn, room, message, at).await?,
    }
    Ok(RoomSaved::Done)
}

async fn member(
    conn: &mut Conn,
    sql: &'static str,
    room: RoomId,
    account: AccountId,
    value: Value,
) -> StoreResult<()> {
    match conn.execute(sql, values![room, account, value]).await? {
        0 => Err(Failure::Unknown(Thing::Member).into()),
        _ => Ok(()),
    }
}

async fn edit(
    conn: &mut Conn,
    room: RoomId,
    [name, avatar, intro]: [Option<String>; 3],
    new_place: Option<Place>,
    new_rules: Option<RoomRules>,
) -> StoreResult<()> {
    let sql = "UPDATE room_groups SET name = COALESCE($2, name), name_folded = COALESCE($3, name_folded),
            avatar = COALESCE($4, avatar), intro = COALESCE($5, intro)
        WHERE room = $1";
    let name_folded = name.as_deref().map(folded);
    let texts = values![room, name, name_folded, avatar, intro];
    if conn.execute(sql, texts).await? == 0 {
        return Err(Failure::Unknown(Thing::Room).into());
    }
    if let Some(new) = new_rules {
        let sql = "UPDATE room_groups SET invite_off = $2, members_hidden = $3, join_off = $4,
            history_before_join = $5 WHERE room = $1";
        let mut columns = vec![room.into()];
        columns.extend(rules(new));
        conn.execute(sql, &columns).await?;
    }
    if let Some(new) = new_place {
        let sql =
            "UPDATE room_groups SET longitude = $2, latitude = $3, country = $4, province = $5, city = $6,
            district = $7, address = $8, cell = $9 WHERE room = $1";
        let mut columns = vec![room.into()];
        columns.extend(place(&new));
        conn.execute(sql, &columns).await?;
    }
    Ok(())
}

async fn add(conn: &mut Conn, room: RoomId, members: &[Member]) -> StoreResult<()> {
    let added = insert_members(conn, room, members).await?;
    // Whoever is in does not wait to get in, however it came about.
    let sql =
        "UPDATE join_requests SET status = $3 WHERE room = $1 AND account = ANY($2) AND status = 'wait'";
    let accounts: Vec<i64> = members.iter().map(|member| member.account.0).collect();
    conn.execute(sql, values![room, accounts, RequestStatus::Passed.name()])
        .await?;
    count(conn, room, added as i64).await
}

async fn count(conn: &mut Conn, room: RoomId, more: i64) -> StoreResult<()> {
    let sql = "UPDATE room_groups SET member_count = member_count + $2 WHERE room = $1";
    conn.execute(sql, values![room, more]).await?;
    Ok(())
}

async fn remove(
    conn: &mut Conn,
    room: RoomId,
    accounts: &[AccountId],
    last_seq: Seq,
    at: Timestamp,
) -> StoreResult<()> {
    let sql = "UPDATE members SET to_seq = $3, left_at = $4
        WHERE room = $1 AND account = ANY($2) AND to_seq IS NULL";
    let accounts: Vec<i64> = accounts.iter().map(|account| account.0).collect();
    let left = conn.execute(sql, values![room, accounts, last_seq, at]).await?;
    count(conn, room, -(left as i64)).await
}

async fn transfer(
    conn: &mut Conn,
    room: RoomId,
    to: AccountId,
    old_leaves: bool,
    last_seq: Seq,
    at: Timestamp,
) -> StoreResult<()> {
    let found = conn
        .row("SELECT owner FROM room_groups WHERE room = $1", values![room])
        .await?;
    let old: AccountId = found.ok_or(Failure::Unknown(Thing::Room))?.take()?;
    let sql = "UPDATE room_groups SET owner = $2 WHERE room = $1";
    conn.execute(sql, values![room, to]).await?;
    let set_role = "UPDATE members SET role = $3 WHERE room = $1 AND account = $2 AND to_seq IS NULL";
    conn.execute(set_role, values![room, to, Role::Owner.rank()])
        .await?;
    if old_leaves {
        return remove(conn, room, &[old], last_seq, at).await;
    }
    // The old owner need not be a member.
    conn.execute(set_role, values![room, old, Role::Member.rank()])
        .await?;
    Ok(())
}

async fn dissolve(conn: &mut Conn, room: RoomId, at: Timestamp) -> StoreResult<()> {
    let sql = "UPDATE room_groups SET dissolved_at = $2, cell = NULL WHERE room = $1";
    if conn.execute(sql, values![room, at]).await? == 0 {
        return Err(Failure::Unknown(Thing::Room).into());
    }
    let sql = "UPDATE join_requests SET status = $2 WHERE room = $1 AND status = 'wait'";
    conn.execute(sql, values![room, RequestStatus::Denied.name()])
        .await?;
    conn.execute("DELETE FROM claims WHERE room = $1", values![room])
        .await?;
    Ok(())
}

async fn ask_to_join(
    conn: &mut Conn,
    room: RoomId,
    account: AccountId,
    reason: String,
    at: Timestamp,
) -> StoreResult<JoinRequest> {
    let sql = "INSERT INTO join_requests (room, account, reason, status, created_at)
        VALUES ($1, $2, $3, 'wait', $4) RETURNING id";
    let asked = conn
        .row(sql, values![room, account, &reason, at])
        .await
        .map_err(|error| {
            error
                .if_taken(Failure::Waiting(Thing::JoinRequest))
                .if_missing(Failure::Unknown(Thing::Account))
        })?;
    let mut row = asked.ok_or_else(|| Failure::Internal("a request got no id".to_owned()))?;
    Ok(JoinRequest {
        id: row.take()?,
        room,
        account,
        reason,
        deny_reason: String::new(),
        status: RequestStatus::Waiting,
        created_at: at,
    })
}

async fn deny(conn: &mut Conn, room: RoomId, request: RequestId, reason: &str) -> StoreResult<()> {
    let sql = "UPDATE join_requests SET status = $3, deny_reason = $4
        WHERE id = $2 AND room = $1 AND status = 'wait'";
    let values = values![room, request, RequestStatus::Denied.name(), reason];
    match conn.execute(sql, values).await? {
        0 => Err(Failure::Unknown(Thing::JoinRequest).into()),
        _ => Ok(()),
    }
}

async fn revoke(conn: &mut Conn, room: RoomId, message: MessageId, at: Timestamp) -> StoreResult<()> {
    let sql = "UPDATE messages SET revoked_at = $3 WHERE id = $2 AND room = $1 AND revoked_at IS NULL";
    match conn.execute(sql, values![room, message, at]).await? {
        0 => Err(Failure::Unknown(Thing::Message).into()),
        _ => Ok(()),
    }
}
