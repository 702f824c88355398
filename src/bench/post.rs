//! `post`: many conversations at once, as fast as answers come or at a rate.

use super::client::Client;
use super::commit::BareCommits;
use super::figures::Report;
use super::options::Common;
use super::scene::{Plan, Scene};
use super::target::{Target, own_cpu_seconds};
use super::watch::{Fallible, Trouble, Watch};
use futures_util::future::join_all;
use indicatif::ProgressBar;

const NANOSECONDS: f64 = 1e9;
const MICROSECONDS: f64 = 1e6;
/// Sent before the first round, so that rooms and connections are there: this part of a round.
const WARM_UP: f64 = 0.2;

/// What `post` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Posting {
    pub clients: usize,
    pub members: usize,
    pub rate: Option<f64>,
    pub sockets: bool,
}

pub async fn run(posting: Posting, common: &Common, watch: Watch, bar: &ProgressBar) -> Fallible<Report> {
    let mut report = Report::new("post");
    let mut target = Target::prepare(common, watch, &mut report).await?;
    let plan = Plan {
        conversations: posting.clients,
        members: posting.members,
        senders: 1,
        sockets: posting.sockets,
    };
    let mut scene = Scene::build(&mut target, plan, watch, bar).await?;
    report.fact("clients", posting.clients);
    report.fact("members of each conversation", posting.members);
    report.fact(
        "posts due",
        posting
            .rate
            .map_or("as answers come".to_owned(), |rate| format!("{rate}/s")),
    );
    let mut bare = match (common.baseline, target.storage_url(), target.folder()) {
        (false, ..) => None,
        (true, Some(url), Some(folder)) => Some(BareCommits::beside(url, &folder).await?),
        (true, ..) => return Err(Trouble::new("--baseline needs a node of the tool's own here")),
    };
    let load = |seconds| Load {
        seconds,
        rate: posting.rate,
        body: common.body,
        watch,
    };
    load(common.seconds * WARM_UP).put_on(&mut scene.clients).await;
    scene.settle(watch).await;
    scene.take_ack_latencies();
    scene.receivers.take().await?;
    for round in 1..=common.rounds {
        bar.set_message(format!("round {round} of {}", common.rounds));
        measure(&target, &mut scene, &load(common.seconds), &mut report).await?;
        if let Some(bare) = &mut bare {
            compare(bare, &load(common.seconds), &mut report).await?;
        }
    }
    bar.set_message("checking");
    scene.close(&target, &mut report).await?;
    Ok(report)
}

/// What clients do for a while.
#[derive(Clone, Copy)]
struct Load {
    seconds: f64,
    rate: Option<f64>,
    body: usize,
    watch: Watch,
}

impl Load {
    async fn put_on(&self, clients: &mut [Client]) {
        let began = self.watch.ns();
        let count = clients.len();
        let posting = clients
            .iter_mut()
            .enumerate()
            .map(|(index, client)| self.post_with(client, index, count, began));
        join_all(posting).await;
    }

    async fn post_with(&self, client: &mut Client, index: usize, clients: usize, began: u64) {
        let end = began + (self.seconds * NANOSECONDS) as u64;
        let Some(rate) = self.rate else {
            while self.watch.ns() < end {
                client.post(self.watch.ns(), self.body).await;
            }
            return;
        };
        for number in (index..).step_by(clients) {
            let due = began + (number as f64 / rate * NANOSECONDS) as u64;
            if due >= end {
                return;
            }
            // A post that is late because the one before it was not answered is timed from when it was due, so that
            // a slow answer counts for everything it holds up. A timer that wakes late is the tool's own doing.
            let from = if self.watch.ns() < due {
                self.watch.sleep_until(due).await;
                self.watch.ns()
            } else {
                due
            };
            client.post(from, self.body).await;
        }
    }
}

async fn measure(target: &Target, scene: &mut Scene, load: &Load, report: &mut Report) -> Fallible<()> {
    let client_cpu = own_cpu_seconds();
    let (began, cpu) = (load.watch.elapsed(), target.cpu_seconds().await?);
    load.put_on(&mut scene.clients).await;
    let took = (load.watch.elapsed() - began).as_secs_f64();
    scene.settle(load.watch).await;
    let settled = (load.watch.elapsed() - began).as_secs_f64();
    let cpu = (target.cpu_seconds().await? - cpu) * MICROSECONDS;
    let client_cpu = (own_cpu_seconds() - client_cpu) * MICROSECONDS;
    let acks = scene.take_ack_latencies();
    let received = scene.receivers.take().await?;
    report.add("acknowledged_per_s", "1/s", acks.count() as f64 / took);
    report.add_latencies("ack", &acks);
    report.add("server_cpu_us_per_ack", "us", cpu / acks.count() as f64);
    report.add("client_cpu_us_per_ack", "us", client_cpu / acks.count() as f64);
    if received.deliveries > 0 {
        let deliveries = received.deliveries as f64;
        report.add("deliveries_per_s", "1/s", deliveries / settled);
        report.add_latencies("delivery", &received.latencies);
        report.add("server_cpu_us_per_delivery", "us", cpu / deliveries);
    }
    Ok(())
}

/// The same number of bare commits, and as many as go one after the other; ratios to the round just measured.
async fn compare(bare: &mut BareCommits, load: &Load, report: &mut Report) -> Fallible<()> {
    let unpaced = bare.measure(load.watch, load.seconds, None, load.body).await?;
    report.add_latencies("bare_commit", &unpaced);
    let ack = report.last("ack_p50_ms");
    report.add("ack_p50_to_bare_commit", "x", ack / unpaced.quantile_ms(0.5));
    if load.rate.is_some() {
        let paced = bare
            .measure(load.watch, load.seconds, load.rate, load.body)
            .await?;
        report.add_latencies("bare_commit_at_rate", &paced);
        let ratio = ack / paced.quantile_ms(0.5);
        report.add("ack_p50_to_bare_commit_at_rate", "x", ratio);
    }
    let rate = report.last("acknowledged_per_s");
    let bare_rate = unpaced.count() as f64 / load.seconds;
    report.add("acknowledged_to_bare_commits", "x", rate / bare_rate);
    Ok(())
}
