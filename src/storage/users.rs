//! The users' store: profiles, contacts, friend requests, and the rooms one is in.

use super::board::{self, AvatarOf};
use super::contact_groups;
use super::near;
use super::rooms::direct_room;
use super::rows::{self, account_columns, contact_columns, group_columns, join_request_columns};
use super::sql::{Conn, Database, Row, SqlResult, values};
use super::views;
use async_trait::async_trait;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{
    Account, AccountEdit, AccountId, Friend, FriendRequest, JoinRequest, RequestId, RequestStatus, Role,
    RoomId, RoomInfo, RoomPosition, Seq, Timestamp,
};
use roost_actors::ports::{StoreResult, UserChange, UserSaved, UserSnapshot, UserStore};

/// The users in one database.
#[derive(Clone, Debug)]
pub struct Users {
    pub database: Database,
}

const ACCOUNT: &str = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.id = $1");

const CONTACTS: &str = concat!(
    "SELECT ",
    contact_columns!(),
    " FROM contacts c WHERE c.owner = $1 ORDER BY c.id"
);

const FRIENDS: &str = concat!(
    "SELECT ",
    contact_columns!(),
    ", ",
    account_columns!(),
    " FROM contacts c JOIN accounts a ON a.id = c.peer
    WHERE c.owner = $1 AND c.blocked = $2 AND (c.friend OR c.blocked) ORDER BY c.created_at, c.id"
);

const FRIEND_REQUESTS: &str = concat!(
    "SELECT f.id, f.sender, f.receiver, f.reason, f.deny_reason, f.status, f.created_at, ",
    account_columns!(),
    " FROM friend_requests f JOIN accounts a ON a.id = f.sender
    WHERE f.receiver = $1 AND f.status = 'wait' ORDER BY f.created_at DESC, f.id DESC"
);

const GROUPS: &str = concat!(
    "SELECT ",
    group_columns!(),
    " FROM members m JOIN room_groups g ON g.room = m.room
    WHERE m.account = $1 AND m.to_seq IS NULL AND g.dissolved_at IS NULL"
);

const JOIN_REQUESTS: &str = concat!(
    "SELECT ",
    join_request_columns!(),
    ", ",
    account_columns!(),
    ", ",
    group_columns!(),
    " FROM join_requests j
    JOIN room_groups g ON g.room = j.room AND g.dissolved_at IS NULL
    JOIN accounts a ON a.id = j.account
    WHERE j.status = 'wait' AND j.room IN (
        SELECT room FROM room_groups WHERE owner = $1
        UNION SELECT room FROM members WHERE account = $1 AND to_seq IS NULL AND role >= $2
    ) ORDER BY j.created_at, j.id"
);

const PEERS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM members s
    JOIN rooms r ON r.id = s.room AND r.low <> r.high
    JOIN messages m ON m.room = r.id AND m.seq = r.last_seq
    JOIN accounts a ON a.id = CASE WHEN r.low = $1 THEN r.high ELSE r.low END
    WHERE s.account = $1 AND s.to_seq IS NULL ORDER BY m.id DESC LIMIT $2"
);

const POSITIONS: &str = "
    SELECT r.id, r.last_seq, m.from_seq FROM members m JOIN rooms r ON r.id = m.room
    WHERE m.account = $1 AND m.to_seq IS NULL ORDER BY r.id";

const READ_BY_PEERS: &str = "
    SELECT p.account, p.read_seq FROM members m JOIN members p ON p.room = m.room AND p.account <> m.account
    WHERE m.account = $1 AND m.room >= $2 AND m.to_seq IS NULL AND p.to_seq IS NULL AND p.read_seq > 0
    ORDER BY m.room";

#[async_trait]
impl UserStore for Users {
    async fn load(&self, account: AccountId) -> StoreResult<UserSnapshot> {
        let loaded = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.row(ACCOUNT, values![account]).await?;
                let mut row = found.ok_or(Failure::Unknown(Thing::Account))?;
                let contacts = conn.rows(CONTACTS, values![account]).await?;
                Ok(UserSnapshot {
                    account: rows::account(&mut row)?,
                    contacts: rows::all(contacts, rows::contact)?,
                    contact_groups: contact_groups::load(conn, account).await?,
                })
            })
        });
        loaded.await
    }

    async fn change(&self, account: AccountId, change: &UserChange) -> StoreResult<UserSaved> {
        let change = change.clone();
        let saved = self
            .database
            .write(move |conn| Box::pin(async move { apply(conn, account, change).await }));
        saved.await
    }

    async fn friends(&self, account: AccountId, blocked: bool) -> StoreResult<Vec<Friend>> {
        let friends = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(FRIENDS, values![account, blocked]).await?;
                Ok(rows::all(found, rows::friend)?)
            })
        });
        friends.await
    }

    async fn friend_requests(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>> {
        let requests = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(FRIEND_REQUESTS, values![account]).await?;
                Ok(rows::all(found, |row| {
                    Ok((friend_request(row)?, rows::account(row)?))
                })?)
            })
        });
        requests.await
    }

    async fn groups(&self, account: AccountId) -> StoreResult<Vec<RoomInfo>> {
        let groups = self.database.read(move |conn| {
            Box::pin(async move {
                Ok(rows::all(
                    conn.rows(GROUPS, values![account]).await?,
                    rows::group,
                )?)
            })
        });
        let mut groups = groups.await?;
        // Here, because the engines would order letters differently.
        groups.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(groups)
    }

    async fn join_requests(&self, account: AccountId) -> StoreResult<Vec<(JoinRequest, Account, RoomInfo)>> {
        let requests = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn
                    .rows(JOIN_REQUESTS, values![account, Role::Manager.rank()])
                    .await?;
                Ok(rows::all(found, |row| {
                    Ok((rows::join_request(row)?, rows::account(row)?, rows::group(row)?))
                })?)
            })
        });
        requests.await
    }

    async fn peers(&self, account: AccountId, limit: i64) -> StoreResult<Vec<Account>> {
        let peers = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(PEERS, values![account, limit.max(0)]).await?;
                Ok(rows::all(found, rows::account)?)
            })
        });
        peers.await
    }

    async fn positions(&self, account: AccountId) -> StoreResult<Vec<RoomPosition>> {
        let positions = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn.rows(POSITIONS, values![account]).await?;
                Ok(rows::all(found, |row| {
                    Ok(RoomPosition {
                        room: row.take()?,
                        last_seq: row.take()?,
                        from_seq: row.take()?,
                    })
                })?)
            })
        });
        positions.await
    }

    async fn read_by_peers(&self, account: AccountId) -> StoreResult<Vec<(AccountId, Seq)>> {
        let read = self.database.read(move |conn| {
            Box::pin(async move {
                let found = conn
                    .rows(READ_BY_PEERS, values![account, RoomId::FIRST_DIRECT])
                    .await?;
                Ok(rows::all(found, |row| Ok((row.take()?, row.take()?)))?)
            })
        });
        read.await
    }
}

pub fn friend_request(row: &mut Row) -> SqlResult<FriendRequest> {
    Ok(FriendRequest {
        id: row.take()?,
        from: row.take()?,
        to: row.take()?,
        reason: row.take()?,
        deny_reason: row.take()?,
        status: RequestStatus::from_name(&row.take::<String>()?),
        created_at: row.take()?,
    })
}

#[expect(clippy::too_many_lines, reason = "one arm a change")]
async fn apply(conn: &mut Conn, account: AccountId, change: UserChange) -> StoreResult<UserSaved> {
    match change {
        UserChange::Edit(edit) => edit_profile(conn, account, &edit).await?,
        UserChange::SetAvatar { image, address, at } => {
            let sql = "UPDATE accounts SET avatar = $2 WHERE id = $1";
            let touched = conn.execute(sql, values![account, address]).await?;
            one(touched, Failure::Unknown(Thing::Account))?;
            board::set_avatar(conn, AvatarOf::Account(account), &image, at).await?;
        }
        UserChange::SetPassword { hash, at } => {
            let sql = "UPDATE accounts SET password_hash = $2, tokens_from = $3 WHERE id = $1";
            let touched = conn.execute(sql, values![account, hash, at]).await?;
            one(touched, Failure::Unknown(Thing::Account))?;
        }
        UserChange::AskFriend { to, reason, at } => {
            return Ok(UserSaved::Asked(
                ask_friend(conn, account, to, &reason, at).await?,
            ));
        }
        UserChange::AskFriendship { to, at } => {
            if views::is_open(conn, account, to).await? {
                return Err(Failure::Exists(Thing::Contact).into());
            }
            return Ok(UserSaved::Asked(ask_friend(conn, account, to, "", at).await?));
        }
        UserChange::EndFriendship { peer } => end_friendship(conn, account, peer).await?,
        UserChange::AnswerFriend {
            from,
            accept,
            reason,
            at,
        } => answer_friend(conn, account, from, accept, reason, at).await?,
        UserChange::RemoveContact { peer } => {
            let sql = "DELETE FROM contacts WHERE owner = $1 AND peer = $2";
            one(
                conn.execute(sql, values![account, peer]).await?,
                Failure::NotFriends,
            )?;
            views::close(conn, account, peer).await?;
        }
        UserChange::Block { peer, at } => {
            let sql = "INSERT INTO contacts (owner, peer, friend, blocked, created_at) VALUES ($1, $2, FALSE, TRUE, $3)
                ON CONFLICT (owner, peer) DO UPDATE SET blocked = TRUE";
            let blocked = conn.execute(sql, values![account, peer, at]).await;
            blocked.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
        }
        UserChange::Unblock { peer } => {
            let sql = "DELETE FROM contacts WHERE owner = $1 AND peer = $2 AND blocked";
            let touched = conn.execute(sql, values![account, peer]).await?;
            one(touched, Failure::Unknown(Thing::Block))?;
            views::close(conn, account, peer).await?;
        }
        UserChange::SetRemark { peer, remark } => {
            let sql = "UPDATE contacts SET remark = $3 WHERE owner = $1 AND peer = $2";
            one(
                conn.execute(sql, values![account, peer, remark]).await?,
                Failure::NotFriends,
            )?;
        }
        UserChange::SetLabel { peer, label } => {
            let sql = "UPDATE contacts SET label = $3 WHERE owner = $1 AND peer = $2";
            one(
                conn.execute(sql, values![account, peer, label]).await?,
                Failure::NotFriends,
            )?;
        }
        UserChange::AddContactGroup { name, members } => {
            let made = contact_groups::add(conn, account, &name, &members).await?;
            return Ok(UserSaved::Grouped(made));
        }
        UserChange::RemoveContactGroup { group } => contact_groups::remove(conn, account, group).await?,
        UserChange::RenameContactGroup { group, name } => {
            contact_groups::rename(conn, account, group, &name).await?;
        }
        UserChange::AddToContactGroup { group, members } => {
            contact_groups::gather(conn, account, group, &members).await?;
        }
        UserChange::RemoveFromContactGroup { group, members } => {
            contact_groups::scatter(conn, account, group, &members).await?;
        }
    }
    Ok(UserSaved::Done)
}

/// Answers the request that waits. Accepting makes the two friends, with an open view.
async fn answer_friend(
    conn: &mut Conn,
    account: AccountId,
    from: AccountId,
    accept: bool,
    reason: String,
    at: Timestamp,
) -> StoreResult<()> {
    let sql = "UPDATE friend_requests SET status = $3, deny_reason = $4
        WHERE receiver = $1 AND sender = $2 AND status = 'wait'";
    let status = if accept {
        RequestStatus::Passed
    } else {
        RequestStatus::Denied
    };
    let why = if accept { String::new() } else { reason };
    let touched = conn
        .execute(sql, values![account, from, status.name(), why])
        .await?;
    one(touched, Failure::Unknown(Thing::FriendRequest))?;
    if accept {
        befriend(conn, account, from, at).await?;
        let room = direct_room(conn, account, from, at).await?;
        views::open(conn, room, from, account, at).await?;
    }
    Ok(())
}

/// Removes the contacts of both sides. A block that the peer put up is the peer's to lift.
async fn end_friendship(conn: &mut Conn, account: AccountId, peer: AccountId) -> StoreResult<()> {
    if !views::close(conn, account, peer).await? {
        return Err(Failure::NotFriends.into());
    }
    let mine = "DELETE FROM contacts WHERE owner = $1 AND peer = $2";
    conn.execute(mine, values![account, peer]).await?;
    let theirs = "DELETE FROM contacts WHERE owner = $1 AND peer = $2 AND NOT blocked";
    conn.execute(theirs, values![peer, account]).await?;
    let blocking = "UPDATE contacts SET friend = FALSE WHERE owner = $1 AND peer = $2";
    conn.execute(blocking, values![peer, account]).await?;
    Ok(())
}

/// Refuses when nothing was touched.
fn one(touched: u64, failure: Failure) -> Result<(), Failure> {
    if touched == 0 { Err(failure) } else { Ok(()) }
}

async fn edit_profile(conn: &mut Conn, account: AccountId, edit: &AccountEdit) -> StoreResult<()> {
    let sql = "UPDATE accounts SET
            nickname = COALESCE($2, nickname), avatar = COALESCE($3, avatar), gender = COALESCE($4, gender),
            birth = COALESCE($5, birth), intro = COALESCE($6, intro), longitude = COALESCE($7, longitude),
            latitude = COALESCE($8, latitude), country = COALESCE($9, country), province = COALESCE($10, province),
            city = COALESCE($11, city), district = COALESCE($12, district)
        WHERE id = $1";
    let values = values![
        account,
        &edit.nickname,
        &edit.avatar,
        &edit.gender,
        &edit.birth,
        &edit.intro,
        edit.longitude,
        edit.latitude,
        &edit.country,
        &edit.province,
        &edit.city,
        &edit.district,
    ];
    one(conn.execute(sql, values).await?, Failure::Unknown(Thing::Account))?;
    if edit.longitude.is_some() || edit.latitude.is_some() {
        near::file_account(conn, account).await?;
    }
    Ok(())
}

async fn ask_friend(
    conn: &mut Conn,
    from: AccountId,
    to: AccountId,
    reason: &str,
    at: Timestamp,
) -> StoreResult<RequestId> {
    let sql = "INSERT INTO friend_requests (sender, receiver, reason, status, created_at)
        VALUES ($1, $2, $3, 'wait', $4) RETURNING id";
    let asked = conn
        .row(sql, values![from, to, reason, at])
        .await
        .map_err(|error| {
            error
                .if_taken(Failure::Waiting(Thing::FriendRequest))
                .if_missing(Failure::Unknown(Thing::Account))
        })?;
    let mut row = asked.ok_or_else(|| Failure::Internal("a request got no id".to_owned()))?;
    Ok(row.take()?)
}

/// Makes both contacts, in one order whoever accepts. A side that blocks the other goes on blocking.
async fn befriend(conn: &mut Conn, a: AccountId, b: AccountId, at: Timestamp) -> StoreResult<()> {
    let sql =
        "INSERT INTO contacts (owner, peer, friend, blocked, created_at) VALUES ($1, $2, TRUE, FALSE, $3)
        ON CONFLICT (owner, peer) DO UPDATE SET friend = TRUE";
    let (low, high) = (a.min(b), a.max(b));
    for (owner, peer) in [(low, high), (high, low)] {
        let made = conn.execute(sql, values![owner, peer, at]).await;
        made.map_err(|error| error.if_missing(Failure::Unknown(Thing::Account)))?;
    }
    Ok(())
}
