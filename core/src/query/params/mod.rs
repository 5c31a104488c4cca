//! Reads query parameters into a [`ListQuery`], saying everything that is wrong at once.

pub(in crate::query) mod asked;
mod crs;
pub(in crate::query) mod datetime;
mod normal;
pub mod order;
mod trackers;

use crate::domain::field::{self, Operator, Parameter, Vocabulary};
use crate::domain::view::MapRow;
use crate::domain::{CodeBook, Instant, Violation, nearest};
use crate::geo::{Bbox, LonLat};
use crate::query::cql::{self, Is, Literal, Relation, SpatialLiteral, Test};
use crate::query::vocabulary::Refusal;
use crate::query::{Filter, Schema, reports};
use asked::{Asked, at_least, within};
pub use crs::{Crs, turn_bbox};
use order::{Order, Sort};
pub use trackers::is_ignored;

/// The parameters that filter reports; they mean the same on every door.
pub const FILTERS: &[&str] =
    &joined::<{ field::FILTERS.len() + cql::PARAMS.len() }>(field::FILTERS, &cql::PARAMS);

/// The parameters of a list of reports: the filters, the page and the format.
pub const LIST: &[&str] = &joined::<{ FILTERS.len() + PAGE.len() + SORT.len() }>(
    &joined::<{ FILTERS.len() + PAGE.len() }>(FILTERS, &PAGE),
    &SORT,
);

/// Parameters of a page beside the filter.
pub const PAGE: [&str; 5] = ["limit", "cursor", "f", "properties", "crs"];
/// Parameters of the order of a list.
pub const SORT: [&str; 2] = ["sortby", "near"];

const fn joined<const N: usize>(first: &[&'static str], second: &[&'static str]) -> [&'static str; N] {
    let (mut out, mut i) = ([""; N], 0);
    while i < N {
        out[i] = if i < first.len() { first[i] } else { second[i - first.len()] };
        i += 1;
    }
    out
}

/// The page size when none is asked for.
pub const DEFAULT_LIMIT: u32 = 100;
/// The largest page; more is clamped (OGC API Features Part 1, requirement 21).
pub const MAX_LIMIT: u32 = 10_000;
/// Values in one list parameter.
const MAX_VALUES: usize = 1_000;
/// Bytes of a list of texts that no vocabulary knows.
const MAX_LIST: usize = 2_000;

/// What is asked of a list of reports.
pub type ListQuery = Query<MapRow>;

/// What is asked of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Query<R> {
    /// Which rows.
    pub filter: Filter<R>,
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
    /// The names of the only properties that are wanted; `None` for all.
    pub properties: Option<Vec<String>>,
    /// The system of coordinates of the answer.
    pub crs: Crs,
    /// The order asked for.
    pub sort: Option<Sort>,
    /// Where distances are measured from.
    pub near: Option<LonLat>,
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
    query(pairs, valid, reports::schema(), codebook, now.floor_five_minutes())
}

/// Reads the parameters of a list of whatever has this schema; `as_of` is the moment of questions that depend
/// on one.
///
/// # Errors
/// All faults, each with its parameter's name.
pub fn query<R>(
    pairs: &[(String, String)],
    valid: &[&str],
    schema: &Schema<'_>,
    codebook: &CodeBook,
    as_of: Instant,
) -> Result<Query<R>, Vec<Violation>> {
    let mut page = PageQuery::default();
    let mut faults = check_names(pairs, valid);
    let (filter, more) = filter(pairs, valid, schema, (codebook, as_of), &mut page);
    faults.extend(more);
    faults.extend(page.order().err().map(|detail| Violation::new("sortby", detail)));
    if faults.is_empty() { Ok(Query { filter, page }) } else { Err(faults) }
}

/// Reads the valid parameters and passes over the others; those of a page go into `page`.
pub(in crate::query) fn filter<R>(
    pairs: &[(String, String)],
    valid: &[&str],
    schema: &Schema<'_>,
    (codebook, as_of): (&CodeBook, Instant),
    page: &mut PageQuery,
) -> (Filter<R>, Vec<Violation>) {
    let mut asked = Asked::default();
    let mut faults = asked.read(pairs, valid, schema, codebook, page);
    match cql::read(pairs, schema.queryables()) {
        Ok(None) => {}
        Ok(Some(expr)) => {
            let narrowed = asked.narrow(expr, schema, codebook, true);
            faults.extend(narrowed.err().map(|refusal| refusal.of_parameter("filter")));
        }
        Err(more) => faults.extend(more),
    }
    (Filter::bind(asked, schema, codebook, as_of), faults)
}

impl Asked {
    /// Takes in the named parameters of a filter and of a page, but for the expression.
    pub(in crate::query) fn read(
        &mut self,
        pairs: &[(String, String)],
        valid: &[&str],
        schema: &Schema<'_>,
        codebook: &CodeBook,
        page: &mut PageQuery,
    ) -> Vec<Violation> {
        let mut faults = Vec::new();
        for (name, value) in pairs.iter().filter(|(name, _)| valid.contains(&name.as_str())) {
            let read = match schema.parameter(name) {
                Some((parameter, property)) => test(parameter, property, value, schema, codebook)
                    .map(|t| t.into_iter().for_each(|t| self.say(t, schema))),
                None => page.read(name, value).map_err(Refusal::from),
            };
            faults.extend(read.err().map(|refusal| refusal.of_parameter(name)));
        }
        faults
    }
}

/// What a parameter asks; nothing where every row passes.
fn test(
    parameter: Parameter<'_>,
    property: usize,
    value: &str,
    schema: &Schema<'_>,
    codebook: &CodeBook,
) -> Result<Option<Test>, Refusal> {
    let is = match parameter.operator {
        Operator::OneOf => one_of(value, schema.get(property).vocabulary, codebook)?,
        Operator::AtLeast => return Ok(at_least(property, least(value)?)),
        Operator::Interval => return Ok(within(property, datetime::parse(value)?)),
        Operator::Flag => Is::OneOf(vec![Literal::Boolean(flag(value)?)]),
        Operator::Box => {
            let bbox = Bbox::parse(value).map_err(|e| e.to_string())?;
            Is::Lies(Relation::Intersects, SpatialLiteral::Box(bbox))
        }
    };
    Ok(Some(Test::new(property, is)))
}

fn one_of(value: &str, vocabulary: Vocabulary<'_>, codebook: &CodeBook) -> Result<Is, Refusal> {
    if vocabulary == Vocabulary::Free && value.len() > MAX_LIST {
        return Err("is too long".to_owned().into());
    }
    let names: Vec<&str> = value.split(',').map(str::trim).collect();
    if names.len() > MAX_VALUES {
        return Err(format!("must have at most {MAX_VALUES} values").into());
    }
    let list = names.into_iter().map(|n| vocabulary.canonical(n, codebook).map(Literal::Text));
    list.collect::<Result<_, _>>().map(Is::one_of)
}

/// True or false.
///
/// # Errors
/// When it is neither.
pub fn flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be true or false".to_owned())
}

fn least(value: &str) -> Result<u32, String> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| value.parse::<u32>().ok()).flatten();
    number.ok_or_else(|| format!("must be a whole number from 0 to {}", u32::MAX))
}

impl PageQuery {
    /// Takes in a parameter; one that is not about pages is passed over.
    pub(in crate::query) fn read(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "limit" => self.limit = Some(limit(value)?),
            "cursor" => {
                self.cursor = Some(value.parse().map_err(|_| "is not a cursor of this list".to_owned())?);
            }
            "f" => self.format = Some(value.to_owned()),
            "properties" => {
                let names = value.split(',').map(str::trim).filter(|n| !n.is_empty());
                self.properties = Some(names.map(str::to_owned).collect());
            }
            "crs" => self.crs = Crs::parse(value)?,
            "sortby" => self.sort = Some(Sort::parse(value)?),
            "near" => self.near = Some(place(value)?),
            _ => {}
        }
        Ok(())
    }

    /// The order asked for, if one is.
    ///
    /// # Errors
    /// When it lacks the place of distances.
    pub fn order(&self) -> Result<Option<Order>, String> {
        self.sort.map(|s| s.order(self.near)).transpose()
    }

    /// As parameters in their normal form, without the cursor and the format.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        out.extend(self.limit.map(|l| ("limit", l.to_string())));
        out.extend(self.properties.as_ref().map(|p| ("properties", p.join(","))));
        out.extend((self.crs != Crs::default()).then(|| ("crs", self.crs.uri().to_owned())));
        out.extend(self.sort.map(|s| ("sortby", s.to_string())));
        out.extend(self.near.map(|p| ("near", format!("{},{}", p.lon(), p.lat()))));
        out
    }
}

/// Longitude and latitude.
fn place(text: &str) -> Result<LonLat, String> {
    let number = |t: &str| t.trim().parse::<f64>().ok();
    let read = text.split_once(',').and_then(|(lon, lat)| Some((number(lon)?, number(lat)?)));
    let (lon, lat) = read.ok_or("must be lon,lat in degrees (WGS 84)")?;
    LonLat::new(lon, lat).map_err(|e| e.to_string())
}

/// A limit above the maximum is clamped, not refused.
///
/// # Errors
/// When it is no whole number from 1.
pub fn limit(value: &str) -> Result<u32, String> {
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
    use crate::domain::{BodyId, State, WardId};
    use crate::query::CodeSet;

    fn codebook() -> CodeBook {
        CodeBook {
            categories: vec!["pothole".into(), "drainage".into()],
            wards: vec![WardId::new("2025-01-01", "26743"), WardId::new("2025-07-01", "26740")],
            active: "2025-07-01".into(),
            edition: 0,
            bodies: vec![BodyId::new("urban_traffic")],
            ward_bodies: Vec::new(),
            clocks: None,
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
        let states = |query: &[(&str, &str)]| {
            read(query).unwrap().filter.codes(reports::schema().position("state").unwrap()).unwrap()
        };
        let both = states(&[("status", "open"), ("state", "received,resolved")]);
        assert_eq!(both.as_slice(), &[State::Received as u16]);
        assert_eq!(states(&[("status", "closed"), ("state", "received")]), CodeSet::default());
    }

    #[test]
    fn a_distance_needs_a_place() {
        assert_eq!(read(&[("sortby", "distance")]).unwrap_err()[0].field, "sortby");
        assert!(read(&[("sortby", "-distance"), ("near", "106.7,10.8")]).is_ok());
    }

    #[test]
    fn a_code_of_a_former_generation_says_so() {
        assert_eq!(read(&[("ward", "26740")]).unwrap().filter.wards().unwrap().as_slice(), &[1]);
        let said = read(&[("ward", "26743")]).unwrap_err()[0].to_string();
        assert_eq!(said, "ward code “26743” is not in force since 2025-07-01; ask for 2025-01-01.26743");
    }

    #[test]
    fn a_large_limit_is_clamped_and_cache_busters_are_ignored() {
        let q = read(&[("limit", "99999999999999999999"), ("_", "1"), ("utm_source", "x")]).unwrap();
        assert_eq!(q.page.limit, Some(MAX_LIMIT));
        for mark in
            ["fbclid", "zarsrc", "gclid", "FBCLID", "utm_id", "mibextid", "__cft__[0]", "mtm_campaign"]
        {
            assert!(read(&[(mark, "1"), (mark, "2")]).is_ok(), "{mark}");
        }
        assert!(
            read(&[("limit", "0")]).is_err()
                && read(&[("limit", "-1")]).is_err()
                && read(&[("limit", "")]).is_err()
        );
        assert!(read(&[("limit", "1"), ("limit", "2")]).is_err());
    }
}
