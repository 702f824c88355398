//! `journal`: the journal's store without the node around it: rows a second by size of batch, beside bare commits.

use super::commit::BareCommits;
use super::database::Storage;
use super::figures::{Latencies, Report};
use super::options::Common;
use super::watch::{Fallible, Trouble, Watch};
use crate::clock::SystemClock;
use crate::storage::{self, Stores};
use indicatif::ProgressBar;
use roost_actors::cluster::Incarnation;
use roost_actors::model::{
    AccountId, Counts, Epoch, HistoryQuery, MessageKind, NewAccount, NewGroup, Place, RoomId, RoomKind,
    RoomRules, Seq, Timestamp,
};
use roost_actors::ports::{BatchOutcome, Clock, PostDraft, PostOutcome, RoomBatch};
use std::sync::Arc;

const NANOSECONDS: f64 = 1e9;
/// Rows of a commit.
const BATCHES: [usize; 4] = [1, 10, 100, 1_000];
const CONNECTIONS: usize = 2;
/// As whom the rooms are taken: no node has this incarnation.
const NODE: Incarnation = Incarnation(i64::MAX);

pub async fn run(rooms: usize, common: &Common, watch: Watch, bar: &ProgressBar) -> Fallible<Report> {
    if !common.url.is_empty() {
        return Err(Trouble::new(
            "journal opens a storage of its own: leave --url out",
        ));
    }
    let mut report = Report::new("journal");
    let place = Storage::prepare(common).await?;
    report.fact("storage", common.storage.name());
    report.fact("rooms, at most", rooms);
    let stores = storage::open(&place.url, CONNECTIONS, Arc::new(SystemClock)).await;
    let stores = stores.map_err(|error| Trouble::new(error.to_string()))?;
    let mut bare = BareCommits::beside(&place.url, place.folder.path()).await?;
    let mut writer = Writer::prepare(stores, rooms.max(1), common.body).await?;
    for round in 1..=common.rounds {
        bar.set_message(format!("round {round} of {}", common.rounds));
        let commits = bare.measure(watch, common.seconds, None, common.body).await?;
        report.add_latencies("bare_commit", &commits);
        report.add(
            "bare_commits_per_s",
            "1/s",
            commits.count() as f64 / common.seconds,
        );
        let mut single = f64::NAN;
        for rows in BATCHES {
            let latencies = writer.write(watch, common.seconds, rows).await?;
            let rate = latencies.count() as f64 * rows as f64 / common.seconds;
            report.add(&format!("rows_per_s_at_{rows}"), "1/s", rate);
            report.add(
                &format!("append_p50_ms_at_{rows}"),
                "ms",
                latencies.quantile_ms(0.5),
            );
            report.add(
                &format!("append_p99_ms_at_{rows}"),
                "ms",
                latencies.quantile_ms(0.99),
            );
            if rows == 1 {
                single = rate;
                let ratio = latencies.quantile_ms(0.5) / commits.quantile_ms(0.5);
                report.add("append_p50_to_bare_commit", "x", ratio);
            } else {
                report.add(&format!("rows_at_{rows}_to_1"), "x", rate / single);
            }
        }
    }
    bar.set_message("checking");
    writer.check(&mut report).await?;
    Ok(report)
}

/// What is appended to a room next.
struct Room {
    id: RoomId,
    epoch: Epoch,
    last_seq: Seq,
    counts: Counts,
}

struct Writer {
    stores: Stores,
    sender: AccountId,
    rooms: Vec<Room>,
    /// The room that takes the next row.
    next: usize,
    body: Arc<str>,
}

impl Writer {
    async fn prepare(stores: Stores, rooms: usize, bytes: usize) -> Fallible<Writer> {
        let trouble = |error: roost_actors::ports::StoreError| Trouble::new(error.to_string());
        let account = NewAccount {
            id: None,
            uuid: SystemClock.uuid(),
            username: Some("bench".to_owned()),
            email: None,
            mobile: None,
            external: None,
            nickname: "bench".to_owned(),
            avatar: String::new(),
            password_hash: None,
            created_at: SystemClock.now(),
        };
        let sender = stores.directory.create(&account).await.map_err(trouble)?.id;
        let mut ready = Vec::with_capacity(rooms);
        for _ in 0..rooms {
            let id = stores.rooms.create_group(&group(sender)).await.map_err(trouble)?;
            let snapshot = stores.rooms.activate(id, NODE).await.map_err(trouble)?;
            ready.push(Room {
                id,
                epoch: snapshot.epoch,
                last_seq: snapshot.last_seq,
                counts: snapshot.counts,
            });
        }
        Ok(Writer {
            stores,
            sender,
            rooms: ready,
            next: 0,
            body: "x".repeat(bytes).into(),
        })
    }

    /// Appends batches of so many rows for a while, one after the other. How long each took.
    async fn write(&mut self, watch: Watch, seconds: f64, rows: usize) -> Fallible<Latencies> {
        let mut latencies = Latencies::default();
        let end = watch.ns() + (seconds * NANOSECONDS) as u64;
        while watch.ns() < end {
            let batches = self.batches(rows);
            let before = watch.ns();
            let outcomes = self.stores.journal.append(&batches).await;
            latencies.record(watch.ns() - before);
            let outcomes = outcomes.map_err(|error| Trouble::new(format!("an append failed: {error:?}")))?;
            self.note(&batches, &outcomes)?;
        }
        Ok(latencies)
    }

    /// The next rows, dealt out to the rooms in turn.
    fn batches(&mut self, rows: usize) -> Vec<RoomBatch> {
        let rooms = self.rooms.len().min(rows);
        let first = self.next;
        self.next = (first + rooms) % self.rooms.len();
        let batch = |turn: usize| {
            let room = &self.rooms[(first + turn) % self.rooms.len()];
            let posts = rows / rooms + usize::from(turn < rows % rooms);
            RoomBatch {
                room: room.id,
                kind: RoomKind::Group,
                epoch: room.epoch,
                last_seq: room.last_seq,
                counts: room.counts,
                posts: (0..posts).map(|_| self.draft()).collect(),
                reads: Vec::new(),
            }
        };
        (0..rooms).map(batch).collect()
    }

    fn draft(&self) -> PostDraft {
        PostDraft {
            sender: self.sender,
            kind: MessageKind::Text,
            body: self.body.clone(),
            private: false,
            extra: None,
            token: None,
            created_at: SystemClock.now(),
        }
    }

    /// Moves the rooms on. Every post must be stored, at the seq after the one before it.
    fn note(&mut self, batches: &[RoomBatch], outcomes: &[BatchOutcome]) -> Fallible<()> {
        for (batch, outcome) in batches.iter().zip(outcomes) {
            let BatchOutcome::Committed {
                posts,
                last_seq,
                counts,
            } = outcome
            else {
                return Err(Trouble::new("a batch was fenced, and nobody else writes here"));
            };
            let mut seq = batch.last_seq;
            for post in posts {
                match post {
                    PostOutcome::Stored(message) if message.seq == seq.next() => seq = message.seq,
                    other => return Err(Trouble::new(format!("after seq {seq} came {other:?}"))),
                }
            }
            let stored = seq.0 - batch.last_seq.0;
            if seq != *last_seq || stored != batch.posts.len() as i64 {
                return Err(Trouble::new(format!(
                    "seq {last_seq} after {stored} posts from {}",
                    batch.last_seq
                )));
            }
            if let Some(room) = self.rooms.iter_mut().find(|room| room.id == batch.room) {
                (room.last_seq, room.counts) = (*last_seq, *counts);
            }
        }
        Ok(())
    }

    /// Whether history holds as many rows as were appended.
    async fn check(&self, report: &mut Report) -> Fallible<()> {
        for room in &self.rooms {
            let query = HistoryQuery {
                limit: 1,
                with_total: true,
                ..HistoryQuery::all()
            };
            let page = self.stores.rooms.page(room.id, &query).await;
            let page = page.map_err(|error| Trouble::new(error.to_string()))?;
            report.faults.lost += (room.last_seq.0 - page.total).max(0).unsigned_abs();
            report.faults.duplicated += (page.total - room.last_seq.0).max(0).unsigned_abs();
        }
        Ok(())
    }
}

fn group(owner: AccountId) -> NewGroup {
    NewGroup {
        name: "bench".to_owned(),
        avatar: String::new(),
        intro: String::new(),
        owner,
        members: Vec::new(),
        owner_joins: true,
        member_limit: 500,
        rules: RoomRules::default(),
        place: Place::default(),
        super_group: false,
        category: String::new(),
        claims_name: false,
        created_at: Timestamp(0),
    }
}
