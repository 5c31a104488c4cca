//! Which devices have been seen to live. A token costs nothing, so a device counts alone only after its
//! token has aged and was used in different hours, or has aged for a week. Until then it counts for its
//! address like a client without a token.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use diaban_core::domain::Instant;

/// Age from which a token that was used in [`HOURS`] hours counts, in hours.
const AGE_H: i64 = 6;
const HOURS: u8 = 3;
/// Age from which it counts anyway: what this process has seen is forgotten when it ends.
const OLD_H: i64 = 7 * 24;
/// Limit of the devices that are remembered.
const DEVICES: usize = 100_000;

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Token {
    pub(in crate::http) device: u128,
    /// The hour in which it was issued, from 1970; none in tokens of before 0.2.
    pub(in crate::http) hour: Option<u32>,
}

/// A device that sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Device {
    pub(in crate::http) id: u128,
    /// Whether it counts alone.
    pub(in crate::http) lives: bool,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The last hour in which it was seen, and in how many.
    last: i64,
    hours: u8,
}

/// The devices that this process has seen.
#[derive(Debug)]
pub(in crate::http) struct Lives {
    seen: Mutex<HashMap<u128, Seen>>,
    most: usize,
}

impl Default for Lives {
    fn default() -> Self {
        Self { seen: Mutex::default(), most: DEVICES }
    }
}

/// The hour of an instant, from 1970.
pub(in crate::http) fn hour(at: Instant) -> i64 {
    at.ms().div_euclid(3_600_000)
}

impl Lives {
    /// Notes that the device of a token was seen now.
    pub(in crate::http) fn see(&self, token: Token, now: Instant) -> Device {
        let now = hour(now);
        let age = token.hour.map_or(OLD_H, |issued| now - i64::from(issued));
        let lives = age >= OLD_H || (self.hours(token.device, now) >= HOURS && age >= AGE_H);
        Device { id: token.device, lives }
    }

    /// In how many hours a device was seen, this one included.
    fn hours(&self, device: u128, now: i64) -> u8 {
        let mut seen = self.lock();
        if seen.len() >= self.most && !seen.contains_key(&device) {
            seen.retain(|_, s| now - s.last < AGE_H);
            if seen.len() >= self.most {
                return 0;
            }
        }
        let entry = seen.entry(device).or_insert(Seen { last: i64::MIN, hours: 0 });
        // A clock that was set back tells no new hour.
        if entry.last < now {
            *entry = Seen { last: now, hours: entry.hours.saturating_add(1) };
        }
        entry.hours
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u128, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Instant {
        Instant::from_ms(hour * 3_600_000 + 1_234)
    }

    fn seen(lives: &Lives, device: u128, issued: u32, hours: &[i64]) -> Vec<bool> {
        let token = Token { device, hour: Some(issued) };
        hours.iter().map(|h| lives.see(token, at(*h)).lives).collect()
    }

    #[test]
    fn a_device_counts_alone_after_age_and_spread() {
        let lives = Lives::default();
        assert_eq!(
            seen(&lives, 1, 100, &[100, 100, 101, 102, 103, 105, 106]),
            [false, false, false, false, false, false, true]
        );
        // Old, but never used before.
        assert_eq!(seen(&lives, 2, 100, &[110, 110, 110, 111, 112]), [false, false, false, false, true]);
        // Very old: a restart forgets nobody who has lived.
        assert_eq!(seen(&lives, 3, 100, &[267, 268]), [false, true]);
        // From the future, by a clock that was set back.
        assert_eq!(seen(&lives, 4, 200, &[100, 101, 102, 103]), [false; 4]);
        assert!(lives.see(Token { device: 5, hour: None }, at(0)).lives, "of before 0.2");
    }

    #[test]
    fn a_flood_of_devices_is_not_remembered() {
        let lives = Lives { most: 100, ..Lives::default() };
        for device in 0..1_000 {
            seen(&lives, device, 100, &[100]);
        }
        assert_eq!(lives.lock().len(), 100);
        // Those that were not seen again make room.
        assert_eq!(seen(&lives, 5_000, 100, &[104, 106, 107, 108]), [false, false, false, true]);
        assert!(lives.lock().len() < 100);
    }
}
