//! A bound on work that is heavy: few at once, some waiting, the rest refused as busy.

use roost_actors::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub struct Turns {
    name: &'static str,
    running: Arc<Semaphore>,
    callers: Arc<AtomicUsize>,
    callers_max: usize,
}

/// The right to work, until it is dropped.
pub struct Turn {
    _running: OwnedSemaphorePermit,
    _place: Place,
}

impl Turns {
    pub fn new(name: &'static str, running_max: usize, waiting_max: usize) -> Turns {
        Turns {
            name,
            running: Arc::new(Semaphore::new(running_max)),
            callers: Arc::default(),
            callers_max: running_max + waiting_max,
        }
    }

    /// Waits for a turn. Refused with `Busy` when too many wait already.
    pub async fn take(&self) -> Result<Turn, Failure> {
        let before = self.callers.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(&self.callers));
        if before >= self.callers_max {
            return Err(Failure::Busy(self.name.to_owned()));
        }
        let running = Arc::clone(&self.running).acquire_owned().await;
        Ok(Turn {
            _running: running.map_err(|error| Failure::Internal(error.to_string()))?,
            _place: place,
        })
    }

    /// Does work on a blocking thread when its turn has come. Work that panics is an internal error.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = self.take().await?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Held by the work, not by the caller, who may have gone.
            drop(turn);
            done
        });
        done.await
            .map_err(|error| Failure::Internal(format!("{}: {error}", self.name)))
    }
}

/// One caller's place in the queue, given back however the caller ends.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test]
    async fn more_callers_than_places_are_told_it_is_busy() {
        let turns = Turns::new("work", 1, 2);
        let held = turns.take().await.unwrap();
        let waiting = join_all((0..5).map(|_| turns.blocking(|| ())));
        let (results, ()) = tokio::join!(waiting, async {
            tokio::task::yield_now().await;
            drop(held);
        });
        let busy = results
            .iter()
            .filter(|result| matches!(result, Err(Failure::Busy(_))))
            .count();
        assert_eq!(busy, 3);
        assert_eq!(turns.callers.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_gives_its_turn_back() {
        let turns = Turns::new("work", 1, 1);
        let failed = turns.blocking(|| -> () { panic!("of the test") }).await;
        assert!(matches!(failed, Err(Failure::Internal(_))));
        assert_eq!(turns.blocking(|| 7).await, Ok(7));
    }
}
