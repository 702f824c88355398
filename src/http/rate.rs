//! Rates per address, account or login name, counted on this node. Memory is bounded: keys share a fixed number of places.

use super::Peering;
use crate::config::Limits;
use actix_web::{HttpRequest, web};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use roost_actors::Failure;
use roost_actors::model::AccountId;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Captcha,
    Register,
    Login,
    Send,
    /// Codes sent by e-mail or SMS, each of which costs somebody something.
    Code,
    /// Files put up.
    Upload,
}

/// Every rate of a node. All pass when limits are off.
pub struct Rates {
    limiters: Option<[DefaultKeyedRateLimiter<u32>; 6]>,
    clock: DefaultClock,
    /// Keyed by the process's own randomness, so that nobody can aim for the place of another.
    hasher: RandomState,
    places: u64,
}

impl Rates {
    #[must_use]
    pub fn new(limits: &Limits) -> Rates {
        let minute = |count: u32| RateLimiter::keyed(Quota::per_minute(at_least_one(count)));
        let limiters = limits.enabled.then(|| {
            let send = Quota::per_second(at_least_one(limits.send_per_second))
                .allow_burst(at_least_one(limits.send_per_second.saturating_mul(2)));
            [
                minute(limits.captcha_per_minute),
                minute(limits.register_per_minute),
                minute(limits.login_per_minute),
                RateLimiter::keyed(send),
                RateLimiter::keyed(Quota::per_hour(at_least_one(limits.codes_per_hour))),
                minute(limits.uploads_per_minute),
            ]
        });
        Rates {
            limiters,
            clock: DefaultClock::default(),
            hasher: RandomState::new(),
            places: (limits.rate_keys as u64).clamp(1, u64::from(u32::MAX)),
        }
    }

    /// Counts one try from an address. An IPv6 client is its /64: it may take any address in there.
    pub fn check_address(&self, rate: Rate, address: IpAddr) -> Result<(), Failure> {
        let network = match address.to_canonical() {
            IpAddr::V6(address) => {
                let s = address.segments();
                IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
            }
            v4 => v4,
        };
        self.check(rate, ("address", network))
    }

    /// Counts one try of an account.
    pub fn check_account(&self, rate: Rate, account: AccountId) -> Result<(), Failure> {
        self.check(rate, ("account", account))
    }

    /// Counts one try for a login name, whoever tries. Case does not matter.
    pub fn check_name(&self, rate: Rate, name: &str) -> Result<(), Failure> {
        self.check(rate, ("name", name.to_lowercase()))
    }

    fn check(&self, rate: Rate, key: impl Hash) -> Result<(), Failure> {
        let Some(limiters) = &self.limiters else {
            return Ok(());
        };
        let place = (self.hasher.hash_one(key) % self.places) as u32;
        limiters[rate as usize].check_key(&place).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            Failure::RateLimited {
                retry_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1),
            }
        })
    }
}

/// Counts one try from the address that a request comes from. Nothing is counted where no rates are kept.
pub fn check_address(request: &HttpRequest, rate: Rate) -> Result<(), Failure> {
    let peering = request.app_data::<web::Data<Peering>>();
    let peering = peering.map_or_else(Peering::default, |data| *data.get_ref());
    rates_of(request).map_or(Ok(()), |rates| rates.check_address(rate, peering.client(request)))
}

/// Counts one try of an account.
pub fn check_account(request: &HttpRequest, rate: Rate, account: AccountId) -> Result<(), Failure> {
    rates_of(request).map_or(Ok(()), |rates| rates.check_account(rate, account))
}

/// Counts one try for a login name, whoever tries.
pub fn check_name(request: &HttpRequest, rate: Rate, name: &str) -> Result<(), Failure> {
    rates_of(request).map_or(Ok(()), |rates| rates.check_name(rate, name))
}

fn rates_of(request: &HttpRequest) -> Option<&Rates> {
    request.app_data::<web::Data<Rates>>().map(web::Data::get_ref)
}

fn at_least_one(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            login_per_minute: 3,
            send_per_second: 2,
            ..Limits::default()
        }
    }

    #[test]
    fn over_its_rate_a_key_is_refused_with_the_time_to_wait_and_others_are_not() {
        let rates = Rates::new(&limits());
        let here: IpAddr = "10.0.0.1".parse().unwrap();
        for _ in 0..3 {
            assert_eq!(rates.check_address(Rate::Login, here), Ok(()));
        }
        let refused = rates.check_address(Rate::Login, here);
        assert!(
            matches!(refused, Err(Failure::RateLimited { retry_ms }) if (1..=20_000).contains(&retry_ms)),
            "{refused:?}"
        );
        assert_eq!(
            rates.check_address(Rate::Login, "10.0.0.2".parse().unwrap()),
            Ok(())
        );
        assert_eq!(rates.check_address(Rate::Captcha, here), Ok(()));
        assert_eq!(rates.check_name(Rate::Login, "anna"), Ok(()));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let rates = Rates::new(&limits());
        let tries = (0..4).map(|host| {
            let address = format!("2001:db8::{host:x}").parse().unwrap();
            rates.check_address(Rate::Login, address).is_ok()
        });
        assert_eq!(tries.collect::<Vec<_>>(), [true, true, true, false]);
    }

    #[test]
    fn sending_allows_a_burst_of_two_seconds() {
        let rates = Rates::new(&limits());
        let sent = (0..10)
            .filter(|_| rates.check_account(Rate::Send, AccountId::FIRST).is_ok())
            .count();
        assert_eq!(sent, 4);
    }

    #[test]
    fn limits_that_are_off_let_everything_pass_and_memory_is_bounded_when_on() {
        let off = Rates::new(&Limits {
            enabled: false,
            ..limits()
        });
        assert!((0..100).all(|_| off.check_name(Rate::Login, "anna").is_ok()));
        let on = Rates::new(&Limits {
            rate_keys: 8,
            ..limits()
        });
        for name in 0..1_000 {
            _ = on.check_name(Rate::Login, &name.to_string());
        }
        assert!(on.limiters.unwrap()[Rate::Login as usize].len() <= 8);
    }
}
