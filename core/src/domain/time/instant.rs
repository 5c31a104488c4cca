//! An instant with millisecond precision.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z. Printed as RFC 3339 in UTC with `Z` and three decimals,
/// so a printed value can be used in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The first millisecond that can be printed: year 1.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The last millisecond that jiff can print, in any offset.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since the epoch, clamped to the printable range.
    pub const fn from_ms(ms: i64) -> Self {
        if ms < Self::MIN.0 {
            Self::MIN
        } else if ms > Self::MAX.0 {
            Self::MAX
        } else {
            Self(ms)
        }
    }

    /// Milliseconds since the epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The same instant as a jiff timestamp.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).expect("MIN..=MAX lies inside jiff's range")
    }

    /// From a jiff timestamp, rounded down to a millisecond.
    pub fn from_timestamp(t: jiff::Timestamp) -> Self {
        // Before the epoch, jiff would round toward it, that is up.
        Self::from_ms(t.as_nanosecond().div_euclid(1_000_000) as i64)
    }

    /// Parses an RFC 3339 date-time with any offset.
    ///
    /// # Errors
    /// When the text is not such a date-time or is outside the years 1 to 9999.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(Self::from_timestamp)
    }

    /// The instant rounded down to the hour (UTC; Vietnam's offset is whole hours).
    #[must_use]
    pub fn floor_hour(self) -> Self {
        self.floor(3_600_000)
    }

    /// The instant rounded down to five minutes. Queries that depend on the current time use it, so
    /// that the same query has the same answer for five minutes.
    #[must_use]
    pub fn floor_five_minutes(self) -> Self {
        self.floor(300_000)
    }

    fn floor(self, ms: i64) -> Self {
        Self::from_ms(self.0.div_euclid(ms) * ms)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_in_utc_with_whole_milliseconds() {
        let t = Instant::parse("2026-11-25T08:30:00.1234+07:00").unwrap();
        assert_eq!(t.to_string(), "2026-11-25T01:30:00.123Z");
        assert_eq!(Instant::parse(&t.to_string()).unwrap(), t);
        assert_eq!(Instant::parse("1969-12-31T23:59:59.9999Z").unwrap().ms(), -1);
        assert_eq!(t.floor_hour().to_string(), "2026-11-25T01:00:00.000Z");
        let late = Instant::parse("2026-11-25T01:34:59.999Z").unwrap();
        assert_eq!(late.floor_five_minutes(), t.floor_five_minutes());
        assert_eq!(Instant::MAX.to_string(), "9999-12-30T22:00:00.000Z");
    }
}
