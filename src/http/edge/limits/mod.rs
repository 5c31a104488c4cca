//! Rate limits per key, device or address (GCRA by the `governor` crate).
//!
//! Each action has its buckets in order: API key, device, address. The first bucket with quota left
//! lets the request pass. So an empty device bucket falls back to the address, which a client could
//! get anyway by leaving out its token. Times are monotonic, so a clock that jumps does not freeze
//! a limit.

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
    pub(in crate::http) device: Option<u128>,
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
    create: [Bucket<C>; 3],
    device: [Bucket<C>; 1],
    read: [Bucket<C>; 2],
    /// Limits sweeps of a full table, and log lines about refusals, to one a second.
    sweeps: Second<C>,
    lines: Second<C>,
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
            create: [
                bucket("create-key", settings.create_by_key),
                bucket("create-device", settings.create_by_device),
                bucket("create-address", settings.create_by_address),
            ],
            device: [bucket("device-address", settings.device_by_address)],
            read: [
                bucket("read-key", settings.read_by_key),
                bucket("read-address", settings.read_by_address),
            ],
            sweeps: second(),
            lines: second(),
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

    /// Whether a log line may be written now: at most one refusal a second is logged.
    pub(in crate::http) fn may_log(&self) -> bool {
        self.lines.check().is_ok()
    }

    /// Counts one action; `None` if it is not counted because the table is full.
    pub(in crate::http) fn check(&self, act: Act, caller: Caller) -> Option<Verdict> {
        let address = Some(Subject::Network(caller.network));
        let key = caller.key.map(Subject::Key);
        let device = caller.device.map(Subject::Device);
        match act {
            Act::Create => self.first(&self.create, [key, device, address]),
            Act::Device => self.first(&self.device, [address]),
            Act::Read => self.first(&self.read, [key, address]),
        }
    }

    /// The first bucket with quota left; otherwise the refusal with the shortest wait.
    fn first<const N: usize>(
        &self,
        buckets: &[Bucket<C>; N],
        subjects: [Option<Subject>; N],
    ) -> Option<Verdict> {
        let mut refusal: Option<Verdict> = None;
        for (bucket, subject) in buckets.iter().zip(subjects) {
            let Some(verdict) = subject.and_then(|s| self.check_bucket(bucket, s)) else { continue };
            if verdict.allowed {
                return Some(verdict);
            }
            refusal = refusal.filter(|r| r.wait < verdict.wait).or(Some(verdict));
        }
        refusal
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
        for bucket in self.create.iter().chain(&self.device).chain(&self.read) {
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

/// Whole seconds, rounded up, so that a request after this wait passes.
fn ceil(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
