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
        let first = Instant::from_timestamp(at.clone().compatible().ok()?);
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
mod tests {
    use super::*;

    fn reader(zone: &str, formats: &[&str]) -> Result<TimeReader, MappingError> {
        let zone = (!zone.is_empty()).then(|| zone.to_owned());
        let times = Times { zone, formats: formats.iter().map(|f| (*f).to_owned()).collect() };
        TimeReader::new(Some(&times), &TimeZone::get("Asia/Ho_Chi_Minh").unwrap())
    }

    #[test]
    fn times_are_read_in_their_form_and_their_zone() {
        let here = reader("", &[]).unwrap();
        let nyc =
            reader("America/New_York", &["%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"]).unwrap();
        let raw = reader("UTC", &["%Y/%m/%d %H:%M:%S %z", "%m/%d/%Y at %I:%M%p"]).unwrap();
        for (reader, text, wanted) in [
            (&here, "2026-11-25T08:30:00+07:00", "2026-11-25T01:30:00.000Z"),
            (&here, "2026-11-25T08:30:00Z", "2026-11-25T08:30:00.000Z"),
            (&here, "2026-11-25 08:30:00", "2026-11-25T01:30:00.000Z"),
            (&here, "2026-11-25T08:30", "2026-11-25T01:30:00.000Z"),
            (&here, "2026-11-25", "2026-11-24T17:00:00.000Z"),
            (&here, "2020-08-13T11:45:51.163-06:00", "2020-08-13T17:45:51.163Z"),
            (&nyc, "3/14/2025 1:20", "2025-03-14T05:20:00.000Z"),
            (&nyc, "03/14/2025 01:20:00 PM", "2025-03-14T17:20:00.000Z"),
            (&nyc, "1/14/2025", "2025-01-14T05:00:00.000Z"),
            (&nyc, "2025-03-14T01:20:00Z", "2025-03-14T01:20:00.000Z"),
            (&raw, "2011/06/22 18:55:10 +0000", "2011-06-22T18:55:10.000Z"),
            (&raw, "06/22/2011 at 06:55PM", "2011-06-22T18:55:00.000Z"),
        ] {
            assert_eq!(reader.read(text).map(|t| t.first().to_string()).as_deref(), Some(wanted), "{text}");
        }
        for text in ["", "yesterday", "14/03/2025 01:20", "2025-13-01T00:00:00Z", "1764034200"] {
            assert_eq!(nyc.read(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_or_a_form_that_cannot_be_is_said_at_once() {
        let why = |zone, formats: &[&str]| reader(zone, formats).unwrap_err().to_string();
        assert!(why("Saigon", &[]).contains("times.zone: \"Saigon\""));
        assert!(why("", &["%m/%d/%Y %H:%M", "%Q!"]).contains("times.formats: \"%Q!\""));
        assert!(why("", &["%H:%M"]).contains("%H:%M"), "a time of day is no moment");
    }

    /// Forms that are always read, then those that a profile names. All name a moment to the second.
    const FORMS: [(&str, bool); 38] = [
        ("%Y-%m-%dT%H:%M:%S%:z", false),
        ("%Y-%m-%d %H:%M:%S%:z", false),
        ("%Y-%m-%dT%H:%M:%S%z", false),
        ("%Y-%m-%d %H:%M:%S%z", false),
        ("%Y-%m-%d %H:%M:%S %z", false),
        ("%Y-%m-%d %H:%M:%S %:z", false),
        ("%Y-%m-%dt%H:%M:%S%:z", false),
        ("%Y-%m-%dT%H:%M:%S.%3f%:z", false),
        ("%Y-%m-%dT%H:%M:%S.%6f%:z", false),
        ("%Y%m%dT%H%M%S%z", false),
        ("%Y-%m-%dT%H:%M:%S%:z[%Q]", false),
        ("%a, %d %b %Y %H:%M:%S %z", false),
        ("%d %b %Y %H:%M:%S %z", false),
        ("%Y-%m-%dT%H:%M:%S", false),
        ("%Y-%m-%d %H:%M:%S", false),
        ("%Y-%m-%d %H:%M:%S.%3f", false),
        ("%Y%m%dT%H%M%S", false),
        ("%d/%m/%Y %H:%M:%S", true),
        ("%d-%m-%Y %H:%M:%S", true),
        ("%d.%m.%Y %H:%M:%S", true),
        ("%m/%d/%Y %I:%M:%S %p", true),
        ("%m/%d/%Y at %I:%M:%S%p", true),
        ("%d/%m/%y %H:%M:%S", true),
        ("%H:%M:%S %d/%m/%Y", true),
        ("%H:%M:%S ngày %d/%m/%Y", true),
        ("%Hh%M'%S %d-%m-%Y", true),
        ("%d %b %Y %H:%M:%S", true),
        ("%B %d, %Y %I:%M:%S %p", true),
        ("%A, %d %B %Y %H:%M:%S", true),
        ("%Y/%m/%d %H:%M:%S", true),
        ("%Y.%m.%d %H:%M:%S", true),
        ("%Y%m%d%H%M%S", true),
        ("%Y/%m/%d %H:%M:%S %z", true),
        ("%s", true),
        ("epoch_s", true),
        ("epoch_ms", true),
        ("excel", true),
        ("excel_1904", true),
    ];
    const ZONES: [&str; 8] = [
        "Asia/Ho_Chi_Minh",
        "UTC",
        "America/New_York",
        "Europe/Berlin",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
    ];

    /// A moment as a source of that form and zone writes it.
    fn written(form: &str, at: &ZonedDateTime) -> String {
        let days = |origin: jiff::civil::Date| {
            let since = at.datetime().duration_since(origin.at(0, 0, 0, 0));
            format!("{:.10}", since.as_secs() as f64 / 86_400.0)
        };
        match form {
            "epoch_s" => at.timestamp().as_second().to_string(),
            "epoch_ms" => at.timestamp().as_millisecond().to_string(),
            "excel" => days(jiff::civil::date(1899, 12, 30)),
            "excel_1904" => days(jiff::civil::date(1904, 1, 1)),
            pattern => strtime::format(pattern, at).unwrap(),
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
        #[test]
        fn a_moment_is_read_in_every_form_and_zone(second in 157_766_400_i64..3_092_000_000) {
            for zone in ZONES {
                let tz = TimeZone::get(zone).unwrap();
                let at = jiff::Timestamp::from_second(second).unwrap().to_zoned(tz);
                for (form, named) in FORMS {
                    // Midnight is a date to a spreadsheet, and both are one moment unless it is left out.
                    let text = written(form, &at);
                    let formats = if named { vec![form] } else { Vec::new() };
                    let reading = reader(zone, &formats).unwrap().read(&text);
                    let wanted = Instant::from_timestamp(at.timestamp());
                    let fits = reading.is_some_and(|r| r.first == wanted || (!r.is_day && r.last == wanted));
                    proptest::prop_assert!(fits, "{} {}: {} is {:?}, not {}", zone, form, text, reading, wanted);
                    let twice = reading.is_some_and(|r| !r.is_day && r.first != r.last);
                    let offset = text.contains('+') || form.starts_with("epoch") || form == "%s";
                    proptest::prop_assert!(!(twice && offset), "{} {}", zone, text);
                }
            }
        }
    }

    #[test]
    fn a_form_that_is_not_said_is_not_guessed() {
        let here = reader("", &[]).unwrap();
        for (text, advice) in [
            ("31/12/2026 18:00", "%d/%m/%Y"),
            ("12/31/2026", "%d/%m/%Y"),
            ("1798714800", "epoch_s"),
            ("1798714800000", "epoch_ms"),
            ("46387.75", "excel"),
            ("2026-12-31 18:00 ICT", "%d/%m/%Y"),
            ("2026-12-31 25:00", "%d/%m/%Y"),
            ("2026", ""),
            ("18:00", ""),
        ] {
            assert_eq!(here.read(text), None, "{text}");
            assert!(TimeReader::advice(text).contains(advice), "{text}");
        }
        // Neither seconds nor milliseconds can be taken for the other.
        let both = reader("", &["epoch_s", "epoch_ms"]).unwrap();
        assert_eq!(both.read("1798714800"), both.read("1798714800000"));
        assert_eq!(reader("", &["epoch_s"]).unwrap().read("1798714800000"), None);
        assert!(reader("", &["%d/%m/%Y %I:%M"]).unwrap_err().to_string().contains("needs %p"));
        assert_eq!(here.read("2026-12-31T18:00:00+07:00[Asia/Ho_Chi_Minh]"), here.read("2026-12-31 18:00 "));
    }
}
