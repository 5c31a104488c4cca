//! The times of reports: a daily and weekly rhythm, growth over two years, and rain, which brings
//! many reports within a few evening hours from May to November.

use jiff::civil::Date;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal, Normal};
use rand_pcg::Pcg64;

use diaban_core::domain::Instant;

pub(super) const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How far back the reports go.
const DAYS: i64 = 730;

/// Weight of each local hour; peaks on the way to work and back.
const BY_HOUR: [f64; 24] = [
    0.25, 0.15, 0.1, 0.08, 0.12, 0.35, 0.9, 1.9, 2.0, 1.5, 1.3, 1.1, 0.8, 0.9, 1.1, 1.2, 1.4, 1.9, 2.0, 1.8,
    1.4, 1.1, 0.8, 0.5,
];
/// Monday to Sunday.
const BY_WEEKDAY: [f64; 7] = [1.15, 1.1, 1.05, 1.05, 1.05, 0.85, 0.75];
/// Chance of a downpour on a day, January to December.
const RAIN: [f64; 12] = [0.01, 0.01, 0.03, 0.1, 0.32, 0.4, 0.42, 0.45, 0.55, 0.5, 0.28, 0.06];
/// Reports during a downpour, hour by hour, relative to the mean of a dry hour.
const STORM: [f64; 5] = [1.4, 2.2, 1.2, 0.6, 0.3];

/// The time of one report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: Instant,
    /// Local hour, 0 to 23.
    pub(super) hour: usize,
    pub(super) weekend: bool,
    /// The downpour that caused it, as its local day.
    pub(super) storm: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Cumulative weight up to the end of this slot.
    until: f64,
    /// Share of this slot's weight that is caused by rain.
    wet: f64,
    weight: f64,
}

/// A number of moments in ascending order, drawn one at a time.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Start of the first slot; slots are local hours.
    start: i64,
    now: i64,
    offset: i64,
    slots: Vec<Slot>,
    slot: usize,
    left: usize,
    /// Position of the last moment in the total weight, 0..1.
    at: f64,
}

impl Timeline {
    /// `offset` is the offset of the city's time zone from UTC, in milliseconds.
    pub(super) fn new(seed: u64, now: Instant, offset: i64, count: usize) -> Self {
        let now = now.ms();
        let start = (now - DAYS * DAY_MS + offset).div_euclid(HOUR_MS) * HOUR_MS - offset;
        let hours = ((now - start) as u64).div_ceil(HOUR_MS as u64) as usize;
        let mut wet = vec![0.0; hours];
        let first_day = (start + offset).div_euclid(DAY_MS);
        for day in first_day..=first_day + DAYS {
            let Some((onset, strength)) = storm(seed, day) else { continue };
            for (i, share) in STORM.iter().enumerate() {
                let hour = (day * DAY_MS - offset - start) / HOUR_MS + onset + i as i64;
                if let Some(w) = usize::try_from(hour).ok().and_then(|h| wet.get_mut(h)) {
                    *w += share * strength;
                }
            }
        }
        let mut until = 0.0;
        let slots = wet.into_iter().enumerate().map(|(i, wet)| {
            let local = start + offset + i as i64 * HOUR_MS;
            let (hour, weekday) = (hour_of(local), weekday_of(local));
            let dry = BY_HOUR[hour] * BY_WEEKDAY[weekday];
            // More people report every month. The current hour counts in proportion to its elapsed
            // part.
            let grown = 1.0 + i as f64 / hours as f64;
            let passed = (now - start - i as i64 * HOUR_MS).min(HOUR_MS) as f64 / HOUR_MS as f64;
            let weight = (dry + wet) * grown * passed;
            until += weight;
            Slot { until, wet: wet / (dry + wet), weight }
        });
        let slots = slots.collect();
        Self { start, now, offset, slots, slot: 0, left: count, at: 0.0 }
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// The next moment: the smallest of `left` uniform draws from the remaining weight. So moments
    /// come in order without being stored.
    pub(super) fn next(&mut self, rng: &mut Pcg64) -> Option<Moment> {
        if self.left == 0 {
            return None;
        }
        self.at = 1.0 - (1.0 - self.at) * rng.random::<f64>().powf(1.0 / self.left as f64);
        self.left -= 1;
        let target = self.at * self.slots.last()?.until;
        while self.slot + 1 < self.slots.len() && self.slots[self.slot].until < target {
            self.slot += 1;
        }
        let slot = self.slots[self.slot];
        let begin = self.start + self.slot as i64 * HOUR_MS;
        let length = (self.now - begin).min(HOUR_MS);
        let inside = (1.0 - (slot.until - target) / slot.weight).clamp(0.0, 1.0);
        let at = begin + ((inside * length as f64) as i64).min(length - 1);
        let local = at + self.offset;
        let storm = rng.random_bool(slot.wet).then(|| local.div_euclid(DAY_MS));
        let weekend = weekday_of(local) >= 5;
        Some(Moment { at: Instant::from_ms(at), hour: hour_of(local), weekend, storm })
    }
}

/// The hour at which the downpour of a day begins, and its strength. The weather of a day does not
/// depend on the requested span.
fn storm(seed: u64, day: i64) -> Option<(i64, f64)> {
    let mut rng = day_rng(seed, day);
    let month = Date::new(1970, 1, 1).ok()?.checked_add(jiff::Span::new().days(day)).ok()?.month();
    if !rng.random_bool(RAIN[usize::from(month.unsigned_abs()) - 1]) {
        return None;
    }
    let onset: f64 = Normal::new(16.2, 1.7).expect("a finite deviation").sample(&mut rng);
    let strength: f64 = LogNormal::new(0.0, 0.9).expect("a finite deviation").sample(&mut rng);
    Some((onset.clamp(11.0, 20.0) as i64, strength.min(12.0)))
}

/// A random generator for one day.
pub(super) fn day_rng(seed: u64, day: i64) -> Pcg64 {
    Pcg64::seed_from_u64(seed ^ (day as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

pub(super) fn hour_of(local_ms: i64) -> usize {
    (local_ms.rem_euclid(DAY_MS) / HOUR_MS) as usize
}

/// 0 is Monday; 1970-01-01 was a Thursday.
pub(super) fn weekday_of(local_ms: i64) -> usize {
    (local_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) as usize
}
