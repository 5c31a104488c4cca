//! Reads a file of `data/calendars/`: days off, and the working days that pay for them.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::{Calendar, Holiday, Text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    weekend: Vec<WeekdayWire>,
    from_year: i16,
    to_year: i16,
    holiday: Vec<HolidayWire>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WeekdayWire {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayWire {
    name: TextWire,
    status: StatusWire,
    days: Vec<String>,
    #[serde(default)]
    working: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusWire {
    Official,
    Expected,
}

/// The calendar of that name, for a city in that time zone.
pub(super) fn read(source: Source<'_>, name: &str, time_zone: TimeZone) -> Result<Calendar, PackError> {
    let file = &format!("data/calendars/{name}.toml");
    let wire: FileWire = toml(source, file)?;
    let weekend = wire.weekend.into_iter().map(weekday).collect();
    let holidays = wire.holiday.into_iter().map(|h| holiday(file, h)).collect::<Result<_, _>>()?;
    Calendar::new(time_zone, weekend, wire.from_year..=wire.to_year, holidays)
        .map_err(|source| PackError::Calendar { file: file.clone(), source })
}

fn weekday(wire: WeekdayWire) -> Weekday {
    match wire {
        WeekdayWire::Monday => Weekday::Monday,
        WeekdayWire::Tuesday => Weekday::Tuesday,
        WeekdayWire::Wednesday => Weekday::Wednesday,
        WeekdayWire::Thursday => Weekday::Thursday,
        WeekdayWire::Friday => Weekday::Friday,
        WeekdayWire::Saturday => Weekday::Saturday,
        WeekdayWire::Sunday => Weekday::Sunday,
    }
}

fn holiday(file: &str, wire: HolidayWire) -> Result<Holiday, PackError> {
    let name = Text::from(wire.name);
    let dates = |key: &str, days: Vec<String>| {
        let date = |day: String| {
            day.parse::<Date>().map_err(|e| {
                PackError::value(file, format!("holiday `{}`, {key} `{day}`", name.vi), e.to_string())
            })
        };
        days.into_iter().map(date).collect::<Result<Vec<_>, _>>()
    };
    let (days, working) = (dates("days", wire.days)?, dates("working", wire.working)?);
    Ok(Holiday { official: matches!(wire.status, StatusWire::Official), days, working, name })
}
