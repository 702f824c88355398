//! The stores' ports over a [`Desk`]: each call is a read or a transaction, and what it changes is checked.

use super::plan::Broken;
use super::store::{Desk, Fate};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::cluster::{Beat, Incarnation};
use roost_actors::model::{
    Account, AccountId, ChatMessage, Epoch, Friend, FriendRequest, HistoryPage, HistoryQuery, JoinRequest,
    Member, MessageId, NewGroup, RoomId, RoomInfo, RoomKind, RoomPosition, RoomSnapshot, Seat, Seq,
    Timestamp,
};
use roost_actors::ports::{
    AppendError, BatchOutcome, Charter, ClusterStore, InDoubt, Joined, Joining, JournalStore, RoomBatch,
    RoomChange, RoomSaved, RoomStore, StoreResult, UserChange, UserSaved, UserSnapshot, UserStore, Verdict,
};
use std::time::Duration;

fn in_doubt(batches: &[RoomBatch], outcomes: &[BatchOutcome]) -> AppendError {
    let doubts = batches.iter().zip(outcomes).filter_map(|(batch, outcome)| {
        let BatchOutcome::Committed {
            posts,
            last_seq,
            counts,
        } = outcome
        else {
            return None;
        };
        Some(InDoubt {
            batch: batch.clone(),
            posts: posts.clone(),
            last_seq: *last_seq,
            counts: *counts,
        })
    });
    AppendError::InDoubt(doubts.collect())
}

#[async_trait]
impl JournalStore for Desk {
    async fn append(&self, batches: &[RoomBatch]) -> Result<Vec<BatchOutcome>, AppendError> {
        self.there().await.map_err(AppendError::Unavailable)?;
        let fate = self.fate();
        if fate != Fate::Done {
            self.book
                .note(|| format!("database: an append of {} is {fate:?}", self.host));
        }
        if fate == Fate::Refused {
            self.back().await.map_err(AppendError::Unavailable)?;
            return Err(AppendError::Unavailable("an append failed".to_owned()));
        }
        let mut batches = batches.to_vec();
        if self.is_broken(Broken::ForgetsTokens) {
            batches
                .iter_mut()
                .flat_map(|b| &mut b.posts)
                .for_each(|post| post.token = None);
        }
        if self.is_broken(Broken::GivesSeqsTwice) && self.dice.chance(20) {
            batches
                .iter_mut()
                .for_each(|batch| batch.last_seq = Seq((batch.last_seq.0 - 1).max(0)));
        }
        let rooms: Vec<RoomId> = batches.iter().map(|batch| batch.room).collect();
        let locks = self.database.lock(&rooms).await;
        let fenced = !self.is_broken(Broken::NoFence);
        let running = self.database.memory.begin_append(&batches, fenced).await;
        let outcomes = running.outcomes().to_vec();
        if self.is_broken(Broken::AnswersEarly) && fate == Fate::Done {
            self.commit_later(batches, running, locks, self.dice.between(1, 50));
            self.back().await.map_err(|_| AppendError::InDoubt(Vec::new()))?;
            return Ok(outcomes);
        }
        tokio::time::sleep(Duration::from_millis(self.dice.wait_ms(self.plan.database_ms))).await;
        let doubt = in_doubt(&batches, &outcomes);
        match fate {
            Fate::Late(ms) => {
                self.commit_later(batches, running, locks, ms);
                self.back().await.ok();
                return Err(doubt);
            }
            Fate::LostBefore => {}
            Fate::Done | Fate::Refused | Fate::LostAfter => {
                self.database.memory.commit(running).await;
                for (batch, outcome) in batches.iter().zip(&outcomes) {
                    self.book.committed(batch, outcome, &self.host);
                }
            }
        }
        drop(locks);
        if self.back().await.is_err() || fate != Fate::Done {
            return Err(doubt);
        }
        Ok(outcomes)
    }

    async fn resolve(&self, doubt: &InDoubt) -> Result<Verdict, String> {
        self.there().await?;
        if self.is_broken(Broken::DoubtIsAbsence) {
            self.back().await?;
            return Ok(Verdict::Absent);
        }
        let locks = self.database.lock(&[doubt.batch.room]).await;
        let verdict = self.database.memory.resolve(doubt).await;
        drop(locks);
        self.back().await?;
        self.book.note(|| {
            format!(
                "database: what {} doubts of room {} is {verdict:?}",
                self.host, doubt.batch.room
            )
        });
        verdict
    }

    fn writers(&self) -> usize {
        2
    }

    async fn forget_tokens(&self, _before: Timestamp) -> Result<u64, String> {
        Ok(0)
    }
}

impl Desk {
    fn commit_later(
        &self,
        batches: Vec<RoomBatch>,
        running: roost_actors::testkit::Running,
        locks: Vec<super::store::RowLock>,
        ms: u64,
    ) {
        let (database, book, host) = (self.database.clone(), self.book.clone(), self.host.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            let outcomes = running.outcomes().to_vec();
            database.memory.commit(running).await;
            for (batch, outcome) in batches.iter().zip(&outcomes) {
                book.committed(batch, outcome, &host);
            }
            drop(locks);
        });
    }
}

#[async_trait]
impl RoomStore for Desk {
    async fn activate(&self, room: RoomId, me: Incarnation) -> StoreResult<RoomSnapshot> {
        let (database, book, host) = (self.database.clone(), self.book.clone(), self.host.clone());
        let take = self.is_broken(Broken::TakesFromTheLiving);
        self.write("an activation", &[room], async move {
            if take && let Some(epoch) = book.owner_epoch(room) {
                database.memory.release(room, epoch).await?;
            }
            let snapshot = database.memory.activate(room, me).await?;
            book.activated(room, snapshot.epoch, &host);
            Ok(snapshot)
        })
        .await
    }

    async fn holder(&self, room: RoomId) -> StoreResult<Option<(Incarnation, Epoch)>> {
        self.read(self.database.memory.holder(room)).await
    }

    async fn release(&self, room: RoomId, epoch: Epoch) -> StoreResult<()> {
        let (database, book, host) = (self.database.clone(), self.book.clone(), self.host.clone());
        self.write("a release", &[room], async move {
            book.note(|| format!("database: {host} releases room {room}, epoch {epoch}"));
            database.memory.release(room, epoch).await
        })
        .await
    }

    async fn ends(&self, rooms: &[RoomId]) -> StoreResult<Vec<(RoomId, Seq)>> {
        self.read(self.database.memory.ends(rooms)).await
    }

    async fn revoked(
        &self,
        rooms: &[RoomId],
        since: Timestamp,
        limit: i64,
    ) -> StoreResult<Vec<(RoomKind, ChatMessage)>> {
        self.read(self.database.memory.revoked(rooms, since, limit)).await
    }

    async fn change(&self, room: RoomId, epoch: Epoch, change: &RoomChange) -> StoreResult<RoomSaved> {
        let (database, book, host, change) = (
            self.database.clone(),
            self.book.clone(),
            self.host.clone(),
            change.clone(),
        );
        self.write("a change", &[room], async move {
            let saved = RoomStore::change(&*database.memory, room, epoch, &change).await;
            book.note(|| {
                format!(
                    "database: {host} changes room {room}: {change:?}: {}",
                    saved.is_ok()
                )
            });
            if let (Ok(_), RoomChange::Revoke { message, .. }) = (&saved, &change) {
                book.revoked(room, *message);
            }
            saved
        })
        .await
    }

    async fn create_group(&self, group: &NewGroup) -> StoreResult<RoomId> {
        self.database.memory.create_group(group).await
    }

    async fn direct_room(&self, kind: RoomKind, now: Timestamp) -> StoreResult<RoomId> {
        self.read(self.database.memory.direct_room(kind, now)).await
    }

    async fn page(&self, room: RoomId, query: &HistoryQuery) -> StoreResult<HistoryPage> {
        self.read(self.database.memory.page(room, query)).await
    }

    async fn message(&self, room: RoomId, id: MessageId) -> StoreResult<ChatMessage> {
        self.read(self.database.memory.message(room, id)).await
    }

    async fn unread(&self, room: RoomId, kind: RoomKind, reader: AccountId, after: Seq) -> StoreResult<i64> {
        self.read(self.database.memory.unread(room, kind, reader, after))
            .await
    }

    async fn seats(&self, members: &[Member]) -> StoreResult<Vec<Seat>> {
        self.read(self.database.memory.seats(members)).await
    }
}

#[async_trait]
impl UserStore for Desk {
    async fn load(&self, account: AccountId) -> StoreResult<UserSnapshot> {
        self.read(self.database.memory.load(account)).await
    }

    async fn change(&self, account: AccountId, change: &UserChange) -> StoreResult<UserSaved> {
        let (database, change) = (self.database.clone(), change.clone());
        self.write("a change of a user", &[], async move {
            UserStore::change(&*database.memory, account, &change).await
        })
        .await
    }

    async fn friends(&self, account: AccountId, blocked: bool) -> StoreResult<Vec<Friend>> {
        self.read(self.database.memory.friends(account, blocked)).await
    }

    async fn friend_requests(&self, account: AccountId) -> StoreResult<Vec<(FriendRequest, Account)>> {
        self.read(self.database.memory.friend_requests(account)).await
    }

    async fn groups(&self, account: AccountId) -> StoreResult<Vec<RoomInfo>> {
        self.read(self.database.memory.groups(account)).await
    }

    async fn join_requests(&self, account: AccountId) -> StoreResult<Vec<(JoinRequest, Account, RoomInfo)>> {
        self.read(self.database.memory.join_requests(account)).await
    }

    async fn peers(&self, account: AccountId, limit: i64) -> StoreResult<Vec<Account>> {
        self.read(self.database.memory.peers(account, limit)).await
    }

    async fn positions(&self, account: AccountId) -> StoreResult<Vec<RoomPosition>> {
        self.read(self.database.memory.positions(account)).await
    }

    async fn read_by_peers(&self, account: AccountId) -> StoreResult<Vec<(AccountId, Seq)>> {
        self.read(self.database.memory.read_by_peers(account)).await
    }
}

#[async_trait]
impl ClusterStore for Desk {
    async fn charter(&self, fresh: Option<&Charter>) -> StoreResult<Option<Charter>> {
        self.database.memory.charter(fresh).await
    }

    async fn join(&self, joining: &Joining) -> StoreResult<Joined> {
        let (database, book, host, joining) = (
            self.database.clone(),
            self.book.clone(),
            self.host.clone(),
            joining.clone(),
        );
        self.write("a joining", &[], async move {
            let joined = database.memory.join(&joining).await;
            if let Ok(Joined::Member(me, _)) = &joined {
                book.note(|| format!("database: {host} joins as {}", me.0));
            }
            joined
        })
        .await
    }

    async fn beat(&self, me: Incarnation, draining: bool) -> Beat {
        let database = self.database.clone();
        let beaten = self
            .write("a heartbeat", &[], async move {
                Ok(database.memory.beat(me, draining).await)
            })
            .await;
        match beaten {
            Ok(beat) => beat,
            Err(error) => Beat::Failed(error.to_string()),
        }
    }

    async fn leave(&self, me: Incarnation) -> StoreResult<()> {
        let (database, book, host) = (self.database.clone(), self.book.clone(), self.host.clone());
        self.write("a leave", &[], async move {
            book.note(|| format!("database: {host} leaves"));
            database.memory.leave(me).await
        })
        .await
    }
}

/// Whether a failure says that nothing was done, and never will be.
pub fn is_refusal(failure: &Failure) -> bool {
    !matches!(failure, Failure::OutcomeUnknown | Failure::Internal(_))
}
