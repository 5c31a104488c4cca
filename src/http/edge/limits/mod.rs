//! Rate limits: how often a key, a device or an address may ask (GCRA by governor).
//!
//! Each act has its buckets in order: API key, device, address. The first with room lets it pass, so an
//! empty device bucket falls back to the address: a client that leaves its token out gets that anyway.
//! Times are monotonic: a clock that jumps freezes no limit.

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

/// Keys counted at once, of all buckets together.
pub(in crate::http) const KEYS: usize = 100_000;

/// What somebody wants to do, as the limits tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Act {
    Create,
    Device,
    Read,
}

/// Who wants it.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Caller {
    pub(in crate::http) network: Network,
    pub(in crate::http) device: Option<u128>,
    pub(in crate::http) key: Option<u64>,
}

/// What is counted: one of these in one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Network(Network),
    Device(u128),
    Key(u64),
}

/// What a bucket says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Verdict {
    /// The bucket's name.
    pub(in crate::http) policy: &'static str,
    pub(in crate::http) allowed: bool,
    quota: Quota,
    remaining: u32,
    /// Until the next request passes, or until the whole quota is back.
    wait: Duration,
}

struct Bucket<C: Clock> {
    name: &'static str,
    quota: Quota,
    part: Part,
    limiter: RateLimiter<Subject, Part, C, StateInformationMiddleware>,
}

/// Lets one thing pass a second.
type Second<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// All limits of the process.
pub(in crate::http) struct Limits<C: Clock = DefaultClock> {
    settings: LimitSettings,
    create: [Bucket<C>; 3],
    device: [Bucket<C>; 1],
    read: [Bucket<C>; 2],
    /// A full table is swept, and a refusal logged, at most once a second.
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

    /// Whether this address is not counted at all.
    pub(in crate::http) fn exempt(&self, address: IpAddr) -> bool {
        self.settings.mode == LimitMode::Off || self.settings.exempt.iter().any(|n| n.contains(&address))
    }

    /// Keys in the table.
    pub(in crate::http) fn keys(&self) -> usize {
        self.table.len()
    }

    /// Whether a line of log may be written now: a flood of refusals is one line a second.
    pub(in crate::http) fn may_log(&self) -> bool {
        self.lines.check().is_ok()
    }

    /// Counts one act; `None` when nothing counts it because the table is full.
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

    /// The first bucket with room; else the refusal that ends soonest.
    fn first<const N: usize>(
        &self,
        buckets: &[Bucket<C>; N],
        subjects: [Option<Subject>; N],
    ) -> Option<Verdict> {
        let mut refusal: Option<Verdict> = None;
        for (bucket, subject) in buckets.iter().zip(subjects) {
            let Some(verdict) = subject.and_then(|s| self.ask(bucket, s)) else { continue };
            if verdict.allowed {
                return Some(verdict);
            }
            refusal = refusal.filter(|r| r.wait < verdict.wait).or(Some(verdict));
        }
        refusal
    }

    /// `None` when the bucket does not know the subject and the table has no room for it.
    fn ask(&self, bucket: &Bucket<C>, subject: Subject) -> Option<Verdict> {
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

    /// Forgets who has the whole quota again: it is as if they had never asked.
    fn sweep(&self) {
        for bucket in self.create.iter().chain(&self.device).chain(&self.read) {
            bucket.limiter.retain_recent();
        }
        if self.table.is_full() {
            tracing::warn!("the table of rate limits is full: who is not in it is not counted");
        }
    }
}

impl Verdict {
    /// The headers of draft-ietf-httpapi-ratelimit-headers-10: `q` requests in a window of `w` seconds,
    /// `r` left, all of them back (or the next one, after a refusal) in `t` seconds.
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

/// Whole seconds, rounded up: whoever waits as long finds room.
fn ceil(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
