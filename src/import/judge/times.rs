//! Times as sources write them: RFC 3339, a form of the profile, or an ISO time without a zone, which is
//! taken in a stated one. Not here: whether a time makes sense (report).

use jiff::ZonedDateTime;
use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;

use crate::import::profile::{MappingError, Times};
use diaban_core::domain::Instant;

/// Reads times of one source.
#[derive(Clone, Debug)]
pub(in crate::import) struct TimeReader {
    zone: TimeZone,
    formats: Vec<String>,
}

impl TimeReader {
    /// With the zone of the city where the profile names none.
    pub(in crate::import) fn new(times: Option<&Times>, city: &TimeZone) -> Result<Self, MappingError> {
        let Some(times) = times else { return Ok(Self { zone: city.clone(), formats: Vec::new() }) };
        let zone = match &times.zone {
            None => city.clone(),
            Some(name) => TimeZone::get(name).map_err(|_| MappingError::Zone(name.clone()))?,
        };
        for format in &times.formats {
            let wrong =
                |why: &dyn std::fmt::Display| MappingError::TimeFormat(format.clone(), why.to_string());
            let sample = ZonedDateTime::new(jiff::Timestamp::UNIX_EPOCH, zone.clone());
            let text = strtime::format(format, &sample).map_err(|e| wrong(&e))?;
            let read = BrokenDownTime::parse(format, &text).map_err(|e| wrong(&e))?;
            read.to_date().map_err(|e| wrong(&e))?;
        }
        Ok(Self { zone, formats: times.formats.clone() })
    }

    /// The moment that a text names.
    pub(in crate::import) fn read(&self, text: &str) -> Option<Instant> {
        let by_profile = self.formats.iter().find_map(|format| self.by_format(format, text));
        by_profile
            .or_else(|| Instant::parse(text).ok())
            .or_else(|| text.parse::<DateTime>().ok().and_then(|t| self.local(t)))
    }

    fn by_format(&self, format: &str, text: &str) -> Option<Instant> {
        let read = BrokenDownTime::parse(format, text).ok()?;
        if let Ok(t) = read.to_timestamp() {
            return Some(Instant::from_timestamp(t));
        }
        let date_only = read.hour().is_none();
        let t = if date_only { read.to_date().map(|d| d.at(0, 0, 0, 0)) } else { read.to_datetime() };
        self.local(t.ok()?)
    }

    /// In the hour that comes twice the first one, in the hour that is left out the one after.
    fn local(&self, t: DateTime) -> Option<Instant> {
        self.zone.to_timestamp(t).ok().map(Instant::from_timestamp)
    }
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
            assert_eq!(reader.read(text).map(|t| t.to_string()).as_deref(), Some(wanted), "{text}");
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
}
