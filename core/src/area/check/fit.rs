//! The file as a whole: moved, stretched or mirrored. Medians over all wards tell it, whatever single wards do.

use geo::{Centroid, Coord};

use super::finding::{Report, Severity};
use super::stated::Stated;
use crate::geo::metres_per_degree;

/// Fewer wards with exact former shapes than this say nothing of the whole.
const EXACT_WARDS: usize = 3;
/// Fewer wards with stated centres than this say nothing of the whole: the centres are rough.
const CENTRES: usize = 8;
/// A shift in metres that is an error beside exact boundaries: the width of a street, on which borders run.
const EXACT_SHIFT_M: f64 = 10.0;
/// A shift in metres that is an error beside stated centres. The real wards lie 2 m beside theirs; VN-2000 taken for
/// WGS 84 is some 190 m off.
const CENTRES_SHIFT_M: f64 = 100.0;
/// A stretch that is an error beside exact boundaries: 10 m in 10 km.
const EXACT_STRETCH: f64 = 0.001;
/// A stretch that is an error beside stated centres, which give it to about 0.001.
const CENTRES_STRETCH: f64 = 0.005;
/// Chance moves a median by more than this many standard errors once in thousands of files.
const STANDARD_ERRORS: f64 = 4.0;
/// Standard error of a median from the median absolute deviation, times the root of the number (normal distribution).
const MEDIAN_ERROR: f64 = 1.858;
/// Pairs of wards that are at least this share of the city apart tell its scale.
const APART: f64 = 0.25;

/// A ward's place by what is stated and in the file, both in metres on one plane.
type Pair = (Coord<f64>, Coord<f64>);

pub(super) fn check(stated: &Stated<'_>, report: &mut Report) {
    let exact = by_boundaries(stated);
    if exact.len() >= EXACT_WARDS {
        judge(&exact, EXACT_SHIFT_M, EXACT_STRETCH, "the former boundaries", report);
        return;
    }
    let centres = by_centres(stated);
    if centres.len() >= CENTRES {
        judge(&centres, CENTRES_SHIFT_M, CENTRES_STRETCH, "the stated centres of its wards", report);
    }
}

/// Wards that take over whole former wards and nothing else.
fn by_boundaries(stated: &Stated<'_>) -> Vec<Pair> {
    let Some(exact) = &stated.exact else { return Vec::new() };
    let mut pairs = Vec::new();
    for (unit, heir) in stated.candidate.units().iter().zip(&exact.heirs) {
        let former = heir.whole.iter().map(|i| &exact.former.units()[*i]);
        let total: f64 = former.clone().map(|u| u.area_km2).sum();
        let parts = former.filter_map(|u| Some(u.shape.centroid()?.0 * (u.area_km2 / total)));
        if let (true, true, Some(at)) = (heir.part.is_empty(), total > 0.0, unit.shape.centroid()) {
            pairs.push((parts.fold(Coord::zero(), |a, b| a + b), at.0));
        }
    }
    on_plane(&pairs)
}

fn by_centres(stated: &Stated<'_>) -> Vec<Pair> {
    let units = stated.candidate.units().iter();
    let pairs: Vec<Pair> =
        units.filter_map(|u| Some((stated.ward(&u.code)?.centre?, u.shape.centroid()?.0))).collect();
    on_plane(&pairs)
}

fn on_plane(pairs: &[Pair]) -> Vec<Pair> {
    let (kx, ky) = metres_per_degree(median(pairs.iter().map(|p| p.0.y).collect()).unwrap_or_default());
    let flat = |c: Coord<f64>| Coord { x: c.x * kx, y: c.y * ky };
    pairs.iter().map(|(a, b)| (flat(*a), flat(*b))).collect()
}

fn judge(pairs: &[Pair], shift_m: f64, stretch: f64, beside: &str, report: &mut Report) {
    let mut wrong = Vec::new();
    let (x, y) = (scale(pairs, |c| c.x), scale(pairs, |c| c.y));
    let mirrored = |s: Option<f64>| s.is_some_and(|s| s < 0.0);
    match (mirrored(x), mirrored(y)) {
        (true, true) => wrong.push("turned upside down".to_owned()),
        (true, false) => wrong.push("mirrored, east for west".to_owned()),
        (false, true) => wrong.push("mirrored, north for south".to_owned()),
        (false, false) => {
            for (scale, axis) in [(x, "from west to east"), (y, "from south to north")] {
                if let Some(scale) = scale.filter(|s| (s - 1.0).abs() > stretch) {
                    wrong.push(format!("{scale:.3} times as long {axis}"));
                }
            }
            wrong.extend(shift(pairs, shift_m));
        }
    }
    if !wrong.is_empty() {
        let text =
            format!("beside {beside} the file is {}: is its coordinate system right?", wrong.join(", "));
        report.whole(Severity::Error, text);
    }
}

/// How far and to which side all wards are moved.
fn shift(pairs: &[Pair], bound_m: f64) -> Option<String> {
    let (dx, noise_x) = middle(pairs.iter().map(|(a, b)| b.x - a.x).collect())?;
    let (dy, noise_y) = middle(pairs.iter().map(|(a, b)| b.y - a.y).collect())?;
    let metres = dx.hypot(dy);
    if metres <= bound_m.max(STANDARD_ERRORS * noise_x.hypot(noise_y)) {
        return None;
    }
    let eighth = (dx.atan2(dy).to_degrees().rem_euclid(360.0) / 45.0).round() as usize % 8;
    let sides = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];
    let far = if metres < 10_000.0 {
        format!("{:.0} m", (metres / 10.0).round() * 10.0)
    } else {
        format!("{:.0} km", metres / 1_000.0)
    };
    Some(format!("about {far} too far {}", sides[eighth]))
}

/// The median of the slopes between wards that lie far apart (Theil and Sen).
fn scale(pairs: &[Pair], axis: impl Fn(Coord<f64>) -> f64) -> Option<f64> {
    let (low, high) = pairs
        .iter()
        .map(|p| axis(p.0))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let mut slopes = Vec::new();
    for (i, a) in pairs.iter().enumerate() {
        for b in &pairs[..i] {
            let apart = axis(a.0) - axis(b.0);
            if apart.abs() > APART * (high - low) {
                slopes.push((axis(a.1) - axis(b.1)) / apart);
            }
        }
    }
    median(slopes)
}

/// The median and its standard error.
fn middle(values: Vec<f64>) -> Option<(f64, f64)> {
    let root = (values.len() as f64).sqrt();
    let middle = median(values.clone())?;
    let deviation = median(values.into_iter().map(|v| (v - middle).abs()).collect())?;
    Some((middle, MEDIAN_ERROR * deviation / root))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let half = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(half, f64::total_cmp).1)
}
