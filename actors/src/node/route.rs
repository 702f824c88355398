//! The way of a request to the actor it is for: here, or on the node where it lives now.

use super::Node;
use crate::cluster::routing::{Attempt, Next, Retry, Seek};
use crate::cluster::{Answer, Cluster, Incarnation, Placed, Question, Route};
use crate::failure::Failure;
use crate::model::{AccountId, RoomId};
use crate::room::{RoomAnswer, RoomRequest};
use crate::user::{UserAnswer, UserRequest};
use std::sync::Arc;
use std::time::Duration;

impl Node {
    pub(super) async fn ask_room(&self, room: RoomId, request: RoomRequest) -> Result<RoomAnswer, Failure> {
        // A stopping node takes nothing more in, unless there are others to do it.
        if self.is_draining() && self.cluster().is_none() && !request.is_read() {
            return Err(Failure::Unavailable("this node stops".to_owned()));
        }
        let retry = request.retry();
        let attempt = || self.attempt_room(room, request.clone(), 0);
        self.seek(attempt, retry, || format!("room {room}")).await
    }

    pub(super) async fn ask_user(
        &self,
        account: AccountId,
        request: UserRequest,
    ) -> Result<UserAnswer, Failure> {
        let retry = if request.is_read() {
            Retry::Reads
        } else {
            Retry::Unsafe
        };
        let attempt = || self.attempt_user(account, request.clone(), 0);
        self.seek(attempt, retry, || format!("user {account}")).await
    }

    async fn seek<T>(
        &self,
        attempt: impl AsyncFn() -> Attempt<T>,
        retry: Retry,
        what: impl Fn() -> String,
    ) -> Result<T, Failure> {
        let began = self.clock().steady();
        let mut seek = Seek::new(retry);
        loop {
            let outcome = match attempt().await {
                // The common case, without a look at the clock.
                Attempt::Answered(Ok(answer)) => return Ok(answer),
                outcome => outcome,
            };
            let elapsed_ms = self.clock().steady().since_ms(began);
            match seek.next(outcome, elapsed_ms, &what()) {
                Next::Done(answer) => return answer,
                Next::AgainAfterMs(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            }
        }
    }

    /// One attempt at a room, wherever this node thinks it lives.
    pub(crate) async fn attempt_room(
        &self,
        room: RoomId,
        request: RoomRequest,
        hops: u8,
    ) -> Attempt<RoomAnswer> {
        match self.route(Placed::Room(room)) {
            Ok(None) => self.0.rooms.attempt(room, request).await,
            Ok(Some((cluster, to))) => match cluster.ask(to, hops, Question::Room(room, request)).await {
                Attempt::Answered(Ok(Answer::Room(answer))) => Attempt::Answered(Ok(answer)),
                other => other_attempt(other),
            },
            Err(failure) => Attempt::NotDone(failure),
        }
    }

    /// One attempt at a user's actor, wherever this node thinks it lives.
    pub(crate) async fn attempt_user(
        &self,
        account: AccountId,
        request: UserRequest,
        hops: u8,
    ) -> Attempt<UserAnswer> {
        match self.route(Placed::User(account)) {
            Ok(None) => self.0.users.attempt(account, request).await,
            Ok(Some((cluster, to))) => match cluster.ask(to, hops, Question::User(account, request)).await {
                Attempt::Answered(Ok(Answer::User(answer))) => Attempt::Answered(Ok(answer)),
                other => other_attempt(other),
            },
            Err(failure) => Attempt::NotDone(failure),
        }
    }

    /// `None`: here, and this node's lease holds.
    fn route(&self, placed: Placed) -> Result<Option<(&Arc<Cluster>, Incarnation)>, Failure> {
        let Some(cluster) = self.cluster() else {
            return Ok(None);
        };
        match cluster.route(placed) {
            Route::Here if self.0.standing.holds() => Ok(None),
            Route::There(peer) => Ok(Some((cluster, peer))),
            Route::Here | Route::Nowhere => {
                let why = cluster
                    .problem()
                    .unwrap_or_else(|| "no node is a member".to_owned());
                Err(Failure::Unavailable(why))
            }
        }
    }
}

fn other_attempt<T>(attempt: Attempt<Answer>) -> Attempt<T> {
    match attempt {
        Attempt::Answered(Ok(answer)) => Attempt::Answered(Err(Failure::Internal(format!(
            "a peer answered another question: {answer:?}"
        )))),
        Attempt::Answered(Err(failure)) => Attempt::Answered(Err(failure)),
        Attempt::NotDone(failure) => Attempt::NotDone(failure),
        Attempt::Lost => Attempt::Lost,
    }
}
