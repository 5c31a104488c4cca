//! Codes, names, centres and areas by decree. They hold whatever the former boundaries are worth.

use std::collections::BTreeSet;
use std::sync::Arc;

use geo::{Coord, Distance, Euclidean, Intersects, MultiPolygon, Point};

use super::displaced;
use super::finding::{Finding, Report, Severity};
use super::stated::{Stated, Ward};
use crate::area::unit::Unit;
use crate::geo::metres_per_degree;
use crate::query::cql::Fold;

/// A ward smaller or larger than these shares of its area by decree is an error. The extremes of the 168 real wards
/// are 0.59 (an airport) and 1.18.
const ERROR_AREA: (f64, f64) = (0.55, 1.8);
/// Beyond this share of its area by decree a ward should be looked at; 2 of 168 real ones are.
const WARNING_AREA: (f64, f64) = (0.8, 1.25);
/// The sum of all areas differs from the decree by at most this share; the real city by 0.012.
const ERROR_TOTAL: f64 = 0.05;
/// A centre as far outside its ward as the square root of the ward's area, or farther, is an error; a centre that is
/// merely rough lies near.
const ERROR_OFF_CENTRE: f64 = 1.0;

/// The wards of the file are those that are stated, under their names.
pub(super) fn codes_and_names(stated: &Stated<'_>, report: &mut Report) {
    if stated.wards.is_empty() {
        return;
    }
    let units = stated.candidate.units();
    let error = |code: &Arc<str>, text| Finding { severity: Severity::Error, code: Some(code.clone()), text };
    let missing = stated.wards.iter().filter(|w| stated.candidate.index_of(w.code).is_none());
    let missing: Vec<_> =
        missing.map(|w| error(w.code, format!("{} has no boundary in the file", w.name))).collect();
    let total = missing.len();
    report.many(missing, "wards without a boundary");
    if total * 10 > stated.wards.len() {
        let text =
            format!("{total} of {} wards have no boundary: is this the whole file?", stated.wards.len());
        report.whole(Severity::Error, text);
    }
    let unknown = units.iter().filter(|u| stated.ward(&u.code).is_none());
    let text = |u: &Unit| format!("{} has a boundary, but is no ward of this generation", u.name);
    report
        .many(unknown.map(|u| error(&u.code, text(u))).collect(), "boundaries of no ward of this generation");
    report.many(names(stated), "wards under another name");
}

/// Names that differ by more than case and marks; many files write tone marks in another way.
fn names(stated: &Stated<'_>) -> Vec<Finding> {
    let fold = |name: &str| Fold { case: true, accent: true }.of(name).into_owned();
    let units = stated.candidate.units();
    let kinds: BTreeSet<String> =
        units.iter().filter_map(|u| u.kind.prefix.as_deref()).map(|p| fold(p) + " ").collect();
    // A file that gives the name of another kind of unit gets two prefixes.
    let bare = |name: &str| {
        let folded = fold(name);
        let mut rest = &*folded;
        while let Some(less) = kinds.iter().find_map(|k| rest.strip_prefix(k.as_str())) {
            rest = less;
        }
        rest.to_owned()
    };
    let all: Vec<String> = stated.wards.iter().map(|w| bare(w.name)).collect();
    let mut found = Vec::new();
    for unit in units {
        let Some(ward) = stated.ward(&unit.code) else { continue };
        if fold(&unit.name) == fold(ward.name) {
            continue;
        }
        let name = bare(&unit.name);
        let whose = all.iter().position(|n| *n == name).filter(|_| name != bare(ward.name));
        let (severity, text) = match whose.map(|i| &stated.wards[i]) {
            Some(other) => (
                Severity::Error,
                format!("{} has the name of {} ({}) in the file", ward.name, other.code, other.name),
            ),
            None => (Severity::Warning, format!("{} is called {} in the file", ward.name, unit.name)),
        };
        found.push(Finding { severity, code: Some(unit.code.clone()), text });
    }
    found
}

/// Each ward holds its centre and no other, and has about its area. `judged` are units of which exact boundaries said
/// enough. What is in force already is no reason to refuse the same again.
pub(super) fn places_and_sizes(stated: &Stated<'_>, judged: &BTreeSet<usize>, report: &mut Report) {
    let units = stated.candidate.units();
    let open: Vec<(usize, &Ward<'_>)> = units
        .iter()
        .enumerate()
        .filter(|(i, u)| !judged.contains(i) && !stated.unchanged(u))
        .filter_map(|(i, u)| Some((i, stated.ward(&u.code)?)))
        .collect();
    let mut elsewhere = Vec::new();
    let (mut places, mut sizes) = (Vec::new(), Vec::new());
    for &(i, ward) in &open {
        let unit = &units[i];
        if let Some(centre) = ward.centre.filter(|c| !holds(unit, *c)) {
            let other =
                stated.wards.iter().find(|w| w.code != ward.code && w.centre.is_some_and(|c| holds(unit, c)));
            match other.and_then(|w| stated.candidate.index_of(w.code)) {
                Some(other) => elsewhere.push((i, other)),
                None => places.push(off_centre(unit, centre)),
            }
        }
        if let Some(km2) = ward.area_km2 {
            sizes.extend(size(unit, km2));
        }
    }
    displaced::check(stated, &elsewhere, report);
    report.many(places, "wards that do not hold their centres");
    report.many(sizes, "wards of another size");
    total(stated, report);
}

fn holds(unit: &Unit, at: Coord<f64>) -> bool {
    unit.bounds().intersects(&at) && unit.shape.intersects(&Point::from(at))
}

fn off_centre(unit: &Unit, centre: Coord<f64>) -> Finding {
    let metres = metres_to(&unit.shape, centre);
    let far = metres > ERROR_OFF_CENTRE * 1_000.0 * unit.area_km2.sqrt();
    Finding {
        severity: if far { Severity::Error } else { Severity::Warning },
        code: Some(unit.code.clone()),
        text: format!(
            "{} does not hold its centre {:.6},{:.6}, which lies {metres:.0} m outside",
            unit.name, centre.x, centre.y
        ),
    }
}

/// Metres from a shape to a place, on the plane of that place.
fn metres_to(shape: &MultiPolygon<f64>, at: Coord<f64>) -> f64 {
    use geo::MapCoords;
    let (kx, ky) = metres_per_degree(at.y);
    let plane = shape.map_coords(|c| Coord { x: (c.x - at.x) * kx, y: (c.y - at.y) * ky });
    Euclidean.distance(&plane, &Point::new(0.0, 0.0))
}

fn size(unit: &Unit, km2: f64) -> Option<Finding> {
    let share = unit.area_km2 / km2;
    let beyond = |(low, high): (f64, f64)| share < low || share > high;
    let severity = match () {
        () if beyond(ERROR_AREA) => Severity::Error,
        () if beyond(WARNING_AREA) => Severity::Warning,
        () => return None,
    };
    let text = format!(
        "{} has {:.2} km² in the file, {:.0}% of its {km2:.2} km² by decree",
        unit.name,
        unit.area_km2,
        share * 100.0
    );
    Some(Finding { severity, code: Some(unit.code.clone()), text })
}

/// The sum, over what the file has and a decree states.
fn total(stated: &Stated<'_>, report: &mut Report) {
    let units = stated.candidate.units();
    if stated.exact.is_some() || units.iter().all(|u| stated.unchanged(u)) {
        return;
    }
    let both = units.iter().filter_map(|u| Some((u.area_km2, stated.ward(&u.code)?.area_km2?)));
    let (file, decree) = both.fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
    if decree > 0.0 && (file / decree - 1.0).abs() > ERROR_TOTAL {
        let text = format!("the wards have {file:.1} km² together, and {decree:.1} km² by decree");
        report.whole(Severity::Error, text);
    }
}
