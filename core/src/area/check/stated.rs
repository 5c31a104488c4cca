//! What a candidate should be: the facts of its wards, the boundaries before it, and who takes over whose ground.

use std::sync::Arc;

use geo::Coord;

use super::Known;
use crate::area::generation::Generation;
use crate::area::unit::Unit;
use crate::domain::Successor;

/// Two shapes are one when their areas differ by less than this share: rounding of coordinates is far below.
const SAME_AREA_SHARE: f64 = 1e-4;
/// Two shapes are one when their bounds differ by less than this, in degrees: 0.1 m, as above.
const SAME_BOUNDS_DEGREES: f64 = 1e-6;

/// The candidate and all that is known of what it should be.
pub(super) struct Stated<'a> {
    pub(super) candidate: &'a Generation,
    /// What is stated of each ward of this generation, in the order of codes; empty if nothing is.
    pub(super) wards: Vec<Ward<'a>>,
    /// The generation of the same id that is loaded, exact or not.
    pub(super) same: Option<&'a Generation>,
    /// The generation before that the pack or the store knows.
    pub(super) before: Option<Arc<str>>,
    /// The codes of that generation.
    pub(super) codes_before: Vec<Arc<str>>,
    /// The rows of the successor table that lead to or from the candidate's generation.
    pub(super) rows: Vec<&'a Successor>,
    /// The exact boundaries to compare with.
    pub(super) exact: Option<Exact<'a>>,
}

/// What is stated of a ward.
pub(super) struct Ward<'a> {
    pub(super) code: &'a Arc<str>,
    pub(super) name: &'a str,
    /// Rough middle, in degrees.
    pub(super) centre: Option<Coord<f64>>,
    /// Area by decree.
    pub(super) area_km2: Option<f64>,
}

/// Exact former boundaries, and for each unit of the candidate the former units whose ground it gets.
pub(super) struct Exact<'a> {
    pub(super) former: &'a Generation,
    pub(super) heirs: Vec<Heir>,
}

/// Indexes of the former units whose ground one unit gets.
#[derive(Clone, Debug, Default)]
pub(super) struct Heir {
    /// Those that it gets whole.
    pub(super) whole: Vec<usize>,
    /// Those that it gets a part of.
    pub(super) part: Vec<usize>,
}

impl Heir {
    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.whole.iter().chain(&self.part).copied()
    }
}

impl<'a> Stated<'a> {
    pub(super) fn new(candidate: &'a Generation, known: &Known<'a>) -> Self {
        let id = candidate.id();
        let same = known.loaded.iter().find(|g| g.id() == id).map(|g| &**g);
        let earlier = known
            .loaded
            .iter()
            .filter(|g| g.valid_from() < candidate.valid_from())
            .max_by_key(|g| g.valid_from());
        // Ids are dates, so their order is that of time.
        let of_facts = known.facts.iter().map(|f| &f.id.generation).filter(|g| *g < id).max();
        let before = of_facts.max(earlier.map(|g| g.id())).cloned();
        let codes_before = before.as_ref().map_or_else(Vec::new, |b| {
            let of_facts = known.facts.iter().filter(|f| f.id.generation == *b).map(|f| f.id.code.clone());
            let codes: Vec<Arc<str>> = of_facts.collect();
            let loaded = earlier.filter(|g| g.id() == b && codes.is_empty());
            loaded.map_or(codes, |g| g.units().iter().map(|u| u.code.clone()).collect())
        });
        let rows: Vec<&Successor> =
            known.successors.iter().filter(|s| s.from.generation == *id || s.to.generation == *id).collect();
        let former = same.filter(|g| !g.approximate()).or(earlier.map(|g| &**g).filter(|g| !g.approximate()));
        let exact = former.map(|former| Exact { former, heirs: heirs(candidate, former, &rows) });
        Self { candidate, wards: wards(id, same, known), same, before, codes_before, rows, exact }
    }

    /// What is stated of a unit of the candidate.
    pub(super) fn ward(&self, code: &str) -> Option<&Ward<'a>> {
        self.wards.binary_search_by(|w| (**w.code).cmp(code)).ok().map(|i| &self.wards[i])
    }

    /// Whether the unit has the shape already that is in force under its code.
    pub(super) fn unchanged(&self, unit: &Unit) -> bool {
        let loaded = self.same.and_then(|g| g.index_of(&unit.code).map(|i| &g.units()[i]));
        loaded.is_some_and(|l| same_shape(l, unit))
    }
}

/// From the facts, or else from the boundaries of the same generation.
fn wards<'a>(id: &str, same: Option<&'a Generation>, known: &Known<'a>) -> Vec<Ward<'a>> {
    let facts = known.facts.iter().filter(|f| *f.id.generation == *id);
    let mut wards: Vec<Ward<'a>> = facts
        .map(|f| Ward {
            code: &f.id.code,
            name: &f.name,
            centre: Some(Coord { x: f.centre.lon(), y: f.centre.lat() }),
            area_km2: f.area_km2,
        })
        .collect();
    if let (true, Some(same)) = (wards.is_empty(), same) {
        let of_units = |u: &'a Unit| Ward { code: &u.code, name: &u.name, centre: None, area_km2: None };
        wards.extend(same.units().iter().map(of_units));
    }
    wards.sort_by(|a, b| a.code.cmp(b.code));
    wards
}

/// By the same code inside a generation; else by the table, or by code where it has no row for the former unit.
fn heirs(candidate: &Generation, former: &Generation, rows: &[&Successor]) -> Vec<Heir> {
    let mut heirs = vec![Heir::default(); candidate.units().len()];
    for (i, old) in former.units().iter().enumerate() {
        let mut own = rows
            .iter()
            .filter(|s| s.from.generation == *former.id() && s.to.generation == *candidate.id())
            .filter(|s| s.from.code == old.code)
            .peekable();
        if former.id() == candidate.id() || own.peek().is_none() {
            if let Some(unit) = candidate.index_of(&old.code) {
                heirs[unit].whole.push(i);
            }
            continue;
        }
        for s in own {
            if let Some(unit) = candidate.index_of(&s.to.code) {
                if s.part { heirs[unit].part.push(i) } else { heirs[unit].whole.push(i) }
            }
        }
    }
    heirs
}

/// Whether two units have one shape, but for rounding.
pub(super) fn same_shape(a: &Unit, b: &Unit) -> bool {
    let near = |p: Coord<f64>, q: Coord<f64>| {
        (p.x - q.x).abs() < SAME_BOUNDS_DEGREES && (p.y - q.y).abs() < SAME_BOUNDS_DEGREES
    };
    near(a.bounds().min(), b.bounds().min())
        && near(a.bounds().max(), b.bounds().max())
        && (a.area_km2 - b.area_km2).abs() < SAME_AREA_SHARE * a.area_km2
}
