//! The directory's store: accounts, their login names, and searching.

use super::near;
use super::rows::{self, account_columns, group_columns};
use super::sql::{Conn, Database, Sequence, SqlError, SqlResult, Value, values};
use async_trait::async_trait;
use roost_actors::failure::{Failure, Thing};
use roost_actors::model::{Account, AccountId, LoginName, NewAccount, RoomInfo};
use roost_actors::near::Wanted;
use roost_actors::ports::{DirectoryStore, StoreResult};
use std::collections::{HashMap, HashSet};

/// The directory in one database.
#[derive(Clone, Debug)]
pub struct Directory {
    pub database: Database,
}

/// The highest id an account may be given: ids cross JSON.
const ID_MAX: i64 = (1 << 53) - 1;
/// Fresh ids that may turn out to be given away already before the sequence is moved behind them.
const ID_TRIES: usize = 3;

const INSERT: &str = "
    INSERT INTO accounts
        (id, uuid, username, email, mobile, external, nickname, avatar, password_hash, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (id) DO NOTHING";

const INSERT_LOGIN: &str = "INSERT INTO logins (name, kind, account) VALUES ($1, $2, $3)";

/// Touches nothing when the name is somebody else's. An account may hold one name as two kinds.
const CLAIM_LOGIN: &str = "
    INSERT INTO logins (name, kind, account) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET kind = logins.kind WHERE logins.account = excluded.account";

const BY_LOGIN: &str = concat!(
    "SELECT a.password_hash, ",
    account_columns!(),
    " FROM logins l JOIN accounts a ON a.id = l.account WHERE l.name = $1"
);

const BY_ID: &str = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.id = $1");

const BY_UUID: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.uuid = $1"
);

const SEARCH_NICKNAMES: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE lower(a.nickname) LIKE $1 ESCAPE '\\' ORDER BY a.id LIMIT $2"
);

const SEARCH_ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.id IN (
        SELECT account FROM logins WHERE name = $1 AND kind <> 'external'
        UNION SELECT id FROM
            (SELECT id FROM accounts WHERE nickname = $2 ORDER BY id LIMIT $4) AS named
        UNION SELECT id FROM accounts WHERE id = $3
    ) ORDER BY a.id LIMIT $4"
);

const SEARCH_GROUPS: &str = concat!(
    "SELECT ",
    group_columns!(),
    " FROM room_groups g WHERE g.dissolved_at IS NULL AND g.name_folded LIKE $1 ESCAPE '\\'
    ORDER BY g.room LIMIT $2"
);

const BY_IDS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.id = ANY($1)"
);

const GROUPS_BY_IDS: &str = concat!(
    "SELECT ",
    group_columns!(),
    " FROM room_groups g WHERE g.room = ANY($1)"
);

#[async_trait]
impl DirectoryStore for Directory {
    async fn create(&self, account: &NewAccount) -> StoreResult<Account> {
        let account = account.clone();
        let made = self.database.write(move |conn| {
            Box::pin(async move {
                let id = insert(conn, &account).await?;
                found(conn, id)
                    .await?
                    .ok_or_else(|| Failure::Unknown(Thing::Account).into())
            })
        });
        made.await
    }

    async fn create_many(&self, accounts: &[NewAccount]) -> StoreResult<Vec<AccountId>> {
        let accounts = accounts.to_vec();
        let made = self
            .database
            .write(move |conn| Box::pin(async move { insert_many(conn, &accounts).await }));
        made.await
    }

    async fn by_login(&self, name: &str) -> StoreResult<Option<(Account, Option<String>)>> {
        let name = folded(name);
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let row = conn.row(BY_LOGIN, values![name]).await?;
                let login = row.map(|mut row| {
                    let hash = row.take()?;
                    Ok((rows::account(&mut row)?, hash))
                });
                Ok(login.transpose().map_err(|error: SqlError| error)?)
            })
        });
        found.await
    }

    async fn by_id(&self, id: AccountId) -> StoreResult<Option<Account>> {
        let found = self
            .database
            .read(move |conn| Box::pin(async move { Ok(found(conn, id).await?) }));
        found.await
    }

    async fn by_uuid(&self, uuid: &str) -> StoreResult<Option<Account>> {
        let uuid = uuid.to_owned();
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let row = conn.row(BY_UUID, values![uuid]).await?;
                Ok(row.map(|mut row| rows::account(&mut row)).transpose()?)
            })
        });
        found.await
    }

    async fn search_nicknames(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let pattern = containing(&folded(text));
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let values = values![pattern, limit.max(0)];
                Ok(rows::all(
                    conn.rows(SEARCH_NICKNAMES, values).await?,
                    rows::account,
                )?)
            })
        });
        found.await
    }

    async fn add_login(&self, id: AccountId, name: &LoginName) -> StoreResult<()> {
        let name = name.clone();
        let added = self
            .database
            .write(move |conn| Box::pin(async move { add_login(conn, id, &name).await }));
        added.await
    }

    async fn search_accounts(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let (name, nickname) = (folded(text), text.to_owned());
        let id: Option<i64> = text.parse().ok().filter(|id: &i64| id.to_string() == text);
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let values = values![name, nickname, id, limit.max(0)];
                Ok(rows::all(
                    conn.rows(SEARCH_ACCOUNTS, values).await?,
                    rows::account,
                )?)
            })
        });
        found.await
    }

    async fn search_groups(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let pattern = containing(&folded(text));
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let values = values![pattern, limit.max(0)];
                Ok(rows::all(conn.rows(SEARCH_GROUPS, values).await?, rows::group)?)
            })
        });
        found.await
    }

    async fn groups_owned(&self, owner: AccountId) -> StoreResult<i64> {
        let counted = self.database.read(move |conn| {
            Box::pin(async move {
                let sql = "SELECT COUNT(*) FROM room_groups WHERE owner = $1 AND dissolved_at IS NULL";
                let row = conn.row(sql, values![owner]).await?;
                let mut row = row.ok_or_else(|| Failure::Internal("a count gave nothing".to_owned()))?;
                Ok(row.take()?)
            })
        });
        counted.await
    }

    async fn near_accounts(&self, wanted: Wanted) -> StoreResult<Vec<(Account, f64)>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let near = near::nearest(conn, near::ACCOUNTS_IN_CELLS, wanted).await?;
                let rows = conn.rows(BY_IDS, values![ids_of(&near)]).await?;
                let accounts = rows::all(rows, rows::account)?;
                Ok(in_order(near, accounts, |account| account.id.0))
            })
        });
        found.await
    }

    async fn near_groups(&self, wanted: Wanted) -> StoreResult<Vec<(RoomInfo, f64)>> {
        let found = self.database.read(move |conn| {
            Box::pin(async move {
                let near = near::nearest(conn, near::GROUPS_IN_CELLS, wanted).await?;
                let rows = conn.rows(GROUPS_BY_IDS, values![ids_of(&near)]).await?;
                let mut groups = rows::all(rows, rows::group)?;
                // One may have been dissolved since.
                groups.retain(|group| group.dissolved_at.is_none());
                Ok(in_order(near, groups, |group| group.id.0))
            })
        });
        found.await
    }
}

fn ids_of(near: &[(i64, f64)]) -> Vec<i64> {
    near.iter().map(|(id, _)| *id).collect()
}

/// What was read by its ids, in the order in which it was found.
fn in_order<T>(near: Vec<(i64, f64)>, read: Vec<T>, id: impl Fn(&T) -> i64) -> Vec<(T, f64)> {
    let mut by_id: HashMap<i64, T> = read.into_iter().map(|one| (id(&one), one)).collect();
    let found = near
        .into_iter()
        .filter_map(|(id, metres)| Some((by_id.remove(&id)?, metres)));
    found.collect()
}

/// How names are compared: without regard to case.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// A pattern of LIKE for what contains `text`.
pub fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

async fn found(conn: &mut Conn, id: AccountId) -> SqlResult<Option<Account>> {
    let row = conn.row(BY_ID, values![id]).await?;
    row.map(|mut row| rows::account(&mut row)).transpose()
}

/// The login names of a new account, each once, with the names of their kinds.
fn logins(account: &NewAccount) -> Vec<(String, &'static str)> {
    let named = [
        (&account.username, "username"),
        (&account.email, "email"),
        (&account.mobile, "mobile"),
        (&account.external, "external"),
    ];
    let mut names: Vec<(String, &str)> = Vec::new();
    for (name, kind) in named {
        if let Some(name) = name.as_deref().map(folded)
            && !names.iter().any(|(known, _)| *known == name)
        {
            names.push((name, kind));
        }
    }
    names
}

fn check_id(id: AccountId) -> Result<(), Failure> {
    if (1..=ID_MAX).contains(&id.0) {
        return Ok(());
    }
    Err(Failure::invalid("id", &format!("must be from 1 to {ID_MAX}")))
}

fn columns(id: AccountId, account: &NewAccount) -> Vec<Value> {
    vec![
        id.into(),
        (&account.uuid).into(),
        (&account.username).into(),
        (&account.email).into(),
        (&account.mobile).into(),
        (&account.external).into(),
        (&account.nickname).into(),
        (&account.avatar).into(),
        (&account.password_hash).into(),
        account.created_at.into(),
    ]
}

async fn insert(conn: &mut Conn, account: &NewAccount) -> StoreResult<AccountId> {
    let id = match account.id {
        Some(id) => {
            check_id(id)?;
            if !insert_as(conn, id, account).await? {
                return Err(Failure::Exists(Thing::Account).into());
            }
            id
        }
        None => insert_next(conn, account).await?,
    };
    for (name, kind) in logins(account) {
        let inserted = conn.execute(INSERT_LOGIN, values![name, kind, id]).await;
        inserted.map_err(|error| error.if_taken(Failure::Exists(Thing::Login)))?;
    }
    Ok(id)
}

/// Whether the id was free.
async fn insert_as(conn: &mut Conn, id: AccountId, account: &NewAccount) -> SqlResult<bool> {
    let inserted = conn.execute(INSERT, &columns(id, account)).await;
    // Of the unique columns only the UUID is left.
    let inserted = inserted.map_err(|error| error.if_taken(Failure::Exists(Thing::Account)))?;
    Ok(inserted == 1)
}

async fn insert_next(conn: &mut Conn, account: &NewAccount) -> StoreResult<AccountId> {
    for attempt in 0.. {
        let id = AccountId(first(conn.next_ids(Sequence::Accounts, 1).await?)?);
        if insert_as(conn, id, account).await? {
            return Ok(id);
        }
        if attempt >= ID_TRIES {
            skip_given(conn, id).await?;
        }
    }
    Err(Failure::Internal("no id for an account".to_owned()).into())
}

/// Moves the sequence behind a block of ids that were given away by hand.
async fn skip_given(conn: &mut Conn, from: AccountId) -> SqlResult<()> {
    let sql = "
        SELECT a.id FROM accounts a
        WHERE a.id >= $1 AND NOT EXISTS (SELECT 1 FROM accounts b WHERE b.id = a.id + 1)
        ORDER BY a.id LIMIT 1";
    if let Some(mut row) = conn.row(sql, values![from]).await? {
        conn.skip_ids(Sequence::Accounts, row.take()?).await?;
    }
    Ok(())
}

async fn insert_many(conn: &mut Conn, accounts: &[NewAccount]) -> StoreResult<Vec<AccountId>> {
    let ids = ids_for(conn, accounts).await?;
    let (mut people, mut names) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
    for (account, &id) in accounts.iter().zip(&ids) {
        people.push(columns(id, account));
        names.extend(
            logins(account)
                .into_iter()
                .map(|(name, kind)| vec![name.into(), kind.into(), id.into()]),
        );
    }
    let inserted = conn.execute_many(INSERT, &people).await;
    let inserted = inserted.map_err(|error| error.if_taken(Failure::Exists(Thing::Account)))?;
    if inserted != people.len() as u64 {
        return Err(Failure::Exists(Thing::Account).into());
    }
    let inserted = conn.execute_many(INSERT_LOGIN, &names).await;
    inserted.map_err(|error| error.if_taken(Failure::Exists(Thing::Login)))?;
    Ok(ids)
}

/// The ids given, and fresh ones for the others that nobody has.
async fn ids_for(conn: &mut Conn, accounts: &[NewAccount]) -> StoreResult<Vec<AccountId>> {
    let given: HashSet<i64> = accounts
        .iter()
        .filter_map(|account| Some(account.id?.0))
        .collect();
    for id in accounts.iter().filter_map(|account| account.id) {
        check_id(id)?;
    }
    let wanted = accounts.iter().filter(|account| account.id.is_none()).count();
    let mut fresh = free_ids(conn, wanted, &given).await?.into_iter();
    let ids = accounts.iter().map(|account| account.id.or_else(|| fresh.next()));
    let ids: Option<Vec<AccountId>> = ids.collect();
    ids.ok_or_else(|| Failure::Internal("too few ids for accounts".to_owned()).into())
}

async fn free_ids(conn: &mut Conn, wanted: usize, given: &HashSet<i64>) -> SqlResult<Vec<AccountId>> {
    let mut free = Vec::with_capacity(wanted);
    while free.len() < wanted {
        let ids = conn.next_ids(Sequence::Accounts, wanted - free.len()).await?;
        let last = ids.last().copied().map(AccountId);
        let sql = "SELECT id FROM accounts WHERE id = ANY($1)";
        let taken: HashSet<AccountId> = rows::ids(conn.rows(sql, values![ids.clone()]).await?)?
            .into_iter()
            .collect();
        free.extend(
            ids.into_iter()
                .filter(|id| !given.contains(id))
                .map(AccountId)
                .filter(|id| !taken.contains(id)),
        );
        if let (false, Some(last)) = (taken.is_empty(), last) {
            skip_given(conn, last).await?;
        }
    }
    Ok(free)
}

fn first(ids: Vec<i64>) -> SqlResult<i64> {
    let first = ids.first().copied();
    first.ok_or_else(|| SqlError::Internal("a sequence gave no id".to_owned()))
}

async fn add_login(conn: &mut Conn, id: AccountId, name: &LoginName) -> StoreResult<()> {
    let (kind, update) = match name {
        LoginName::Username(_) => ("username", "UPDATE accounts SET username = $2 WHERE id = $1"),
        LoginName::Email(_) => ("email", "UPDATE accounts SET email = $2 WHERE id = $1"),
        LoginName::Mobile(_) => ("mobile", "UPDATE accounts SET mobile = $2 WHERE id = $1"),
        LoginName::External(_) => ("external", "UPDATE accounts SET external = $2 WHERE id = $1"),
    };
    if conn.execute(update, values![id, name.text()]).await? == 0 {
        return Err(Failure::Unknown(Thing::Account).into());
    }
    // The name it takes the place of is free again.
    let free = "DELETE FROM logins WHERE account = $1 AND kind = $2";
    conn.execute(free, values![id, kind]).await?;
    match conn
        .execute(CLAIM_LOGIN, values![folded(name.text()), kind, id])
        .await?
    {
        0 => Err(Failure::Exists(Thing::Login).into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_like_would_take_for_a_pattern_is_a_letter() {
        assert_eq!(containing("a%b_c\\"), "%a\\%b\\_c\\\\%");
    }

    #[test]
    fn one_name_of_two_kinds_is_one_login() {
        let account = NewAccount {
            username: Some("Ann@X".to_owned()),
            email: Some("ann@x".to_owned()),
            mobile: Some("1".to_owned()),
            ..NewAccount::default()
        };
        assert_eq!(
            logins(&account),
            [("ann@x".to_owned(), "username"), ("1".to_owned(), "mobile")]
        );
    }
}
