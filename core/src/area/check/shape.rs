//! The file alone: valid shapes, overlaps and gaps.

use geo::InteriorPoint;
use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::finding::{Finding, Report, Severity, m2, named, place};
use super::stated::Stated;
use crate::area::common::common;
use crate::area::unit::{Unit, area_m2};
use crate::geo::LonLat;

/// Parts smaller than this, in square metres, are digitising errors.
const NEAR_ZERO_M2: f64 = 1.0;
/// Overlaps and gaps smaller than this, in square metres, are rounding.
const ROUNDING_M2: f64 = 0.01;
/// Gaps larger than this, in square metres, are land that some ward must own.
const LARGE_GAP_M2: f64 = 1_000.0;
/// A gap larger than this, in square metres, is an error where a ward was before: a block of houses.
const ERROR_GAP_M2: f64 = 100_000.0;
/// All gaps together may have this share of the city where wards were before; the real file has 40 m² of 6,693 km².
const ERROR_GAPS_SHARE: f64 = 0.001;
/// An overlap is an error from this share of the smaller ward.
const ERROR_SHARE: f64 = 0.005;
/// Two wards that share this much of both are one shape.
const ONE_SHAPE: f64 = 0.9;

pub(super) fn check(stated: &Stated<'_>, report: &mut Report) {
    valid(stated.candidate.units(), report);
    overlaps(stated.candidate.units(), report);
    gaps(stated, report);
}

fn valid(units: &[Unit], report: &mut Report) {
    for unit in units {
        for (part, polygon) in unit.shape.0.iter().enumerate() {
            let m2 = area_m2(polygon);
            if m2 < NEAR_ZERO_M2 {
                let text = format!("part {part} is nearly nothing: {m2:.2} m²");
                report.ward(Severity::Warning, &unit.code, text);
            }
        }
        if let Some(e) = unit.fault() {
            // The look-up is defined for any rings, so an invalid shape alone stops nothing.
            report.ward(Severity::Warning, &unit.code, format!("the shape is not valid: it {e}"));
        }
    }
}

fn overlaps(units: &[Unit], report: &mut Report) {
    let boxes = units.iter().enumerate().map(|(i, u)| {
        let b = u.bounds();
        GeomWithData::new(Rectangle::from_corners(<[f64; 2]>::from(b.min()), b.max().into()), i)
    });
    let boxes = RTree::bulk_load(boxes.collect());
    let mut errors = Vec::new();
    for (i, a) in units.iter().enumerate() {
        let bounds = AABB::from_corners(a.bounds().min().into(), a.bounds().max().into());
        let near = boxes.locate_in_envelope_intersecting(&bounds).map(|b: &GeomWithData<_, usize>| b.data);
        for j in near.filter(|j| *j > i) {
            let b = &units[j];
            let ground = common(&a.shape, &b.shape);
            let m2 = m2(&ground);
            if m2 < ROUNDING_M2 {
                continue;
            }
            let share = m2 / (1e6 * a.area_km2.min(b.area_km2));
            let text = if m2 > ONE_SHAPE * 1e6 * a.area_km2.max(b.area_km2) {
                format!("has the same shape as {}", named(b))
            } else {
                format!("overlaps {} by {m2:.2} m²{}; the lower code owns it", b.code, place(&ground.0))
            };
            if share > ERROR_SHARE {
                errors.push(Finding { severity: Severity::Error, code: Some(a.code.clone()), text });
            } else {
                report.ward(Severity::Note, &a.code, text);
            }
        }
    }
    report.many(errors, "wards that overlap others");
}

fn gaps(stated: &Stated<'_>, report: &mut Report) {
    let former = stated.exact.as_ref().map(|e| e.former).or(stated.same);
    let (mut count, mut total) = (0, 0.0);
    for (_, gap) in &stated.candidate.gaps {
        let m2 = area_m2(gap);
        if m2 < ROUNDING_M2 {
            continue;
        }
        let inside = gap.interior_point().and_then(|p| LonLat::new(p.x(), p.y()).ok());
        let owner = former.zip(inside).and_then(|(f, p)| Some(&f.units()[usize::from(f.owner(p)?)]));
        let was = owner.map(|u| format!(", before of {}", named(u))).unwrap_or_default();
        let severity = match m2 {
            m2 if m2 > ERROR_GAP_M2 && owner.is_some() => Severity::Error,
            m2 if m2 > LARGE_GAP_M2 => Severity::Warning,
            _ => Severity::Note,
        };
        if owner.is_some() {
            count += 1;
            total += m2;
        }
        report.whole(
            severity,
            format!("a gap of {m2:.2} m² between wards{}{was}", place(std::slice::from_ref(gap))),
        );
    }
    let city: f64 = stated.candidate.units().iter().map(|u| u.area_km2 * 1e6).sum();
    if total > ERROR_GAPS_SHARE * city {
        let text = format!(
            "{count} gaps between wards have {:.3} km² together, where wards were before",
            total / 1e6
        );
        report.whole(Severity::Error, text);
    }
}
