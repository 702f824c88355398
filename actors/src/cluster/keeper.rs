//! Keeps a node a member: joins, says twice a second that it lives, and does what changes of members and links ask for.

use super::membership::{Beat, Incarnation, Membership, Step, View};
use super::placement::Placed;
use super::shell::{Cluster, lock};
use super::{Envelope, Plan};
use crate::failure::Failure;
use crate::ports::Joined;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// A heartbeat that takes longer counts as failed.
const BEAT: Duration = Duration::from_millis(1_500);
/// How often a node that may not join yet tries again.
const JOIN_PAUSE: Duration = Duration::from_millis(200);
/// A node of the same name that was heard of less long ago than at the last try is alive.
const NAME_WAIT_MS: i64 = Membership::DEAD_AFTER_MS + 1_000;

impl Cluster {
    /// Joins, waiting until an earlier life of this node is dead. Refused with `Exists(Name)` when it is not.
    pub async fn join(self: &Arc<Self>) -> Result<(), Failure> {
        let began = self.now();
        let mut heard_before = i64::MIN;
        loop {
            let sent_at = self.now();
            match self.store().join(&self.parts.joining).await? {
                Joined::Member(me, members) => {
                    let membership = Membership::joined(me, members, sent_at);
                    self.parts.standing.set(me, membership.lease_until());
                    let view = membership.view().clone();
                    *lock(&self.membership) = Some(membership);
                    tracing::info!(node = %self.parts.joining.name, incarnation = me.0, members = view.members().len(), "joined");
                    self.set_view(view);
                    self.tell_all(&Envelope::MembersChanged);
                    return Ok(());
                }
                Joined::NameTaken { heard_ms_ago } => {
                    let alive = heard_ms_ago < heard_before || self.now().since_ms(began) > NAME_WAIT_MS;
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
        let mut beats = tokio::time::interval(Duration::from_millis(Membership::HEARTBEAT_MS));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.parts.interest.watch();
        loop {
            tokio::select! {
                _ = beats.tick() => {
                    self.beat().await;
                    self.hand_over();
                    self.look_after(lock(&self.follows).due(self.now()));
                }
                () = self.wake.notified() => self.beat().await,
                () = self.parts.interest.wait_change() => {}
            }
            if self.moved.swap(false, Ordering::AcqRel) {
                self.hand_over();
                self.follow_anew();
            }
            self.follow_changes();
        }
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
            tracing::warn!(%error, "this node could not sign off; others notice within two seconds");
        }
        self.tell_all(&Envelope::MembersChanged);
    }

    async fn beat(self: &Arc<Self>) {
        let (me, sent_at) = (self.parts.standing.me(), self.now());
        let draining = self.draining.load(Ordering::Acquire);
        let beat = match tokio::time::timeout(BEAT, self.store().beat(me, draining)).await {
            Ok(beat) => beat,
            Err(_) => Beat::Failed(format!("no answer to a heartbeat within {} ms", BEAT.as_millis())),
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
        let check = self.perform(plan);
        if !check.is_empty() {
            let cluster = self.clone();
            tokio::spawn(async move { cluster.check(check).await });
        }
    }
}
