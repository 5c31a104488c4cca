//! The `Date` of responses. hyper keeps its own until the clock has passed it, so after a step back it would stand still.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use diaban_core::domain::Instant;

/// The header of the present second, written once for all responses of that second.
#[derive(Debug, Default)]
pub struct Dates(ArcSwapOption<(i64, HeaderValue)>);

impl Dates {
    /// The header for a moment.
    pub(in crate::http) fn of(&self, now: Instant) -> HeaderValue {
        let second = now.ms().div_euclid(1_000);
        if let Some(kept) = &*self.0.load()
            && kept.0 == second
        {
            return kept.1.clone();
        }
        let text = Timestamp::from_second(second)
            .and_then(|t| DateTimePrinter::new().timestamp_to_rfc9110_string(&t));
        // A clock outside of the years that HTTP can write.
        let text = text.unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".to_owned());
        let value = HeaderValue::try_from(text).expect("a date is ASCII");
        self.0.store(Some(Arc::new((second, value.clone()))));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_goes_with_the_clock_forward_and_back() {
        let dates = Dates::default();
        let of = |text| dates.of(Instant::parse(text).unwrap());
        assert_eq!(of("2026-11-25T01:30:00.999Z"), "Wed, 25 Nov 2026 01:30:00 GMT");
        assert_eq!(of("2026-11-25T01:30:01Z"), "Wed, 25 Nov 2026 01:30:01 GMT");
        assert_eq!(of("2026-11-25T00:30:01Z"), "Wed, 25 Nov 2026 00:30:01 GMT");
        assert_eq!(of("1970-01-01T00:00:00Z"), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(of("2100-02-28T00:00:00Z"), "Sun, 28 Feb 2100 00:00:00 GMT");
    }
}
