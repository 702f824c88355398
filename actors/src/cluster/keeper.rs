//! Keeps a node a member: joins, says twice a second that it lives, and does what changes of members and links ask for.

use super::membership::{Beat, Incarnation, Membership, Step, View};
use super::placement::Placed;
use super::shell::{Cluster, lock};
use super::{Envelope, Plan, Wishes};
use crate::failure::Failure;
use crate::model::Timestamp;
use crate::ports::Joined;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How often a node that may not join yet tries again.
const JOIN_PAUSE: Duration = Duration::from_millis(200);
/// How often in the time of a heartbeat members are looked at while one of them may have ended.
const LOOKS_PER_HEARTBEAT: i64 = 5;
/// A node of the same name that is not dead so long after it should be is alive, in milliseconds.
const NAME_WAIT_MS: i64 = 1_000;

impl Cluster {
    /// Joins, waiting until an earlier life of this node is dead. Refused with `Exists(Name)` when it is not.
    pub async fn join(self: &Arc<Self>) -> Result<(), Failure> {
        let (began, timing) = (self.now(), self.parts.joining.timing);
        let mut heard_before = i64::MIN;
        loop {
            let sent_at = self.now();
            match self.store().join(&self.parts.joining).await? {
                Joined::Member(me, members) => {
                    let membership = Membership::joined(me, timing, members, sent_at);
                    self.parts.standing.set(me, membership.lease_until());
                    let view = membership.view().clone();
                    *lock(&self.membership) = Some(membership);
                    tracing::info!(node = %self.parts.joining.name, incarnation = me.0, members = view.members().len(), "joined");
                    self.set_view(view);
                    self.tell_all(&Envelope::MembersChanged);
                    return Ok(());
                }
                Joined::NameTaken { heard_ms_ago } => {
                    let alive = heard_ms_ago < heard_before
                        || self.now().since_ms(began) > timing.dead_after_ms + NAME_WAIT_MS;
                    if alive {
                        return Err(Failure::Exists(crate::failure::Thing::Name));
                    }
                    if heard_before == i64::MIN {
                        tracing::info!(node = %self.parts.joining.name, "waiting for the end of this node's earlier lease");
                    }
                    heard_before = heard_ms_ago;
                    tokio::time::sleep(JOIN_PAUSE).await;
                }
            }
        }
    }

    /// Runs for as long as the node does.
    pub async fn keep(self: Arc<Self>) {
        let mut beats = tokio::time::interval(milliseconds(self.parts.joining.timing.heartbeat_ms));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.parts.interest.watch();
        loop {
            tokio::select! {
                // In this order, so that a simulated node does the same every time.
                biased;
                _ = beats.tick() => {
                    self.beat().await;
                    self.hand_over();
                    self.look_again();
                }
                () = self.wake.notified() => self.beat().await,
                () = self.soon() => self.beat().await,
                () = self.parts.interest.wait_change() => {}
            }
            if self.moved.swap(false, Ordering::AcqRel) {
                self.hand_over();
                self.follow_anew();
            }
            self.follow_changes();
        }
    }

    /// Waits until it is time to look at the members before the next heartbeat: a link that ends may be a node's end,
    /// and its rooms wait for nothing but to be found without an owner.
    async fn soon(&self) {
        let timing = self.parts.joining.timing;
        let suspicion_ms = timing.dead_after_ms + timing.heartbeat_ms;
        let lost_at = Timestamp(self.link_lost_at.load(Ordering::Acquire));
        if self.now().since_ms(lost_at) > suspicion_ms {
            return std::future::pending().await;
        }
        tokio::time::sleep(milliseconds(timing.heartbeat_ms / LOOKS_PER_HEARTBEAT)).await;
    }

    /// Has others take over what lives here, and tells them.
    pub async fn drain(self: &Arc<Self>) {
        self.draining.store(true, Ordering::Release);
        self.beat().await;
        self.tell_all(&Envelope::MembersChanged);
        self.hand_over();
    }

    /// Ends the membership: what this node still owns may be taken at once.
    pub async fn leave(&self) {
        let me = self.parts.standing.me();
        if let Err(error) = self.store().leave(me).await {
            tracing::warn!(%error, "this node could not sign off; others notice by its silence");
        }
        self.tell_all(&Envelope::MembersChanged);
    }

    async fn beat(self: &Arc<Self>) {
        let (me, sent_at) = (self.parts.standing.me(), self.now());
        let draining = self.draining.load(Ordering::Acquire);
        let patience_ms = self.parts.joining.timing.beat_ms_max();
        let beating = self.store().beat(me, draining);
        let beat = match tokio::time::timeout(milliseconds(patience_ms), beating).await {
            Ok(beat) => beat,
            Err(_) => Beat::Failed(format!("no answer to a heartbeat within {patience_ms} ms")),
        };
        if let Beat::Failed(why) = &beat {
            tracing::warn!(%why, "a heartbeat failed");
        }
        let (step, lease_until, view) = {
            let mut membership = lock(&self.membership);
            let Some(membership) = membership.as_mut() else {
                return;
            };
            let step = membership.beat(beat, sent_at);
            (step, membership.lease_until(), membership.view().clone())
        };
        self.parts.standing.set(me, lease_until);
        match step {
            Step::Stay => {}
            Step::Moved => {
                let names: Vec<&str> = view.members().iter().map(|member| member.name.as_ref()).collect();
                tracing::info!(members = names.join(","), "the members have changed");
                self.set_view(view);
            }
            Step::Rejoin => self.rejoin(me).await,
        }
    }

    /// Declared dead: others may own by now what this node did.
    async fn rejoin(self: &Arc<Self>, me: Incarnation) {
        tracing::warn!(
            incarnation = me.0,
            "this node was declared dead: it drops its rooms and joins again"
        );
        lock(&self.follows).all_lost();
        self.set_view(Arc::new(View::default()));
        if let Some(node) = self.parts.node.upgrade() {
            node.hand_over(|_| true);
        }
        while let Err(failure) = self.join().await {
            tracing::warn!(%failure, "could not join again yet");
            tokio::time::sleep(JOIN_PAUSE).await;
        }
    }

    /// Sends rooms and users that belong elsewhere on their way.
    fn hand_over(&self) {
        let Some(node) = self.parts.node.upgrade() else {
            return;
        };
        let view = self.view();
        let me = self.parts.standing.me();
        let elsewhere = |placed: Placed| view.owner(placed).is_some_and(|owner| owner.incarnation != me);
        let handed = node.hand_over(elsewhere);
        if handed > 0 {
            self.parts.meters.cluster.hand_overs.add(handed as u64);
            tracing::info!(handed, "rooms and users handed over");
        }
    }

    /// Members or links have changed: everything followed is looked at.
    fn follow_anew(self: &Arc<Self>) {
        let keys: Vec<(Placed, bool)> = {
            let follows = lock(&self.follows);
            follows
                .keys()
                .map(|placed| (placed, self.parts.interest.follows(placed)))
                .collect()
        };
        self.reconcile(keys);
    }

    fn follow_changes(self: &Arc<Self>) {
        let changes = self.parts.interest.take_changes();
        if !changes.is_empty() {
            self.reconcile(changes);
        }
    }

    fn reconcile(self: &Arc<Self>, keys: Vec<(Placed, bool)>) {
        let (view, linked) = (self.view(), self.linked());
        let plan = {
            let mut follows = lock(&self.follows);
            let me = self.parts.standing.me();
            follows.reconcile(keys.into_iter(), &view, me, &linked, self.now())
        };
        self.look_after(plan);
    }

    fn look_after(self: &Arc<Self>, plan: Plan) {
        let (check, reread) = self.perform(plan);
        self.check_later(check);
        self.reread_later(reread);
    }

    /// Does what is due. What is compared with storage time and again waits for the last time to end.
    fn look_again(self: &Arc<Self>) {
        let Ok(turn) = self.looking.clone().try_lock_owned() else {
            return;
        };
        let plan = lock(&self.follows).due(self.now());
        let (mut check, reread) = self.perform(plan);
        let Wishes { rooms, accounts } = self.due_again();
        check.rooms.extend(rooms);
        check.accounts.extend(accounts);
        if !check.is_empty() {
            let cluster = self.clone();
            tokio::spawn(async move {
                cluster.check(check).await;
                drop(turn);
            });
        }
        self.reread_later(reread);
    }
}

fn milliseconds(ms: i64) -> Duration {
    Duration::from_millis(ms.unsigned_abs())
}
