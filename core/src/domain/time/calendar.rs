//! The working days of public offices, as civil dates in one time zone. Not here: the list of
//! holidays (data/calendars/, read by pack), due instants (deadline).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::domain::Text;

/// A group of days off, and the weekend days worked in exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// Its name.
    pub name: Text,
    /// Whether the government has announced it; otherwise it is only expected.
    pub official: bool,
    /// The days off; they may fall on a weekend.
    pub days: Vec<Date>,
    /// Weekend days on which offices work.
    pub working: Vec<Date>,
}

/// Working days of one country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    time_zone: TimeZone,
    weekend: Vec<Weekday>,
    years: RangeInclusive<i16>,
    holidays: Vec<Holiday>,
    off: BTreeSet<Date>,
    working: BTreeSet<Date>,
}

/// Why a list of holidays is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// No day of the week is a working day.
    #[error("weekend: at least one day of the week must be a working day")]
    NoWorkingDay,
    /// A day outside the years that are declared.
    #[error("holiday `{name}`: {day} lies outside the years from {from} to {to}")]
    OutsideYears {
        /// The holiday's Vietnamese name.
        name: String,
        /// The day.
        day: Date,
        /// First declared year.
        from: i16,
        /// Last declared year.
        to: i16,
    },
    /// A day that is listed twice, or as both off and worked.
    #[error("holiday `{name}`: {day} is listed twice")]
    Twice {
        /// The holiday's Vietnamese name.
        name: String,
        /// The day.
        day: Date,
    },
    /// A working day in exchange that is not on a weekend.
    #[error("holiday `{name}`: {day} is not a weekend day, so it can't be worked in exchange")]
    NotWeekend {
        /// The holiday's Vietnamese name.
        name: String,
        /// The day.
        day: Date,
    },
}

impl Calendar {
    /// Checks the days. `years` are the years whose holidays are known, announced or expected.
    ///
    /// # Errors
    /// See [`CalendarError`].
    pub fn new(
        time_zone: TimeZone,
        weekend: Vec<Weekday>,
        years: RangeInclusive<i16>,
        holidays: Vec<Holiday>,
    ) -> Result<Self, CalendarError> {
        if Weekday::Monday.cycle_forward().take(7).all(|day| weekend.contains(&day)) {
            return Err(CalendarError::NoWorkingDay);
        }
        let (mut off, mut working) = (BTreeSet::new(), BTreeSet::new());
        for holiday in &holidays {
            let name = || holiday.name.vi.clone();
            for &day in holiday.days.iter().chain(&holiday.working) {
                if !years.contains(&day.year()) {
                    let (from, to) = (*years.start(), *years.end());
                    return Err(CalendarError::OutsideYears { name: name(), day, from, to });
                }
            }
            for &day in &holiday.days {
                if working.contains(&day) || !off.insert(day) {
                    return Err(CalendarError::Twice { name: name(), day });
                }
            }
            for &day in &holiday.working {
                if !weekend.contains(&day.weekday()) {
                    return Err(CalendarError::NotWeekend { name: name(), day });
                }
                if off.contains(&day) || !working.insert(day) {
                    return Err(CalendarError::Twice { name: name(), day });
                }
            }
        }
        Ok(Self { time_zone, weekend, years, holidays, off, working })
    }

    /// The time zone of the civil dates.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// The days off with their names, as given.
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    /// Whether the holidays of that day's year are known. In other years only weekends count.
    pub fn knows(&self, day: Date) -> bool {
        self.years.contains(&day.year())
    }

    /// Whether the day is a declared day off, on any day of the week.
    pub fn is_holiday(&self, day: Date) -> bool {
        self.off.contains(&day)
    }

    /// Whether public offices work on that day.
    pub fn is_working_day(&self, day: Date) -> bool {
        self.working.contains(&day) || !(self.off.contains(&day) || self.weekend.contains(&day.weekday()))
    }

    /// The `n`-th working day after `day`, not counting `day` itself; `day` for 0. Stops at the
    /// last valid date (year 9999).
    pub fn add_working_days(&self, day: Date, n: u16) -> Date {
        let mut last = day;
        let mut left = n;
        while left > 0 {
            let Ok(next) = last.tomorrow() else { break };
            last = next;
            left -= u16::from(self.is_working_day(last));
        }
        last
    }
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::city::category::tests::text;

    /// Weekends, Tết 2026 and the National Day of 2026 with the Saturday worked in exchange.
    pub(crate) fn calendar() -> Calendar {
        let tet = (16..=20).map(|d| date(2026, 2, d)).collect();
        let national = vec![date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)];
        let holidays = vec![
            Holiday { name: text("Tết"), official: true, days: tet, working: Vec::new() },
            Holiday {
                name: text("Quốc khánh"),
                official: true,
                days: national,
                working: vec![date(2026, 8, 22)],
            },
        ];
        make(holidays).unwrap()
    }

    fn make(holidays: Vec<Holiday>) -> Result<Calendar, CalendarError> {
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        Calendar::new(zone, vec![Weekday::Saturday, Weekday::Sunday], 2026..=2026, holidays)
    }

    #[test]
    fn tet_and_the_weekends_around_it_do_not_count() {
        let c = calendar();
        assert_eq!(c.add_working_days(date(2026, 2, 13), 1), date(2026, 2, 23));
        assert_eq!(c.add_working_days(date(2026, 2, 12), 2), date(2026, 2, 23));
        assert_eq!(c.add_working_days(date(2026, 2, 18), 1), date(2026, 2, 23));
        assert_eq!(c.add_working_days(date(2026, 2, 13), 0), date(2026, 2, 13));
    }

    #[test]
    fn a_saturday_worked_in_exchange_counts() {
        let c = calendar();
        assert!(c.is_working_day(date(2026, 8, 22)) && !c.is_working_day(date(2026, 8, 29)));
        assert_eq!(c.add_working_days(date(2026, 8, 21), 1), date(2026, 8, 22));
        assert_eq!(c.add_working_days(date(2026, 8, 28), 1), date(2026, 9, 3));
    }

    #[test]
    fn years_outside_the_file_count_by_the_weekend() {
        let c = calendar();
        assert!(!c.knows(date(2031, 1, 1)));
        assert_eq!(c.add_working_days(date(2030, 12, 31), 1), date(2031, 1, 1));
        assert_eq!(c.add_working_days(Date::MAX, 3), Date::MAX);
    }

    #[test]
    fn days_that_contradict_are_refused() {
        let holiday = |days: &[Date], working: &[Date]| Holiday {
            name: text("Lễ"),
            official: false,
            days: days.to_vec(),
            working: working.to_vec(),
        };
        let refused = |h: Holiday| make(vec![h]).unwrap_err().to_string();
        assert!(refused(holiday(&[date(2027, 1, 1)], &[])).contains("outside the years"));
        assert!(refused(holiday(&[], &[date(2026, 1, 2)])).contains("not a weekend day"));
        assert!(refused(holiday(&[date(2026, 1, 3)], &[date(2026, 1, 3)])).contains("twice"));
        let all = Weekday::Monday.cycle_forward().take(7).collect();
        let none = Calendar::new(TimeZone::UTC, all, 2026..=2026, Vec::new());
        assert_eq!(none.unwrap_err(), CalendarError::NoWorkingDay);
    }
}
