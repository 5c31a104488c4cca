//! Compares with exact former boundaries: what a ward takes over whole it must cover, what it takes over in part
//! bounds it, and the city as a whole keeps its ground.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use geo::{BooleanOps, BoundingRect, Intersects, MultiPolygon, unary_union};

use super::displaced;
use super::finding::{Finding, LISTED, Report, Severity, m2, named, place};
use super::stated::{Exact, Heir, Stated};
use crate::area::common::common;
use crate::area::generation::Generation;
use crate::area::unit::Unit;

/// A change smaller than this, in square metres, is a bank drawn differently.
const CHANGED_M2: f64 = 1_000.0;
/// The city may lose or gain less than this share of its ground: the banks of its rivers are less.
const ERROR_CITY_SHARE: f64 = 0.005;
/// A ward may lose or gain less than this share of its ground: more than a correction of a border, less than a part
/// that people would miss.
const ERROR_WARD_SHARE: f64 = 0.05;
/// From this share on a change of a ward is worth a line.
const WARNING_WARD_SHARE: f64 = 0.005;
/// A ward with more than this share of foreign ground lies elsewhere.
const DISPLACED_SHARE: f64 = 0.5;
/// Wards named in a sentence on the whole city.
const NAMED: usize = 5;

/// Compares ward by ward and in total. Gives the units of which the former boundaries say enough, so that rougher
/// facts need not be asked.
pub(super) fn check(stated: &Stated<'_>, report: &mut Report) -> BTreeSet<usize> {
    let Some(exact) = &stated.exact else { return BTreeSet::new() };
    city(stated.candidate, exact, report);
    let (mut judged, mut elsewhere, mut found) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (i, unit) in stated.candidate.units().iter().enumerate() {
        let heir = &exact.heirs[i];
        if !heir.whole.is_empty() && heir.part.is_empty() {
            judged.insert(i);
        }
        if let ([one], []) = (&heir.whole[..], &heir.part[..])
            && exact.former.units()[*one].shape == unit.shape
        {
            continue;
        }
        let change = Change::of(unit, heir, exact.former);
        if change.gained_share(unit) > DISPLACED_SHARE
            && let Some(other) = in_place_of(unit, i, exact)
        {
            elsewhere.push((i, other));
            continue;
        }
        found.extend(change.severity(unit).map(|severity| (severity, i, change)));
    }
    displaced::check(stated, &elsewhere, report);
    // Whose ground it was takes long to find out: only for what is listed.
    found.sort_by_key(|(severity, i, _)| (Reverse(*severity), *i));
    let found = found.into_iter().enumerate().map(|(n, (severity, i, change))| {
        let unit = &stated.candidate.units()[i];
        let text = if n < LISTED { change.text(unit, i, stated.candidate, exact) } else { String::new() };
        Finding { severity, code: Some(unit.code.clone()), text }
    });
    report.many(found.collect(), "wards whose ground changed");
    judged
}

/// What a ward lost of the ground that it must have, and gained beyond all that it may have.
struct Change {
    lost: MultiPolygon<f64>,
    gained: MultiPolygon<f64>,
    must_m2: f64,
}

impl Change {
    fn of(unit: &Unit, heir: &Heir, former: &Generation) -> Self {
        let of = |units: &[usize]| match units {
            [one] => former.units()[*one].shape.clone(),
            some => unary_union(some.iter().map(|i| &former.units()[*i].shape)),
        };
        let must = of(&heir.whole);
        let may = if heir.part.is_empty() { must.clone() } else { must.union(&of(&heir.part)) };
        // A ward without a predecessor may have new ground, but none that others had.
        let gained = if heir.all().next().is_none() {
            common(&unit.shape, former.outline())
        } else {
            unit.shape.difference(&may)
        };
        Self { lost: must.difference(&unit.shape), gained, must_m2: m2(&must) }
    }

    fn gained_share(&self, unit: &Unit) -> f64 {
        m2(&self.gained) / (1e6 * unit.area_km2)
    }

    fn lost_share(&self) -> f64 {
        m2(&self.lost) / self.must_m2.max(1.0)
    }

    /// How bad it is; `None` for what is not worth a line.
    fn severity(&self, unit: &Unit) -> Option<Severity> {
        let share = self.lost_share().max(self.gained_share(unit));
        if share < WARNING_WARD_SHARE || m2(&self.lost).max(m2(&self.gained)) < CHANGED_M2 {
            return None;
        }
        Some(if share > ERROR_WARD_SHARE { Severity::Error } else { Severity::Warning })
    }

    fn text(&self, unit: &Unit, at: usize, candidate: &Generation, exact: &Exact<'_>) -> String {
        let (lost, gained) = (m2(&self.lost), m2(&self.gained));
        let others = |units: &'_ [Unit], own: &dyn Fn(usize) -> bool, ground: &MultiPolygon<f64>| {
            most(units.iter().enumerate().filter(|(i, _)| !own(*i)).map(|(_, u)| u), ground)
                .map_or_else(|| "no ward".to_owned(), named)
        };
        let mut parts = Vec::new();
        if lost >= CHANGED_M2 {
            let now = others(candidate.units(), &|i| i == at, &self.lost);
            parts.push(format!(
                "lacks {:.3} km² ({:.1}%) of the ground that it had, most of it{}, now of {now}",
                lost / 1e6,
                self.lost_share() * 100.0,
                place(&self.lost.0)
            ));
        }
        if gained >= CHANGED_M2 {
            let heir = &exact.heirs[at];
            let from = others(exact.former.units(), &|i| heir.all().any(|h| h == i), &self.gained);
            parts.push(format!(
                "has {:.3} km² ({:.1}%) that it had not, most of it{}, before of {from}",
                gained / 1e6,
                self.gained_share(unit) * 100.0,
                place(&self.gained.0)
            ));
        }
        format!("{} {}", unit.name, parts.join("; it "))
    }
}

/// The unit of the candidate whose ground the unit has for the most part.
fn in_place_of(unit: &Unit, at: usize, exact: &Exact<'_>) -> Option<usize> {
    let mut shares = vec![0.0; exact.heirs.len()];
    for (i, old) in exact.former.units().iter().enumerate() {
        if old.bounds().intersects(&unit.bounds()) {
            let shared = m2(&common(&old.shape, &unit.shape));
            for (heir, share) in exact.heirs.iter().zip(&mut shares) {
                *share += if heir.all().any(|h| h == i) { shared } else { 0.0 };
            }
        }
    }
    shares[at] = 0.0;
    let (best, common) = shares.into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (common > DISPLACED_SHARE * 1e6 * unit.area_km2).then_some(best)
}

/// The unit that has the most of some ground.
fn most<'a>(units: impl Iterator<Item = &'a Unit>, ground: &MultiPolygon<f64>) -> Option<&'a Unit> {
    by_share(units, ground).into_iter().next().map(|(u, _)| u)
}

/// The units that have some of a ground, with their square metres, the largest first.
fn by_share<'a>(units: impl Iterator<Item = &'a Unit>, ground: &MultiPolygon<f64>) -> Vec<(&'a Unit, f64)> {
    let Some(bounds) = ground.bounding_rect() else { return Vec::new() };
    let near = units.filter(|u| u.bounds().intersects(&bounds));
    let mut shares: Vec<_> = near.map(|u| (u, m2(&common(&u.shape, ground)))).collect();
    shares.retain(|(_, m2)| *m2 >= 1.0);
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// The ground of the city as a whole.
fn city(candidate: &Generation, exact: &Exact<'_>, report: &mut Report) {
    let former = exact.former;
    let whole: f64 = former.units().iter().map(|u| u.area_km2 * 1e6).sum();
    let mut say = |changed: &MultiPolygon<f64>, units: Vec<&Unit>, what: &str| {
        let total = m2(changed);
        if total < CHANGED_M2 {
            return;
        }
        let severity = if total / whole > ERROR_CITY_SHARE { Severity::Error } else { Severity::Warning };
        let shares = by_share(units.into_iter(), changed);
        let shares = shares.iter().take(NAMED).map(|(u, m2)| format!("{:.3} km² of {}", m2 / 1e6, named(u)));
        let shares = shares.collect::<Vec<_>>().join(", ");
        let text = format!("{:.3} km² {what}, most of it{} ({shares})", total / 1e6, place(&changed.0));
        report.whole(severity, text);
    };

    let lost = former.outline().difference(candidate.outline());
    say(&lost, former.units().iter().collect(), "of the former boundaries belong to no ward any more");
    // A ward without a predecessor is new ground by declaration.
    let new = |i: usize| exact.heirs[i].all().next().is_none();
    let units = candidate.units().iter().enumerate();
    let declared: Vec<_> = units.clone().filter(|(i, _)| new(*i)).map(|(_, u)| &u.shape).collect();
    let gained = candidate.outline().difference(former.outline());
    let gained = if declared.is_empty() { gained } else { gained.difference(&unary_union(declared)) };
    let old = units.filter(|(i, _)| !new(*i)).map(|(_, u)| u).collect();
    say(&gained, old, "lie outside the former boundaries");
}
