//! Reads query parameters into a [`ListQuery`], saying everything that is wrong at once.

use super::{CodeSet, Filter, cql, datetime, reports};
use crate::domain::{BodyId, CodeBook, Instant, State, Status, Violation, WardName, nearest};
use crate::geo::Bbox;

/// The parameters that filter reports; they mean the same on every door.
pub const FILTERS: &[&str] = LIST.split_at(13).0;

/// The parameters of a list: the filters, the page and the format.
pub const LIST: &[&str] = &[
    "bbox",
    "datetime",
    "updated",
    "category",
    "status",
    "state",
    "ward",
    "body",
    "min_votes",
    "overdue",
    "filter",
    "filter-lang",
    "filter-crs",
    "limit",
    "cursor",
    "f",
];

/// The page size when none is asked for.
pub const DEFAULT_LIMIT: u32 = 100;
/// The largest page; more is clamped (OGC API Features Part 1, requirement 21).
pub const MAX_LIMIT: u32 = 10_000;
/// Values in one list parameter.
const MAX_VALUES: usize = 1_000;

/// What is asked of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    /// Which rows.
    pub filter: Filter,
    /// Which part of them, and how written.
    pub page: PageQuery,
}

/// Which part of a list is asked for, and how it is to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageQuery {
    /// At most how many; `None` when not said.
    pub limit: Option<u32>,
    /// Only rows after the one with this public id.
    pub cursor: Option<u64>,
    /// The `f` parameter as it came.
    pub format: Option<String>,
}

/// Whether a parameter is ignored everywhere and left out of cache keys: cache busters and
/// campaign marks.
pub fn is_ignored(name: &str) -> bool {
    name == "_" || name.starts_with("utm_")
}

/// Checks that each name is valid here and comes once.
pub fn check_names(pairs: &[(String, String)], valid: &[&str]) -> Vec<Violation> {
    let mut faults = Vec::new();
    for (i, (name, _)) in pairs.iter().enumerate().filter(|(_, (name, _))| !is_ignored(name)) {
        if !valid.contains(&name.as_str()) {
            let hint = nearest(name, valid.iter().copied()).map_or_else(
                || format!("valid here: {}", valid.join(", ")),
                |v| format!("did you mean {v}?"),
            );
            let shown: String = name.chars().take(64).collect();
            faults.push(Violation::new(shown, format!("is not a parameter of this resource; {hint}")));
        } else if pairs[..i].iter().any(|(earlier, _)| earlier == name) {
            faults.push(Violation::new(name, "comes twice; separate several values by commas"));
        }
    }
    faults
}

/// Reads the parameters of a list or, with fewer `valid` names, of a tile. What depends on time is asked
/// about the five minutes in which `now` lies.
///
/// # Errors
/// All faults, each with its parameter's name.
pub fn parse(
    pairs: &[(String, String)],
    valid: &[&str],
    codebook: &CodeBook,
    now: Instant,
) -> Result<ListQuery, Vec<Violation>> {
    let mut q = plain(pairs, valid, codebook, now)?;
    if let Some(asked) = cql::read(pairs, reports::schema())? {
        let narrowed = q.filter.narrow(asked, codebook, now.floor_five_minutes(), true);
        narrowed.map_err(|detail| vec![Violation::new("filter", detail)])?;
    }
    Ok(q)
}

/// As [`parse`], without what `filter` says.
pub(super) fn plain(
    pairs: &[(String, String)],
    valid: &[&str],
    codebook: &CodeBook,
    now: Instant,
) -> Result<ListQuery, Vec<Violation>> {
    let mut faults = check_names(pairs, valid);
    let mut q = ListQuery::default();
    let mut states: Option<Vec<u16>> = None;
    for (name, value) in pairs.iter().filter(|(name, _)| valid.contains(&name.as_str())) {
        let read = match name.as_str() {
            "bbox" => Bbox::parse(value).map(|b| q.filter.bbox = Some(b)).map_err(|e| e.to_string()),
            "datetime" => datetime::parse(value).map(|i| q.filter.created = i),
            "updated" => datetime::parse(value).map(|i| q.filter.updated = i),
            "category" => codes(value, |v| category(v, codebook)).map(|c| q.filter.categories = Some(c)),
            "ward" => codes(value, |v| ward(v, codebook)).map(|c| q.filter.wards = Some(c)),
            "body" => codes(value, |v| body(v, codebook)).map(|c| q.filter.bodies = Some(c)),
            "min_votes" => votes(value).map(|n| q.filter.min_votes = n),
            "overdue" => flag(value).map(|is| q.filter.overdue = Some((is, now.floor_five_minutes()))),
            "status" => status_states(value).map(|s| states = Some(both(states.take(), &s))),
            "state" => codes(value, state).map(|s| states = Some(both(states.take(), s.as_slice()))),
            _ => q.page.read(name, value),
        };
        if let Err(detail) = read {
            faults.push(Violation::new(name, detail));
        }
    }
    q.filter.states = states.map(|s| s.into_iter().collect());
    if faults.is_empty() { Ok(q) } else { Err(faults) }
}

pub(super) fn codes(value: &str, one: impl Fn(&str) -> Result<u16, String>) -> Result<CodeSet, String> {
    let parts: Vec<&str> = value.split(',').map(str::trim).collect();
    if parts.len() > MAX_VALUES {
        return Err(format!("must have at most {MAX_VALUES} values"));
    }
    parts.into_iter().map(one).collect::<Result<Vec<u16>, String>>().map(CodeSet::from_iter)
}

/// Shown back only when short: an input's full text has no place in an answer.
pub(super) fn quoted(value: &str) -> String {
    format!("“{}”", value.chars().take(40).collect::<String>())
}

pub(super) fn flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be true or false".to_owned())
}

fn votes(value: &str) -> Result<u32, String> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| value.parse::<u32>().ok()).flatten();
    number.ok_or_else(|| format!("must be a whole number from 0 to {}", u32::MAX))
}

/// A body of the city by its id, or a ward's own office by `ward:` and the ward's name.
pub(super) fn body(value: &str, codebook: &CodeBook) -> Result<u16, String> {
    if let Some(name) = value.strip_prefix("ward:") {
        let ward = ward(name, codebook)?;
        return Ok(codebook.bodies.len() as u16 + ward);
    }
    codebook.body(&BodyId::new(value)).ok_or_else(|| {
        let names = || codebook.bodies.iter().map(BodyId::as_str);
        let hint = nearest(value, names()).map_or_else(
            || format!("valid: {}, or ward: and a ward's code", names().collect::<Vec<_>>().join(", ")),
            |n| format!("did you mean {n}?"),
        );
        format!("has no value {}; {hint}", quoted(value))
    })
}

pub(super) fn category(value: &str, codebook: &CodeBook) -> Result<u16, String> {
    codebook.category(value).map(u16::from).ok_or_else(|| {
        let hint = nearest(value, codebook.categories.iter().map(|c| &**c))
            .map_or_else(|| "see /categories".to_owned(), |n| format!("did you mean {n}?"));
        format!("has no value {}; {hint}", quoted(value))
    })
}

pub(super) fn ward(value: &str, codebook: &CodeBook) -> Result<u16, String> {
    match codebook.ward(value) {
        WardName::Known(i) => Ok(i),
        WardName::Former(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            Err(format!(
                "code {} is not in force since {}; ask for {}",
                quoted(value),
                codebook.active,
                ids.join(" or ")
            ))
        }
        WardName::Unknown => {
            let hint = codebook.wards.last().map_or_else(String::new, |w| {
                format!("; a code like {} is right, or {{generation}}.{{code}} like {w}", w.code)
            });
            Err(format!("has no value {}{hint}", quoted(value)))
        }
    }
}

pub(super) fn state(value: &str) -> Result<u16, String> {
    State::from_name(value).map(|s| s as u16).ok_or_else(|| {
        let valid: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
        format!("has no value {}; valid: {}", quoted(value), valid.join(", "))
    })
}

pub(super) fn status(value: &str) -> Result<Status, String> {
    Status::from_name(value).ok_or_else(|| format!("has no value {}; valid: open, closed", quoted(value)))
}

fn status_states(value: &str) -> Result<Vec<u16>, String> {
    let wanted = value.split(',').map(|v| status(v.trim())).collect::<Result<Vec<_>, _>>()?;
    Ok(State::ALL.iter().filter(|s| wanted.contains(&s.status())).map(|s| *s as u16).collect())
}

/// `status` and `state` together ask for what passes both.
fn both(earlier: Option<Vec<u16>>, now: &[u16]) -> Vec<u16> {
    earlier.map_or_else(|| now.to_vec(), |e| e.into_iter().filter(|s| now.contains(s)).collect())
}

impl PageQuery {
    /// Takes in a parameter; one that is not about pages is passed over.
    pub(super) fn read(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "limit" => self.limit = Some(limit(value)?),
            "cursor" => {
                self.cursor = Some(value.parse().map_err(|_| "is not a cursor of this list".to_owned())?);
            }
            "f" => self.format = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// A limit above the maximum is clamped, not refused.
fn limit(value: &str) -> Result<u32, String> {
    let fault = || "must be a whole number from 1".to_owned();
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault());
    }
    // All digits: what does not fit is merely large.
    match value.parse::<u64>().unwrap_or(u64::MAX) {
        0 => Err(fault()),
        n => Ok(n.min(u64::from(MAX_LIMIT)) as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WardId;

    fn codebook() -> CodeBook {
        CodeBook {
            categories: vec!["pothole".into(), "drainage".into()],
            wards: vec![WardId::new("2025-01-01", "26743"), WardId::new("2025-07-01", "26740")],
            active: "2025-07-01".into(),
            bodies: vec![BodyId::new("urban_traffic")],
        }
    }

    fn read(query: &[(&str, &str)]) -> Result<ListQuery, Vec<Violation>> {
        let pairs: Vec<_> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parse(&pairs, LIST, &codebook(), Instant::from_ms(0))
    }

    #[test]
    fn all_faults_come_at_once_with_their_names() {
        let faults = read(&[("statsu", "open"), ("limit", "abc"), ("category", "drainag"), ("bbox", "1,2")])
            .unwrap_err();
        let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "statsu is not a parameter of this resource; did you mean status?",
                "limit must be a whole number from 1",
                "category has no value “drainag”; did you mean drainage?",
                "bbox must be four numbers (west,south,east,north) or six (with heights)",
            ]
        );
    }

    #[test]
    fn status_and_state_narrow_each_other() {
        let q = read(&[("status", "open"), ("state", "received,resolved")]).unwrap();
        assert_eq!(q.filter.states.unwrap().as_slice(), &[State::Received as u16]);
        let none = read(&[("status", "closed"), ("state", "received")]).unwrap();
        assert_eq!(none.filter.states.unwrap().as_slice(), &[] as &[u16]);
    }

    #[test]
    fn a_code_of_a_former_generation_says_so() {
        assert_eq!(read(&[("ward", "26740")]).unwrap().filter.wards.unwrap().as_slice(), &[1]);
        let said = read(&[("ward", "26743")]).unwrap_err()[0].to_string();
        assert_eq!(said, "ward code “26743” is not in force since 2025-07-01; ask for 2025-01-01.26743");
    }

    #[test]
    fn a_large_limit_is_clamped_and_cache_busters_are_ignored() {
        let q = read(&[("limit", "99999999999999999999"), ("_", "1"), ("utm_source", "x")]).unwrap();
        assert_eq!(q.page.limit, Some(MAX_LIMIT));
        assert!(
            read(&[("limit", "0")]).is_err()
                && read(&[("limit", "-1")]).is_err()
                && read(&[("limit", "")]).is_err()
        );
        assert!(read(&[("limit", "1"), ("limit", "2")]).is_err());
    }
}
