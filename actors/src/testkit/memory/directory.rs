//! The directory's store in memory: who there is, how they log in, what can be found.

use super::Memory;
use super::tables::{AccountRow, Tables};
use crate::failure::{Failure, Thing};
use crate::model::{Account, AccountId, LoginName, NewAccount, Place, RoomInfo, RoomKind};
use crate::near::{Point, Wanted};
use crate::ports::{DirectoryStore, StoreResult};
use async_trait::async_trait;

#[async_trait]
impl DirectoryStore for Memory {
    async fn create(&self, account: &NewAccount) -> StoreResult<Account> {
        self.change(|tables| create(tables, account)).await
    }

    async fn create_many(&self, accounts: &[NewAccount]) -> StoreResult<Vec<AccountId>> {
        self.change(|tables| accounts.iter().map(|new| Ok(create(tables, new)?.id)).collect())
            .await
    }

    async fn by_login(&self, name: &str) -> StoreResult<Option<(Account, Option<String>)>> {
        let tables = self.begin().await?;
        let row = tables
            .logins
            .get(&name.to_lowercase())
            .and_then(|id| tables.accounts.get(id));
        Ok(row.map(|row| (row.account.clone(), row.hash.clone())))
    }

    async fn by_id(&self, id: AccountId) -> StoreResult<Option<Account>> {
        let tables = self.begin().await?;
        Ok(tables.accounts.get(&id).map(|row| row.account.clone()))
    }

    async fn add_login(&self, id: AccountId, name: &LoginName) -> StoreResult<()> {
        self.change(|tables| {
            tables.account(id)?;
            claim(tables, id, name.text())?;
            let account = &mut tables.account_mut(id)?.account;
            let field = match name {
                LoginName::Username(_) => &mut account.username,
                LoginName::Email(_) => &mut account.email,
                LoginName::Mobile(_) => &mut account.mobile,
                LoginName::External(_) => &mut account.external,
            };
            let old = field.replace(name.text().to_owned());
            if let Some(old) = old
                && old.to_lowercase() != name.text().to_lowercase()
            {
                tables.logins.remove(&old.to_lowercase());
            }
            Ok(())
        })
        .await
    }

    async fn search_accounts(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>> {
        let tables = self.begin().await?;
        let fits = |account: &&Account| {
            let names = [&account.username, &account.email, &account.mobile];
            names.into_iter().flatten().any(|name| name == text)
                || account.nickname == text
                || account.id.to_string() == text
        };
        let accounts = tables.accounts.values().map(|row| &row.account).filter(fits);
        Ok(accounts.take(limit.max(0) as usize).cloned().collect())
    }

    async fn by_uuid(&self, uuid: &str) -> StoreResult<Option<Account>> {
        let tables = self.begin().await?;
        let found = tables.accounts.values().find(|row| row.account.uuid == uuid);
        Ok(found.map(|row| row.account.clone()))
    }

    async fn search_nicknames(&self, text: &str, limit: i64) -> StoreResult<Vec<Account>> {
        let tables = self.begin().await?;
        let text = text.to_lowercase();
        let fits =
            |row: &&AccountRow| !text.is_empty() && row.account.nickname.to_lowercase().contains(&text);
        let found = tables.accounts.values().filter(fits).take(limit.max(0) as usize);
        Ok(found.map(|row| row.account.clone()).collect())
    }

    async fn search_groups(&self, text: &str, limit: i64) -> StoreResult<Vec<RoomInfo>> {
        let tables = self.begin().await?;
        let fits = |info: &RoomInfo| {
            info.kind == RoomKind::Group && info.dissolved_at.is_none() && info.name.contains(text)
        };
        let found = tables
            .rooms
            .values()
            .filter(|room| fits(&room.info))
            .take(limit.max(0) as usize);
        let infos: Result<Vec<RoomInfo>, Failure> = found.map(|room| tables.info(room.info.id)).collect();
        Ok(infos?)
    }

    async fn groups_owned(&self, owner: AccountId) -> StoreResult<i64> {
        let tables = self.begin().await?;
        let owned = tables.rooms.values().map(|room| &room.info).filter(|info| {
            info.kind == RoomKind::Group && info.owner == owner && info.dissolved_at.is_none()
        });
        Ok(owned.count() as i64)
    }

    async fn near_accounts(&self, wanted: Wanted) -> StoreResult<Vec<(Account, f64)>> {
        let tables = self.begin().await?;
        let others = tables.accounts.values().map(|row| &row.account);
        let others = others.filter(|account| Some(account.id) != wanted.except);
        let mut near = within(&wanted, others, |account| &account.place);
        near.sort_by(|(a, near), (b, far)| near.total_cmp(far).then(a.id.cmp(&b.id)));
        near.truncate(wanted.limit);
        Ok(near)
    }

    async fn near_groups(&self, wanted: Wanted) -> StoreResult<Vec<(RoomInfo, f64)>> {
        let tables = self.begin().await?;
        let lives = |info: &&RoomInfo| info.kind == RoomKind::Group && info.dissolved_at.is_none();
        let groups = tables.rooms.values().map(|room| &room.info).filter(lives);
        let mut near = within(&wanted, groups, |info| &info.place);
        near.sort_by(|(a, near), (b, far)| near.total_cmp(far).then(a.id.cmp(&b.id)));
        near.truncate(wanted.limit);
        let shown = near
            .into_iter()
            .map(|(info, metres)| Ok((tables.info(info.id)?, metres)));
        let shown: Result<Vec<_>, Failure> = shown.collect();
        Ok(shown?)
    }
}

/// Whatever says where it is, and is there within the radius.
fn within<'t, T: Clone + 't>(
    wanted: &Wanted,
    all: impl Iterator<Item = &'t T>,
    place: impl Fn(&T) -> &Place,
) -> Vec<(T, f64)> {
    let found = all.filter_map(|one| {
        let Place {
            longitude, latitude, ..
        } = *place(one);
        let at = Point { longitude, latitude };
        let metres = wanted.from.distance(at);
        (at.cell().is_some() && metres <= wanted.within).then(|| (one.clone(), metres))
    });
    found.collect()
}

pub(super) fn create(tables: &mut Tables, new: &NewAccount) -> Result<Account, Failure> {
    let id = match new.id {
        Some(id) if tables.accounts.contains_key(&id) => return Err(Failure::Exists(Thing::Account)),
        Some(id) => id,
        None => tables.next_account(),
    };
    for name in [&new.username, &new.email, &new.mobile, &new.external]
        .into_iter()
        .flatten()
    {
        claim(tables, id, name)?;
    }
    let account = Account {
        id,
        uuid: new.uuid.clone(),
        username: new.username.clone(),
        email: new.email.clone(),
        mobile: new.mobile.clone(),
        external: new.external.clone(),
        nickname: new.nickname.clone(),
        avatar: new.avatar.clone(),
        place: Place::default(),
        has_password: new.password_hash.is_some(),
        created_at: new.created_at,
        ..Account::default()
    };
    let row = AccountRow {
        account: account.clone(),
        hash: new.password_hash.clone(),
    };
    tables.accounts.insert(id, row);
    Ok(account)
}

/// Takes a login name for an account that does not hold it yet.
fn claim(tables: &mut Tables, id: AccountId, name: &str) -> Result<(), Failure> {
    let holder = *tables.logins.entry(name.to_lowercase()).or_insert(id);
    if holder == id {
        Ok(())
    } else {
        Err(Failure::Exists(Thing::Login))
    }
}
