//! Which features of a collection are asked for: the parameters, the filter and its one evaluator.
//! Every code of the collection is a parameter; the rest is as with reports.

use super::cql::{self, SpatialLiteral};
use super::normal::interval_text;
use super::params::{PageQuery, check_names, codes, flag, quoted, ward};
use super::{CodeSet, Interval, datetime, declared};
use crate::domain::field::Value;
use crate::domain::{CodeBook, Collection, Feature, Instant, PropertyKind, Violation, nearest};
use crate::geo::Bbox;

/// Parameters that every collection's features can be filtered by.
const FILTERS: [&str; 5] = ["bbox", "datetime", "updated", "ward", "source"];
/// Parameters of a page beside the filter.
const PAGE: [&str; 3] = ["limit", "cursor", "f"];
/// Characters of a source's name.
const SOURCE_CHARS: usize = 100;

/// Which features are asked for. The default asks for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureFilter {
    /// The shape meets this box; a feature without one never does.
    pub bbox: Option<Bbox>,
    /// Shown at some instant of this interval.
    pub during: Option<Interval>,
    /// Last changed inside this interval.
    pub updated: Option<Interval>,
    /// Positions of code properties, each with the codes that match.
    pub codes: Vec<(usize, Vec<String>)>,
    /// Positions in the ward table.
    pub wards: Option<CodeSet>,
    /// Names of imports.
    pub sources: Option<Vec<String>>,
    /// Shown now, or not now.
    pub active: Option<bool>,
    /// What only CQL2 can say.
    pub rest: Option<declared::Rest>,
}

/// What is asked of a list of features.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeatureQuery {
    /// Which of them.
    pub filter: FeatureFilter,
    /// Which part of them, and how written.
    pub page: PageQuery,
}

/// The names of the parameters that filter a collection.
pub fn filter_names(collection: &Collection) -> Vec<&str> {
    let codes = collection.properties.iter().filter(|p| matches!(p.kind, PropertyKind::Code(_)));
    let active = collection.validity.map(|_| "active");
    FILTERS.into_iter().chain(active).chain(codes.map(|p| p.name.as_str())).chain(cql::PARAMS).collect()
}

/// Reads the parameters of a list of features.
///
/// # Errors
/// All faults, each with its parameter's name.
pub fn parse(
    pairs: &[(String, String)],
    collection: &Collection,
    codebook: &CodeBook,
) -> Result<FeatureQuery, Vec<Violation>> {
    let names: Vec<&str> = filter_names(collection).into_iter().chain(PAGE).collect();
    parse_named(pairs, &names, collection, codebook)
}

/// As [`parse`], where only these names are parameters.
///
/// # Errors
/// All faults, each with its parameter's name.
pub fn parse_named(
    pairs: &[(String, String)],
    names: &[&str],
    collection: &Collection,
    codebook: &CodeBook,
) -> Result<FeatureQuery, Vec<Violation>> {
    let mut faults = check_names(pairs, names);
    let (filter, more) = parse_filter(pairs, collection, codebook);
    faults.extend(more);
    let mut q = FeatureQuery { filter, ..FeatureQuery::default() };
    for (name, value) in pairs {
        if let Err(detail) = q.page.read(name, value) {
            faults.push(Violation::new(name, detail));
        }
    }
    if faults.is_empty() { Ok(q) } else { Err(faults) }
}

/// Reads the parameters that this collection knows and passes over the others: where several
/// collections are asked together, each takes its own.
pub fn parse_filter(
    pairs: &[(String, String)],
    collection: &Collection,
    codebook: &CodeBook,
) -> (FeatureFilter, Vec<Violation>) {
    let (mut filter, mut faults) = plain(pairs, collection, codebook);
    match cql::read(pairs, &declared::schema(collection)) {
        Ok(None) => {}
        Ok(Some(asked)) => {
            let narrowed = filter.narrow(asked, collection, true);
            faults.extend(narrowed.err().map(|detail| Violation::new("filter", detail)));
        }
        Err(more) => faults.extend(more),
    }
    (filter, faults)
}

/// As [`parse_filter`], without what `filter` says.
pub(super) fn plain(
    pairs: &[(String, String)],
    collection: &Collection,
    codebook: &CodeBook,
) -> (FeatureFilter, Vec<Violation>) {
    let mut faults = Vec::new();
    let mut filter = FeatureFilter::default();
    let names = filter_names(collection);
    for (name, value) in pairs.iter().filter(|(name, _)| names.contains(&name.as_str())) {
        let read = match name.as_str() {
            "bbox" => Bbox::parse(value).map(|b| filter.bbox = Some(b)).map_err(|e| e.to_string()),
            "datetime" => datetime::parse(value).map(|i| filter.during = Some(i)),
            "updated" => datetime::parse(value).map(|i| filter.updated = Some(i)),
            "ward" => codes(value, |v| ward(v, codebook)).map(|c| filter.wards = Some(c)),
            "source" => sources(value).map(|s| filter.sources = Some(s)),
            "active" => flag(value).map(|a| filter.active = Some(a)),
            _ => code_values(collection, name, value).map(|c| filter.codes.extend(c)),
        };
        if let Err(detail) = read {
            faults.push(Violation::new(name, detail));
        }
    }
    filter.codes.sort();
    (filter, faults)
}

fn sources(value: &str) -> Result<Vec<String>, String> {
    if value.len() > SOURCE_CHARS * 20 {
        return Err("is too long".to_owned());
    }
    let mut names: Vec<String> = value.split(',').map(|s| s.trim().to_owned()).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

fn code_values(
    collection: &Collection,
    name: &str,
    value: &str,
) -> Result<Option<(usize, Vec<String>)>, String> {
    let Some(at) = collection.position(name) else { return Ok(None) };
    let PropertyKind::Code(known) = &collection.properties[at].kind else { return Ok(None) };
    let mut found = Vec::new();
    for v in value.split(',').map(str::trim) {
        if known.iter().any(|c| c.code == v) {
            found.push(v.to_owned());
        } else {
            let all = known.iter().map(|c| c.code.as_str());
            let hint = nearest(v, all.clone()).map_or_else(
                || format!("valid: {}", all.collect::<Vec<_>>().join(", ")),
                |n| format!("did you mean {n}?"),
            );
            return Err(format!("has no value {}; {hint}", quoted(v)));
        }
    }
    found.sort();
    found.dedup();
    Ok(Some((at, found)))
}

impl FeatureFilter {
    /// The one evaluator. `as_of` is the instant that `active` asks about.
    pub fn matches(&self, f: &Feature, as_of: Instant) -> bool {
        let code = |(at, codes): &(usize, Vec<String>)| match f.values.get(*at) {
            Some(Value::Text(t)) => codes.iter().any(|c| c == t),
            _ => false,
        };
        self.active.is_none_or(|a| f.valid.at(as_of) == a)
            && self.during.is_none_or(|i| f.valid.from <= i.to && i.from < f.valid.to)
            && self.updated.is_none_or(|i| i.contains(f.updated))
            && self.codes.iter().all(code)
            && self.wards.as_ref().is_none_or(|set| f.wards.iter().any(|w| set.contains(*w)))
            && self.sources.as_ref().is_none_or(|s| s.iter().any(|s| **s == *f.source))
            && self
                .bbox
                .is_none_or(|b| f.geometry.as_ref().is_some_and(|g| cql::meets(g, &SpatialLiteral::Box(b))))
            && self.rest.as_ref().is_none_or(|r| r.holds(f))
    }

    /// What a map shows of what matches: what is valid at the instant, unless the filter itself speaks
    /// of time.
    pub fn shows(&self, f: &Feature, as_of: Instant) -> bool {
        let open = self.active.is_none() && self.during.is_none();
        (!open || f.valid.at(as_of)) && self.matches(f, as_of)
    }

    /// The filter as query parameters in fixed order, wards by their canonical ids.
    pub fn pairs(&self, collection: &Collection, codebook: &CodeBook) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut push = |name: &str, value: String| out.push((name.to_owned(), value));
        if let Some(b) = self.bbox {
            push("bbox", format!("{},{},{},{}", b.west, b.south, b.east, b.north));
        }
        for (name, interval) in [("datetime", self.during), ("updated", self.updated)] {
            if let Some(i) = interval {
                push(name, interval_text(i));
            }
        }
        if let Some(active) = self.active {
            push("active", active.to_string());
        }
        for (at, codes) in &self.codes {
            push(&collection.properties[*at].name, codes.join(","));
        }
        if let Some(set) = &self.wards {
            push("ward", codebook.ward_names(set.as_slice()).collect::<Vec<_>>().join(","));
        }
        if let Some(sources) = &self.sources {
            push("source", sources.join(","));
        }
        if let Some(rest) = &self.rest {
            push("filter", rest.written(collection));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feature::Valid;
    use crate::domain::{Choice, Property, Shape, Text, Validity};

    fn collection() -> Collection {
        let name = || Text { vi: "x".into(), en: "x".into() };
        let code = |c: &str| Choice { code: c.into(), name: name() };
        let property = |n: &str, kind| Property { name: n.into(), title: name(), kind, required: false };
        Collection {
            id: "roads".into(),
            title: name(),
            description: name(),
            shapes: vec![Shape::Line],
            properties: vec![
                property("kind", PropertyKind::Code(vec![code("crash"), code("closure")])),
                property("from", PropertyKind::Instant),
                property("to", PropertyKind::Instant),
            ],
            validity: Some(Validity { from: 1, to: 2 }),
            named_wards: false,
            feed: None,
        }
    }

    fn feature(values: &[Option<&str>; 3]) -> Feature {
        let c = collection();
        let values: Vec<Value> = values.iter().map(|v| v.map(str::to_owned).into()).collect();
        let line = geo::LineString::from(vec![(106.0, 10.0), (107.0, 11.0)]);
        Feature {
            seq: 1,
            id: 2,
            source: "s".into(),
            source_id: "1".into(),
            revision: 1,
            created: Instant::from_ms(0),
            updated: Instant::from_ms(0),
            valid: Valid::of(&c, &values),
            geometry: Some(line.into()),
            values,
            wards: vec![3],
        }
    }

    fn read(query: &[(&str, &str)]) -> Result<FeatureQuery, Vec<Violation>> {
        let pairs: Vec<_> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parse(&pairs, &collection(), &CodeBook::default())
    }

    #[test]
    fn a_line_meets_a_box_that_it_crosses_and_not_one_beside_it() {
        let f = feature(&[Some("crash"), None, None]);
        let matches = |b: &str| read(&[("bbox", b)]).unwrap().filter.matches(&f, Instant::from_ms(0));
        assert!(matches("106.4,10.4,106.6,10.6"));
        assert!(!matches("106.8,10.1,106.9,10.2"), "inside the envelope, off the line");
    }

    #[test]
    fn shown_from_its_first_instant_until_just_before_its_last() {
        let f = feature(&[None, Some("2026-01-01T00:00:00Z"), Some("2026-01-02T00:00:00Z")]);
        let active = read(&[("active", "true")]).unwrap().filter;
        let at = |t: &str| active.matches(&f, Instant::parse(t).unwrap());
        assert!(!at("2025-12-31T23:59:59.999Z") && at("2026-01-01T00:00:00Z"));
        assert!(at("2026-01-01T23:59:59.999Z") && !at("2026-01-02T00:00:00Z"));
        let during = |i: &str| read(&[("datetime", i)]).unwrap().filter.matches(&f, Instant::MIN);
        assert!(during("2026-01-01") && during("../2026-01-01T00:00:00Z") && !during("2026-01-02"));
    }

    #[test]
    fn codes_are_parameters_and_mistakes_are_named() {
        let f = feature(&[Some("crash"), None, None]);
        let q = read(&[("kind", "closure,crash")]).unwrap();
        assert!(q.filter.matches(&f, Instant::MIN));
        assert_eq!(
            q.filter.pairs(&collection(), &CodeBook::default()),
            [("kind".into(), "closure,crash".into())]
        );
        let said: Vec<String> =
            read(&[("kind", "crush"), ("knid", "x")]).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "knid is not a parameter of this resource; did you mean kind?",
                "kind has no value “crush”; did you mean crash?"
            ]
        );
    }
}
