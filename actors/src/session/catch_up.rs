//! Reading back what a session missed, a bounded step at a time: messages of a room by seq, revocations since it
//! was away, and the state behind account events that did not fit.

use crate::failure::Failure;
use crate::hub::{Behind, Place};
use crate::model::{Caller, HistoryPage, HistoryQuery, Push, RoomKind, Seq, Timestamp};
use crate::node::Node;
use std::time::Duration;

/// Messages in one step, at most.
const STEP_MESSAGES: i64 = 32;
/// Revocations that are read at a time.
const PAGE_REVOCATIONS: i64 = 256;
/// How long a step waits before it lets itself be tried again when it failed.
const RETRY: Duration = Duration::from_millis(500);
/// How much earlier than the node's own clock a revocation may be dated by another node, in milliseconds.
const CLOCKS_APART_MS: i64 = 5_000;

/// What a session has to read back.
pub enum Missed {
    InRoom(Behind),
    OfAccount,
}

/// What one step found.
pub struct Step {
    /// To be shown, in this order.
    pub pushes: Vec<Push>,
    outcome: Outcome,
}

enum Outcome {
    /// Everything up to here of the room is in `pushes`, and if `to_end` so are its revocations.
    Room {
        behind: Behind,
        seen: Seq,
        to_end: bool,
    },
    Account,
    /// The account's state could not be read.
    AccountFailed,
    /// To be tried again.
    Failed,
}

/// What is to be read back next.
#[must_use]
pub fn missed(place: &Place) -> Option<Missed> {
    match place.behind() {
        Some(behind) => Some(Missed::InRoom(behind)),
        None => place.missed_account_push.take().then_some(Missed::OfAccount),
    }
}

/// Reads one step.
pub async fn step(node: &Node, me: Caller, missed: Missed) -> Step {
    let read = match missed {
        Missed::InRoom(behind) => in_room(node, behind).await,
        Missed::OfAccount => of_account(node, me).await,
    };
    match read {
        Ok(step) => step,
        Err(failure) => {
            tracing::debug!(account = %me.account, %failure, "a session could not read back what it missed yet");
            tokio::time::sleep(RETRY).await;
            let outcome = match missed {
                Missed::InRoom(_) => Outcome::Failed,
                Missed::OfAccount => Outcome::AccountFailed,
            };
            Step {
                pushes: Vec::new(),
                outcome,
            }
        }
    }
}

impl Step {
    /// Tells the hub how far the session has come, after its pushes are in the pipe.
    pub fn note(&self, place: &Place) {
        match self.outcome {
            Outcome::Room { behind, seen, to_end } => {
                let signals = to_end.then_some(behind.signals);
                place.caught_up(behind.room, seen, signals);
            }
            Outcome::AccountFailed => place.missed_account_push.set(true),
            Outcome::Account | Outcome::Failed => {}
        }
    }
}

async fn in_room(node: &Node, behind: Behind) -> Result<Step, Failure> {
    let room = node.room(behind.room);
    let page = match room
        .range(HistoryQuery::range(behind.from, Seq(i64::MAX), STEP_MESSAGES))
        .await
    {
        Ok(page) => page,
        // A room that is no more has nothing to show.
        Err(Failure::Unknown(_)) => HistoryPage::default(),
        Err(failure) => return Err(failure),
    };
    let kind = page.kind.unwrap_or(RoomKind::Group);
    let to_end = (page.messages.len() as i64) < STEP_MESSAGES;
    let seen = page
        .messages
        .last()
        .map_or(Seq(behind.from.0 - 1), |last| last.seq);
    let mut pushes: Vec<Push> = page
        .messages
        .into_iter()
        .map(|message| match message.revoked_at {
            None => Push::Posted { kind, message },
            Some(_) => Push::Revoked { kind, message },
        })
        .collect();
    if to_end && behind.signals > 0 {
        pushes.extend(revocations(node, &behind, kind).await?);
    }
    Ok(Step {
        pushes,
        outcome: Outcome::Room { behind, seen, to_end },
    })
}

/// What was revoked while the session was away, of what it had seen before.
async fn revocations(node: &Node, behind: &Behind, kind: RoomKind) -> Result<Vec<Push>, Failure> {
    let mut revoked = Vec::new();
    loop {
        let query = HistoryQuery {
            revoked_since: Some(since(behind.since)),
            offset: revoked.len() as i64,
            ..HistoryQuery::range(Seq(1), Seq(behind.from.0 - 1), PAGE_REVOCATIONS)
        };
        let page = match node.room(behind.room).range(query).await {
            Ok(page) => page.messages,
            Err(Failure::Unknown(_)) => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let is_last = (page.len() as i64) < PAGE_REVOCATIONS;
        revoked.extend(page.into_iter().map(|message| Push::Revoked { kind, message }));
        if is_last {
            return Ok(revoked);
        }
    }
}

fn since(away: Timestamp) -> Timestamp {
    away.plus_ms(-CLOCKS_APART_MS)
}

/// The state behind account events: who asks for friendship or to join, and how far peers have read.
async fn of_account(node: &Node, me: Caller) -> Result<Step, Failure> {
    let to = me.account;
    let told = node.directory().told(to).await?;
    // Oldest first.
    let asked = told.friend_requests.into_iter().rev();
    let asked = asked.map(|from| Push::FriendRequested { from, to });
    let joining = told.join_requests.into_iter();
    let joining = joining.map(|(room, account)| Push::JoinRequested { room, account, to });
    let read = told.read_by.into_iter().map(|(reader, up_to)| Push::Read {
        reader,
        author: to,
        up_to,
    });
    Ok(Step {
        pushes: asked.chain(joining).chain(read).collect(),
        outcome: Outcome::Account,
    })
}
