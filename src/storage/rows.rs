//! The columns of accounts, groups, members, messages and contacts, and how their rows are read.

use super::layout::KnownToken;
use super::sql::{Row, SqlResult};
use roost_actors::model::{
    Account, AccountId, ChatMessage, Contact, Friend, JoinRequest, Member, MessageKind, Place, RequestStatus,
    Role, RoomInfo, RoomKind, RoomRules,
};
use std::sync::Arc;

/// Columns of `accounts a`, as [`account`] reads them.
macro_rules! account_columns {
    () => {
        "a.id, a.uuid, a.username, a.email, a.mobile, a.external, a.nickname, a.avatar, a.gender, a.birth, \
         a.intro, a.longitude, a.latitude, a.country, a.province, a.city, a.district, a.address, \
         a.password_hash IS NOT NULL, a.locked, a.created_at, a.tokens_from"
    };
}

/// Columns of `room_groups g`, as [`group`] reads them.
macro_rules! group_columns {
    () => {
        "g.room, g.name, g.avatar, g.intro, g.owner, g.member_count, g.member_limit, g.invite_off, \
         g.members_hidden, g.join_off, g.history_before_join, g.longitude, g.latitude, g.country, g.province, \
         g.city, g.district, g.address, g.super_group, g.category, g.created_at, g.dissolved_at"
    };
}

/// Columns of `messages m`, as [`message`] reads them.
macro_rules! message_columns {
    () => {
        "m.id, m.room, m.seq, m.sender, m.kind, m.body, m.private, m.extra, m.created_at, m.revoked_at"
    };
}

/// Columns of `contacts c`, as [`contact`] reads them.
macro_rules! contact_columns {
    () => {
        "c.id, c.owner, c.peer, c.friend, c.blocked, c.remark, c.label, c.created_at"
    };
}

/// Columns of `join_requests j`, as [`join_request`] reads them.
macro_rules! join_request_columns {
    () => {
        "j.id, j.room, j.account, j.reason, j.deny_reason, j.status, j.created_at"
    };
}

pub(crate) use {account_columns, contact_columns, group_columns, join_request_columns, message_columns};

/// The message a client token made, read by [`known_token`].
pub const TOKEN_BY_KEY: &str = concat!(
    "SELECT t.digest, ",
    message_columns!(),
    " FROM client_tokens t JOIN messages m ON m.id = t.message WHERE t.account = $1 AND t.key = $2"
);

pub fn account(row: &mut Row) -> SqlResult<Account> {
    Ok(Account {
        id: row.take()?,
        uuid: row.take()?,
        username: row.take()?,
        email: row.take()?,
        mobile: row.take()?,
        external: row.take()?,
        nickname: row.take()?,
        avatar: row.take()?,
        gender: row.take()?,
        birth: row.take()?,
        intro: row.take()?,
        place: place(row)?,
        has_password: row.take()?,
        locked: row.take()?,
        created_at: row.take()?,
        tokens_from: row.take()?,
    })
}

fn place(row: &mut Row) -> SqlResult<Place> {
    Ok(Place {
        longitude: row.take()?,
        latitude: row.take()?,
        country: row.take()?,
        province: row.take()?,
        city: row.take()?,
        district: row.take()?,
        address: row.take()?,
    })
}

pub fn group(row: &mut Row) -> SqlResult<RoomInfo> {
    Ok(RoomInfo {
        id: row.take()?,
        kind: RoomKind::Group,
        name: row.take()?,
        avatar: row.take()?,
        intro: row.take()?,
        owner: row.take()?,
        member_count: row.take()?,
        member_limit: row.take()?,
        rules: RoomRules {
            invite_off: row.take()?,
            members_hidden: row.take()?,
            join_off: row.take()?,
            history_before_join: row.take()?,
        },
        place: place(row)?,
        super_group: row.take()?,
        category: row.take()?,
        created_at: row.take()?,
        dissolved_at: row.take()?,
    })
}

pub fn message(row: &mut Row) -> SqlResult<ChatMessage> {
    Ok(ChatMessage {
        id: row.take()?,
        room: row.take()?,
        seq: row.take()?,
        sender: row.take()?,
        kind: MessageKind::from_name(&row.take::<String>()?),
        body: row.take::<String>()?.into(),
        private: row.take()?,
        extra: row.take::<Option<String>>()?.map(Arc::from),
        created_at: row.take()?,
        revoked_at: row.take()?,
    })
}

pub fn known_token(mut row: Row) -> SqlResult<KnownToken> {
    Ok(KnownToken {
        digest: row.take()?,
        message: message(&mut row)?,
    })
}

/// Columns: account, role, nickname, `muted_until`, `joined_at`, `from_seq`, `read_seq`, quiet.
pub fn member(row: &mut Row) -> SqlResult<Member> {
    Ok(Member {
        account: row.take()?,
        role: Role::from_rank(row.take()?),
        nickname: row.take()?,
        muted_until: row.take()?,
        joined_at: row.take()?,
        from_seq: row.take()?,
        read_seq: row.take()?,
        quiet: row.take()?,
    })
}

pub fn contact(row: &mut Row) -> SqlResult<Contact> {
    Ok(Contact {
        id: row.take()?,
        owner: row.take()?,
        peer: row.take()?,
        friend: row.take()?,
        blocked: row.take()?,
        remark: row.take()?,
        label: row.take()?,
        created_at: row.take()?,
    })
}

pub fn friend(row: &mut Row) -> SqlResult<Friend> {
    Ok(Friend {
        contact: contact(row)?,
        account: account(row)?,
    })
}

pub fn join_request(row: &mut Row) -> SqlResult<JoinRequest> {
    Ok(JoinRequest {
        id: row.take()?,
        room: row.take()?,
        account: row.take()?,
        reason: row.take()?,
        deny_reason: row.take()?,
        status: RequestStatus::from_name(&row.take::<String>()?),
        created_at: row.take()?,
    })
}

/// Reads every row of an answer the same way.
pub fn all<T>(rows: Vec<Row>, read: impl Fn(&mut Row) -> SqlResult<T>) -> SqlResult<Vec<T>> {
    rows.into_iter().map(|mut row| read(&mut row)).collect()
}

/// The first column of every row.
pub fn ids(rows: Vec<Row>) -> SqlResult<Vec<AccountId>> {
    all(rows, Row::take)
}
