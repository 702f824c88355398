//! `/healthz`: the process is alive. `/readyz`: it serves, by a probe that runs every second, so that the answer never waits.

use super::refusal;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use roost_actors::Failure;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

const PROBE_EVERY: Duration = Duration::from_secs(1);
/// Storage that has not answered by then is as good as none.
const PROBE_TIMEOUT: Duration = Duration::from_millis(900);
/// After that long without a result the probe itself is stuck.
const RESULT_AGE_MAX: Duration = Duration::from_secs(5);

/// Whether this node serves, as last seen.
pub struct Readiness {
    state: Mutex<State>,
}

struct State {
    draining: bool,
    storage: Result<(), String>,
    seen: Instant,
}

impl Default for Readiness {
    fn default() -> Readiness {
        Readiness {
            state: Mutex::new(State {
                draining: false,
                storage: Err("starting".to_owned()),
                seen: Instant::now(),
            }),
        }
    }
}

impl Readiness {
    /// From now on the node is not ready, because it stops.
    pub fn set_draining(&self) {
        self.lock().draining = true;
    }

    /// What the probe found.
    pub fn report(&self, storage: Result<(), String>) {
        let mut state = self.lock();
        state.storage = storage;
        state.seen = Instant::now();
    }

    /// Ready, or why not.
    pub fn verdict(&self) -> Result<(), String> {
        let state = self.lock();
        if state.draining {
            return Err("draining".to_owned());
        }
        if state.seen.elapsed() > RESULT_AGE_MAX {
            return Err(format!(
                "storage was last probed {} s ago",
                state.seen.elapsed().as_secs()
            ));
        }
        state.storage.clone().map_err(|why| format!("storage: {why}"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks once whether the node serves, and reports.
async fn probe_once(readiness: &Readiness, serves: &impl AsyncFn() -> Result<(), Failure>) {
    let result = match tokio::time::timeout(PROBE_TIMEOUT, serves()).await {
        Ok(answer) => answer.map_err(|failure| failure.to_string()),
        Err(_) => Err(format!("no answer within {} ms", PROBE_TIMEOUT.as_millis())),
    };
    readiness.report(result);
}

/// Asks every second for as long as the process lives.
pub async fn probe(readiness: Arc<Readiness>, serves: impl AsyncFn() -> Result<(), Failure>) {
    let mut ticks = tokio::time::interval(PROBE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        probe_once(&readiness, &serves).await;
    }
}

/// The two routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/healthz", web::head().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/readyz", web::head().to(readyz));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

async fn readyz(readiness: web::Data<Readiness>) -> HttpResponse {
    match readiness.verdict() {
        Ok(()) => HttpResponse::Ok().json(serde_json::json!({ "status": "ready" })),
        Err(why) => refusal(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_node_is_ready_only_while_storage_answers_and_it_does_not_drain() {
        let readiness = Readiness::default();
        assert_eq!(readiness.verdict(), Err("storage: starting".to_owned()));
        readiness.report(Ok(()));
        assert_eq!(readiness.verdict(), Ok(()));
        readiness.report(Err("gone".to_owned()));
        assert_eq!(readiness.verdict(), Err("storage: gone".to_owned()));
        readiness.report(Ok(()));
        tokio::time::advance(RESULT_AGE_MAX + PROBE_EVERY).await;
        assert_eq!(
            readiness.verdict(),
            Err("storage was last probed 6 s ago".to_owned())
        );
        readiness.report(Ok(()));
        readiness.set_draining();
        assert_eq!(readiness.verdict(), Err("draining".to_owned()));
    }
}
