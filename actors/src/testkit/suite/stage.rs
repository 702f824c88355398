//! What the cases of a suite need before they can begin: people, rooms, and an owner who posts.

use crate::cluster::Incarnation;
use crate::failure::Failure;
use crate::model::{
    AccountId, ChatMessage, ClientToken, Counts, Epoch, HistoryQuery, Member, MessageKind, NewAccount,
    NewGroup, Place, Role, RoomId, RoomKind, RoomRules, RoomSnapshot, Seq, Timestamp,
};
use crate::ports::{
    AppendError, BatchOutcome, Ports, PostDraft, PostOutcome, RoomBatch, RoomChange, RoomSaved, StoreError,
    StoreResult,
};
use std::hash::{BuildHasher, Hasher, RandomState};

/// A word that no other case uses, in any process that shares the database.
#[must_use]
pub fn unique(word: &str) -> String {
    let chance = RandomState::new().build_hasher().finish();
    format!("{word}-{chance:016x}")
}

/// A random UUID (version 4).
#[must_use]
pub fn uuid() -> String {
    let (a, b) = (
        RandomState::new().build_hasher().finish(),
        RandomState::new().build_hasher().finish(),
    );
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

/// An account to be made whose username nobody else has.
#[must_use]
pub fn newcomer(name: &str) -> NewAccount {
    NewAccount {
        uuid: uuid(),
        username: Some(unique(name)),
        nickname: name.to_owned(),
        created_at: NOW,
        ..NewAccount::default()
    }
}

/// The time of whatever a case does first.
pub const NOW: Timestamp = Timestamp(1_767_225_600_000);

/// An id that no account and no room has.
pub const NOBODY: AccountId = AccountId(8_000_000_000);
pub const NOWHERE: RoomId = RoomId(8_000_000_000);

/// Registers somebody.
pub async fn person(ports: &Ports, name: &str) -> AccountId {
    let made = ports.directory.create(&newcomer(name)).await;
    made.expect("an account is made").id
}

/// Ann, Bob and Eve.
pub async fn three(ports: &Ports) -> (AccountId, AccountId, AccountId) {
    (
        person(ports, "ann").await,
        person(ports, "bob").await,
        person(ports, "eve").await,
    )
}

/// When a blob is due that nothing came to refer to.
pub const BLOBS_DUE: Timestamp = Timestamp(NOW.0 + 1_000_000);

/// A blob that was noted before its bytes were stored.
pub async fn noted_blob(ports: &Ports) -> String {
    let blob = uuid();
    let noted = ports.tree.note_blob(&blob, BLOBS_DUE).await;
    noted.expect("a blob is noted");
    blob
}

/// Those of the blobs to which nothing refers. Nothing can refer to any noted one from then on.
pub async fn loose(ports: &Ports, blobs: &[&str]) -> Vec<String> {
    let taken = ports
        .tree
        .take_blobs(BLOBS_DUE, 10_000)
        .await
        .expect("blobs are taken");
    taken
        .into_iter()
        .filter(|blob| blobs.contains(&blob.as_str()))
        .collect()
}

/// A group to be made, open to all.
#[must_use]
pub fn new_group(name: &str, owner: AccountId, members: &[AccountId]) -> NewGroup {
    NewGroup {
        name: name.to_owned(),
        avatar: String::new(),
        intro: String::new(),
        owner,
        members: members.to_vec(),
        owner_joins: true,
        member_limit: 500,
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: false,
        category: String::new(),
        claims_name: false,
        created_at: NOW,
    }
}

/// Makes a group and becomes its owner node.
pub async fn group(ports: &Ports, owner: AccountId, members: &[AccountId]) -> Owner {
    let made = ports
        .rooms
        .create_group(&new_group("a group", owner, members))
        .await;
    Owner::of(ports, made.expect("a group is made")).await
}

/// Makes the direct room of two accounts and becomes its owner node.
pub async fn direct(ports: &Ports, a: AccountId, b: AccountId) -> Owner {
    let made = ports.rooms.direct_room(RoomKind::direct(a, b), NOW).await;
    Owner::of(ports, made.expect("a direct room is made")).await
}

/// A text on its way to the store.
#[must_use]
pub fn text(sender: AccountId, body: &str) -> PostDraft {
    PostDraft {
        sender,
        kind: MessageKind::Text,
        body: body.into(),
        private: false,
        extra: None,
        token: None,
        created_at: NOW,
    }
}

/// The same with a client token; `digest` stands for the request it came with.
#[must_use]
pub fn tokened(sender: AccountId, body: &str, key: &str, digest: u8) -> PostDraft {
    PostDraft {
        token: Some(ClientToken {
            key: key.into(),
            digest: [digest; 32],
        }),
        ..text(sender, body)
    }
}

/// A text that does not count as unread.
#[must_use]
pub fn notice(sender: AccountId, body: &str) -> PostDraft {
    PostDraft {
        kind: MessageKind::Notice,
        ..text(sender, body)
    }
}

/// What the node that owns a room keeps of it.
#[derive(Clone, Debug)]
pub struct Owner {
    pub room: RoomId,
    pub kind: RoomKind,
    pub epoch: Epoch,
    pub last_seq: Seq,
    pub counts: Counts,
}

impl Owner {
    /// Takes the room over.
    pub async fn of(ports: &Ports, room: RoomId) -> Owner {
        let snapshot = snapshot(ports, room).await;
        Owner {
            room,
            kind: snapshot.info.kind,
            epoch: snapshot.epoch,
            last_seq: snapshot.last_seq,
            counts: snapshot.counts,
        }
    }

    /// What this owner would commit.
    #[must_use]
    pub fn batch(&self, posts: Vec<PostDraft>) -> RoomBatch {
        RoomBatch {
            room: self.room,
            kind: self.kind,
            epoch: self.epoch,
            last_seq: self.last_seq,
            counts: self.counts,
            posts,
            reads: Vec::new(),
        }
    }

    /// Learns what became of a batch.
    pub fn learn(&mut self, outcome: BatchOutcome) -> Vec<PostOutcome> {
        match outcome {
            BatchOutcome::Committed {
                posts,
                last_seq,
                counts,
            } => {
                self.last_seq = last_seq;
                self.counts = counts;
                posts
            }
            BatchOutcome::Fenced => panic!("room {} is fenced", self.room),
        }
    }

    /// Commits posts and says what became of each.
    pub async fn commit(&mut self, ports: &Ports, posts: Vec<PostDraft>) -> Vec<PostOutcome> {
        let outcome = append(ports, self.batch(posts)).await;
        self.learn(outcome)
    }

    /// Commits posts that must all be stored.
    pub async fn post(&mut self, ports: &Ports, posts: Vec<PostDraft>) -> Vec<ChatMessage> {
        self.commit(ports, posts).await.into_iter().map(stored).collect()
    }

    /// Commits one text.
    pub async fn say(&mut self, ports: &Ports, sender: AccountId, body: &str) -> ChatMessage {
        self.post(ports, vec![text(sender, body)]).await.remove(0)
    }

    /// Stores a change that must be taken.
    pub async fn change(&self, ports: &Ports, change: RoomChange) -> RoomSaved {
        self.try_change(ports, change)
            .await
            .expect("the change is stored")
    }

    pub async fn try_change(&self, ports: &Ports, change: RoomChange) -> StoreResult<RoomSaved> {
        ports.rooms.change(self.room, self.epoch, &change).await
    }

    /// Brings somebody in at the room's present end.
    pub async fn add(&self, ports: &Ports, account: AccountId) {
        let change = RoomChange::Add {
            members: vec![self.seat(account)],
            passed: None,
            at: NOW,
        };
        self.change(ports, change).await;
    }

    /// The seat of somebody who comes in now.
    #[must_use]
    pub fn seat(&self, account: AccountId) -> Member {
        Member {
            account,
            role: Role::Member,
            nickname: String::new(),
            muted_until: Timestamp(0),
            joined_at: NOW,
            from_seq: self.last_seq.next(),
            read_seq: self.last_seq,
            quiet: false,
        }
    }

    pub async fn remove(&self, ports: &Ports, account: AccountId) {
        let accounts = vec![account];
        self.change(ports, RoomChange::Remove { accounts, at: NOW }).await;
    }

    pub async fn revoke(&self, ports: &Ports, message: &ChatMessage, at: Timestamp) {
        let message = message.id;
        self.change(ports, RoomChange::Revoke { message, at }).await;
    }

    /// How much `reader` has not read after `after`.
    pub async fn unread(&self, ports: &Ports, reader: AccountId, after: i64) -> i64 {
        let count = ports.rooms.unread(self.room, self.kind, reader, Seq(after)).await;
        count.expect("unread messages are counted")
    }

    /// The bodies of a page.
    pub async fn bodies(&self, ports: &Ports, query: &HistoryQuery) -> Vec<String> {
        let page = ports.rooms.page(self.room, query).await.expect("a page is read");
        page.messages
            .iter()
            .map(|message| message.body.to_string())
            .collect()
    }

    /// Everything that was said, oldest first.
    pub async fn transcript(&self, ports: &Ports) -> Vec<String> {
        self.bodies(ports, &HistoryQuery::all()).await
    }
}

/// Takes a room over and reads it.
pub async fn snapshot(ports: &Ports, room: RoomId) -> RoomSnapshot {
    ports
        .rooms
        .activate(room, Incarnation(0))
        .await
        .expect("the room is activated")
}

/// The seat of an account in a snapshot.
#[must_use]
pub fn seat_of(snapshot: &RoomSnapshot, account: AccountId) -> Option<Member> {
    snapshot.members.iter().find(|m| m.account == account).cloned()
}

/// The accounts that sit in a snapshot, by id.
#[must_use]
pub fn seated(snapshot: &RoomSnapshot) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = snapshot.members.iter().map(|m| m.account).collect();
    accounts.sort_unstable();
    accounts
}

/// Commits one batch.
pub async fn append(ports: &Ports, batch: RoomBatch) -> BatchOutcome {
    let outcomes = ports.journal.append(&[batch]).await;
    let mut outcomes = outcomes.expect("the batch is committed");
    assert_eq!(outcomes.len(), 1, "one outcome for one batch");
    outcomes.remove(0)
}

/// The message of a post that was stored.
#[must_use]
pub fn stored(outcome: PostOutcome) -> ChatMessage {
    match outcome {
        PostOutcome::Stored(message) => message,
        other => panic!("expected a stored post, got {other:?}"),
    }
}

/// Asserts that something was refused, with this failure.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: StoreResult<T>, why: &Failure) {
    assert_eq!(result.unwrap_err(), StoreError::Refused(why.clone()));
}

/// Asserts that a store took what it was given or said plainly that it does not take such texts; gives what it took.
#[track_caller]
pub fn taken_or_refused<T>(result: StoreResult<T>) -> Option<T> {
    match result {
        Ok(taken) => Some(taken),
        Err(StoreError::Refused(_)) => None,
        Err(other) => panic!("a strange text is no failure of storage: {other}"),
    }
}

/// The same for an append.
#[track_caller]
pub fn appended_or_refused(result: Result<Vec<BatchOutcome>, AppendError>) -> Option<Vec<BatchOutcome>> {
    match result {
        Ok(taken) => Some(taken),
        Err(AppendError::Refused(_)) => None,
        Err(other) => panic!("a strange text is no failure of storage: {other:?}"),
    }
}

/// Texts that a careless store would change, cut, or take for a part of its own language.
pub const STRANGE_TEXTS: &[&str] = &[
    "100%",
    "a_b",
    "it's",
    "\"quoted\"",
    "back\\slash",
    "'; DROP TABLE accounts; --",
    "$1 ? :name @p",
    "汉字 and 𝒻𝒶𝓃𝒸𝓎 😀",
    "e\u{301} is not \u{e9}",
    "tab\tline\nreturn\r",
    "\u{202e}right to left",
    "\u{fffd}\u{feff}\u{7f}",
    " leading and trailing ",
    "%",
    "_",
    "\\",
];
