//! The `datetime` parameter of OGC API Features Part 1 section 7.15.4: an instant, a date (a UTC
//! day), or an interval whose ends may be open (`..` or empty) or a duration (`P2D`).

use std::borrow::Cow;
use std::fmt;

use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::domain::Instant;
use crate::query::cql::{Literal, Range};

/// A closed interval of instants; open ends are `Instant::MIN` and `Instant::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::query) struct Interval {
    /// The first instant inside.
    pub(in crate::query) from: Instant,
    /// The last instant inside.
    pub(in crate::query) to: Instant,
}

impl Interval {
    /// All of time.
    pub(in crate::query) const ALL: Self = Self { from: Instant::MIN, to: Instant::MAX };

    /// The same as a range; none if it excludes nothing.
    pub(in crate::query) fn range(self) -> Option<Range> {
        let end = |t: Instant, open: Instant| (t != open).then_some((Literal::Instant(t), true));
        let (from, to) = (end(self.from, Instant::MIN), end(self.to, Instant::MAX));
        if from.is_none() && to.is_none() { None } else { Range::new(from, to) }
    }

    /// A range of instants as an interval.
    pub(in crate::query) fn of(range: &Range) -> Self {
        let end = |e: &Option<(Literal, bool)>, open: Instant| match e {
            Some((Literal::Instant(t), _)) => *t,
            _ => open,
        };
        Self { from: end(&range.from, Instant::MIN), to: end(&range.to, Instant::MAX) }
    }
}

/// As the parameter writes it.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |t: Instant, open: Instant| if t == open { "..".to_owned() } else { t.to_string() };
        if self.from == self.to {
            return write!(f, "{}", self.from);
        }
        write!(f, "{}/{}", end(self.from, Instant::MIN), end(self.to, Instant::MAX))
    }
}

const HELP: &str = "must be an RFC 3339 date-time or date, or an interval of two with .. for an open end, \
                    like 2026-01-01T00:00:00Z/..; write the + of an offset as %2B";

/// Reads an interval.
///
/// # Errors
/// A sentence that says what would be right.
pub(in crate::query) fn parse(text: &str) -> Result<Interval, String> {
    let Some((start, end)) = text.split_once('/') else {
        return moment(text).ok_or_else(|| HELP.to_owned());
    };
    let help = || HELP.to_owned();
    let interval = match (end_of(start).ok_or_else(help)?, end_of(end).ok_or_else(help)?) {
        (End::Open | End::Lasting(_), End::Open | End::Lasting(_)) => {
            return Err("must have at least one end that is a date or date-time".to_owned());
        }
        (End::Open, End::Moment(b)) => Interval { from: Instant::MIN, to: b.to },
        (End::Moment(a), End::Open) => Interval { from: a.from, to: Instant::MAX },
        (End::Moment(a), End::Moment(b)) => Interval { from: a.from, to: b.to },
        (End::Moment(a), End::Lasting(span)) => {
            Interval { from: a.from, to: shift(a.from, span, 1).ok_or_else(help)? }
        }
        (End::Lasting(span), End::Moment(b)) => {
            Interval { from: shift(b.to, span, -1).ok_or_else(help)?, to: b.to }
        }
    };
    if interval.from > interval.to {
        return Err("must have its start before its end".to_owned());
    }
    Ok(interval)
}

enum End {
    Open,
    Moment(Interval),
    Lasting(Span),
}

fn end_of(text: &str) -> Option<End> {
    match text {
        "" | ".." => Some(End::Open),
        t if t.starts_with('P') => t.parse().ok().map(End::Lasting),
        t => moment(t).map(End::Moment),
    }
}

/// A date-time is one millisecond long, a date one UTC day.
pub(in crate::query) fn moment(text: &str) -> Option<Interval> {
    if text.len() > 40 {
        return None;
    }
    if text.contains(['T', 't']) {
        let t = Instant::parse(&with_plus(text)).ok()?;
        return Some(Interval { from: t, to: t });
    }
    let day: Date = text.parse().ok()?;
    // jiff also reads `20260101` and ordinal dates; RFC 3339 knows one form only.
    if day.to_string() != text {
        return None;
    }
    let at = |time: Time| {
        day.to_datetime(time)
            .to_zoned_datetime(TimeZone::UTC)
            .ok()
            .map(|z| Instant::from_timestamp(z.timestamp()))
    };
    Some(Interval { from: at(Time::midnight())?, to: at(Time::MAX).unwrap_or(Instant::MAX) })
}

/// The same as SQL and its clients spell it: `2026/01/31 08:30:00`, with or without an offset; without one it
/// is UTC, as it is for them.
pub(in crate::query) fn spelt(text: &str) -> Option<Interval> {
    if let Some(i) = moment(text) {
        return Some(i);
    }
    let text = text.replace('/', "-");
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((&text, ""));
    if time.is_empty() {
        return moment(day);
    }
    // An offset may be of hours only.
    let (clock, offset) = time.split_at(time.find(['+', '-', 'Z']).unwrap_or(time.len()));
    let offset = match offset.len() {
        0 => "Z".to_owned(),
        3 => format!("{offset}:00"),
        _ => offset.to_owned(),
    };
    moment(&format!("{day}T{clock}{offset}"))
}

/// A `+` that was typed into an address as it is arrives as a space. Nothing else in a date-time is one.
pub(in crate::query) fn with_plus(text: &str) -> Cow<'_, str> {
    let offset = text.len().checked_sub(6).and_then(|at| text.split_at_checked(at));
    match offset.and_then(|(time, offset)| Some((time, offset.strip_prefix(' ')?))) {
        Some((time, offset)) if offset.as_bytes()[2] == b':' && !time.contains(' ') => {
            format!("{time}+{offset}").into()
        }
        _ => text.into(),
    }
}

fn shift(t: Instant, span: Span, sign: i64) -> Option<Instant> {
    let at = t.timestamp().to_zoned_datetime(TimeZone::UTC);
    let moved = at.checked_add(span.checked_mul(sign).ok()?).ok()?;
    Some(Instant::from_timestamp(moved.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> String {
        parse(t).map_or_else(|e| e, |i| format!("{} {}", i.from, i.to))
    }

    #[test]
    fn dates_are_utc_days_and_any_offset_is_read() {
        assert_eq!(text("2026-01-15"), "2026-01-15T00:00:00.000Z 2026-01-15T23:59:59.999Z");
        assert_eq!(text("2026-01-15T07:00:00+07:00"), "2026-01-15T00:00:00.000Z 2026-01-15T00:00:00.000Z");
        // A plus sign that nobody encoded, at either end and in both.
        let typed = "2026-01-15T07:00:00 07:00/2026-01-16T00:30:00.5 00:30";
        assert_eq!(text(typed), "2026-01-15T00:00:00.000Z 2026-01-16T00:00:00.500Z");
        assert_eq!(text("2026-01-15T07:00:00 07:00"), text("2026-01-15T00:00:00Z"));
        assert!(parse("2026-01-15T07:00:00  07:00").is_err() && parse("2026-01-15T07:00:00 ngày:1").is_err());
        assert_eq!(text("2026-01-01/2026-01-02"), "2026-01-01T00:00:00.000Z 2026-01-02T23:59:59.999Z");
        assert_eq!(text("2026-01-01/P2D"), "2026-01-01T00:00:00.000Z 2026-01-03T00:00:00.000Z");
    }

    #[test]
    fn clients_of_sql_spell_times_their_way() {
        let at = |t: &str| spelt(t).map(|i| i.from.to_string()).unwrap_or_default();
        for same in
            ["2026/12/01 00:00:00", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00", "2026/12/01 07:00:00+07"]
        {
            assert_eq!(at(same), "2026-12-01T00:00:00.000Z", "{same}");
        }
        assert_eq!(at("2026/12/01"), at("2026-12-01"));
        for bad in ["", "12/01/2026", "2026/13/01 00:00:00", "soon", "2026/12/01 25:00:00"] {
            assert_eq!(spelt(bad), None, "{bad}");
        }
    }

    #[test]
    fn ends_may_be_open_but_not_both() {
        assert_eq!(parse("../2026-01-01T00:00:00Z").unwrap().from, Instant::MIN);
        assert_eq!(parse("2026-01-01T00:00:00Z/").unwrap().to, Instant::MAX);
        assert!(parse("../..").is_err());
        assert!(parse("/").is_err());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "..",
            "yesterday",
            "20260101",
            "2026-13-01",
            "2026-01-01T00:00:00",
            "2026-02-01/2026-01-01",
            "P2D/P3D",
            "a/b/c",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
