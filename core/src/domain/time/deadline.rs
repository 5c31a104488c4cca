//! When an answer is due, and whether it is late. Overdue is computed, never stored. Not here:
//! working days (calendar), target days (category), the clock (callers pass instants in).

use jiff::civil::{Date, Time, time};

use crate::domain::{Calendar, Instant, State, Status};

/// The end of a working day, when deadlines fall: 17:00 in the calendar's time zone.
pub const END_OF_WORK: Time = time(17, 0, 0, 0);

/// When an answer is due: the end of the `target_days`-th working day after the local day on which
/// the report was received. The day of receipt never counts, whatever the hour. So reports of
/// Monday morning and of Monday night are due together, and reports of a weekend are due with those
/// of the Friday before.
///
/// The result is capped at [`Instant::MAX`] (year 9999).
pub fn due(created: Instant, target_days: u16, calendar: &Calendar) -> Instant {
    let zone = calendar.time_zone();
    let received = zone.to_datetime(created.timestamp()).date();
    let last = calendar.add_working_days(received, target_days);
    match zone.to_timestamp(last.to_datetime(END_OF_WORK)) {
        Ok(t) => Instant::from_timestamp(t),
        Err(_) => Instant::MAX,
    }
}

/// When an answer is due that was due then, after its clock rested: as many working days later as there are after the
/// local day of `from` up to that of `to`, at the same time of day. A rest inside a day changes nothing.
///
/// The result is capped at [`Instant::MAX`].
pub fn rested(due: Instant, from: Instant, to: Instant, calendar: &Calendar) -> Instant {
    let zone = calendar.time_zone();
    let day = |at: Instant| zone.to_datetime(at.timestamp()).date();
    let (mut at, last, mut days) = (day(from), day(to), 0_u16);
    while at < last {
        let Ok(next) = at.tomorrow() else { break };
        at = next;
        days = days.saturating_add(u16::from(calendar.is_working_day(at)));
    }
    later(due, days, calendar)
}

/// So many working days later, at the same time of day; the same moment for none.
///
/// The result is capped at [`Instant::MAX`].
pub fn later(due: Instant, days: u16, calendar: &Calendar) -> Instant {
    if days == 0 {
        return due;
    }
    let zone = calendar.time_zone();
    let was = zone.to_datetime(due.timestamp());
    let then = calendar.add_working_days(was.date(), days).to_datetime(was.time());
    zone.to_timestamp(then).map_or(Instant::MAX, Instant::from_timestamp)
}

/// A promised moment as people write it: an instant of RFC 3339, or a day like 2026-12-24, which means the end of its
/// work. None when it is neither.
pub fn promised(text: &str, calendar: &Calendar) -> Option<Instant> {
    moment(text, END_OF_WORK, calendar)
}

/// The moment from which on something is asked for: an instant of RFC 3339, or a day, which means its beginning. None
/// when it is neither.
pub fn since(text: &str, calendar: &Calendar) -> Option<Instant> {
    moment(text, Time::midnight(), calendar)
}

fn moment(text: &str, of_day: Time, calendar: &Calendar) -> Option<Instant> {
    if text.len() > 10 {
        return Instant::parse(text).ok();
    }
    let day: Date = text.parse().ok()?;
    let moment = calendar.time_zone().to_timestamp(day.to_datetime(of_day)).ok()?;
    Some(Instant::from_timestamp(moment))
}

/// Whether an open report is late at `as_of`. The due instant itself is still in time.
pub fn is_overdue(state: State, due: Instant, as_of: Instant) -> bool {
    state.status() == Status::Open && as_of > due
}

#[cfg(test)]
mod tests {
    use super::super::calendar::tests::calendar;
    use super::*;

    #[test]
    fn a_promised_day_ends_with_its_work() {
        let of = |text| promised(text, &calendar()).map(|t| t.to_string());
        assert_eq!(of("2026-12-24").as_deref(), Some("2026-12-24T10:00:00.000Z"));
        let begins = since("2026-12-24", &calendar()).map(|t| t.to_string());
        assert_eq!(begins.as_deref(), Some("2026-12-23T17:00:00.000Z"));
        assert_eq!(of("2026-12-24T08:00:00+07:00").as_deref(), Some("2026-12-24T01:00:00.000Z"));
        for wrong in ["", "tomorrow", "2026-13-01", "24/12/2026", "2026-12-24T08:00"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    fn due_of(created: &str, days: u16) -> String {
        due(Instant::parse(created).unwrap(), days, &calendar()).to_string()
    }

    #[test]
    fn due_at_five_in_the_afternoon_of_the_last_working_day() {
        // Monday morning and Monday night: Tuesday 17:00 in Vietnam is 10:00 UTC.
        assert_eq!(due_of("2026-11-23T08:00:00+07:00", 1), "2026-11-24T10:00:00.000Z");
        assert_eq!(due_of("2026-11-23T23:59:59+07:00", 1), "2026-11-24T10:00:00.000Z");
        assert_eq!(due_of("2026-11-23T08:00:00+07:00", 5), "2026-11-30T10:00:00.000Z");
    }

    #[test]
    fn the_day_received_is_the_local_one() {
        // Sunday 18:00 UTC is Monday 01:00 in Vietnam.
        assert_eq!(due_of("2026-11-22T18:00:00Z", 1), "2026-11-24T10:00:00.000Z");
        assert_eq!(due_of("2026-11-22T16:00:00Z", 1), "2026-11-23T10:00:00.000Z");
    }

    #[test]
    fn tet_2026_moves_a_deadline_by_a_week() {
        // The Friday before Tết; offices are closed from Saturday 14 to Sunday 22 February.
        assert_eq!(due_of("2026-02-13T16:00:00+07:00", 1), "2026-02-23T10:00:00.000Z");
        assert_eq!(due_of("2026-02-13T16:00:00+07:00", 3), "2026-02-25T10:00:00.000Z");
        assert_eq!(due_of("2026-02-17T00:00:00+07:00", 1), "2026-02-23T10:00:00.000Z");
        assert_eq!(due_of("2026-02-11T09:00:00+07:00", 3), "2026-02-23T10:00:00.000Z");
    }

    #[test]
    fn a_weekend_report_is_due_with_those_of_friday() {
        let friday = due_of("2026-11-20T09:00:00+07:00", 2);
        assert_eq!(due_of("2026-11-21T09:00:00+07:00", 2), friday);
        assert_eq!(due_of("2026-11-22T09:00:00+07:00", 2), friday);
    }

    #[test]
    fn a_rest_adds_its_working_days_and_no_others() {
        const DUE: &str = "2026-12-04T10:00:00.000Z"; // a Friday, 17:00
        let of = |due: &str, from: &str, to: &str| {
            let [due, from, to] = [due, from, to].map(|t| Instant::parse(t).unwrap());
            rested(due, from, to, &calendar()).to_string()
        };
        // Over a weekend from Friday to Monday it is one day; within a day, none.
        assert_eq!(
            of(DUE, "2026-11-27T09:00:00+07:00", "2026-11-30T08:00:00+07:00"),
            "2026-12-07T10:00:00.000Z"
        );
        assert_eq!(of(DUE, "2026-11-27T09:00:00+07:00", "2026-11-27T16:00:00+07:00"), DUE);
        assert_eq!(of(DUE, "2026-11-28T09:00:00+07:00", "2026-11-29T16:00:00+07:00"), DUE);
        assert_eq!(of(DUE, "2026-11-30T09:00:00+07:00", "2026-11-27T09:00:00+07:00"), DUE, "backwards");
        // Tết counts neither where it rests nor where it is due.
        assert_eq!(
            of("2026-02-13T10:00:00Z", "2026-02-12T09:00:00+07:00", "2026-02-23T09:00:00+07:00"),
            "2026-02-24T10:00:00.000Z"
        );
        // A moment that an office promised keeps its time of day.
        assert_eq!(
            of("2026-12-04T02:30:00Z", "2026-12-01T09:00:00+07:00", "2026-12-02T09:00:00+07:00"),
            "2026-12-07T02:30:00.000Z"
        );
        let last = Instant::MAX;
        assert!(rested(last, Instant::from_ms(last.ms() - 9 * 86_400_000), last, &calendar()) > Instant::MIN);
    }

    #[test]
    fn the_end_of_time_does_not_panic() {
        let late = Instant::parse("9999-12-30T20:00:00Z").unwrap();
        assert!(due(late, u16::MAX, &calendar()) >= late);
        assert!(due(Instant::MIN, 1, &calendar()) > Instant::MIN);
    }

    #[test]
    fn only_an_open_report_after_its_due_instant_is_late() {
        let due = Instant::parse("2026-11-24T10:00:00Z").unwrap();
        let after = Instant::from_ms(due.ms() + 1);
        assert!(!is_overdue(State::Received, due, due));
        assert!(is_overdue(State::Reopened, due, after));
        assert!(!is_overdue(State::Resolved, due, after));
    }
}
