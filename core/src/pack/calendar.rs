//! Reads `data/calendars/vn.toml`.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::{Calendar, Holiday, Text};

const FILE: &str = "data/calendars/vn.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    time_zone: String,
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

pub(super) fn read(source: Source<'_>) -> Result<Calendar, PackError> {
    let wire: FileWire = toml(source, FILE)?;
    let time_zone =
        TimeZone::get(&wire.time_zone).map_err(|e| PackError::value(FILE, "time_zone", e.to_string()))?;
    let weekend = wire.weekend.into_iter().map(weekday).collect();
    let holidays = wire.holiday.into_iter().map(holiday).collect::<Result<_, _>>()?;
    Calendar::new(time_zone, weekend, wire.from_year..=wire.to_year, holidays)
        .map_err(|source| PackError::Calendar { file: FILE.into(), source })
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

fn holiday(wire: HolidayWire) -> Result<Holiday, PackError> {
    let name = Text::from(wire.name);
    let dates = |key: &str, days: Vec<String>| {
        let date = |day: String| {
            day.parse::<Date>().map_err(|e| {
                PackError::value(FILE, format!("holiday `{}`, {key} `{day}`", name.vi), e.to_string())
            })
        };
        days.into_iter().map(date).collect::<Result<Vec<_>, _>>()
    };
    let (days, working) = (dates("days", wire.days)?, dates("working", wire.working)?);
    Ok(Holiday { official: matches!(wire.status, StatusWire::Official), days, working, name })
}
