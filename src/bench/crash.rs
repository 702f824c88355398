//! `crash`: SIGKILL under load, again and again; what was acknowledged must be in history, once and in order.

use super::client::Client;
use super::figures::Report;
use super::options::Common;
use super::scene::{Plan, Scene};
use super::target::Target;
use super::watch::{Fallible, Trouble, Watch};
use crate::clock::SystemClock;
use crate::storage;
use futures_util::future::join_all;
use indicatif::ProgressBar;
use roost_actors::model::{HistoryQuery, MessageId, RoomId, Seq};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

/// How long the node lives between two deaths, in milliseconds.
const LIFE_MS: std::ops::RangeInclusive<u64> = 200..=1_000;
const MILLISECONDS: f64 = 1e3;
/// Members of each conversation: no direct one, so that groups are activated anew each time.
const MEMBERS: usize = 3;
const CONNECTIONS: usize = 2;

pub async fn run(
    times: usize,
    clients: usize,
    common: &Common,
    watch: Watch,
    bar: &ProgressBar,
) -> Fallible<Report> {
    let mut report = Report::new("crash");
    let mut target = Target::prepare(common, watch, &mut report).await?;
    report.fact("clients", clients);
    let plan = Plan {
        conversations: clients,
        members: MEMBERS,
        senders: 1,
        sockets: false,
    };
    let mut scene = Scene::build(&mut target, plan, watch, bar).await?;
    bar.set_length(times as u64);
    let stopping = Cell::new(false);
    let began = watch.elapsed();
    let posting = scene
        .clients
        .iter_mut()
        .map(|client| keep_posting(client, common.body, &stopping));
    let killing = async {
        let killed = kill_again_and_again(times, &mut target, bar, &mut report).await;
        stopping.set(true);
        killed
    };
    let (killed, _) = tokio::join!(killing, join_all(posting));
    killed?;
    let seconds = (watch.elapsed() - began).as_secs_f64();
    report.fact("kills", times);
    let retries: u64 = scene.clients.iter().map(|client| client.retries).sum();
    report.fact("posts repeated", retries);
    let acknowledged: usize = scene.clients.iter().map(|client| client.acks.len()).sum();
    report.add("acknowledged", "", acknowledged as f64);
    report.add("acknowledged_per_s", "1/s", acknowledged as f64 / seconds);
    bar.set_message("checking");
    let rooms = scene.groups();
    scene.close(&target, &mut report).await?;
    check_seqs(&mut target, &rooms, &mut report).await?;
    Ok(report)
}

async fn keep_posting(client: &mut Client, length: usize, stopping: &Cell<bool>) {
    while !stopping.get() {
        client.post_until_acknowledged(length).await;
    }
}

async fn kill_again_and_again(
    times: usize,
    target: &mut Target,
    bar: &ProgressBar,
    report: &mut Report,
) -> Fallible<()> {
    let live = || Duration::from_millis(rand::random_range(LIFE_MS));
    for time in 1..=times {
        bar.set_message("killing");
        tokio::time::sleep(live()).await;
        target.kill()?;
        let ready = target.run().await?;
        report.add("ready_after_kill_ms", "ms", ready.as_secs_f64() * MILLISECONDS);
        bar.set_position(time as u64);
    }
    tokio::time::sleep(live()).await;
    Ok(())
}

/// Looks into the storage of the dead node: in every room, seqs are 1, 2, 3 … and ids go up.
async fn check_seqs(target: &mut Target, groups: &[i64], report: &mut Report) -> Fallible<()> {
    target.kill()?;
    let url = target.storage_url().unwrap_or_default();
    let stores = storage::open(url, CONNECTIONS, Arc::new(SystemClock)).await;
    let stores = stores.map_err(|error| Trouble::new(error.to_string()))?;
    for group in groups {
        let (mut seq, mut id) = (Seq(0), MessageId(0));
        loop {
            let query = HistoryQuery::range(seq.next(), Seq(i64::MAX), HistoryQuery::LIMIT_MAX);
            let page = stores.rooms.page(RoomId(*group), &query).await;
            let messages = page.map_err(|error| Trouble::new(error.to_string()))?.messages;
            if messages.is_empty() {
                break;
            }
            for message in messages {
                if message.seq != seq.next() || message.id <= id {
                    report.failures.push(format!(
                        "group {group}: after seq {seq} and id {id} come seq {} and id {}",
                        message.seq, message.id
                    ));
                }
                (seq, id) = (message.seq, message.id);
            }
        }
    }
    Ok(())
}
