//! Who takes part in a run: accounts, their conversations, the sockets that listen and the clients that post.

use super::client::Client;
use super::figures::{Latencies, Report};
use super::freeim::{self, Place, User};
use super::ledger::{Ledger, Proof};
use super::receivers::{Receivers, Seat};
use super::target::Target;
use super::watch::{Fallible, Trouble, Watch};
use indicatif::ProgressBar;
use std::time::Duration;

/// After that long without a delivery nothing more is expected.
const QUIET_AFTER: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(2);

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub conversations: usize,
    /// Members of each; 2 are a direct conversation, in which the first writes and the second listens.
    pub members: usize,
    /// Members of each that post.
    pub senders: usize,
    /// Whether members listen on sockets.
    pub sockets: bool,
}

/// Everyone, ready to go.
pub struct Scene {
    pub clients: Vec<Client>,
    pub receivers: Receivers,
    /// Of each conversation, somebody who may read it.
    readers: Vec<(User, Place)>,
    sockets: bool,
}

impl Scene {
    pub async fn build(target: &mut Target, plan: Plan, watch: Watch, bar: &ProgressBar) -> Fallible<Scene> {
        if plan.members < 1 || plan.conversations < 1 {
            return Err(Trouble::new(
                "a run needs at least one conversation with a member",
            ));
        }
        bar.set_message("making accounts");
        let users = target.accounts(plan.conversations * plan.members).await?;
        let (mut clients, mut readers, mut listeners) = (Vec::new(), Vec::new(), Vec::new());
        bar.set_message("making conversations");
        let mut connection = target.connection();
        for members in users.chunks(plan.members) {
            let (place, listening) = match members {
                [_, peer] => (Place::Friend(peer.id), &members[1..]),
                _ => {
                    let group = target.group(&mut connection, members).await?;
                    (Place::Group(group), members)
                }
            };
            readers.push((members[0].clone(), place));
            for user in &members[..plan.senders.min(members.len())] {
                let sender = clients.len();
                clients.push(Client::new(
                    sender,
                    user.clone(),
                    place,
                    target.connection(),
                    watch,
                ));
            }
            listeners.push(if plan.sockets { listening } else { &[] });
        }
        // Where nobody listens, whoever reads history at the end is the receiver.
        let ledgers = listeners
            .iter()
            .map(|users| Ledger::new(users.len().max(1), Proof::Stamps));
        let receivers = Receivers::start(watch, ledgers.collect(), clients.len())?;
        open_sockets(target, &receivers, &listeners, bar)?;
        Ok(Scene {
            clients,
            receivers,
            readers,
            sockets: plan.sockets,
        })
    }

    /// Waits until everything acknowledged was shown to everybody, or nothing comes any more.
    pub async fn settle(&self, watch: Watch) {
        if !self.sockets {
            return;
        }
        let acknowledged: usize = self.clients.iter().map(|client| client.acks.len()).sum();
        let progress = &self.receivers.progress;
        let (mut seen, mut since) = (progress.delivered(), watch.elapsed());
        while progress.complete() < acknowledged as u64 && watch.elapsed() - since < QUIET_AFTER {
            tokio::time::sleep(POLL).await;
            if progress.delivered() != seen {
                (seen, since) = (progress.delivered(), watch.elapsed());
            }
        }
    }

    /// The latencies of acknowledgements since the last time, and how many there were.
    pub fn take_ack_latencies(&mut self) -> Latencies {
        let mut all = Latencies::default();
        for client in &mut self.clients {
            all.add(&std::mem::take(&mut client.latencies));
        }
        all
    }

    /// The groups of the run.
    #[must_use]
    pub fn groups(&self) -> Vec<i64> {
        let group = |place: &Place| match place {
            Place::Group(id) => Some(*id),
            Place::Friend(_) => None,
        };
        self.readers
            .iter()
            .filter_map(|(_, place)| group(place))
            .collect()
    }

    /// Ends the run: everything sent, received and stored is compared.
    pub async fn close(self, target: &Target, report: &mut Report) -> Fallible<()> {
        note_refusals(&self.clients, report);
        let closed = self.receivers.progress.closed();
        if closed > 0 {
            report
                .failures
                .push(format!("{closed} sockets ended during the run"));
        }
        let mut connection = target.connection();
        let ledgers = self.receivers.end().await?;
        for (mut ledger, (reader, place)) in ledgers.into_iter().zip(&self.readers) {
            let posting = || self.clients.iter().filter(|client| client.is_of(reader, *place));
            let acks: Vec<_> = posting().flat_map(|client| client.acks.iter().copied()).collect();
            let history = freeim::history(&mut connection, &reader.token, *place, 0).await?;
            if !self.sockets {
                ledger.catch_up(0, &history);
            }
            report.faults.add(ledger.close(&acks, &history));
            // What was not acknowledged may have been stored, but nothing else.
            let refused: u64 = posting().map(|client| client.refused).sum();
            let strange = ledger.len().saturating_sub(acks.len() + refused as usize);
            if strange > 0 {
                report
                    .failures
                    .push(format!("{strange} messages that nobody posted"));
            }
        }
        Ok(())
    }
}

impl Client {
    /// Whether this client posts into the conversation that `reader` reads at `place`.
    fn is_of(&self, reader: &User, place: Place) -> bool {
        self.place == place && (matches!(place, Place::Group(_)) || self.user.id == reader.id)
    }
}

/// Posts that were not acknowledged make a run a failure.
pub fn note_refusals(clients: &[Client], report: &mut Report) {
    let refused: u64 = clients.iter().map(|client| client.refused).sum();
    if let Some(first) = clients.iter().find_map(|client| client.first_refusal.as_deref()) {
        report.failures.push(format!(
            "{refused} posts were not acknowledged, the first: {first}"
        ));
    }
}

fn open_sockets(
    target: &Target,
    receivers: &Receivers,
    listeners: &[&[User]],
    bar: &ProgressBar,
) -> Fallible<()> {
    bar.set_message("opening sockets");
    for (ledger, users) in listeners.iter().enumerate() {
        for (receiver, user) in users.iter().enumerate() {
            let (stream, first) = target.open_socket(user)?;
            receivers.join(Seat { ledger, receiver }, stream, first)?;
        }
    }
    Ok(())
}
