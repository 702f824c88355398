//! `replay`: a recorded conversation, everybody in it on a socket of their own, also through the death of the node.

use super::client::Client;
use super::figures::Report;
use super::freeim::{self, Place, User};
use super::ledger::{Ledger, Proof, ScriptLine};
use super::log::Log;
use super::options::Common;
use super::receivers::{Receivers, Seat};
use super::scene::note_refusals;
use super::target::Target;
use super::watch::{Fallible, Trouble, Watch};
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;

/// Between the post of the middle line and the node's death, at most, in milliseconds.
const KILL_WITHIN_MS: u64 = 3;
/// After that long without a delivery nothing more is expected.
const QUIET_AFTER: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(2);

pub async fn run(
    file: &Path,
    kill_half: bool,
    common: &Common,
    watch: Watch,
    bar: &ProgressBar,
) -> Fallible<Report> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Trouble::new(format!("{}: {error}", file.display())))?;
    let log = Log::read(&text).map_err(|fault| Trouble::new(format!("{}: {fault}", file.display())))?;
    let mut report = Report::new("replay");
    let mut target = Target::prepare(common, watch, &mut report).await?;
    report.fact("lines", log.lines.len());
    report.fact("nicks, each on a socket", log.nicks.len());
    report.fact("of them in renames", format!("{} times", log.renames));
    report.fact("node killed half-way", kill_half);
    bar.set_message("bringing everybody in");
    let mut cast = Cast::gather(&log, &mut target, watch).await?;
    bar.set_length(log.lines.len() as u64);
    let (began, cpu) = (watch.elapsed(), target.cpu_seconds().await?);
    let mut cpu_before_kill = 0.0;
    for (number, line) in log.lines.iter().enumerate() {
        let author = log.number_of(&line.nick).unwrap_or_default();
        if kill_half && number == log.lines.len() / 2 {
            cpu_before_kill = target.cpu_seconds().await? - cpu;
            cast.say_while_the_node_dies(author, number, &line.text, &mut target, &mut report)
                .await?;
        } else {
            cast.say(author, number, &line.text).await;
        }
        bar.set_position(number as u64);
    }
    cast.settle(log.lines.len(), watch).await;
    let seconds = (watch.elapsed() - began).as_secs_f64();
    let after = target.cpu_seconds().await? - if kill_half { 0.0 } else { cpu };
    let used = (cpu_before_kill + after) * 1e6;
    report.add("acknowledged_per_s", "1/s", log.lines.len() as f64 / seconds);
    let deliveries = cast.receivers.take().await?.deliveries as f64;
    report.add("deliveries", "", deliveries);
    report.add("deliveries_per_s", "1/s", deliveries / seconds);
    report.add("server_cpu_us_per_delivery", "us", used / deliveries);
    cast.close(&log, kill_half, &target, &mut report).await?;
    Ok(report)
}

/// Everybody in the log, in one group.
struct Cast {
    clients: Vec<Client>,
    receivers: Receivers,
    place: Place,
    /// Who has come back after the node died.
    came_back: usize,
}

impl Cast {
    async fn gather(log: &Log, target: &mut Target, watch: Watch) -> Fallible<Cast> {
        let users = target.accounts(log.nicks.len()).await?;
        let place = Place::Group(freeim::make_group(&mut target.connection(), "replay", &users).await?);
        let script = log.lines.iter().map(|line| ScriptLine {
            from: log.number_of(&line.nick).map_or(0, |number| users[number].id),
            body: line.text.clone(),
        });
        let ledger = Ledger::new(users.len(), Proof::Script(script.collect()));
        let receivers = Receivers::start(watch, vec![ledger], 0)?;
        for (receiver, user) in users.iter().enumerate() {
            let (stream, first) = target.open_socket(user)?;
            receivers.join(Seat { ledger: 0, receiver }, stream, first)?;
        }
        let client = |(sender, user): (usize, &User)| {
            Client::new(sender, user.clone(), place, target.connection(), watch)
        };
        Ok(Cast {
            clients: users.iter().enumerate().map(client).collect(),
            receivers,
            place,
            came_back: 0,
        })
    }

    /// Posts a line, until it is acknowledged: the next one comes after it.
    async fn say(&mut self, author: usize, number: usize, text: &str) {
        say(&mut self.clients[author], number, text).await;
    }

    /// Posts a line and kills the node meanwhile; starts it, and has everybody come back and read what they missed.
    async fn say_while_the_node_dies(
        &mut self,
        author: usize,
        number: usize,
        text: &str,
        target: &mut Target,
        report: &mut Report,
    ) -> Fallible<()> {
        let users: Vec<User> = self.clients.iter().map(|client| client.user.clone()).collect();
        let (receivers, place) = (&self.receivers, self.place);
        let dying = async {
            let delay = rand::random_range(0..=KILL_WITHIN_MS);
            tokio::time::sleep(Duration::from_millis(delay)).await;
            target.kill()?;
            let ready = target.run().await?;
            report.add("ready_after_kill_ms", "ms", ready.as_secs_f64() * 1e3);
            for (receiver, user) in users.iter().enumerate() {
                come_back(target, receivers, Seat { ledger: 0, receiver }, user, place).await?;
            }
            Ok(())
        };
        let (died, ()) = tokio::join!(dying, say(&mut self.clients[author], number, text));
        self.came_back = users.len();
        died
    }

    async fn settle(&self, lines: usize, watch: Watch) {
        let progress = &self.receivers.progress;
        let (mut seen, mut since) = (progress.delivered(), watch.elapsed());
        while progress.complete() < lines as u64 && watch.elapsed() - since < QUIET_AFTER {
            tokio::time::sleep(POLL).await;
            if progress.delivered() != seen {
                (seen, since) = (progress.delivered(), watch.elapsed());
            }
        }
    }

    async fn close(self, log: &Log, kill_half: bool, target: &Target, report: &mut Report) -> Fallible<()> {
        note_refusals(&self.clients, report);
        let retries: u64 = self.clients.iter().map(|client| client.retries).sum();
        report.fact("posts repeated", retries);
        let expected = if kill_half { self.came_back as u64 } else { 0 };
        let closed = self.receivers.progress.closed();
        if closed != expected {
            report
                .failures
                .push(format!("{closed} sockets ended, expected {expected}"));
        }
        let reader = &self.clients[0].user;
        let history = freeim::history(&mut target.connection(), &reader.token, self.place, 0).await?;
        let ledgers = self.receivers.end().await?;
        if ledgers[0].len() != log.lines.len() || history.len() != log.lines.len() {
            report.failures.push(format!(
                "{} lines, {} of them delivered, {} in history",
                log.lines.len(),
                ledgers[0].len(),
                history.len()
            ));
        }
        report.faults.add(ledgers[0].close(&[], &history));
        let name_of = |id| self.clients.iter().position(|client| client.user.id == id);
        let mut digest = Sha256::new();
        for item in &history {
            let nick = name_of(item.from).map_or("?", |number| log.nicks[number].as_str());
            digest.update(format!("{nick}\t{}\n", item.body));
        }
        let hex: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        report.fact("history sha256", hex);
        Ok(())
    }
}

async fn say(client: &mut Client, number: usize, text: &str) {
    let key = format!("replay-{number}");
    if let Err(why) = client.send_until_acknowledged(text, &key).await {
        client.note_refusal(why);
    }
}

/// What a client does that lost its socket: opens another, then reads what it has not seen.
async fn come_back(
    target: &Target,
    receivers: &Receivers,
    seat: Seat,
    user: &User,
    place: Place,
) -> Fallible<()> {
    let (stream, first) = target.open_socket(user)?;
    receivers.rejoin(seat, stream, first)?;
    let seen = receivers.position(seat).await?;
    let missed = freeim::history(&mut target.connection(), &user.token, place, seen).await?;
    receivers.catch_up(seat, missed)
}
