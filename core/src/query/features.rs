//! By what the features of a declared collection can be asked for: every property it declares, what all
//! features have, and when and where they are shown. Every code of the collection is a parameter.

use super::cql::{Is, Literal, Scalar, Test};
use super::filter::{Row, RowTest};
use super::params::{self, PAGE, PageQuery, Query, SORT};
use super::{CodeSet, Filter, Queryable, Schema};
use crate::domain::field::{Kind, NO_WARD, Operator, Parameter, Type, Value, Vocabulary};
use crate::domain::{CodeBook, Collection, Feature, Instant, Violation};

/// Which features are asked for.
pub type FeatureFilter = Filter<Feature>;
/// What is asked of a list of features.
pub type FeatureQuery = Query<Feature>;

/// What all features can be asked for by, behind what their collection declares.
const COMMON: [Queryable<'static>; 8] = [
    Queryable::new("id", Type::Of(Kind::Integer)),
    asked_by(60, "source", Operator::OneOf, "Names of imports", Queryable::new("source", TEXT)),
    Queryable::new("source_id", TEXT),
    Queryable::new("revision", Type::Of(Kind::Integer)),
    Queryable::new("created_at", INSTANT),
    asked_by(
        20,
        "updated",
        Operator::Interval,
        "The same, for the last change",
        Queryable::new("updated_at", INSTANT),
    ),
    asked_by(
        0,
        "bbox",
        Operator::Box,
        "west,south,east,north in degrees (CRS84), or six numbers with heights",
        Queryable::new("geometry", Type::Place),
    ),
    asked_by(
        50,
        "ward",
        Operator::OneOf,
        "Codes of the generation in force, or {generation}.{code}",
        Queryable { presence_only: true, vocabulary: Vocabulary::Wards, ..Queryable::new("wards", TEXT) },
    ),
];
/// What only parameters ask for, behind these: when it is shown, and whether now.
const BESIDE: [Queryable<'static>; 2] = [
    asked_by(
        10,
        "datetime",
        Operator::Interval,
        "RFC 3339 instant, date, or interval with / and .. for an open end",
        Queryable::new("validity", INSTANT),
    ),
    asked_by(
        30,
        "active",
        Operator::Flag,
        "Shown now, or not now",
        Queryable::new("active", Type::Of(Kind::Boolean)),
    ),
];
const TEXT: Type = Type::Of(Kind::Text);
const INSTANT: Type = Type::Of(Kind::Instant);

/// Positions behind the properties of the collection.
const WARDS: usize = COMMON.len() - 1;
const VALIDITY: usize = COMMON.len();
const ACTIVE: usize = VALIDITY + 1;

const fn asked_by(
    rank: u8,
    name: &'static str,
    operator: Operator,
    about: &'static str,
    queryable: Queryable<'static>,
) -> Queryable<'static> {
    Queryable { parameter: Some(Parameter { rank, name, operator, about }), ..queryable }
}

/// What the features of a collection can be asked for.
pub fn schema(c: &Collection) -> Schema<'_> {
    let own = c.properties.iter().map(|p| {
        let vocabulary = p.kind.vocabulary();
        let (operator, about) = (Operator::OneOf, "Codes, separated by commas");
        let parameter = Parameter { rank: 40, name: p.name.as_str(), operator, about };
        let parameter = Some(parameter).filter(|_| vocabulary != Vocabulary::Free);
        Queryable { vocabulary, parameter, ..Queryable::new(p.name.as_str(), Type::Of(p.kind.kind())) }
    });
    // Whether it is shown now can be asked only where that changes.
    let mut beside = BESIDE;
    if c.validity.is_none() {
        beside[ACTIVE - VALIDITY].parameter = None;
    }
    Schema::new(own.chain(COMMON), &beside)
}

/// What all features of all collections can be asked for by parameters.
pub fn common() -> impl Iterator<Item = Queryable<'static>> {
    COMMON.into_iter().chain(BESIDE).filter(|q| q.parameter.is_some())
}

/// The names of the parameters that filter a collection.
pub fn filter_names(collection: &Collection) -> Vec<&str> {
    schema(collection).filter_names()
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
    let names: Vec<&str> = filter_names(collection).into_iter().chain(PAGE).chain(SORT).collect();
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
    params::query(pairs, names, &schema(collection), codebook, Instant::MIN)
}

/// Reads the parameters that this collection knows and passes over the others.
pub fn parse_filter(
    pairs: &[(String, String)],
    collection: &Collection,
    codebook: &CodeBook,
) -> (FeatureFilter, Vec<Violation>) {
    let schema = schema(collection);
    let names = schema.filter_names();
    params::filter(pairs, &names, &schema, (codebook, Instant::MIN), &mut PageQuery::default())
}

/// A feature at the moment of a question.
struct At<'a>(&'a Feature, Instant);

impl Row for At<'_> {
    fn value(&self, property: usize, holds: Type) -> Scalar<'_> {
        let f = self.0;
        let Some(common) = property.checked_sub(f.values.len()) else {
            return own(&f.values[property], holds);
        };
        match (common, COMMON.get(common).map_or("", |q| q.name)) {
            (_, "id") => Scalar::Integer(f.id as i64),
            (_, "source") => Scalar::Text(&f.source),
            (_, "source_id") => Scalar::Text(&f.source_id),
            (_, "revision") => Scalar::Integer(f.revision.into()),
            (_, "created_at") => Scalar::Instant(f.created),
            (_, "updated_at") => Scalar::Instant(f.updated),
            (_, "geometry") => f.geometry.as_ref().map_or(Scalar::Null, Scalar::Shape),
            (VALIDITY, _) => Scalar::Span(f.valid.from, f.valid.to),
            (ACTIVE, _) => Scalar::Boolean(f.valid.at(self.1)),
            _ => Scalar::Null,
        }
    }

    fn has(&self, _: usize, codes: &CodeSet) -> bool {
        let wards = &self.0.wards;
        wards.iter().any(|w| codes.contains(*w)) || wards.is_empty() && codes.contains(NO_WARD)
    }
}

fn own(value: &Value, holds: Type) -> Scalar<'_> {
    match value {
        Value::Null => Scalar::Null,
        Value::Text(t) if holds == INSTANT => Instant::parse(t).map_or(Scalar::Null, Scalar::Instant),
        Value::Integer(i) if holds == Type::Of(Kind::Number) => Scalar::Number(*i as f64),
        Value::Text(t) => Scalar::Text(t),
        Value::Integer(i) => Scalar::Integer(*i),
        Value::Number(n) => Scalar::Number(*n),
        Value::Boolean(b) => Scalar::Boolean(*b),
    }
}

impl FeatureFilter {
    /// Whether a feature matches. `as_of` is the instant that `active` asks about.
    pub fn matches(&self, f: &Feature, as_of: Instant) -> bool {
        self.passes(&At(f, as_of))
    }

    /// What a map shows of what matches: what is valid at the instant, unless the filter itself speaks
    /// of time.
    pub fn shows(&self, f: &Feature, as_of: Instant) -> bool {
        let timed = |t: &Test| matches!(t.property.checked_sub(f.values.len()), Some(VALIDITY | ACTIVE));
        (f.valid.at(as_of) || self.asked.said.iter().any(timed)) && self.matches(f, as_of)
    }

    /// The filter as query parameters in normal form.
    pub fn pairs(&self, collection: &Collection, codebook: &CodeBook) -> Vec<(String, String)> {
        let pairs = self.pairs_in(&schema(collection), codebook);
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The same, of features of these wards only: what a feed is bound to.
    #[must_use]
    pub fn in_wards(&self, collection: &Collection, wards: CodeSet) -> Self {
        self.bound_to(RowTest::Code(collection.properties.len() + WARDS, wards))
    }

    /// The same, of features with one of these codes only: what a layer is bound to.
    #[must_use]
    pub fn with_codes(&self, property: usize, codes: &[String]) -> Self {
        let list = codes.iter().map(|c| Literal::Text(c.clone())).collect();
        self.bound_to(RowTest::Value(TEXT, Test::new(property, Is::one_of(list))))
    }

    /// The same whether shown now or not.
    #[must_use]
    pub fn at_any_time(&self, collection: &Collection) -> Self {
        self.without(collection.properties.len() + ACTIVE)
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::feature::Valid;
    use crate::domain::{PropertyKind, Shape, Validity};
    use crate::query::testing::{codes, declared};

    fn collection() -> Collection {
        let times = [("from", PropertyKind::Instant), ("to", PropertyKind::Instant)];
        let properties = [("kind", codes(&["crash", "closure"]))].into_iter().chain(times).collect();
        let validity = Some(Validity { from: 1, to: 2 });
        Collection { validity, ..declared("roads", Shape::Line, properties) }
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
