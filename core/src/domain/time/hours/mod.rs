//! Opening hours as people write them: whether a place is open, and until when. The common part of
//! OpenStreetMap's `opening_hours` (`Mo-Fr 07:30-11:30,13:00-17:00; PH off`) and the forms in Vietnamese
//! lists (`06h00 - 22h00`, `24/24`, `Cả ngày`, `T2-T6: 7h30-11h30; 13h30-16h30`, `Sáng 7h-11h, chiều 1h-5h`).
//!
//! A text that is not fully understood gives no hours, never a guess. Where the standard's reading and
//! that of people differ (a shift that only a semicolon sets apart, the hours after midnight before a day
//! off), the state at such a moment is unknown, and known at all others. Months, weeks, sunrise and open
//! ends are not supported.

mod read;
#[cfg(test)]
mod tests;
mod words;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::domain::{Calendar, Instant};

/// How many days ahead the next change is searched.
const HORIZON: i64 = 8;
const DAY: u16 = 24 * 60;
/// All days of the week and public holidays.
const ALWAYS: u8 = 0xff;
const HOLIDAY: u8 = 0x80;

/// The opening hours of a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours(Vec<Rule>);

/// Whether a place is open, and until when. `None` if nothing changes within the horizon, or if from the
/// next change on it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openness {
    /// Whether it is open at the given instant.
    pub open: bool,
    /// When that changes.
    pub until: Option<Instant>,
}

/// Start and end in minutes from midnight; the end may be after the next midnight.
type Spans = Vec<(u16, u16)>;

/// Hours on some days, or that it is closed then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// One bit per weekday from Monday, and one for public holidays.
    days: u8,
    /// When; without any, the whole day.
    spans: Spans,
    /// Whether it is closed then.
    closes: bool,
    /// Whether it takes the place of earlier rules for the day instead of adding to them.
    replaces: bool,
    /// Who reads it so; everybody if nobody is named.
    only: Option<Reading>,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// As the specification of OpenStreetMap and its evaluator do.
    Standard,
    /// As people mean it.
    People,
}

impl Rule {
    fn is_on(&self, bits: u8) -> bool {
        self.days & bits != 0
    }

    /// Whether it speaks of a minute, counted from the beginning of its day.
    fn covers(&self, minute: u16) -> bool {
        self.spans.is_empty() || self.spans.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }
}

impl Hours {
    /// Parses a text; `None` if it is not fully understood.
    pub fn parse(text: &str) -> Option<Self> {
        read::rules(text).map(Self)
    }

    /// The state at an instant, in the calendar's time zone and considering its public holidays; `None` where
    /// that cannot be said: where readings differ, or on holidays of years that the calendar does not know.
    pub fn at(&self, now: Instant, calendar: &Calendar) -> Option<Openness> {
        let zone = calendar.time_zone();
        let here = zone.to_datetime(now.timestamp());
        let (today, minute) = (here.date(), here.hour() as u16 * 60 + here.minute() as u16);
        let open = self.state(today, minute, calendar)?;
        let end = Instant::from_ms(now.ms() + (HORIZON - 1) * 86_400_000);
        let turns = self.turns();
        let days = (0..=HORIZON).filter_map(|n| today.checked_add(n.days()).ok());
        let moments = days.flat_map(|date| turns.iter().map(move |minute| (date, *minute)));
        for (date, minute) in moments.filter(|at| *at > (today, minute)) {
            let state = self.state(date, minute, calendar);
            if state != Some(open) {
                let local = date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0);
                let at = zone.to_timestamp(local).ok().map(Instant::from_timestamp);
                return Some(Openness { open, until: at.filter(|t| state.is_some() && *t < end) });
            }
        }
        Some(Openness { open, until: None })
    }

    /// The minutes of a day at which something may change.
    fn turns(&self) -> Vec<u16> {
        let ends = self.0.iter().flat_map(|r| &r.spans).flat_map(|(from, to)| [from % DAY, to % DAY]);
        let mut out: Vec<u16> = ends.chain([0]).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Whether it is open at a minute of a day, if all who read the text say the same.
    fn state(&self, date: Date, minute: u16, calendar: &Calendar) -> Option<bool> {
        let before = date.yesterday().ok()?;
        let holidays = self.0.iter().any(|r| r.days != ALWAYS && r.days & HOLIDAY != 0);
        if holidays && !(calendar.knows(date) && calendar.knows(before)) {
            return None;
        }
        let bits = |date: Date| {
            let holiday = if calendar.is_holiday(date) { HOLIDAY } else { 0 };
            1 << weekday(date.weekday()) | holiday
        };
        let (today, before) = (bits(date), bits(before));
        let standard = self.standard(today, before, minute);
        let people = self.of_day(today, minute) || self.of_day(before, minute + DAY);
        (standard == people).then_some(standard)
    }

    /// The rules one after the other, the last word counts; hours of the day before are part of their rule.
    fn standard(&self, today: u8, before: u8, minute: u16) -> bool {
        let mut open = false;
        for rule in self.read_by(Reading::Standard) {
            if rule.is_on(today) {
                open &= !rule.replaces;
                if rule.covers(minute) {
                    open = !rule.closes;
                }
            }
            if rule.is_on(before) && !rule.spans.is_empty() && rule.covers(minute + DAY) {
                open = !rule.closes;
            }
        }
        open
    }

    /// Each day by itself, with its hours after midnight: who opens in the evening closes in the morning.
    fn of_day(&self, day: u8, minute: u16) -> bool {
        let mut open = false;
        for rule in self.read_by(Reading::People).filter(|r| r.is_on(day)) {
            open &= !rule.replaces;
            if rule.covers(minute) {
                open = !rule.closes;
            }
        }
        open
    }

    fn read_by(&self, reading: Reading) -> impl Iterator<Item = &Rule> {
        self.0.iter().filter(move |r| r.only.is_none_or(|only| only == reading))
    }
}

fn weekday(day: Weekday) -> u8 {
    day.to_monday_zero_offset() as u8
}
