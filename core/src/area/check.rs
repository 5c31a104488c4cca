//! Checks a new generation before it may become active. They report findings and repair nothing.
//!
//! They take seconds for a whole city: do not run them on an async thread. Two wards with the same code never reach these checks;
//! reading and building refuse them.
//!
//! Not here: re-routing a sample of reports, the decision to activate (`action::activate_areas`).

use std::fmt;
use std::sync::Arc;

use geo::{BooleanOps, BoundingRect, InteriorPoint, Intersects, Polygon};

use super::generation::Generation;
use super::unit::{Unit, area_m2};
use crate::geo::validity;

/// Parts smaller than this, in square metres, are digitising errors.
const NEAR_ZERO_M2: f64 = 1.0;
/// Overlaps and gaps smaller than this, in square metres, are rounding.
const ROUNDING_M2: f64 = 0.01;
/// Gaps larger than this, in square metres, are land that some ward must own.
const LARGE_GAP_M2: f64 = 1_000.0;
/// A loss smaller than this, in square metres, is a bank drawn differently.
const LOST_M2: f64 = 1_000.0;
/// An overlap or a loss is an error from this share of the area.
const ERROR_SHARE: f64 = 0.005;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Expected in real boundaries; the look-up has a rule for it.
    Note,
    /// Should be looked at; does not stop an activation.
    Warning,
    /// Stops an activation.
    Error,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The ward concerned; of two, the first.
    pub code: Option<Arc<str>>,
    /// A sentence for the operator.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        match &self.code {
            Some(code) => write!(f, "{severity}: {code}: {}", self.text),
            None => write!(f, "{severity}: {}", self.text),
        }
    }
}

/// Checks a candidate. `expected` are the codes in the successor table (not checked if empty).
/// `former` is an earlier version of the same generation: its area must still be covered. The worst
/// findings come first.
pub fn check(candidate: &Generation, expected: &[&str], former: Option<&Generation>) -> Vec<Finding> {
    let mut findings = Vec::new();
    codes(candidate, expected, &mut findings);
    validity(candidate.units(), &mut findings);
    overlaps(candidate.units(), &mut findings);
    gaps(candidate, &mut findings);
    if let Some(former) = former {
        lost(candidate, former, &mut findings);
    }
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code)));
    findings
}

fn codes(candidate: &Generation, expected: &[&str], findings: &mut Vec<Finding>) {
    if expected.is_empty() {
        return;
    }
    for code in expected.iter().filter(|c| candidate.index_of(c).is_none()) {
        findings.push(Finding {
            severity: Severity::Error,
            code: Some((*code).into()),
            text: "is in the successor table, but has no boundary".to_owned(),
        });
    }
    for unit in candidate.units().iter().filter(|u| !expected.contains(&&*u.code)) {
        findings.push(Finding {
            severity: Severity::Error,
            code: Some(unit.code.clone()),
            text: format!("{} has a boundary, but is not in the successor table", unit.name),
        });
    }
}

fn validity(units: &[Unit], findings: &mut Vec<Finding>) {
    for unit in units {
        let mut report = |severity, text| {
            findings.push(Finding { severity, code: Some(unit.code.clone()), text });
        };
        for (part, polygon) in unit.shape.0.iter().enumerate() {
            let m2 = area_m2(polygon);
            if m2 < NEAR_ZERO_M2 {
                report(Severity::Warning, format!("part {part} is nearly nothing: {m2:.2} m²"));
            }
        }
        if let Err(e) = validity::check(&unit.shape) {
            // The look-up is defined for any rings, so an invalid shape alone stops nothing.
            report(Severity::Warning, format!("the shape is not valid: it {e}"));
        }
    }
}

fn overlaps(units: &[Unit], findings: &mut Vec<Finding>) {
    let boxes: Vec<_> = units.iter().map(|u| u.shape.bounding_rect()).collect();
    for (i, a) in units.iter().enumerate() {
        for (j, b) in units.iter().enumerate().skip(i + 1) {
            if !matches!((&boxes[i], &boxes[j]), (Some(p), Some(q)) if p.intersects(q)) {
                continue;
            }
            let common = a.shape.intersection(&b.shape);
            let m2: f64 = common.0.iter().map(area_m2).sum();
            if m2 < ROUNDING_M2 {
                continue;
            }
            let share = m2 / (1e6 * a.area_km2.min(b.area_km2));
            let severity = if share > ERROR_SHARE { Severity::Error } else { Severity::Note };
            let place = largest(&common.0).map(place).unwrap_or_default();
            findings.push(Finding {
                severity,
                code: Some(a.code.clone()),
                text: format!("overlaps {} by {m2:.2} m²{place}; the lower code owns it", b.code),
            });
        }
    }
}

fn gaps(candidate: &Generation, findings: &mut Vec<Finding>) {
    for (_, gap) in &candidate.gaps {
        let m2 = area_m2(gap);
        if m2 >= ROUNDING_M2 {
            let severity = if m2 > LARGE_GAP_M2 { Severity::Warning } else { Severity::Note };
            let text = format!("a gap of {m2:.2} m² between wards{}", place(gap));
            findings.push(Finding { severity, code: None, text });
        }
    }
}

fn lost(candidate: &Generation, former: &Generation, findings: &mut Vec<Finding>) {
    let gone = former.outline().difference(candidate.outline());
    let total: f64 = gone.0.iter().map(area_m2).sum();
    let whole: f64 = former.units().iter().map(|u| u.area_km2 * 1e6).sum();
    if total < LOST_M2 {
        return;
    }
    let severity = if total / whole > ERROR_SHARE { Severity::Error } else { Severity::Warning };
    let place = largest(&gone.0).map(place).unwrap_or_default();
    let text = format!(
        "{:.3} km² of the former boundaries belong to no ward any more, most of it{place}",
        total / 1e6
    );
    findings.push(Finding { severity, code: None, text });
}

fn largest(parts: &[Polygon<f64>]) -> Option<&Polygon<f64>> {
    parts.iter().max_by(|a, b| area_m2(a).total_cmp(&area_m2(b)))
}

fn place(polygon: &Polygon<f64>) -> String {
    polygon.interior_point().map(|p| format!(" at {:.6},{:.6}", p.x(), p.y())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{MultiPolygon, Rect, coord, polygon};

    fn rect(code: &str, west: f64, east: f64) -> Unit {
        let r = Rect::new(coord! {x: west, y: 10.0}, coord! {x: east, y: 10.1});
        Unit::new(code, Arc::default(), code, MultiPolygon(vec![r.to_polygon()])).unwrap()
    }

    fn generation(units: Vec<Unit>) -> Generation {
        Generation::build("2025-07-01", false, units, None).unwrap()
    }

    fn texts(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn wards_that_fit_have_no_findings() {
        let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.1, 106.2)]);
        assert_eq!(check(&g, &["1", "2"], Some(&g)), []);
    }

    #[test]
    fn missing_and_unknown_codes_are_errors() {
        let g = generation(vec![rect("1", 106.0, 106.1)]);
        let found = texts(&check(&g, &["2"], None));
        assert!(found[0].starts_with("error: 1: ") && found[0].contains("not in the successor table"));
        assert!(found[1].starts_with("error: 2: ") && found[1].contains("no boundary"));
    }

    #[test]
    fn overlaps_name_both_wards_and_the_area() {
        let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.0999, 106.2)]);
        let found = texts(&check(&g, &[], None));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("note: 1: overlaps 2 by 12"), "{found:?}");
        let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.05, 106.2)]);
        assert_eq!(check(&g, &[], None)[0].severity, Severity::Error);
    }

    #[test]
    fn lost_ground_and_broken_shapes_are_found() {
        let former = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.1, 106.2)]);
        let g = generation(vec![rect("1", 106.0, 106.1), rect("2", 106.11, 106.2)]);
        let found = texts(&check(&g, &[], Some(&former)));
        assert!(found[0].starts_with("error: ") && found[0].contains("km² of the former"), "{found:?}");

        let bow = polygon![(x: 1.0, y: 1.0), (x: 2.0, y: 2.0), (x: 2.0, y: 1.0), (x: 1.0, y: 2.5), (x: 1.0, y: 1.0)];
        let tiny =
            polygon![(x: 3.0, y: 1.0), (x: 3.000_001, y: 1.0), (x: 3.0, y: 1.000_001), (x: 3.0, y: 1.0)];
        let unit = Unit::new("1", Arc::default(), "x", MultiPolygon(vec![bow, tiny])).unwrap();
        let found = texts(&check(&generation(vec![unit]), &[], None));
        assert!(found.iter().any(|t| t.contains("not valid")), "{found:?}");
        assert!(found.iter().any(|t| t.contains("part 1 is nearly nothing")), "{found:?}");
    }
}
