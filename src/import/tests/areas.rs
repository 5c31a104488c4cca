//! Areas: judged as they came, kept valid when rounded, mended when that is asked for and told.

use geo::{Area, Geometry};

use super::{document, feature, import, reasons};
use diaban_core::geo::validity;

const ALERT: &str =
    "set = { severity = 'minor', headline_vi = 'x', onset = '2026-01-01', expires = '2026-01-02' }";

fn polygon(rings: &str) -> String {
    format!(r#"{{"type":"Polygon","coordinates":[{rings}]}}"#)
}

fn ring(at: impl IntoIterator<Item = (f64, f64)>) -> String {
    let at: Vec<String> = at.into_iter().map(|(x, y)| format!("[{x},{y}]")).collect();
    format!("[{},{}]", at.join(","), at[0])
}

/// Points on the way through some corners.
fn dense(corners: &[(f64, f64)], each: usize) -> Vec<(f64, f64)> {
    let ends = corners.iter().zip(corners.iter().cycle().skip(1));
    ends.flat_map(|(a, b)| {
        (0..each).map(move |i| {
            let t = i as f64 / each as f64;
            (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
        })
    })
    .collect()
}

#[test]
fn what_is_valid_as_it_came_stays_valid() {
    let spike = [(106.6, 10.7), (106.8, 10.7), (106.8, 10.8), (106.7, 10.700_000_04), (106.6, 10.8)];
    let sliver =
        [(106.6, 10.7), (106.8, 10.7), (106.8, 10.8), (106.79, 10.700_000_02), (106.78, 10.8), (106.6, 10.8)];
    let hole = [(106.65, 10.700_000_03), (106.66, 10.71), (106.67, 10.71)];
    let square = [(106.6, 10.7), (106.8, 10.7), (106.8, 10.8), (106.6, 10.8)];
    let shapes = [
        polygon(&ring(spike)),
        polygon(&ring(sliver)),
        polygon(&format!("{},{}", ring(square), ring(hole))),
        polygon(&ring(dense(&square, 2_000))),
    ];
    let features: Vec<String> = shapes.iter().zip(1..).map(|(s, i)| feature(i, s)).collect();
    let read = import(document(&features, ""), "alerts", ALERT).unwrap();
    assert_eq!(read.features.len(), 4, "{:?}", reasons(&read));
    for f in &read.features {
        let shape = match f.geometry.clone().unwrap() {
            Geometry::Polygon(p) => geo::MultiPolygon(vec![p]),
            Geometry::MultiPolygon(all) => all,
            other => panic!("{other:?}"),
        };
        assert_eq!(validity::check(&shape), Ok(()));
    }
    assert!(read.findings.counts.rounded >= 2, "{:?}", read.findings.counts);
}

#[test]
fn what_is_not_valid_is_refused_however_many_vertices_it_has() {
    let bow = [(106.6, 10.7), (106.7, 10.8), (106.7, 10.7), (106.6, 10.8)];
    let square = |(w, e): (f64, f64)| ring([(w, 10.7), (e, 10.7), (e, 10.8), (w, 10.8)]);
    let parts =
        |a, b| format!(r#"{{"type":"MultiPolygon","coordinates":[[{}],[{}]]}}"#, square(a), square(b));
    let shapes = [
        polygon(&ring(bow)),
        polygon(&ring(dense(&bow, 1_500))),
        polygon(&ring(dense(&bow, 20_000))),
        parts((106.6, 106.7), (106.7, 106.8)),
        parts((106.6, 106.7), (106.65, 106.75)),
        parts((106.6, 106.7), (106.6, 106.7)),
        polygon(&format!("{},{}", square((106.6, 106.7)), square((106.8, 106.9)))),
    ];
    let features: Vec<String> = shapes.iter().zip(1..).map(|(s, i)| feature(i, s)).collect();
    let text = document(&features, "");
    let read = import(text.clone(), "alerts", ALERT).unwrap();
    let said = reasons(&read);
    assert_eq!((read.features.len(), said.len()), (0, shapes.len()), "{said:?}");
    assert!(said[1].contains("is no valid area: ") && said[1].contains("(self-intersection)"), "{said:?}");
    assert!(said[3].contains("lie on each other at 106.7,10.7"), "{said:?}");
    assert!(said.iter().all(|s| s.contains("--make-valid")), "{said:?}");

    let read = import(text, "alerts", &format!("make_valid = true\n{ALERT}")).unwrap();
    assert_eq!(read.features.len(), shapes.len(), "{:?}", reasons(&read));
    let told = read.findings.told.join("\n");
    assert!(told.contains("7 areas made valid: ") && told.contains("row 4: its rings "), "{told}");
    let size = |i: usize| read.features[i].geometry.as_ref().unwrap().unsigned_area();
    for (i, expected) in [0.005, 0.005, 0.005, 0.02, 0.015, 0.01, 0.02].into_iter().enumerate() {
        assert!((size(i) - expected).abs() < 1e-6, "{i}: {} {told}", size(i));
    }
}

#[test]
fn points_are_made_of_areas_and_lines_when_that_is_asked_for() {
    let u = ring([
        (106.6, 10.7),
        (106.7, 10.7),
        (106.7, 10.8),
        (106.69, 10.8),
        (106.69, 10.71),
        (106.61, 10.71),
        (106.61, 10.8),
        (106.6, 10.8),
    ]);
    let line = r#"{"type":"LineString","coordinates":[[106.6,10.7],[106.7,10.7],[106.7,10.8]]}"#;
    let parts = format!(
        r#"{{"type":"MultiPolygon","coordinates":[[{}],[{}]]}}"#,
        ring([(106.6, 10.7), (106.601, 10.7), (106.6, 10.701)]),
        ring([(106.65, 10.75), (106.7, 10.75), (106.7, 10.8), (106.65, 10.8)]),
    );
    let shapes = [polygon(&u), line.to_owned(), parts];
    let features: Vec<String> = shapes.iter().zip(1..).map(|(s, i)| feature(i, s)).collect();
    let text = document(&features, "");
    let bank = "set = { kind = 'bank' }";
    let read = import(text.clone(), "facilities", bank).unwrap();
    assert!(
        reasons(&read)[0].contains("must be of shape point (--shape point makes"),
        "{:?}",
        reasons(&read)
    );
    let read = import(text, "facilities", &format!("shape = 'point'\n{bank}")).unwrap();
    let at = |i: usize| match &read.features[i].geometry {
        Some(Geometry::Point(p)) => (p.x(), p.y()),
        other => panic!("{other:?}"),
    };
    let (x, y) = at(0);
    assert!(y < 10.71 || !(106.61..106.69).contains(&x), "{x} {y} lies in the arms");
    assert_eq!(at(1), (106.7, 10.7));
    assert_eq!(at(2), (106.675, 10.775));
    let told = read.findings.told.join("\n");
    for rule in ["1 areas became points: the centroid", "1 lines became points", "inside the largest part"] {
        assert!(told.contains(rule), "{told}");
    }
}
