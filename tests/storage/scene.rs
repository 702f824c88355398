//! Accounts and rooms to act with, straight on the stores.

use roost::clock::SystemClock;
use roost::storage::{self, Stores};
use roost_actors::cluster::Incarnation;
use roost_actors::model::{
    AccountId, Counts, Epoch, HistoryQuery, MessageKind, NewAccount, NewGroup, Place, RoomId, RoomKind,
    RoomRules, Seq, Timestamp,
};
use roost_actors::ports::{BatchOutcome, Clock, PostDraft, RoomBatch};
use std::sync::Arc;

pub const NOW: Timestamp = Timestamp(1_700_000_000_000);
const CONNECTIONS: usize = 8;

pub async fn open(url: &str) -> Stores {
    storage::open(url, CONNECTIONS, Arc::new(SystemClock))
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

pub async fn person(stores: &Stores) -> AccountId {
    let account = NewAccount {
        uuid: SystemClock.uuid(),
        created_at: NOW,
        ..NewAccount::default()
    };
    stores.directory.create(&account).await.unwrap().id
}

/// A room as its owner knows it.
#[derive(Clone, Debug)]
pub struct Owned {
    pub room: RoomId,
    pub epoch: Epoch,
    pub last_seq: Seq,
    pub counts: Counts,
}

pub async fn group(stores: &Stores, owner: AccountId) -> Owned {
    let group = NewGroup {
        name: "group".to_owned(),
        avatar: String::new(),
        intro: String::new(),
        owner,
        members: vec![],
        owner_joins: true,
        member_limit: 100,
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: false,
        category: String::new(),
        claims_name: false,
        created_at: NOW,
    };
    let room = stores.rooms.create_group(&group).await.unwrap();
    take(stores, room).await
}

pub async fn take(stores: &Stores, room: RoomId) -> Owned {
    let snapshot = stores.rooms.activate(room, Incarnation(0)).await.unwrap();
    Owned {
        room,
        epoch: snapshot.epoch,
        last_seq: snapshot.last_seq,
        counts: snapshot.counts,
    }
}

impl Owned {
    pub fn batch(&self, sender: AccountId, bodies: &[&str]) -> RoomBatch {
        let post = |body: &&str| PostDraft {
            sender,
            kind: MessageKind::Text,
            body: (*body).into(),
            private: false,
            extra: None,
            token: None,
            created_at: NOW,
        };
        RoomBatch {
            room: self.room,
            kind: RoomKind::Group,
            epoch: self.epoch,
            last_seq: self.last_seq,
            counts: self.counts,
            posts: bodies.iter().map(post).collect(),
            reads: vec![],
        }
    }

    pub fn learn(&mut self, outcome: &BatchOutcome) {
        let BatchOutcome::Committed { last_seq, counts, .. } = outcome else {
            panic!("fenced");
        };
        (self.last_seq, self.counts) = (*last_seq, *counts);
    }

    /// Posts until storage takes it.
    pub async fn say(&mut self, stores: &Stores, sender: AccountId, body: &str) {
        let outcomes = stores.journal.append(&[self.batch(sender, &[body])]).await;
        self.learn(&outcomes.unwrap()[0]);
    }

    pub async fn transcript(&self, stores: &Stores) -> Vec<String> {
        let page = stores.rooms.page(self.room, &HistoryQuery::all()).await.unwrap();
        page.messages
            .iter()
            .map(|message| message.body.to_string())
            .collect()
    }
}
