//! What the city promised, as clocks: each runs while a report is in one of its states, and has run out when its limit
//! is over. Nothing of it is stored, so that two processes never disagree. Not here: the city's clocks
//! (data/clocks.toml, read by pack), the answer's own date (deadline), which an office may put off.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Time;

use super::{Calendar, deadline};
use crate::domain::report::Level;
use crate::domain::{Instant, Precision, State, Status, Text};

/// How long something may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Minutes, whatever the hour.
    Minutes(u32),
    /// Hours, whatever the hour.
    Hours(u32),
    /// Hours in which offices work.
    WorkingHours(u32),
    /// Days, to the same time of day.
    Days(u32),
    /// Until the end of work of the so manieth working day, from 1, after the day on which it began.
    WorkingDays(u16),
}

/// When offices work: days, and hours of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeHours {
    /// The days.
    pub calendar: Arc<Calendar>,
    /// The hours, as begin and end in the calendar's time zone, ascending.
    pub hours: Vec<(Time, Time)>,
}

impl Limit {
    /// Beyond it a limit is a mistake: a year of any unit.
    pub const MOST_DAYS: u32 = 366;

    /// When something that began then is over its limit: the last moment in time. Capped at [`Instant::MAX`].
    pub fn end(self, from: Instant, office: &OfficeHours) -> Instant {
        let after = |ms: i64| Instant::from_ms(from.ms().saturating_add(ms).min(Instant::MAX.ms()));
        match self {
            Self::Minutes(n) => after(i64::from(n) * 60_000),
            Self::Hours(n) => after(i64::from(n) * 3_600_000),
            Self::WorkingHours(n) => office.after(from, i64::from(n) * 3_600_000),
            Self::Days(n) => {
                let from = office.calendar.time_zone().to_datetime(from.timestamp());
                let then = from.checked_add(i64::from(n).days()).ok();
                let then = then.and_then(|t| office.calendar.time_zone().to_timestamp(t).ok());
                then.map_or(Instant::MAX, Instant::from_timestamp)
            }
            Self::WorkingDays(n) => deadline::due(from, n, &office.calendar),
        }
    }

    /// The first beginning that is still in time at a moment: what began before it is late. Exactly so, because what
    /// begins later never ends earlier.
    pub fn first_in_time(self, at: Instant, office: &OfficeHours) -> Instant {
        let (mut low, mut high) = (Instant::MIN.ms(), at.ms());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.end(Instant::from_ms(middle), office) < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Instant::from_ms(low)
    }
}

impl OfficeHours {
    /// So many working milliseconds later.
    fn after(&self, from: Instant, mut left: i64) -> Instant {
        let zone = self.calendar.time_zone();
        let at = |day: jiff::civil::Date, time: Time| zone.to_timestamp(day.to_datetime(time)).ok();
        let mut day = zone.to_datetime(from.timestamp()).date();
        loop {
            for (begin, end) in self.hours.iter().filter(|_| self.calendar.is_working_day(day)) {
                let (Some(begin), Some(end)) = (at(day, *begin), at(day, *end)) else { return Instant::MAX };
                let begin = Instant::from_timestamp(begin).max(from);
                let open = Instant::from_timestamp(end).ms() - begin.ms();
                if open >= left {
                    return Instant::from_ms(begin.ms() + left);
                }
                left -= open.max(0);
            }
            let Ok(next) = day.tomorrow() else { return Instant::MAX };
            day = next;
        }
    }
}

/// Until when a clock runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// So long from when the report was received.
    Since(Limits),
    /// The report's own date for an answer.
    Due,
}

/// A limit, and whether it begins with the next hour only: a report that shows its times by the hour is seen by nobody
/// before that hour is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Promised {
    /// How long.
    pub limit: Limit,
    /// Whether what is known of its beginning is the hour in which it was.
    pub by_hour: bool,
}

const HOUR_MS: i64 = 3_600_000;

impl Promised {
    /// The last moment in time of something that was received then, as everybody sees it.
    pub fn end(self, received: Instant, office: &OfficeHours) -> Instant {
        let from = if self.by_hour { received.ms().saturating_add(HOUR_MS) } else { received.ms() };
        self.limit.end(Instant::from_ms(from), office)
    }

    /// The first beginning that is still in time at a moment.
    pub fn first_in_time(self, at: Instant, office: &OfficeHours) -> Instant {
        let first = self.limit.first_in_time(at, office);
        if self.by_hour { Instant::from_ms(first.ms() - HOUR_MS) } else { first }
    }
}

/// How long, by category and level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// By the position of the category in the pack, and by the level; the last row is for categories that are not in it.
    rows: Vec<[Promised; Level::ALL.len()]>,
}

/// A limit that holds for some reports only; the more it says, the sooner it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRule {
    /// For this category, by its code.
    pub category: Option<Arc<str>>,
    /// For the categories of this group, by its code.
    pub group: Option<Arc<str>>,
    /// For this level.
    pub level: Option<Level>,
    /// How long.
    pub limit: Limit,
}

impl Limits {
    /// The limits of these categories, by code, group and precision, in the order of the pack.
    pub fn new<'a>(
        general: Limit,
        rules: &[LimitRule],
        categories: impl IntoIterator<Item = (&'a str, &'a str, Precision)>,
    ) -> Self {
        let promised = |category: Option<(&str, &str, Precision)>, level: Level| {
            let fits = |r: &&LimitRule| {
                r.level.is_none_or(|l| l == level)
                    && r.category.as_ref().is_none_or(|c| category.is_some_and(|of| *of.0 == **c))
                    && r.group.as_ref().is_none_or(|g| category.is_some_and(|of| *of.1 == **g))
            };
            let rank = |r: &&LimitRule| (r.category.is_some(), r.group.is_some(), r.level.is_some());
            let limit = rules.iter().filter(fits).max_by_key(rank).map_or(general, |r| r.limit);
            Promised { limit, by_hour: category.is_some_and(|c| c.2 != Precision::Exact) }
        };
        let rows = categories.into_iter().map(Some).chain([None]);
        Self { rows: rows.map(|category| Level::ALL.map(|level| promised(category, level))).collect() }
    }

    /// The limit of a category, by its position in the pack, and a level.
    pub fn of(&self, category: Option<usize>, level: Level) -> Promised {
        let last = self.rows.len() - 1;
        self.rows[category.unwrap_or(last).min(last)][level as usize]
    }

    /// Each limit that is in it, once.
    pub fn all(&self) -> Vec<Promised> {
        let mut all: Vec<Promised> = Vec::new();
        for limit in self.rows.iter().flatten() {
            if !all.contains(limit) {
                all.push(*limit);
            }
        }
        all
    }

    /// The categories that have a limit at a level, by their positions; the last one stands for those that are not in the
    /// pack.
    pub fn having(&self, limit: Promised, level: Level) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows.len()).filter(move |i| self.rows[*i][level as usize] == limit)
    }

    /// How many categories the pack has.
    pub fn categories(&self) -> usize {
        self.rows.len() - 1
    }
}

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Stable `snake_case` code.
    pub code: Arc<str>,
    /// What is promised.
    pub name: Text,
    /// The states in which it runs.
    pub states: Vec<State>,
    /// Until when.
    pub until: Until,
}

/// All promises of a city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// In the order of the pack.
    pub list: Vec<Clock>,
    /// When its offices work.
    pub office: OfficeHours,
    /// How long whoever sent a report has to answer a question. Meanwhile the clock of the answer rests.
    pub reply: Limit,
    /// So many working days later an answer is due once a second body works on the report.
    pub several: u16,
}

/// A clock of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running<'a> {
    /// The clock.
    pub clock: &'a Clock,
    /// The last moment in time.
    pub due: Instant,
    /// Whether it has run out.
    pub late: bool,
}

/// A report, as far as its clocks depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    /// Its state.
    pub state: State,
    /// Its level.
    pub level: Level,
    /// The position of its category in the pack.
    pub category: Option<usize>,
    /// When it was received, as everybody sees it.
    pub received: Instant,
    /// When an answer is due.
    pub due: Option<Instant>,
}

impl Clock {
    /// The clock of the answer, where a pack says nothing of clocks.
    fn answer() -> Self {
        let states = State::ALL.into_iter().filter(|s| s.status() == Status::Open).collect();
        let name = Text { vi: "Trả lời".to_owned(), en: "Answer".to_owned() };
        Self { code: Clocks::ANSWER.into(), name, states, until: Until::Due }
    }
}

impl Clocks {
    /// The code of the clock that every city has: that of the answer.
    pub const ANSWER: &'static str = "answer";
    /// What `reply` is where a pack does not say so.
    pub const REPLY: Limit = Limit::WorkingDays(5);
    /// What `several` is where a pack does not say so.
    pub const SEVERAL: u16 = 5;

    /// Only that of the answer, which every city has.
    pub fn only_answer(office: OfficeHours) -> Self {
        Self { list: vec![Clock::answer()], office, reply: Self::REPLY, several: Self::SEVERAL }
    }

    /// The clock with a code.
    pub fn get(&self, code: &str) -> Option<&Clock> {
        self.list.iter().find(|c| *c.code == *code)
    }

    /// The clocks of a report that run at a moment.
    pub fn running(&self, report: Timed, at: Instant) -> impl Iterator<Item = Running<'_>> {
        self.list.iter().filter(move |c| c.states.contains(&report.state)).filter_map(move |clock| {
            let due = match &clock.until {
                Until::Due => report.due?,
                Until::Since(limits) => {
                    limits.of(report.category, report.level).end(report.received, &self.office)
                }
            };
            Some(Running { clock, due, late: due < at })
        })
    }
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;

    use super::super::calendar::tests::calendar;
    use super::*;

    fn office() -> OfficeHours {
        let hours = vec![(time(7, 30, 0, 0), time(11, 30, 0, 0)), (time(13, 0, 0, 0), time(17, 0, 0, 0))];
        OfficeHours { calendar: Arc::new(calendar()), hours }
    }

    fn end(limit: Limit, from: &str) -> String {
        let end = limit.end(Instant::parse(from).unwrap(), &office());
        office().calendar.time_zone().to_datetime(end.timestamp()).to_string()
    }

    #[test]
    fn minutes_hours_and_days_pass_at_night_and_working_hours_do_not() {
        let night = "2026-11-27T22:00:00+07:00"; // a Friday
        assert_eq!(end(Limit::Minutes(5), night), "2026-11-27T22:05:00");
        assert_eq!(end(Limit::Hours(4), night), "2026-11-28T02:00:00");
        assert_eq!(end(Limit::Days(2), night), "2026-11-29T22:00:00");
        assert_eq!(end(Limit::WorkingHours(4), night), "2026-11-30T11:30:00");
        assert_eq!(end(Limit::WorkingHours(5), night), "2026-11-30T14:00:00");
        assert_eq!(end(Limit::WorkingHours(9), night), "2026-12-01T08:30:00");
        assert_eq!(end(Limit::WorkingHours(1), "2026-11-27T11:00:00+07:00"), "2026-11-27T13:30:00");
        assert_eq!(end(Limit::WorkingHours(0), night), "2026-11-30T07:30:00");
        assert_eq!(end(Limit::WorkingDays(1), night), "2026-11-30T17:00:00");
    }

    #[test]
    fn tet_and_the_end_of_the_year_are_passed_over() {
        // The Friday before Tết 2026, at three; offices open again on Monday the 23rd.
        assert_eq!(end(Limit::WorkingHours(8), "2026-02-13T15:00:00+07:00"), "2026-02-23T15:00:00");
        assert_eq!(end(Limit::Days(3), "2026-12-30T09:00:00+07:00"), "2027-01-02T09:00:00");
        assert_eq!(end(Limit::WorkingHours(8), "2026-12-31T16:00:00+07:00"), "2027-01-01T16:00:00");
        let late = Instant::parse("9999-12-30T20:00:00Z").unwrap();
        for limit in
            [Limit::Days(366), Limit::WorkingHours(8_784), Limit::WorkingDays(366), Limit::Hours(8_784)]
        {
            assert!(limit.end(late, &office()) >= late, "{limit:?}");
        }
    }

    fn limits() -> impl Strategy<Value = Limit> {
        prop_oneof![
            (0_u32..400).prop_map(Limit::Minutes),
            (0_u32..200).prop_map(Limit::Hours),
            (0_u32..60).prop_map(Limit::WorkingHours),
            (0_u32..40).prop_map(Limit::Days),
            (1_u16..25).prop_map(Limit::WorkingDays),
        ]
    }

    proptest! {
        #[test]
        fn what_began_before_the_first_in_time_is_late_and_nothing_else(
            limit in limits(),
            // From the end of 2025 to the beginning of 2027, with Tết, weekends and days worked in exchange.
            from in 1_766_700_000_000_i64..1_798_800_000_000,
            after in 0_i64..60 * 86_400_000,
            near in -2_i64..=2,
        ) {
            let office = office();
            let from = Instant::from_ms(from);
            let (end, at) = (limit.end(from, &office), Instant::from_ms(from.ms() + after));
            prop_assert!(end >= from);
            // Ends where it says, to the millisecond.
            for at in [at, Instant::from_ms(end.ms() + near)] {
                prop_assert_eq!(from < limit.first_in_time(at, &office), end < at, "{:?} {} {}", limit, from, at);
            }
            // What begins later never ends earlier.
            prop_assert!(limit.end(at, &office) >= end);
        }

        #[test]
        fn working_hours_pass_as_minutes_do_that_are_counted(
            n in 1_u32..30, from in 1_767_200_000_000_i64..1_798_000_000_000,
        ) {
            // To the minute, as a clock on the wall shows them.
            let office = office();
            let from = Instant::from_ms(from - from % 60_000);
            let works = |minute: i64| {
                let at = office.calendar.time_zone().to_datetime(Instant::from_ms(minute).timestamp());
                let open = |(begin, end): &(Time, Time)| *begin <= at.time() && at.time() < *end;
                office.calendar.is_working_day(at.date()) && office.hours.iter().any(open)
            };
            let (mut minute, mut left) = (from.ms(), i64::from(n) * 60);
            while left > 0 {
                left -= i64::from(works(minute));
                minute += 60_000;
            }
            prop_assert_eq!(Limit::WorkingHours(n).end(from, &office).ms(), minute);
        }
    }
}
