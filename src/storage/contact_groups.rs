//! Groups of contacts: reading them, and the changes to them within a user's transaction.

use super::sql::{Conn, values};
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{AccountId, ContactGroup, ContactGroupId};
use roost_actors::ports::StoreResult;

const GROUPS: &str = "SELECT id, name FROM contact_groups WHERE owner = $1 ORDER BY id";

const MEMBERS: &str = "
    SELECT m.contact_group, c.peer FROM contact_groups g
    JOIN contact_group_members m ON m.contact_group = g.id JOIN contacts c ON c.id = m.contact
    WHERE g.owner = $1 ORDER BY m.contact_group, c.peer";

const GATHER: &str = "
    INSERT INTO contact_group_members (contact_group, contact)
    SELECT CAST($1 AS bigint), c.id FROM contacts c WHERE c.owner = $2 AND c.peer = ANY($3)
    ON CONFLICT (contact_group, contact) DO NOTHING";

pub async fn load(conn: &mut Conn, owner: AccountId) -> StoreResult<Vec<ContactGroup>> {
    let mut groups = Vec::new();
    for mut row in conn.rows(GROUPS, values![owner]).await? {
        groups.push(ContactGroup {
            id: row.take()?,
            name: row.take()?,
            members: Vec::new(),
        });
    }
    if groups.is_empty() {
        return Ok(groups);
    }
    for mut row in conn.rows(MEMBERS, values![owner]).await? {
        let (id, peer): (ContactGroupId, AccountId) = (row.take()?, row.take()?);
        if let Ok(index) = groups.binary_search_by_key(&id, |group| group.id) {
            groups[index].members.push(peer);
        }
    }
    Ok(groups)
}

pub async fn add(
    conn: &mut Conn,
    owner: AccountId,
    name: &str,
    members: &[AccountId],
) -> StoreResult<ContactGroupId> {
    let sql = "INSERT INTO contact_groups (owner, name) VALUES ($1, $2) RETURNING id";
    let made = conn.row(sql, values![owner, name]).await.map_err(|error| {
        error
            .if_taken(Failure::Exists(Thing::ContactGroup))
            .if_missing(Failure::Unknown(Thing::Account))
    })?;
    let mut row = made.ok_or_else(|| Failure::Internal("a contact group got no id".to_owned()))?;
    let group = row.take()?;
    fill(conn, owner, group, members).await?;
    Ok(group)
}

pub async fn remove(conn: &mut Conn, owner: AccountId, group: ContactGroupId) -> StoreResult<()> {
    let sql = "DELETE FROM contact_groups WHERE id = $1 AND owner = $2";
    found(conn.execute(sql, values![group, owner]).await?)
}

pub async fn rename(conn: &mut Conn, owner: AccountId, group: ContactGroupId, name: &str) -> StoreResult<()> {
    let sql = "UPDATE contact_groups SET name = $3 WHERE id = $1 AND owner = $2";
    let renamed = conn.execute(sql, values![group, owner, name]).await;
    found(renamed.map_err(|error| error.if_taken(Failure::Exists(Thing::ContactGroup)))?)
}

pub async fn gather(
    conn: &mut Conn,
    owner: AccountId,
    group: ContactGroupId,
    members: &[AccountId],
) -> StoreResult<()> {
    lock(conn, owner, group).await?;
    fill(conn, owner, group, members).await
}

pub async fn scatter(
    conn: &mut Conn,
    owner: AccountId,
    group: ContactGroupId,
    members: &[AccountId],
) -> StoreResult<()> {
    lock(conn, owner, group).await?;
    let sql = "DELETE FROM contact_group_members WHERE contact_group = $1
        AND contact IN (SELECT c.id FROM contacts c WHERE c.owner = $2 AND c.peer = ANY($3))";
    conn.execute(sql, values![group, owner, ids(members)]).await?;
    Ok(())
}

async fn lock(conn: &mut Conn, owner: AccountId, group: ContactGroupId) -> StoreResult<()> {
    let sql = "UPDATE contact_groups SET name = name WHERE id = $1 AND owner = $2";
    found(conn.execute(sql, values![group, owner]).await?)
}

/// Refused as a whole when one of them is no contact.
async fn fill(
    conn: &mut Conn,
    owner: AccountId,
    group: ContactGroupId,
    members: &[AccountId],
) -> StoreResult<()> {
    if members.is_empty() {
        return Ok(());
    }
    conn.execute(GATHER, values![group, owner, ids(members)]).await?;
    let sql = "SELECT COUNT(*) FROM contacts WHERE owner = $1 AND peer = ANY($2)";
    let held = conn.row(sql, values![owner, ids(members)]).await?;
    let held: i64 = match held {
        Some(mut row) => row.take()?,
        None => 0,
    };
    let mut wanted = members.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if held != wanted.len() as i64 {
        return Err(Failure::NotFriends.into());
    }
    Ok(())
}

fn ids(accounts: &[AccountId]) -> Vec<i64> {
    accounts.iter().map(|account| account.0).collect()
}

fn found(touched: u64) -> StoreResult<()> {
    match touched {
        0 => Err(Failure::Unknown(Thing::ContactGroup).into()),
        _ => Ok(()),
    }
}
