//! Checks on cities of a few squares.

use std::sync::Arc;

use geo::{MultiPolygon, Rect, coord, polygon};

use super::*;
use crate::area::unit::Unit;
use crate::domain::WardId;
use crate::geo::LonLat;

fn rect(code: &str, west: f64, east: f64) -> Unit {
    let r = Rect::new(coord! {x: west, y: 10.0}, coord! {x: east, y: 10.1});
    Unit::new(code, Arc::default(), code, MultiPolygon(vec![r.to_polygon()])).unwrap()
}

fn generation(units: Vec<Unit>) -> Generation {
    Generation::build("2025-07-01", false, units, None).unwrap()
}

fn facts(generation: &str, codes: &[&str]) -> Vec<UnitFacts> {
    let fact = |code: &&str| UnitFacts {
        id: WardId::new(generation, code),
        name: (*code).to_owned(),
        kind: Arc::default(),
        district: None,
        province_former: String::new(),
        centre: LonLat::new(106.05, 10.05).unwrap(),
        area_km2: None,
    };
    codes.iter().map(fact).collect()
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

fn row(from: &str, to: &str, part: bool) -> Successor {
    let id = |t: &str| WardId::parse(t).unwrap();
    Successor { from: id(from), to: id(to), part, main: !part }
}

fn alone(candidate: &Generation) -> Vec<Finding> {
    check(candidate, &Known::default())
}

#[test]
fn wards_that_fit_have_no_findings() {
    let g = || generation(vec![rect("1", 106.0, 106.1), rect("2", 106.1, 106.2)]);
    assert_eq!(check(&g(), &Known { loaded: &[Arc::new(g())], ..Known::default() }), []);
}

#[test]
fn missing_and_unknown_codes_are_errors() {
    let g = generation(vec![rect("1", 106.0, 106.1)]);
    let found = texts(&check(&g, &Known { facts: &facts("2025-07-01", &["2"]), ..Known::default() }));
    assert!(found.iter().any(|t| t.starts_with("error: 1: ") && t.contains("no ward of this generation")));
    assert!(found.iter().any(|t| t.starts_with("error: 2: ") && t.contains("no boundary")), "{found:?}");
}

#[test]
fn overlaps_name_both_wards_and_the_area() {
    let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.0999, 106.2)]);
    let found = texts(&alone(&g));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("note: 1: overlaps 2 by 12"), "{found:?}");
    let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.05, 106.2)]);
    assert_eq!(alone(&g)[0].severity, Severity::Error);
}

#[test]
fn lost_ground_and_broken_shapes_are_found() {
    let former = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.1, 106.2)]);
    let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.11, 106.2)]);
    let found = texts(&check(&g, &Known { loaded: &[Arc::new(former)], ..Known::default() }));
    assert!(found[0].starts_with("error: ") && found[0].contains("km² of the former"), "{found:?}");
    assert!(found[0].contains("of 2 (2)"), "{found:?}");

    let bow =
        polygon![(x: 1.0, y: 1.0), (x: 2.0, y: 2.0), (x: 2.0, y: 1.0), (x: 1.0, y: 2.5), (x: 1.0, y: 1.0)];
    let tiny = polygon![(x: 3.0, y: 1.0), (x: 3.000_001, y: 1.0), (x: 3.0, y: 1.000_001), (x: 3.0, y: 1.0)];
    let unit = Unit::new("1", Arc::default(), "x", MultiPolygon(vec![bow, tiny])).unwrap();
    let found = texts(&alone(&generation(vec![unit])));
    assert!(found.iter().any(|t| t.contains("not valid")), "{found:?}");
    assert!(found.iter().any(|t| t.contains("part 1 is nearly nothing")), "{found:?}");
}

#[test]
fn a_new_generation_gets_the_ground_that_the_table_gives_it() {
    let former = vec![rect("1", 106.0, 106.1), rect("2", 106.1, 106.2), rect("3", 106.2, 106.3)];
    let former = Arc::new(Generation::build("2025-01-01", false, former, None).unwrap());
    let table = [
        row("2025-01-01.1", "2025-07-01.4", false),
        row("2025-01-01.2", "2025-07-01.4", true),
        row("2025-01-01.2", "2025-07-01.5", true),
        row("2025-01-01.3", "2025-07-01.5", false),
    ];
    let found = |border: f64| {
        let g = generation(vec![rect("4", 106.0, border), rect("5", border, 106.3)]);
        texts(&check(&g, &Known { loaded: std::slice::from_ref(&former), successors: &table, facts: &[] }))
    };
    // Anywhere in ward 2 the border may run; all else takes from a ward that goes whole.
    assert_eq!(found(106.11), [""; 0]);
    assert_eq!(found(106.19), [""; 0]);
    let less = found(106.05);
    assert!(
        less.iter().any(|t| t.starts_with("error: 4: ") && t.contains("lacks") && t.contains("of 5")),
        "{less:?}"
    );
    assert!(less.iter().any(|t| t.starts_with("error: 5: ") && t.contains("had not")), "{less:?}");
}

#[test]
fn new_ground_is_that_of_a_ward_without_a_predecessor() {
    let former =
        Arc::new(Generation::build("2025-01-01", false, vec![rect("1", 106.0, 106.1)], None).unwrap());
    let table = [row("2025-01-01.1", "2025-07-01.1", false)];
    let found = |units: Vec<Unit>| {
        let known = Known { loaded: std::slice::from_ref(&former), successors: &table, facts: &[] };
        check(&generation(units), &known)
    };
    let declared = found(vec![rect("1", 106.0, 106.1), rect("2", 106.1, 106.2)]);
    assert!(declared.iter().all(|f| f.severity < Severity::Error), "{declared:?}");
    assert!(declared.iter().any(|f| f.text.contains("nobody's successor")), "{declared:?}");
    let grown = texts(&found(vec![rect("1", 106.0, 106.2)]));
    assert!(grown[0].starts_with("error: ") && grown[0].contains("outside the former"), "{grown:?}");
    let taken = texts(&found(vec![rect("1", 106.0, 106.06), rect("2", 106.06, 106.2)]));
    assert!(taken.iter().any(|t| t.starts_with("error: 2: ") && t.contains("before of 1")), "{taken:?}");
}
