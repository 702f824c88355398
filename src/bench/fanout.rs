//! `fanout`: one room, many members on sockets; beside it, on demand, the bare server and a room without listeners.

use super::bare::BareServer;
use super::figures::{Latencies, Report};
use super::freeim::{self, Item};
use super::ledger::{Ack, Ledger, Proof};
use super::options::Common;
use super::receivers::{Receivers, Seat};
use super::scene::{Plan, Scene};
use super::stamp::Stamp;
use super::target::{Target, own_cpu_seconds};
use super::watch::{Fallible, Trouble, Watch};
use futures_util::future::join_all;
use indicatif::ProgressBar;
use std::time::Duration;

const NANOSECONDS: f64 = 1e9;
const MICROSECONDS: f64 = 1e6;
const WARM_UP: f64 = 0.2;
/// A message that is not everywhere by then is lost.
const COMPLETE_TIMEOUT: Duration = Duration::from_secs(20);

/// What `fanout` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Fanning {
    pub members: usize,
    pub in_flight: usize,
}

/// What one side did in a round.
#[derive(Debug)]
struct Leg {
    messages: f64,
    deliveries: f64,
    seconds: f64,
    server_cpu_us: f64,
    client_cpu_us: f64,
    acks: Latencies,
    latencies: Latencies,
}

pub async fn run(fanning: Fanning, common: &Common, watch: Watch, bar: &ProgressBar) -> Fallible<Report> {
    let mut report = Report::new("fanout");
    if fanning.in_flight < 1 || fanning.members < 3.max(fanning.in_flight) {
        let why = "fanout needs three members, and as many as messages in flight";
        return Err(Trouble::new(why));
    }
    let mut target = Target::prepare(common, watch, &mut report).await?;
    let room = |sockets| Plan {
        conversations: 1,
        members: if sockets {
            fanning.members
        } else {
            fanning.in_flight.max(3)
        },
        senders: fanning.in_flight,
        sockets,
    };
    report.fact("members", fanning.members);
    report.fact("messages in flight", fanning.in_flight);
    let mut scene = Scene::build(&mut target, room(true), watch, bar).await?;
    let mut bare = None;
    let mut quiet = None;
    if common.baseline {
        bare = Some(Bare::start(fanning, common, watch).await?);
        quiet = Some(Scene::build(&mut target, room(false), watch, bar).await?);
    }
    // A round nobody counts, so that everything has happened once.
    node_leg(&target, &mut scene, common, common.seconds * WARM_UP, watch).await?;
    for round in 1..=common.rounds {
        bar.set_message(format!("round {round} of {}", common.rounds));
        let leg = node_leg(&target, &mut scene, common, common.seconds, watch).await?;
        note_node(&mut report, &leg);
        if let Some(bare) = &mut bare {
            let other = bare.leg(common.seconds).await?;
            note_bare(&mut report, &leg, &other);
        }
        if let Some(quiet) = &mut quiet {
            let cpu = quiet_leg(&target, quiet, common, watch).await?;
            note_quiet(&mut report, cpu, fanning.members);
        }
    }
    bar.set_message("checking");
    scene.close(&target, &mut report).await?;
    if let Some(quiet) = quiet {
        quiet.close(&target, &mut report).await?;
    }
    if let Some(bare) = bare {
        bare.close(&mut report).await?;
    }
    Ok(report)
}

fn note_node(report: &mut Report, leg: &Leg) {
    report.add("acknowledged_per_s", "1/s", leg.messages / leg.seconds);
    report.add("deliveries_per_s", "1/s", leg.deliveries / leg.seconds);
    report.add_latencies("ack", &leg.acks);
    report.add_latencies("delivery", &leg.latencies);
    report.add("server_cpu_us_per_ack", "us", leg.server_cpu_us / leg.messages);
    report.add(
        "server_cpu_us_per_delivery",
        "us",
        leg.server_cpu_us / leg.deliveries,
    );
    report.add(
        "client_cpu_us_per_delivery",
        "us",
        leg.client_cpu_us / leg.deliveries,
    );
}

fn note_bare(report: &mut Report, node: &Leg, bare: &Leg) {
    report.add("bare_deliveries_per_s", "1/s", bare.deliveries / bare.seconds);
    report.add_latencies("bare_delivery", &bare.latencies);
    let cpu = bare.server_cpu_us / bare.deliveries;
    report.add("bare_cpu_us_per_delivery", "us", cpu);
    report.add(
        "bare_client_cpu_us_per_delivery",
        "us",
        bare.client_cpu_us / bare.deliveries,
    );
    let ratio = node.server_cpu_us / node.deliveries / cpu;
    report.add("server_cpu_to_bare", "x", ratio);
}

/// What a post costs where nobody listens (the request, its checks, the commit, the answer) is an upper bound of what
/// history adds to a delivery.
fn note_quiet(report: &mut Report, cpu_us_per_post: f64, members: usize) {
    report.add("post_alone_cpu_us", "us", cpu_us_per_post);
    let share = cpu_us_per_post / members as f64 / report.last("bare_cpu_us_per_delivery");
    report.add("post_alone_to_bare", "x", share);
}

async fn node_leg(
    target: &Target,
    scene: &mut Scene,
    common: &Common,
    seconds: f64,
    watch: Watch,
) -> Fallible<Leg> {
    let client_cpu = own_cpu_seconds();
    let (began, cpu) = (watch.elapsed(), target.cpu_seconds().await?);
    let end = watch.ns() + (seconds * NANOSECONDS) as u64;
    let progress = scene.receivers.progress.clone();
    let posting = scene.clients.iter_mut().map(|client| {
        let progress = progress.clone();
        async move {
            while watch.ns() < end {
                if client.post(watch.ns(), common.body).await {
                    let everywhere = progress.wait_for(client.sender, client.acks.len() as u64);
                    if tokio::time::timeout(COMPLETE_TIMEOUT, everywhere).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    join_all(posting).await;
    scene.settle(watch).await;
    let seconds = (watch.elapsed() - began).as_secs_f64();
    let server_cpu_us = (target.cpu_seconds().await? - cpu) * MICROSECONDS;
    let acks = scene.take_ack_latencies();
    let received = scene.receivers.take().await?;
    Ok(Leg {
        messages: acks.count() as f64,
        deliveries: received.deliveries as f64,
        seconds,
        server_cpu_us,
        client_cpu_us: (own_cpu_seconds() - client_cpu) * MICROSECONDS,
        acks,
        latencies: received.latencies,
    })
}

/// As many messages in flight into a room without listeners. The node's CPU a post, in microseconds.
async fn quiet_leg(target: &Target, scene: &mut Scene, common: &Common, watch: Watch) -> Fallible<f64> {
    let cpu = target.cpu_seconds().await?;
    let end = watch.ns() + (common.seconds * NANOSECONDS) as u64;
    let posting = scene.clients.iter_mut().map(|client| async move {
        while watch.ns() < end {
            client.post(watch.ns(), common.body).await;
        }
    });
    join_all(posting).await;
    let cpu = target.cpu_seconds().await? - cpu;
    Ok(cpu * MICROSECONDS / scene.take_ack_latencies().count() as f64)
}

/// The bare server with the same number of subscribers.
struct Bare {
    server: BareServer,
    receivers: Receivers,
    in_flight: u64,
    body: usize,
    watch: Watch,
    sent: Vec<Item>,
}

impl Bare {
    async fn start(fanning: Fanning, common: &Common, watch: Watch) -> Fallible<Bare> {
        let server = BareServer::start().await?;
        let receivers = Receivers::start(watch, vec![Ledger::new(fanning.members, Proof::Stamps)], 1)?;
        for receiver in 0..fanning.members {
            let (stream, first) = server.open_socket()?;
            receivers.join(Seat { ledger: 0, receiver }, stream, first)?;
        }
        Ok(Bare {
            server,
            receivers,
            in_flight: fanning.in_flight as u64,
            body: common.body,
            watch,
            sent: Vec::new(),
        })
    }

    async fn leg(&mut self, seconds: f64) -> Fallible<Leg> {
        let client_cpu = own_cpu_seconds();
        let (began, cpu) = (self.watch.elapsed(), self.server.cpu_seconds()?);
        let end = self.watch.ns() + (seconds * NANOSECONDS) as u64;
        let first = self.sent.len();
        while self.watch.ns() < end {
            let complete = self.receivers.progress.complete_of(0);
            let due = complete + self.in_flight - self.sent.len() as u64;
            let texts: Vec<String> = (0..due).map(|_| self.next_text()).collect();
            self.server.publish(&texts).await?;
            self.wait_for(complete + 1).await?;
        }
        self.wait_for(self.sent.len() as u64).await?;
        let received = self.receivers.take().await?;
        Ok(Leg {
            messages: (self.sent.len() - first) as f64,
            deliveries: received.deliveries as f64,
            seconds: (self.watch.elapsed() - began).as_secs_f64(),
            server_cpu_us: (self.server.cpu_seconds()? - cpu) * MICROSECONDS,
            client_cpu_us: (own_cpu_seconds() - client_cpu) * MICROSECONDS,
            acks: Latencies::default(),
            latencies: received.latencies,
        })
    }

    async fn wait_for(&self, count: u64) -> Fallible<()> {
        let everywhere = self.receivers.progress.wait_for(0, count);
        let waited = tokio::time::timeout(COMPLETE_TIMEOUT, everywhere).await;
        waited.map_err(|_| Trouble::new("the bare server did not deliver"))
    }

    /// A frame as FreeIM's members are sent.
    fn next_text(&mut self) -> String {
        const FROM: i64 = 10_000_000;
        let counter = self.sent.len() as u64;
        let stamp = Stamp {
            sender: 0,
            counter,
            due_ns: self.watch.ns(),
        };
        let item = Item {
            id: self.sent.len() as i64 + 1,
            from: FROM,
            body: stamp.body(self.body),
        };
        let text = freeim::frame_text(item.id, item.from, 1, &item.body);
        self.sent.push(item);
        text
    }

    /// The bare server is checked as the node is, or the comparison would mean nothing.
    async fn close(self, report: &mut Report) -> Fallible<()> {
        let acks: Vec<Ack> = self.sent.iter().zip(0..).map(ack).collect();
        let ledgers = self.receivers.end().await?;
        let faults = ledgers[0].close(&acks, &self.sent);
        if !faults.is_none() {
            report
                .failures
                .push(format!("the bare server is at fault: {faults:?}"));
        }
        Ok(())
    }
}

fn ack((item, counter): (&Item, u64)) -> Ack {
    Ack {
        id: item.id,
        sender: 0,
        counter,
    }
}
