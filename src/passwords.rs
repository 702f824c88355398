//! Password hashes by argon2id, on blocking threads, few at once.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString, rand_core::OsRng};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use roost_actors::Failure;
use roost_actors::ports::Passwords;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes that may run at the same time: each takes 19 MiB and a core.
const RUNNING_MAX: usize = 2;
/// Callers that may wait for their turn before others are told that the node is busy.
const WAITING_MAX: usize = 64;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The argon2id adapter.
#[derive(Clone)]
pub struct Argon2Passwords {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    callers: Arc<AtomicUsize>,
    /// Verified against when there is no account, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Argon2Passwords {
    /// Makes the adapter. Fails only if the parameters above are not argon2's.
    pub fn new() -> Result<Argon2Passwords, Failure> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(internal)?;
        let salt = SaltString::generate(&mut OsRng);
        // Only its shape matters: nothing hashes to all zeroes.
        let decoy = format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${}",
            "A".repeat(43)
        );
        Ok(Argon2Passwords {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(RUNNING_MAX)),
            callers: Arc::new(AtomicUsize::new(0)),
            decoy: decoy.into(),
        })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let _place = Place::take(&self.callers)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(internal)?;
        let argon2 = self.argon2.clone();
        tokio::task::spawn_blocking(move || {
            let result = work(&argon2);
            // Held by the work, not by the caller, who may have gone.
            drop(turn);
            result
        })
        .await
        .map_err(internal)?
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: &str) -> Result<String, Failure> {
        let password = password.to_owned();
        self.in_turn(move |argon2| {
            let salt = SaltString::generate(&mut OsRng);
            argon2
                .hash_password(password.as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(internal)
        })
        .await
    }

    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Failure> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        let password = password.to_owned();
        let fits = self
            .in_turn(move |argon2| {
                let hash = PasswordHash::new(&hash).map_err(internal)?;
                Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(fits && known)
    }
}

/// One caller's place in the queue, given back however the caller ends.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(callers: &Arc<AtomicUsize>) -> Result<Place, Failure> {
        let before = callers.fetch_add(1, Ordering::Relaxed);
        let place = Place(Arc::clone(callers));
        if before >= RUNNING_MAX + WAITING_MAX {
            return Err(Failure::Busy("password hashing".to_owned()));
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let passwords = Argon2Passwords::new().unwrap();
        let hash = passwords.hash("päss").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify("päss", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("pass", Some(&hash)).await.unwrap());
        assert_ne!(passwords.hash("päss").await.unwrap(), hash);
    }

    #[tokio::test]
    async fn no_account_is_verified_like_a_wrong_password() {
        let passwords = Argon2Passwords::new().unwrap();
        assert!(!passwords.verify("any", None).await.unwrap());
    }

    #[tokio::test]
    async fn more_callers_than_the_queue_holds_are_told_it_is_busy() {
        let passwords = Argon2Passwords::new().unwrap();
        let callers = RUNNING_MAX + WAITING_MAX + 5;
        let held = Arc::clone(&passwords.turns)
            .acquire_many_owned(RUNNING_MAX as u32)
            .await
            .unwrap();
        let waiting = join_all((0..callers).map(|_| passwords.in_turn(|_| Ok(()))));
        let release = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        let (results, ()) = tokio::join!(waiting, release);
        let busy = results
            .iter()
            .filter(|result| matches!(result, Err(Failure::Busy(_))))
            .count();
        assert_eq!(busy, 5);
        assert_eq!(passwords.callers.load(Ordering::Relaxed), 0);
    }
}
