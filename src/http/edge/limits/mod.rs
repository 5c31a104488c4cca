//! Rate limits per key, device or address (GCRA by the `governor` crate).
//!
//! Each action has its buckets in order: API key, device, address. The first bucket with quota left
//! lets the request pass. So an empty device bucket falls back to the address, which a client could
//! get anyway by leaving out its token. Times are monotonic, so a clock that jumps does not freeze
//! a limit.
//!
//! A device has a bucket only after it was seen to live, and all devices of an address have a ceiling:
//! tokens cost nothing. The ceiling is two: who has sent nothing for an hour does not wait behind
//! those who send again and again.

mod lives;
mod settings;
mod table;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{NoOpMiddleware, StateInformationMiddleware};
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::http::edge::client::Network;
use crate::http::wire::problem::Problem;
use table::{Part, Table};

pub(in crate::http) use lives::{Device, Lives, Token, hour};
pub use settings::{Allowance, LimitMode, LimitSettings};

/// Limit of the number of keys in all buckets together.
pub(in crate::http) const KEYS: usize = 100_000;

/// The kinds of actions that have limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Act {
    Create,
    Device,
    Read,
}

/// The identities of a caller.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Caller {
    pub(in crate::http) network: Network,
    pub(in crate::http) device: Option<Device>,
    pub(in crate::http) key: Option<u64>,
}

/// A key that is counted in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Network(Network),
    Device(u128),
    Key(u64),
}

/// The result of a bucket for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Verdict {
    /// The bucket's name.
    pub(in crate::http) policy: &'static str,
    pub(in crate::http) allowed: bool,
    quota: Quota,
    remaining: u32,
    /// Until the next request passes, or until the full quota is restored.
    wait: Duration,
}

struct Bucket<C: Clock> {
    name: &'static str,
    quota: Quota,
    part: Part,
    limiter: RateLimiter<Subject, Part, C, StateInformationMiddleware>,
}

/// Passes at most once a second.
type Second<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// All limits of the process.
pub(in crate::http) struct Limits<C: Clock = DefaultClock> {
    settings: LimitSettings,
    create_key: Bucket<C>,
    create_device: Bucket<C>,
    create_address: Bucket<C>,
    /// One report of a device in an hour.
    first: Bucket<C>,
    /// All devices of an address: their first reports in an hour, and the others.
    gateway: [Bucket<C>; 2],
    device: [Bucket<C>; 1],
    read: [Bucket<C>; 2],
    /// Limits sweeps of a full table to one a second.
    sweeps: Second<C>,
    table: Table,
    clock: C,
}

impl Limits {
    pub(in crate::http) fn new(settings: LimitSettings) -> Self {
        Self::with(settings, KEYS, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn with(settings: LimitSettings, keys: usize, clock: C) -> Self {
        let table = Table::new(keys);
        let mut number = 0;
        let mut bucket = |name, allowance: Allowance| {
            number += 1;
            let (quota, part) = (allowance.quota(), table.part(number));
            let limiter = RateLimiter::new(quota, part.clone(), clock.clone());
            Bucket { name, quota, part, limiter }
        };
        let second = || RateLimiter::direct_with_clock(Quota::per_second(NonZeroU32::MIN), clock.clone());
        Self {
            create_key: bucket("create-key", settings.create_by_key),
            create_device: bucket("create-device", settings.create_by_device),
            create_address: bucket("create-address", settings.create_by_address),
            first: bucket("create-device", Allowance::of(1, 3_600)),
            gateway: [(); 2].map(|()| bucket("create-gateway", settings.create_by_gateway)),
            device: [bucket("device-address", settings.device_by_address)],
            read: [
                bucket("read-key", settings.read_by_key),
                bucket("read-address", settings.read_by_address),
            ],
            sweeps: second(),
            settings,
            table,
            clock,
        }
    }

    pub(in crate::http) fn mode(&self) -> LimitMode {
        self.settings.mode
    }

    /// Whether this address is exempt from limits.
    pub(in crate::http) fn exempt(&self, address: IpAddr) -> bool {
        self.settings.mode == LimitMode::Off || self.settings.exempt.iter().any(|n| n.contains(&address))
    }

    /// Keys in the table.
    pub(in crate::http) fn keys(&self) -> usize {
        self.table.len()
    }

    /// Counts one action; `None` if it is not counted because the table is full.
    pub(in crate::http) fn check(&self, act: Act, caller: Caller) -> Option<Verdict> {
        let address = Some(Subject::Network(caller.network));
        let key = caller.key.map(Subject::Key);
        let check = |bucket: &Bucket<C>, subject: Option<Subject>| self.check_bucket(bucket, subject?);
        match act {
            Act::Create => first([&|| check(&self.create_key, key), &|| self.check_device(caller), &|| {
                check(&self.create_address, address)
            }]),
            Act::Device => check(&self.device[0], address),
            Act::Read => first([&|| check(&self.read[0], key), &|| check(&self.read[1], address)]),
        }
    }

    /// The report of a device: its own bucket and the ceiling of its address must both have room. `None` for
    /// one that was not seen to live.
    fn check_device(&self, caller: Caller) -> Option<Verdict> {
        let device = Subject::Device(caller.device.filter(|d| d.lives)?.id);
        let before = [&self.create_device, &self.first].map(|bucket| bucket.part.state(device));
        let own = self.check_bucket(&self.create_device, device)?;
        if !own.allowed {
            return Some(own);
        }
        let is_first = self.check_bucket(&self.first, device).is_some_and(|v| v.allowed);
        let ceiling = &self.gateway[usize::from(!is_first)];
        let over = self.check_bucket(ceiling, Subject::Network(caller.network)).filter(|v| !v.allowed);
        let Some(over) = over else { return Some(own) };
        // What was refused costs the device nothing.
        for (bucket, before) in [&self.create_device, &self.first].into_iter().zip(before) {
            bucket.part.restore(device, before);
        }
        Some(over)
    }

    /// `None` if the subject is not in the table and the table is full.
    fn check_bucket(&self, bucket: &Bucket<C>, subject: Subject) -> Option<Verdict> {
        if !bucket.part.admits(&subject) {
            if self.sweeps.check().is_ok() {
                self.sweep();
            }
            if !bucket.part.admits(&subject) {
                return None;
            }
        }
        let quota = bucket.quota;
        let verdict =
            |allowed, remaining, wait| Verdict { policy: bucket.name, allowed, quota, remaining, wait };
        Some(match bucket.limiter.check_key(&subject) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                verdict(true, remaining, quota.replenish_interval() * (quota.burst_size().get() - remaining))
            }
            Err(until) => verdict(false, 0, until.wait_time_from(self.clock.now())),
        })
    }

    /// Removes the keys whose quota is fully restored, which changes no decision.
    fn sweep(&self) {
        let create = [&self.create_key, &self.create_device, &self.create_address, &self.first];
        let others = self.gateway.iter().chain(&self.device).chain(&self.read);
        for bucket in create.into_iter().chain(others) {
            bucket.limiter.retain_recent();
        }
        if self.table.is_full() {
            tracing::warn!("rate limit table is full: new clients are not limited");
        }
    }
}

impl Verdict {
    /// The headers of draft-ietf-httpapi-ratelimit-headers-10: `q` requests in a window of `w`
    /// seconds, `r` remaining, and `t` seconds until all of them (or, after a refusal, the next
    /// one) are available again.
    pub(in crate::http) fn headers(&self, headers: &mut HeaderMap) {
        let name = self.policy;
        let (q, w) = (self.quota.burst_size(), ceil(self.quota.burst_size_replenished_in()));
        let mut set = |header: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        };
        set("ratelimit-policy", format!("\"{name}\";q={q};w={w}"));
        set("ratelimit", format!("\"{name}\";r={};t={}", self.remaining, ceil(self.wait)));
    }

    /// 429.
    pub(in crate::http) fn problem(&self) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests")
            .detail(format!("the limit {} is used up", self.policy))
            .with("policy", self.policy)
            .retry_after(u32::try_from(ceil(self.wait)).unwrap_or(u32::MAX).max(1))
    }
}

/// The first bucket with quota left; otherwise the refusal with the shortest wait.
fn first<const N: usize>(checks: [&dyn Fn() -> Option<Verdict>; N]) -> Option<Verdict> {
    let mut refusal: Option<Verdict> = None;
    for verdict in checks.into_iter().filter_map(|check| check()) {
        if verdict.allowed {
            return Some(verdict);
        }
        refusal = refusal.filter(|r| r.wait < verdict.wait).or(Some(verdict));
    }
    refusal
}

/// Whole seconds, rounded up, so that a request after this wait passes.
fn ceil(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
