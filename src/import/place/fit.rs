//! Which coordinate system fits the wards: every known one, with and without the shift of its datum and in
//! both orders of the axes, is tried on a sample of positions. A position fits when it comes to lie in a
//! ward that its row names, or, where the row names none, in any ward.

use std::fmt;

use geo::Coord;

use diaban_core::area::Generation;
use diaban_core::geo::crs::WGS84;
use diaban_core::geo::{Crs, Datum, LonLat};

/// Metres in a foot; feet are tried when metres fit nothing.
const FOOT: f64 = 0.3048;
/// Systems in metres that files of the city come in, the common ones first. Others must be named.
const METRES: [u32; 7] = [32648, 3405, 9210, 5899, 3857, 32649, 3406];
/// Positions below which no margin is clear.
const FEWEST: usize = 10;
/// Percent of the positions that must fit, and by which no other system may come near.
const ENOUGH: usize = 90;
const MARGIN: usize = 10;
/// Lines of the table that are told.
const TOLD: usize = 8;

/// A position in the file's own numbers, and the wards that its row names.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Coord<f64>,
    pub(super) wards: Vec<u16>,
}

/// A way to read the numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) crs: Crs,
    pub(super) north_first: bool,
    feet: bool,
    hits: usize,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.crs.fmt(f)?;
        if Crs::of_code(self.crs.code).is_some_and(|known| known.datum != self.crs.datum) {
            f.write_str(" without the shift of its datum")?;
        }
        if self.feet {
            f.write_str(" in feet")?;
        }
        if self.north_first { f.write_str(", north first") } else { Ok(()) }
    }
}

/// All candidates, the best first.
pub(super) struct Fits {
    of: usize,
    tried: Vec<Candidate>,
}

impl Fits {
    /// Positions of a sample that fit.
    pub(super) fn hits(sample: &[Sample], crs: Crs, north_first: bool, areas: &Generation) -> usize {
        count(sample, crs, north_first, 1.0, areas)
    }

    /// Of numbers that are no degrees.
    pub(super) fn of_metres(sample: &[Sample], areas: &Generation) -> Self {
        let known = METRES.into_iter().filter_map(Crs::of_code);
        let systems: Vec<Crs> = known
            .clone()
            .flat_map(|crs| {
                let unshifted = Crs { datum: Datum::Wgs84, ..crs };
                let has_twin = |other: Crs| other.projection == crs.projection && other.datum == Datum::Wgs84;
                let plain = crs.datum == Datum::Vn2000 && !known.clone().any(has_twin);
                std::iter::once(crs).chain(plain.then_some(unshifted))
            })
            .collect();
        let mut tried = Vec::new();
        for feet in [false, true] {
            for north_first in [false, true] {
                for crs in &systems {
                    let unit = if feet { FOOT } else { 1.0 };
                    let hits = count(sample, *crs, north_first, unit, areas);
                    tried.push(Candidate { crs: *crs, north_first, feet, hits });
                }
            }
        }
        Self::sorted(sample.len(), tried)
    }

    /// Of degrees: WGS 84 and VN-2000.
    pub(super) fn of_degrees(sample: &[Sample], areas: &Generation) -> Self {
        let tried = [Some(WGS84), Crs::of_code(4756)].into_iter().flatten().map(|crs| Candidate {
            crs,
            north_first: false,
            feet: false,
            hits: count(sample, crs, false, 1.0, areas),
        });
        Self::sorted(sample.len(), tried.collect())
    }

    /// The first of equals stays first, so the common one.
    fn sorted(of: usize, mut tried: Vec<Candidate>) -> Self {
        tried.sort_by_key(|c| std::cmp::Reverse(c.hits));
        Self { of, tried }
    }

    /// The candidate that fits by a clear margin. Feet are never converted unasked.
    pub(super) fn winner(&self) -> Option<Candidate> {
        let best = *self.tried.first()?;
        let second = self.tried.get(1).map_or(0, |c| c.hits);
        let clear = self.of >= FEWEST
            && best.hits * 100 >= self.of * ENOUGH
            && (best.hits - second) * 100 >= self.of * MARGIN;
        (clear && !best.feet).then_some(best)
    }

    /// A line for each candidate that fits at all.
    pub(super) fn table(&self) -> Vec<String> {
        let fitting = self.tried.iter().filter(|c| c.hits > 0).take(TOLD);
        fitting.map(|c| format!("  {:5.1} % {c}", c.hits as f64 * 100.0 / self.of.max(1) as f64)).collect()
    }

    /// The table in a sentence.
    pub(super) fn in_words(&self) -> String {
        let lines = self.table();
        if lines.is_empty() { String::new() } else { format!(" ({})", lines.join(",").trim()) }
    }

    /// What the numbers look like, and how to decide, for a message.
    pub(super) fn looks(&self) -> String {
        match self.tried.first() {
            Some(best) if best.hits > 0 => {
                let (hits, of) = (best.hits, self.of);
                let decide = if best.feet {
                    "convert it to metres first".to_owned()
                } else {
                    format!("--crs EPSG:{} or another one decides", best.crs.code)
                };
                format!(
                    "; it looks like {best}: {hits} of the first {of} would lie in the city. The fit to the \
                     wards leaves no clear margin{}; {decide}",
                    self.in_words()
                )
            }
            _ if self.of == 0 => String::new(),
            _ => "; in no projection known here would they lie in the city; --crs names another".to_owned(),
        }
    }
}

fn count(sample: &[Sample], crs: Crs, north_first: bool, unit: f64, areas: &Generation) -> usize {
    let fits = |s: &&Sample| {
        let (x, y) = if north_first { (s.at.y, s.at.x) } else { (s.at.x, s.at.y) };
        let place = crs.to_wgs84(x * unit, y * unit).and_then(|(lon, lat)| LonLat::new(lon, lat).ok());
        let owner = place.and_then(|p| areas.owner(p));
        owner.is_some_and(|unit| s.wards.is_empty() || s.wards.contains(&unit))
    };
    sample.iter().filter(fits).count()
}
