//! Times in every form and zone, and those that are none.

use super::*;

fn reader(zone: &str, formats: &[&str]) -> Result<TimeReader, MappingError> {
    let zone = (!zone.is_empty()).then(|| zone.to_owned());
    let times = Times { zone, formats: formats.iter().map(|f| (*f).to_owned()).collect() };
    TimeReader::new(Some(&times), &TimeZone::get("Asia/Ho_Chi_Minh").unwrap())
}

#[test]
fn times_are_read_in_their_form_and_their_zone() {
    let here = reader("", &[]).unwrap();
    let nyc = reader("America/New_York", &["%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"]).unwrap();
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
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]
    #[test]
    fn a_moment_is_read_in_every_form_and_zone(second in 157_766_400_i64..3_092_000_000) {
        for zone in ZONES {
            let tz = TimeZone::get(zone).unwrap();
            let at = ZonedDateTime::new(jiff::Timestamp::from_second(second).unwrap(), tz);
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
