//! How long nobody may try to log in after failures: longer with each, never for ever.
//!
//! A try counts as a failure until the password is found right, so that many at once are no more than one after the
//! other.

use crate::domain::Instant;

const MINUTE_MS: i64 = 60_000;
/// The longest wait, in milliseconds.
pub const LONGEST_MS: i64 = 15 * MINUTE_MS;

/// From which failure on there is a wait, and when failures are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The first failure after which there is a wait.
    pub first: i64,
    /// Failures are counted for so long from the first on, in milliseconds.
    pub window_ms: i64,
}

/// Of one login, whoever tries.
pub const OF_LOGIN: Rule = Rule { first: 5, window_ms: 24 * 60 * MINUTE_MS };
/// Of one address, whatever login is tried.
pub const OF_ADDRESS: Rule = Rule { first: 20, window_ms: 15 * MINUTE_MS };

/// What is known of former tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Failures.
    pub failures: i64,
    /// The first of them.
    pub since: Instant,
    /// The last of them.
    pub last: Instant,
}

impl Rule {
    /// How long to wait after so many failures, in milliseconds.
    pub fn wait_ms(self, failures: i64) -> i64 {
        match failures - self.first {
            more if more < 0 => 0,
            more => (MINUTE_MS << more.min(8)).min(LONGEST_MS),
        }
    }

    /// The count with a try of this moment.
    ///
    /// # Errors
    /// How many milliseconds to wait until one is allowed.
    pub fn attempt(self, known: Option<Tries>, now: Instant) -> Result<Tries, i64> {
        let fresh = Tries { failures: 1, since: now, last: now };
        // What comes from the future was counted by a clock that has been set back: it locks nobody.
        let Some(known) = known.filter(|k| k.last <= now && k.since <= now) else { return Ok(fresh) };
        let left = known.last.ms() + self.wait_ms(known.failures) - now.ms();
        if left > 0 {
            return Err(left);
        }
        if now.ms() - known.since.ms() >= self.window_ms {
            return Ok(fresh);
        }
        Ok(Tries { failures: known.failures + 1, last: now, ..known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_ends() {
        let minutes: Vec<i64> = (0..14).map(|n| OF_LOGIN.wait_ms(n) / MINUTE_MS).collect();
        assert_eq!(minutes, [0, 0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15, 15, 15]);
        assert_eq!(OF_LOGIN.wait_ms(i64::MAX), LONGEST_MS);
        assert_eq!((OF_ADDRESS.wait_ms(19), OF_ADDRESS.wait_ms(20)), (0, MINUTE_MS));
    }

    /// Somebody who tries as often as allowed for a day.
    #[test]
    fn a_day_has_few_tries_of_one_login_and_never_none() {
        let (mut now, mut known, mut tries) = (1_795_570_200_000, None, 0);
        let end = now + 24 * 60 * MINUTE_MS;
        while now < end {
            match OF_LOGIN.attempt(known, Instant::from_ms(now)) {
                Ok(counted) => (known, tries) = (Some(counted), tries + 1),
                Err(left) => {
                    assert!((1..=LONGEST_MS).contains(&left));
                    now += left;
                }
            }
        }
        assert_eq!(tries, 103);
    }

    #[test]
    fn failures_are_forgotten_and_a_clock_that_goes_back_locks_nobody() {
        let at = Instant::from_ms;
        let known = |failures| Some(Tries { failures, since: at(0), last: at(1_000) });
        assert_eq!(OF_ADDRESS.attempt(known(20), at(2_000)), Err(59_000));
        assert_eq!(OF_ADDRESS.attempt(known(20), at(61_000)).map(|t| t.failures), Ok(21));
        assert_eq!(OF_ADDRESS.attempt(known(19), at(15 * MINUTE_MS)).map(|t| t.failures), Ok(1));
        assert_eq!(OF_LOGIN.attempt(known(9), at(999)).map(|t| t.failures), Ok(1));
    }
}
