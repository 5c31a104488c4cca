//! Random filters over features in which any value may be missing, in both forms, against the plain meaning
//! of three-valued logic: what is missing makes a test neither true nor false, and only what is true is chosen.
//! `DIABAN_FILTERS` says how many.

mod drawn;
mod meaning;
mod written;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use self::drawn::{node, row};
use super::cql2_json;
use crate::domain::feature::Valid;
use crate::domain::field::Value;
use crate::domain::{CodeBook, Collection, Feature, Instant, PropertyKind, Shape};
use crate::query::cql::LANGUAGES;
use crate::query::features;
use crate::query::testing::{codes, declared};

const DAY_MS: i64 = 86_400_000;

/// One value of each type, or none.
#[derive(Clone, Debug)]
struct Row {
    name: Option<String>,
    kind: Option<&'static str>,
    n: Option<i64>,
    x: Option<f64>,
    fee: Option<bool>,
    at: Option<i64>,
    place: Option<(f64, f64)>,
}

fn collection() -> Collection {
    let properties = vec![
        ("name", PropertyKind::Text(100)),
        ("kind", codes(&["ab", "b"])),
        ("n", PropertyKind::Integer(i64::MIN, i64::MAX)),
        ("x", PropertyKind::Number),
        ("fee", PropertyKind::Boolean),
        ("at", PropertyKind::Instant),
    ];
    declared("places", Shape::Point, properties)
}

fn feature(c: &Collection, row: &Row) -> Feature {
    let values = vec![
        row.name.clone().map_or(Value::Null, Value::Text),
        row.kind.map_or(Value::Null, |k| Value::Text(k.to_owned())),
        row.n.map_or(Value::Null, Value::Integer),
        row.x.map_or(Value::Null, Value::Number),
        row.fee.map_or(Value::Null, Value::Boolean),
        row.at.map_or(Value::Null, |ms| Value::Text(Instant::from_ms(ms).to_string())),
    ];
    Feature {
        seq: 1,
        id: 2,
        source: "s".into(),
        source_id: "1".into(),
        revision: 1,
        created: Instant::from_ms(0),
        updated: Instant::from_ms(0),
        valid: Valid::of(c, &values),
        geometry: row.place.map(|(x, y)| geo::Point::new(x, y).into()),
        values,
        wards: Vec::new(),
    }
}

#[test]
fn both_forms_choose_what_three_valued_logic_calls_true() {
    // Set while compiling, because the core reads no environment.
    let cases = option_env!("DIABAN_FILTERS").and_then(|n| n.parse().ok()).unwrap_or(300);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let c = collection();
    let asked = (node(), proptest::collection::vec(row(), 24));
    let counted = std::cell::Cell::new(0_u64);
    runner
        .run(&asked, |(node, rows)| {
            let text = node.text();
            let json = node.json();
            let marked = cql2_json::to_text(&json).unwrap();
            let read = |filter: &str, language: &str| {
                let pairs = [
                    ("filter".to_owned(), filter.to_owned()),
                    ("filter-lang".to_owned(), language.to_owned()),
                ];
                features::parse(&pairs, &c, &CodeBook::default()).map(|q| q.filter)
            };
            // What is too long in its normal form is refused, not decided otherwise.
            let (Ok(by_text), Ok(by_json)) = (read(&text, LANGUAGES[0]), read(&marked, LANGUAGES[1])) else {
                let said =
                    format!("{:?} {:?}", read(&text, LANGUAGES[0]).err(), read(&marked, LANGUAGES[1]).err());
                prop_assert!(said.contains("normal form") || said.contains("nested"), "{}: {}", text, said);
                return Ok(());
            };
            // By its normal form, too, which links carry.
            let pairs = by_text.pairs(&c, &CodeBook::default());
            let again = features::parse(&pairs, &c, &CodeBook::default()).map(|q| q.filter);
            let again = again.map_err(|e| TestCaseError::fail(format!("{pairs:?}: {e:?}")))?;
            for row in &rows {
                let want = node.meaning(row) == Some(true);
                let f = feature(&c, row);
                counted.set(counted.get() + u64::from(want));
                for (form, filter) in [("text", &by_text), ("JSON", &by_json), ("normal", &again)] {
                    let got = filter.matches(&f, Instant::MIN);
                    prop_assert_eq!(got, want, "{}: {}\n{}\n{:?}", form, text, json, row);
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(counted.get() > u64::from(cases), "filters choose something: {}", counted.get());
}
