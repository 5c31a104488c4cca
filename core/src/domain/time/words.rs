//! Days and moments in words, as people of the city say them. Not here: opening hours (hours).

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::domain::{Instant, Lang};

/// The day of an instant: "thứ Sáu, 4/12/2026", "Friday, 4 December 2026".
pub fn day(at: Instant, zone: &TimeZone, lang: Lang) -> String {
    let date = local(at, zone);
    let name = weekday(date.weekday(), lang);
    match lang {
        Lang::Vi => format!("{name}, {}/{}/{}", date.day(), date.month(), date.year()),
        Lang::En => format!("{name}, {}", date.strftime("%-d %B %Y")),
    }
}

/// The same with the time of day. Where only the hour is public, the hour is said.
pub fn moment(at: Instant, by_hour: bool, zone: &TimeZone, lang: Lang) -> String {
    let time = zone.to_datetime(at.timestamp()).time();
    let day = day(at, zone, lang);
    match (by_hour, lang) {
        (false, _) => format!("{}, {day}", time.strftime("%H:%M")),
        (true, Lang::Vi) => format!("từ {} đến {} giờ, {day}", time.hour(), time.hour() + 1),
        (true, Lang::En) => format!("between {:02}:00 and {:02}:00, {day}", time.hour(), time.hour() + 1),
    }
}

/// How many days of the calendar lie from one instant to another; fewer than none where it is before.
pub fn days_from(from: Instant, to: Instant, zone: &TimeZone) -> i64 {
    let apart = local(from, zone).until(local(to, zone));
    i64::from(apart.map_or(0, |span| span.get_days()))
}

/// Today, or so many days to come.
pub fn in_days(days: i64, lang: Lang) -> String {
    match (days, lang) {
        (..=0, Lang::Vi) => "hôm nay".to_owned(),
        (..=0, Lang::En) => "today".to_owned(),
        (1, Lang::Vi) => "ngày mai".to_owned(),
        (1, Lang::En) => "tomorrow".to_owned(),
        (n, Lang::Vi) => format!("còn {n} ngày"),
        (n, Lang::En) => format!("in {n} days"),
    }
}

fn local(at: Instant, zone: &TimeZone) -> Date {
    zone.to_datetime(at.timestamp()).date()
}

const fn weekday(day: Weekday, lang: Lang) -> &'static str {
    let (vi, en) = match day {
        Weekday::Monday => ("thứ Hai", "Monday"),
        Weekday::Tuesday => ("thứ Ba", "Tuesday"),
        Weekday::Wednesday => ("thứ Tư", "Wednesday"),
        Weekday::Thursday => ("thứ Năm", "Thursday"),
        Weekday::Friday => ("thứ Sáu", "Friday"),
        Weekday::Saturday => ("thứ Bảy", "Saturday"),
        Weekday::Sunday => ("Chủ nhật", "Sunday"),
    };
    match lang {
        Lang::Vi => vi,
        Lang::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Asia/Ho_Chi_Minh").unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn a_day_is_the_citys() {
        // 18:00 UTC is one o'clock of the next day in Vietnam.
        let t = at("2026-12-03T18:00:00Z");
        assert_eq!(day(t, &zone(), Lang::Vi), "thứ Sáu, 4/12/2026");
        assert_eq!(day(t, &zone(), Lang::En), "Friday, 4 December 2026");
        assert_eq!(moment(t, false, &zone(), Lang::Vi), "01:00, thứ Sáu, 4/12/2026");
        assert_eq!(
            moment(at("2026-12-03T16:59:59Z"), true, &zone(), Lang::Vi),
            "từ 23 đến 24 giờ, thứ Năm, 3/12/2026"
        );
        assert_eq!(moment(t, true, &zone(), Lang::En), "between 01:00 and 02:00, Friday, 4 December 2026");
        for t in [Instant::MIN, Instant::MAX] {
            assert!(!moment(t, false, &zone(), Lang::En).is_empty());
        }
    }

    #[test]
    fn days_are_counted_by_the_calendar() {
        let days = |from, to| days_from(at(from), at(to), &zone());
        assert_eq!(days("2026-11-25T16:59:00Z", "2026-11-25T17:00:00Z"), 1);
        assert_eq!(days("2026-11-25T17:00:00Z", "2026-11-26T16:59:00Z"), 0);
        assert_eq!(days("2026-12-05T03:00:00Z", "2026-11-25T03:00:00Z"), -10);
        assert_eq!(days("2026-01-31T03:00:00Z", "2026-03-01T03:00:00Z"), 29);
        let said = [0, 1, 9].map(|n| (in_days(n, Lang::Vi), in_days(n, Lang::En)));
        let said = said.map(|(vi, en)| format!("{vi} / {en}"));
        assert_eq!(said, ["hôm nay / today", "ngày mai / tomorrow", "còn 9 ngày / in 9 days"]);
    }
}
