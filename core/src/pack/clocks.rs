//! Reads `data/clocks.toml`: the city's promises. A city without the file promises an answer, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Time;
use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::clocks::{Clock, Clocks, Limit, LimitRule, Limits, OfficeHours, Until};
use crate::domain::report::Level;
use crate::domain::{Calendar, Categories, State, Status};

const FILE: &str = "data/clocks.toml";
/// Clocks of a city: a filter names them all.
const MOST: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    office_hours: Vec<String>,
    reply: Option<LimitWire>,
    several_days: Option<u16>,
    clock: Vec<ClockWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockWire {
    code: String,
    name: TextWire,
    states: Vec<String>,
    limit: Option<LimitWire>,
    #[serde(default)]
    rule: Vec<RuleWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleWire {
    category: Option<String>,
    group: Option<String>,
    level: Option<String>,
    limit: LimitWire,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LimitWire {
    Minutes(u32),
    Hours(u32),
    WorkingHours(u32),
    Days(u32),
    WorkingDays(u32),
}

pub(super) fn read(
    source: Source<'_>,
    categories: &Categories,
    calendar: &Calendar,
) -> Result<Clocks, PackError> {
    let calendar = Arc::new(calendar.clone());
    let wire: FileWire = match toml(source, FILE) {
        Err(PackError::Missing { .. }) => {
            return Ok(Clocks::only_answer(OfficeHours { calendar, hours: Vec::new() }));
        }
        wire => wire?,
    };
    let office = OfficeHours { calendar, hours: hours(&wire.office_hours)? };
    let reply = wire.reply.map(|wire| limit(FILE, "reply", wire, &office)).transpose()?;
    let list =
        wire.clock.into_iter().map(|c| clock(c, categories, &office)).collect::<Result<Vec<_>, _>>()?;
    let codes: BTreeSet<&str> = list.iter().map(|c| &*c.code).collect();
    if codes.len() < list.len() || list.len() > MOST {
        return Err(wrong("clock", format!("at most {MOST}, each with a code of its own")));
    }
    // Lists, pages and feeds speak of it.
    if !list.iter().any(|c| &*c.code == Clocks::ANSWER && c.until == Until::Due) {
        return Err(wrong(
            "clock",
            "`answer` is missing, which ends at the date of a report, without a limit",
        ));
    }
    let several = wire.several_days.unwrap_or(Clocks::SEVERAL);
    if u32::from(several) > Limit::MOST_DAYS {
        return Err(wrong("several_days", format!("at most {}", Limit::MOST_DAYS)));
    }
    Ok(Clocks { list, office, reply: reply.unwrap_or(Clocks::REPLY), several })
}

fn wrong(key: impl Into<String>, reason: impl Into<String>) -> PackError {
    PackError::value(FILE, key.into(), reason.into())
}

/// `07:30-11:30`, ascending.
fn hours(wire: &[String]) -> Result<Vec<(Time, Time)>, PackError> {
    let mut hours: Vec<(Time, Time)> = Vec::new();
    for text in wire {
        let ends = text.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let fits =
            |(begin, end): &(Time, Time)| begin < end && hours.last().is_none_or(|last| last.1 <= *begin);
        let Some(ends) = ends.filter(fits) else {
            let reason = "must be like 07:30-11:30, and begin after the one before ends";
            return Err(wrong(format!("office_hours `{text}`"), reason));
        };
        hours.push(ends);
    }
    Ok(hours)
}

fn clock(wire: ClockWire, categories: &Categories, office: &OfficeHours) -> Result<Clock, PackError> {
    let key = format!("clock `{}`", wire.code);
    let is_code = |c: char| c.is_ascii_lowercase() || c == '_';
    if wire.code.is_empty() || !wire.code.chars().all(is_code) {
        return Err(wrong(key, "a code has small letters and _ only"));
    }
    let state = |name: &String| {
        let open = State::from_name(name).filter(|s| s.status() == Status::Open);
        open.ok_or_else(|| wrong(format!("{key}, state `{name}`"), "there is no such open state"))
    };
    let states = wire.states.iter().map(state).collect::<Result<Vec<_>, _>>()?;
    if states.is_empty() {
        return Err(wrong(key, "in which states does it run?"));
    }
    let until = match wire.limit {
        None if wire.rule.is_empty() => Until::Due,
        None => return Err(wrong(key, "rules need a limit for all other reports")),
        Some(general) => {
            let rules = wire.rule.into_iter().map(|r| rule(&key, r, categories, office));
            let rules = rules.collect::<Result<Vec<_>, _>>()?;
            let all = || categories.iter().map(|c| (&*c.code, &*c.group, c.precision));
            Until::Since(Limits::new(limit(FILE, &key, general, office)?, &rules, all()))
        }
    };
    Ok(Clock { code: wire.code.into(), name: wire.name.into(), states, until })
}

fn rule(
    key: &str,
    wire: RuleWire,
    categories: &Categories,
    office: &OfficeHours,
) -> Result<LimitRule, PackError> {
    let missing = |what: &str, name: &str| wrong(format!("{key}, {what} `{name}`"), "there is no such one");
    if let Some(code) = &wire.category
        && categories.by_code(code).is_none()
    {
        return Err(missing("category", code));
    }
    if let Some(code) = &wire.group
        && !categories.iter().any(|c| *c.group == **code)
    {
        return Err(missing("group", code));
    }
    let level = wire.level.as_deref();
    let level = level.map(|name| Level::from_name(name).ok_or_else(|| missing("level", name))).transpose()?;
    Ok(LimitRule {
        category: wire.category.map(Into::into),
        group: wire.group.map(Into::into),
        level,
        limit: limit(FILE, key, wire.limit, office)?,
    })
}

/// A limit of a file; `key` is what it is of there.
pub(super) fn limit(
    file: &str,
    key: &str,
    wire: LimitWire,
    office: &OfficeHours,
) -> Result<Limit, PackError> {
    let wrong = |reason: String| PackError::value(file, key.to_owned(), reason);
    let most = Limit::MOST_DAYS;
    let (n, most) = match wire {
        LimitWire::Minutes(n) => (n, most * 24 * 60),
        LimitWire::Hours(n) | LimitWire::WorkingHours(n) => (n, most * 24),
        LimitWire::Days(n) | LimitWire::WorkingDays(n) => (n, most),
    };
    if n == 0 || n > most {
        return Err(wrong(format!("a limit is from 1 to {most} of its unit")));
    }
    if matches!(wire, LimitWire::WorkingHours(_)) && office.hours.is_empty() {
        return Err(wrong("working hours need office_hours".to_owned()));
    }
    Ok(match wire {
        LimitWire::Minutes(n) => Limit::Minutes(n),
        LimitWire::Hours(n) => Limit::Hours(n),
        LimitWire::WorkingHours(n) => Limit::WorkingHours(n),
        LimitWire::Days(n) => Limit::Days(n),
        // It is at most a year.
        LimitWire::WorkingDays(n) => Limit::WorkingDays(n as u16),
    })
}
