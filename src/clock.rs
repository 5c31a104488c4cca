//! Time and randomness as ports: the service has the real ones, tests set their own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use rand::Rng as _;

use diaban_core::domain::Instant;
use diaban_core::domain::report::MAX_ID;

/// The source of time.
pub trait Clock: Send + Sync {
    /// The current time, to the millisecond.
    fn now(&self) -> Instant;
}

/// The source of random ids.
pub trait Ids: Send + Sync {
    /// A random public id in `1..=MAX_ID`.
    fn report_id(&self) -> u64;
    /// Unpredictable bits, for tokens and secrets.
    fn secret(&self) -> u64;
    /// A random id for one request; it is not a secret.
    fn request_id(&self) -> u64 {
        self.secret()
    }
    /// Fills a buffer with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.secret().to_le_bytes()[..part.len()]);
        }
    }
}

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Instant {
        Instant::from_timestamp(jiff::Timestamp::now())
    }
}

/// The system's source of randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn report_id(&self) -> u64 {
        loop {
            match self.secret() & MAX_ID {
                0 => {}
                id => return id,
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that draws at random")]
    fn secret(&self) -> u64 {
        // Without randomness there are no unpredictable ids.
        getrandom::u64().expect("the operating system gives random bytes")
    }

    /// Does not ask the operating system each time.
    fn request_id(&self) -> u64 {
        rand::rng().next_u64()
    }
}

/// When the process began, by a clock that never steps.
#[derive(Debug)]
struct Began(Stopwatch);

impl Default for Began {
    fn default() -> Self {
        Self(Stopwatch::now())
    }
}

/// The steps of a clock: it went on by another time than really passed. A process that began with a wrong clock is
/// found by what the store recorded last.
#[derive(Debug, Default)]
pub struct ClockSteps {
    count: AtomicU64,
    last_ms: AtomicI64,
    /// Milliseconds since the process began, plus one; 0 for never.
    at: AtomicU64,
    began: Began,
}

impl ClockSteps {
    /// Steps of at most this many milliseconds are what clocks do.
    pub const TOLERANCE_MS: i64 = 60_000;
    /// How long after a step the clock counts as stepped.
    const REMEMBERED: Duration = Duration::from_secs(3_600);

    /// Looks at a step in milliseconds: counts it if it is one, and says so.
    pub fn note(&self, step_ms: i64) -> bool {
        if step_ms.abs() <= Self::TOLERANCE_MS {
            return false;
        }
        self.last_ms.store(step_ms, Ordering::Relaxed);
        self.at.store(self.began.0.elapsed().as_millis() as u64 + 1, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// How many there were since the process began.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Seconds of the last one, forward or back; 0 for none.
    pub fn last_s(&self) -> i64 {
        self.last_ms.load(Ordering::Relaxed) / 1_000
    }

    /// Whether there was one in the last hour.
    pub fn is_recent(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at > 0 && self.began.0.elapsed().saturating_sub(Duration::from_millis(at)) < Self::REMEMBERED
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock at an instant.
    pub fn at(t: Instant) -> Self {
        Self(AtomicI64::new(t.ms()))
    }

    /// Sets the time.
    pub fn set(&self, t: Instant) {
        self.0.store(t.ms(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        Instant::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Ids from a list, then counting up from the last one.
#[derive(Debug)]
pub struct FixedIds(Mutex<(Vec<u64>, u64)>);

impl FixedIds {
    /// Returns these ids first.
    pub fn from_list(mut ids: Vec<u64>) -> Self {
        ids.reverse();
        Self(Mutex::new((ids, 0)))
    }
}

impl Ids for FixedIds {
    fn report_id(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let id = state.0.pop().unwrap_or(state.1 + 1);
        state.1 = id;
        id
    }

    fn secret(&self) -> u64 {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_more_than_a_minute_is_counted_and_remembered() {
        let steps = ClockSteps::default();
        assert!(!steps.note(60_000) && !steps.note(-60_000) && !steps.note(0));
        assert!(!steps.is_recent() && steps.count() == 0);
        assert!(steps.note(-3_600_000));
        assert_eq!((steps.count(), steps.last_s(), steps.is_recent()), (1, -3_600, true));
        assert!(steps.note(60_001));
        assert_eq!((steps.count(), steps.last_s()), (2, 60));
    }
}
