//! The ledger's shell: reads when woken, tells the hubs of this node, lets readers in.

use super::state::{LedgerState, Next};
use crate::failure::Failure;
use crate::fanout::Fanout;
use crate::model::{CommitKey, LedgerPage};
use crate::ports::LedgerStore;
use actix::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::oneshot;

/// Wakes the ledger from any thread; many rings before it looks are one. Cheap to clone.
#[derive(Clone, Default)]
pub struct Bell(Arc<Rope>);

#[derive(Default)]
struct Rope {
    rung: AtomicBool,
    ledger: OnceLock<Addr<Ledger>>,
}

impl Bell {
    /// Something may be new.
    pub fn ring(&self) {
        if let Some(ledger) = self.0.ledger.get()
            && !self.0.rung.swap(true, Ordering::AcqRel)
            && ledger.try_send(Wake).is_err()
        {
            // It has much to do and will look again: the node rings every second.
            self.0.rung.store(false, Ordering::Release);
        }
    }

    fn hang(&self, ledger: Addr<Ledger>) {
        if self.0.ledger.set(ledger).is_err() {
            tracing::error!("the ledger was started twice");
        }
    }
}

/// A reader's seat. While it is kept the ledger is read.
pub struct LedgerSeat(Addr<Ledger>);

impl Drop for LedgerSeat {
    fn drop(&mut self) {
        // A message lost here only has the ledger read on for nobody.
        if self.0.try_send(Detach).is_err() {
            tracing::debug!("the ledger did not hear that a reader left");
        }
    }
}

/// Asks for a seat. Answered once everything that becomes final from now on will be told.
pub struct Attach(pub oneshot::Sender<Result<LedgerSeat, Failure>>);

impl Message for Attach {
    type Result = ();
}

struct Detach;

impl Message for Detach {
    type Result = ();
}

struct Wake;

impl Message for Wake {
    type Result = ();
}

/// One ledger a node.
pub struct Ledger {
    state: LedgerState,
    store: Arc<dyn LedgerStore>,
    fanout: Fanout,
    bell: Bell,
    waiting: Vec<oneshot::Sender<Result<LedgerSeat, Failure>>>,
    timer: Option<SpawnHandle>,
}

impl Ledger {
    /// Readers that come or go, waiting to be noted, at most.
    pub const MAILBOX_LEN_MAX: usize = 16_384;

    #[must_use]
    pub fn new(store: Arc<dyn LedgerStore>, fanout: Fanout, bell: Bell) -> Ledger {
        Ledger {
            state: LedgerState::default(),
            store,
            fanout,
            bell,
            waiting: Vec::new(),
            timer: None,
        }
    }

    fn follow(&mut self, next: Next, ctx: &mut Context<Self>) {
        match next {
            Next::Rest => {}
            Next::ReadAfterMs(ms) => {
                if let Some(timer) = self.timer.take() {
                    ctx.cancel_future(timer);
                }
                let timer = ctx.run_later(Duration::from_millis(ms), |ledger, ctx| {
                    ledger.timer = None;
                    let next = ledger.state.wake();
                    ledger.follow(next, ctx);
                });
                self.timer = Some(timer);
            }
            Next::Read(since) => {
                let (store, fanout) = (self.store.clone(), self.fanout.clone());
                let work = async move { read(&*store, &fanout, since).await };
                ctx.spawn(work.into_actor(self).map(move |page, ledger, ctx| {
                    let next = match page {
                        Ok(page) => ledger.state.read(since, &page),
                        Err(failure) => {
                            tracing::warn!(%failure, "the ledger could not be read");
                            ledger.refuse(&failure);
                            ledger.state.failed()
                        }
                    };
                    ledger.let_in(ctx);
                    ledger.follow(next, ctx);
                }));
            }
        }
    }

    fn let_in(&mut self, ctx: &Context<Self>) {
        if self.state.is_placed() {
            for reply in self.waiting.drain(..) {
                // Whoever asked and has gone drops the seat.
                let _ = reply.send(Ok(LedgerSeat(ctx.address())));
            }
        }
    }

    fn refuse(&mut self, failure: &Failure) {
        for reply in self.waiting.drain(..) {
            self.state.detach();
            let _ = reply.send(Err(failure.clone()));
        }
    }
}

/// Reads a page and tells it to the hubs before it counts as told.
async fn read(
    store: &dyn LedgerStore,
    fanout: &Fanout,
    since: Option<CommitKey>,
) -> Result<LedgerPage, Failure> {
    let page = store.since(since, LedgerState::PAGE_LINES_MAX).await?;
    if since.is_some() {
        fanout.to_ledger_readers(&page.entries).await;
    }
    Ok(page)
}

impl Actor for Ledger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(Ledger::MAILBOX_LEN_MAX);
        self.bell.hang(ctx.address());
    }
}

impl Handler<Attach> for Ledger {
    type Result = ();

    fn handle(&mut self, attach: Attach, ctx: &mut Context<Self>) {
        self.waiting.push(attach.0);
        let next = self.state.attach();
        self.let_in(ctx);
        self.follow(next, ctx);
    }
}

impl Handler<Detach> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Detach, _: &mut Context<Self>) {
        self.state.detach();
    }
}

impl Handler<Wake> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Wake, ctx: &mut Context<Self>) {
        self.bell.0.rung.store(false, Ordering::Release);
        let next = self.state.wake();
        self.follow(next, ctx);
    }
}
