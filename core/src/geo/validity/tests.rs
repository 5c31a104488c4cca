//! Validity beside a slow model and beside JTS.

use geo::{LineString, Polygon, Validation};
use proptest::prelude::*;
use wkt::TryFromWkt;

use super::*;
use crate::real_data;

fn read(text: &str) -> MultiPolygon<f64> {
    match geo::Geometry::try_from_wkt_str(text).unwrap() {
        geo::Geometry::Polygon(p) => MultiPolygon(vec![p]),
        geo::Geometry::MultiPolygon(all) => all,
        other => panic!("{other:?}"),
    }
}

fn said(text: &str) -> String {
    check(&read(text)).map_or_else(|e| e.to_string(), |()| "valid".to_owned())
}

#[test]
fn each_fault_has_its_name_and_place() {
    for (text, expected) in [
        ("POLYGON((0 0,4 0,4 4,0 4,0 0))", "valid"),
        ("POLYGON((0 0,0 4,4 4,4 0,0 0),(1 1,2 1,2 2,1 1))", "valid"),
        ("POLYGON((0 0,2 2,2 0,0 2,0 0))", "cross each other (self-intersection) near 1,1"),
        ("POLYGON((0 0,4 0,4 4,2 0,0 4,0 0))", "touches itself at 2,0"),
        ("POLYGON((0 0,4 0,4 4,2 2,0 4,2 2,0 0))", "lie on each other"),
        ("POLYGON((0 0,4 0,2 0,2 2,0 0))", "lie on each other"),
        ("POLYGON((0 0,1 1,2 2,0 0))", "lie on each other"),
        ("POLYGON((0 0,1 1,0 0,0 0))", "without area at 0,0"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(5 5,6 5,6 6,5 5))", "hole lies outside its exterior at 5,5"),
        ("POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,8 1,8 8,1 8,1 1),(2 2,3 2,3 3,2 2))", "hole lies outside"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(0 0,1 1,2 1,0 0))", "valid"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(0 0,1 2,4 4,2 1,0 0))", "cut its inside into pieces"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(2 0,1 1,3 1,2 0))", "valid"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(1 0,1 1,3 1,3 0,1 0))", "lie on each other at 1,0"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(2 -1,1 1,3 1,2 -1))", "cross each other"),
        ("POLYGON((0 0,4 0,4 4,0 4,0 0),(2 -1,2 0,3 1,2 -1))", "hole lies outside"),
        ("MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((4 0,8 0,8 4,4 4,4 0)))", "lie on each other at 4,0"),
        ("MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((4 1,8 0,8 4,4 3,4 1)))", "lie on each other at 4,1"),
        ("MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((4 4,8 4,8 8,4 8,4 4)))", "valid"),
        ("MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((2 4,1 8,3 8,2 4)),((2 4,5 8,5 7,2 4)))", "valid"),
        ("MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((1 1,2 1,2 2,1 1)))", "two parts overlap at 1,1"),
        ("MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((0 0,4 0,4 4,0 4,0 0)))", "lie on each other at 0,0"),
        ("MULTIPOLYGON(((0 0,9 0,9 9,0 9,0 0),(1 1,8 1,8 8,1 8,1 1)),((2 2,3 2,3 3,2 2)))", "valid"),
        ("MULTIPOLYGON(((0 0,9 0,9 9,0 9,0 0),(1 1,8 1,8 8,1 8,1 1)),((1 1,8 8,3 2,1 1)))", "valid"),
    ] {
        let said = said(text);
        assert!(said.contains(expected), "{text}: {said}, not {expected}");
    }
}

#[test]
fn cases_of_jts_are_judged_as_there() {
    let Some(folder) = real_data::folder("cases_of_jts_are_judged_as_there") else { return };
    let text = std::fs::read_to_string(folder.join("geometry/jts/TestValid.xml")).unwrap();
    let mut judged = 0;
    for case in text.split("<case>").skip(1) {
        let between = |a: &str, b: &str| Some(case.split_once(a)?.1.split_once(b)?.0.trim().to_owned());
        let (Some(wkt), Some(valid)) = (between("<a>", "</a>"), between("arg1=\"A\">", "</op>")) else {
            continue;
        };
        if !wkt.contains("POLYGON") || wkt.contains("EMPTY") || wkt.contains("COLLECTION") {
            continue;
        }
        let Ok(geometry) = geo::Geometry::<f64>::try_from_wkt_str(&wkt) else { continue };
        let shape = match geometry {
            geo::Geometry::Polygon(p) => MultiPolygon(vec![p]),
            geo::Geometry::MultiPolygon(all) => all,
            _ => continue,
        };
        assert_eq!(check(&shape).is_ok(), valid == "true", "{wkt}: {:?}", check(&shape));
        judged += 1;
    }
    assert!(judged > 30, "{judged}");
}

/// A ring by its definition: no two edges have a point in common but neighbours their corner.
fn simple_slowly(at: &[(i32, i32)]) -> bool {
    let n = at.len();
    let edge = |i: usize| (at[i], at[(i + 1) % n]);
    let side = |a: (i32, i32), b: (i32, i32), c: (i32, i32)| {
        ((b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)).signum()
    };
    let on = |p: (i32, i32), (a, b): ((i32, i32), (i32, i32))| {
        side(a, b, p) == 0
            && (a.0.min(b.0)..=a.0.max(b.0)).contains(&p.0)
            && (a.1.min(b.1)..=a.1.max(b.1)).contains(&p.1)
    };
    (0..n).all(|i| {
        (i + 1..n).all(|j| {
            let ((a, b), (c, d)) = (edge(i), edge(j));
            let crossing = side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
            let common = [on(c, (a, b)), on(d, (a, b)), on(a, (c, d)), on(b, (c, d))];
            let corner = if j == i + 1 { b } else { a };
            let neighbours = j == i + 1 || (i == 0 && j == n - 1);
            if !neighbours {
                return !crossing && common == [false; 4];
            }
            let far = |p: (i32, i32)| p != corner;
            [(c, (a, b)), (d, (a, b)), (a, (c, d)), (b, (c, d))].iter().all(|(p, e)| !far(*p) || !on(*p, *e))
        })
    })
}

fn line(at: &[(i32, i32)]) -> LineString<f64> {
    at.iter().chain(at.first()).map(|p| Coord { x: f64::from(p.0), y: f64::from(p.1) }).collect()
}

fn ring() -> impl Strategy<Value = Vec<(i32, i32)>> {
    prop::collection::vec((0..7, 0..7), 3..9).prop_map(|mut at: Vec<(i32, i32)>| {
        at.dedup();
        while at.len() > 1 && at.first() == at.last() {
            at.pop();
        }
        at
    })
}

fn simple_ring() -> impl Strategy<Value = Vec<(i32, i32)>> {
    let any = prop::collection::vec((0..7, 0..7), 3..6);
    any.prop_filter("a ring that meets itself", |at| {
        simple_slowly(at) && at.iter().all(|p| at.iter().filter(|q| *q == p).count() == 1)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_ring_is_valid_when_no_two_edges_meet(at in ring()) {
        prop_assume!(at.len() >= 3);
        let shape = MultiPolygon(vec![Polygon::new(line(&at), vec![])]);
        prop_assert_eq!(check(&shape).is_ok(), simple_slowly(&at), "{:?}: {:?}", at, check(&shape));
    }

    #[test]
    fn rings_together_are_judged_as_the_quadratic_check_does(
        rings in prop::collection::vec(simple_ring(), 2..5), parts in 1..3_usize,
    ) {
        let lines: Vec<_> = rings.iter().map(|r| line(r)).collect();
        let (first, rest) = lines.split_at(lines.len().div_ceil(parts));
        let polygon = |l: &[LineString<f64>]| Polygon::new(l[0].clone(), l[1..].to_vec());
        let shape = MultiPolygon([first, rest].iter().filter(|l| !l.is_empty()).map(|l| polygon(l)).collect());
        // The other check does not ask for a connected inside, and may give another reason.
        let (ours, theirs) = (check(&shape), shape.check_validation());
        let agree = match &ours {
            Ok(()) => theirs.is_ok(),
            Err(Invalid::Disconnected(_)) => true,
            Err(_) => theirs.is_err(),
        };
        prop_assert!(agree, "{:?}: {:?} {:?}", shape, ours, theirs);
    }
}

/// A comb at an angle: every edge's box meets every other one.
fn comb(teeth: usize) -> Vec<(f64, f64)> {
    let at = |x: f64, y: f64| (106.0 + (x - y) * 1e-7, 10.0 + (x + y) * 1e-7);
    let mut ring: Vec<_> =
        (0..teeth).flat_map(|i| [at(i as f64 * 2.0, 0.0), at(i as f64 * 2.0 + 1.0, 1e6)]).collect();
    ring.push(at(teeth as f64 * 2.0, -1.0));
    ring.push(at(0.0, -1.0));
    ring.push(ring[0]);
    ring
}

#[test]
fn hundreds_of_thousands_of_vertices_are_all_checked() {
    let mut ring = comb(50_000);
    let shape = |ring: &[(f64, f64)]| {
        MultiPolygon(vec![Polygon::new(ring.iter().map(|&c| Coord::from(c)).collect(), vec![])])
    };
    assert_eq!(check(&shape(&ring)), Ok(()));
    // One tooth is bent over its neighbour.
    ring[50_001] = ring[50_005];
    ring[50_001].0 += 1e-9;
    assert!(matches!(check(&shape(&ring)), Err(Invalid::Crossing(_))));
}

/// A star around the origin of so many corners; exchanging two makes a bow-tie far from the rest.
fn star(corners: usize, crossed: bool) -> MultiPolygon<f64> {
    let mut ring: Vec<_> = (0..corners)
        .map(|i| {
            let (angle, r) = (i as f64 / corners as f64 * std::f64::consts::TAU, [0.1, 0.12][i % 2]);
            geo::Coord { x: 106.7 + r * angle.cos(), y: 10.7 + r * angle.sin() }
        })
        .collect();
    if crossed {
        ring.swap(corners / 3, corners / 3 + 2);
    }
    MultiPolygon(vec![Polygon::new(LineString(ring), Vec::new())])
}

#[test]
fn every_vertex_of_a_large_area_is_checked() {
    for corners in [6_000, 600_000] {
        assert_eq!(check(&star(corners, false)), Ok(()), "{corners}");
        assert!(matches!(check(&star(corners, true)), Err(Invalid::Crossing(_))), "{corners}");
    }
}
