//! The ledger and the passes in memory: the commits of one lock are in one order, so a message's id is its key.

use super::Memory;
use super::tables::{PassRow, RoomRow, Tables};
use crate::failure::Failure;
use crate::model::{AccountId, CommitKey, Entry, Inbox, InboxItem, LedgerPage, NewAccount, Pass, Seq};
use crate::ports::{LedgerStore, PassStore, StoreResult};
use async_trait::async_trait;

impl Tables {
    fn last_key(&self) -> CommitKey {
        let last = |room: &RoomRow| room.rows.last().map(|row| row.message.id.0);
        CommitKey(self.rooms.values().filter_map(last).max().unwrap_or(0))
    }

    fn lines(&self, after: CommitKey) -> Vec<Entry> {
        let rooms = self.rooms.values().filter(|room| !room.info.super_group);
        let mut entries: Vec<Entry> = rooms
            .flat_map(|room| {
                let fresh = room.rows.iter().filter(move |row| row.message.id.0 > after.0);
                fresh.map(move |row| Entry {
                    key: CommitKey(row.message.id.0),
                    room: room.info.id,
                    seq: row.message.seq,
                    newcomers: newcomers(room, row.message.seq),
                })
            })
            .collect();
        entries.sort_by_key(|entry| entry.key);
        entries
    }

    fn inbox(&self, account: AccountId) -> Vec<InboxItem> {
        let rooms = self.rooms.values().filter(|room| !room.info.super_group);
        let mut items: Vec<InboxItem> = rooms
            .flat_map(|room| {
                let stays = stays(room, account);
                let seen = room.rows.iter().filter(move |row| {
                    let seq = row.message.seq;
                    stays.iter().any(|(from, to)| (*from..=*to).contains(&seq))
                });
                seen.map(|row| InboxItem {
                    key: CommitKey(row.message.id.0),
                    kind: room.info.kind,
                    message: row.message.clone(),
                })
            })
            .collect();
        items.sort_by_key(|item| item.key);
        items
    }
}

fn newcomers(room: &RoomRow, seq: Seq) -> Vec<AccountId> {
    let present = room.members.values().filter(|member| member.from_seq == seq);
    let past = room.stays.iter().filter(|stay| stay.from_seq == seq);
    present
        .map(|member| member.account)
        .chain(past.map(|stay| stay.account))
        .collect()
}

/// From which seq to which an account was or is in a room.
fn stays(room: &RoomRow, account: AccountId) -> Vec<(Seq, Seq)> {
    let past = room.stays.iter().filter(|stay| stay.account == account);
    let present = room
        .members
        .get(&account)
        .map(|member| (member.from_seq, Seq(i64::MAX)));
    past.map(|stay| (stay.from_seq, stay.to_seq))
        .chain(present)
        .collect()
}

#[async_trait]
impl LedgerStore for Memory {
    async fn since(&self, after: Option<CommitKey>, limit: i64) -> StoreResult<LedgerPage> {
        let tables = self.begin().await?;
        let limit = usize::try_from(limit).unwrap_or(0);
        let mut entries = after.map_or_else(Vec::new, |after| tables.lines(after));
        let more = entries.len() >= limit && after.is_some();
        entries.truncate(limit);
        Ok(LedgerPage {
            entries,
            clear: tables.last_key(),
            more,
        })
    }

    async fn inbox(&self, account: AccountId, after: CommitKey, limit: i64) -> StoreResult<Inbox> {
        let tables = self.begin().await?;
        let limit = usize::try_from(limit).unwrap_or(0);
        let mut items = tables.inbox(account);
        let end = items.last().map_or(CommitKey(0), |last| last.key);
        items.retain(|item| item.key > after);
        let more = limit > 0 && items.len() >= limit;
        items.truncate(limit);
        Ok(Inbox {
            items,
            end,
            clear: tables.last_key(),
            more,
        })
    }

    async fn key(&self, account: AccountId) -> StoreResult<CommitKey> {
        let tables = self.begin().await?;
        Ok(tables.passes.get(&account).map_or(CommitKey(0), |row| row.key))
    }

    async fn keep_key(&self, account: AccountId, key: CommitKey) -> StoreResult<()> {
        self.change(|tables| {
            let row = tables.pass_row(account)?;
            row.key = row.key.max(key);
            Ok(())
        })
        .await
    }
}

impl Tables {
    fn pass_row(&mut self, account: AccountId) -> Result<&mut PassRow, Failure> {
        // The operator, account 0, is in the database from its beginning and is given nothing.
        self.account(account)?;
        Ok(self.passes.entry(account).or_default())
    }
}

#[async_trait]
impl PassStore for Memory {
    async fn admit(&self, accounts: &[NewAccount]) -> StoreResult<()> {
        self.change(|tables| {
            for account in accounts {
                if account.id.is_none_or(|id| !tables.accounts.contains_key(&id)) {
                    super::directory::create(tables, account)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn pass(&self, account: AccountId, fresh: &str) -> StoreResult<String> {
        self.change(|tables| {
            let row = tables.pass_row(account)?;
            Ok(row.token.get_or_insert_with(|| fresh.to_owned()).clone())
        })
        .await
    }

    async fn by_token(&self, token: &str) -> StoreResult<Option<Pass>> {
        let tables = self.begin().await?;
        let found = tables
            .passes
            .iter()
            .find(|(_, row)| row.token.as_deref() == Some(token));
        let found = found.filter(|(id, _)| tables.account(**id).is_ok_and(|row| !row.account.locked));
        Ok(found.map(|(account, row)| Pass {
            account: *account,
            silenced: row.silenced,
        }))
    }

    async fn silence(&self, account: AccountId, silenced: bool) -> StoreResult<()> {
        self.change(|tables| {
            tables.pass_row(account)?.silenced = silenced;
            Ok(())
        })
        .await
    }
}
