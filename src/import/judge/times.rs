//! Times as sources write them: RFC 3339, a form of the profile, or an ISO time without a zone, which is
//! taken in a stated one. A text that could be two moments keeps both until its neighbours decide. Not here:
//! whether a time makes sense (report, feature).

use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, strtime, strtime::BrokenDownTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, ZonedDateTime};

use crate::import::profile::{MappingError, Times};
use diaban_core::domain::Instant;

/// From so many seconds on a count since 1970 is one of milliseconds: the year 5138.
const SECONDS_END: f64 = 1e11;

/// Days of a spreadsheet before this one are counted otherwise by each: 1900 is a leap year to some.
const FIRST_DAY: f64 = 61.0;

/// Reads times of one source.
#[derive(Clone, Debug)]
pub(in crate::import) struct TimeReader {
    zone: TimeZone,
    forms: Vec<Form>,
}

/// How a source writes times.
#[derive(Clone, Debug)]
enum Form {
    /// As `strptime` has it.
    Pattern(String),
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Days of a spreadsheet since this day, in the zone.
    Days(Date),
}

/// What a text may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) struct Reading {
    /// The first moment.
    first: Instant,
    /// The last one that it may be: of an hour that comes twice the second, of a date its last moment.
    last: Instant,
    /// Whether it is a date, so that what lies between may be meant, too.
    is_day: bool,
}

impl Reading {
    fn exact(at: Instant) -> Self {
        Self { first: at, last: at, is_day: false }
    }

    /// The moment where nothing else decides.
    pub(in crate::import) fn first(self) -> Instant {
        self.first
    }

    /// The last moment that it may be.
    pub(in crate::import) fn last(self) -> Instant {
        self.last
    }

    /// The first of its moments that is not before another, else the first.
    pub(in crate::import) fn from(self, other: Instant) -> Instant {
        match other {
            _ if self.first >= other || self.last < other => self.first,
            _ if self.is_day => other,
            _ => self.last,
        }
    }
}

impl TimeReader {
    /// With the zone of the city where the profile names none.
    pub(in crate::import) fn new(times: Option<&Times>, city: &TimeZone) -> Result<Self, MappingError> {
        let Some(times) = times else { return Ok(Self { zone: city.clone(), forms: Vec::new() }) };
        let zone = match &times.zone {
            None => city.clone(),
            Some(name) => TimeZone::get(name).map_err(|_| MappingError::Zone(name.clone()))?,
        };
        let forms: Result<_, _> = times.formats.iter().map(|text| form(text, &zone)).collect();
        Ok(Self { forms: forms?, zone })
    }

    /// What a text may mean.
    pub(in crate::import) fn read(&self, text: &str) -> Option<Reading> {
        let text = text.trim();
        self.forms.iter().find_map(|form| self.by_form(form, text)).or_else(|| self.standard(text))
    }

    /// What could be said to somebody whose time is not read.
    pub(in crate::import) fn advice(text: &str) -> &'static str {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        match text.trim().parse::<f64>() {
            Ok(n) if n > 1e12 => "; if it is milliseconds since 1970, say so in times.formats: epoch_ms",
            Ok(n) if n > 1e8 => "; if it is seconds since 1970, say so in times.formats: epoch_s",
            Ok(n) if n > 1e4 => "; if it is a day of a spreadsheet, say so in times.formats: excel",
            Err(_) if digits >= 5 => "; say in times.formats how it is written, like %d/%m/%Y %H:%M",
            _ => "",
        }
    }

    fn by_form(&self, form: &Form, text: &str) -> Option<Reading> {
        let number = || text.parse().ok().filter(|n: &f64| n.is_finite());
        let epoch = |ms: f64| (ms.abs() < 1e15).then(|| Reading::exact(Instant::from_ms(ms.round() as i64)));
        match form {
            Form::Pattern(pattern) => self.by_pattern(pattern, text),
            Form::Seconds => number().filter(|n| n.abs() < SECONDS_END).and_then(|n| epoch(n * 1e3)),
            Form::Milliseconds => number().filter(|n| n.abs() >= SECONDS_END).and_then(epoch),
            Form::Days(origin) => {
                let days = number().filter(|n| (FIRST_DAY..1e6).contains(n))?;
                // A spreadsheet keeps a moment as a part of a day, to a few milliseconds.
                let since = SignedDuration::from_millis((days * 86_400_000.0).round() as i64);
                let at = origin.at(0, 0, 0, 0).checked_add(since).ok()?;
                if days.fract() == 0.0 { self.day(at.date()) } else { self.local(rounded(at)?) }
            }
        }
    }

    fn by_pattern(&self, pattern: &str, text: &str) -> Option<Reading> {
        let read = BrokenDownTime::parse(pattern, text).ok()?;
        if let Ok(t) = read.to_timestamp() {
            return Some(Reading::exact(Instant::from_timestamp(t)));
        }
        if read.hour().is_none() {
            return self.day(read.to_date().ok()?);
        }
        self.local(read.to_datetime().ok()?)
    }

    /// The forms that need no profile.
    fn standard(&self, text: &str) -> Option<Reading> {
        if let Ok(at) = Instant::parse(text) {
            return Some(Reading::exact(at));
        }
        // 2026-11-25 08:30:00 +0700, … UTC
        if let Some((time, zone)) = text.rsplit_once(' ').filter(|(time, _)| time.contains(':')) {
            let zone = if matches!(zone, "UTC" | "GMT") { "Z" } else { zone };
            if let Ok(at) = Instant::parse(&format!("{time}{zone}")) {
                return Some(Reading::exact(at));
            }
        }
        if text.ends_with(']') {
            return text
                .parse::<ZonedDateTime>()
                .ok()
                .map(|t| Reading::exact(Instant::from_timestamp(t.timestamp())));
        }
        // The library leaves out offsets that it does not need.
        let is_civil = text.bytes().enumerate().all(|(i, b)| {
            b.is_ascii_digit() || matches!(b, b':' | b'.' | b',' | b'T' | b't' | b' ') || (b == b'-' && i < 8)
        });
        if is_civil && text.starts_with(|c: char| c.is_ascii_digit()) {
            let has_time = text.contains([':', 'T', 't', ' ']);
            // Eight digits are a date; a longer or shorter number is none.
            if !has_time && (text.len() == 10 || text.len() == 8) {
                return self.day(text.parse().ok()?);
            }
            return if has_time { self.local(text.parse().ok()?) } else { None };
        }
        rfc2822::parse(text).ok().map(|t| Reading::exact(Instant::from_timestamp(t.timestamp())))
    }

    /// In the hour that is left out the one after; the hour that comes twice is both.
    fn local(&self, t: DateTime) -> Option<Reading> {
        let at = self.zone.to_ambiguous_timestamp(t);
        let is_twice = matches!(at.offset(), AmbiguousOffset::Fold { .. });
        let first = Instant::from_timestamp(at.compatible().ok()?);
        let last = if is_twice { Instant::from_timestamp(at.later().ok()?) } else { first };
        Some(Reading { first, last, is_day: false })
    }

    /// A date begins at midnight of the zone.
    fn day(&self, date: Date) -> Option<Reading> {
        let begin = |d: Date| {
            let at = self.zone.to_timestamp(d.at(0, 0, 0, 0)).ok()?;
            Some(Instant::from_timestamp(at))
        };
        let first = begin(date)?;
        let last = date.tomorrow().ok().and_then(begin).map_or(first, |t| Instant::from_ms(t.ms() - 1));
        Some(Reading { first, last, is_day: true })
    }
}

/// To whole seconds where the part of a day that a spreadsheet keeps is nearly one.
fn rounded(t: DateTime) -> Option<DateTime> {
    let whole = t.round(jiff::Unit::Second).ok()?;
    let off = t.duration_until(whole).abs();
    Some(if off <= SignedDuration::from_millis(2) { whole } else { t })
}

fn form(text: &str, zone: &TimeZone) -> Result<Form, MappingError> {
    let wrong = |why: &dyn std::fmt::Display| MappingError::TimeFormat(text.to_owned(), why.to_string());
    match text {
        "epoch_s" => return Ok(Form::Seconds),
        "epoch_ms" => return Ok(Form::Milliseconds),
        "excel" => return Ok(Form::Days(jiff::civil::date(1899, 12, 30))),
        "excel_1904" => return Ok(Form::Days(jiff::civil::date(1904, 1, 1))),
        _ => {}
    }
    let sample = ZonedDateTime::new(jiff::Timestamp::UNIX_EPOCH, zone.clone());
    let written = strtime::format(text, &sample).map_err(|e| wrong(&e))?;
    let read = BrokenDownTime::parse(text, &written).map_err(|e| wrong(&e))?;
    if read.to_timestamp().is_err() {
        read.to_date().map_err(|e| wrong(&e))?;
    }
    let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
    if has(&["%I", "%l", "%-I", "%_I"]) && !has(&["%p", "%P"]) {
        return Err(wrong(&"an hour of twelve needs %p"));
    }
    Ok(Form::Pattern(text.to_owned()))
}

#[cfg(test)]
#[path = "times_tests.rs"]
mod tests;
