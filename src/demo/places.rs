//! Generates the positions of reports: hot spots around ward centres, the rest of the wards, and
//! addresses with exactly the same position for many reports. A small dense ward has most reports,
//! an island few.

use geo::BoundingRect;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64;

use super::table::{Table, zipf};
use super::timeline::day_rng;
use diaban_core::area::Generation;
use diaban_core::geo::{LonLat, Plane};

/// Hot spots per ward.
const SPOTS: usize = 12;
/// Number of addresses that reports share.
const SHARED: usize = 400;
/// Number of places that flood repeatedly.
const HOLLOWS: usize = 160;
/// Radius of a downpour in metres.
const STORM_M: f64 = 6_000.0;
/// Attempts to draw a point before the centre is used.
const DRAWS: usize = 200;

/// A place with many reports nearby.
#[derive(Clone, Copy, Debug)]
struct Spot {
    at: LonLat,
    /// Radius in metres that contains half of its reports.
    spread: f64,
}

/// The places of a city.
#[derive(Debug)]
pub(super) struct Places {
    seed: u64,
    wards: Table,
    /// A flatter ward table, for reports spread over the whole area.
    anywhere: Table,
    /// `SPOTS` for each ward, in unit order.
    spots: Vec<Spot>,
    in_ward: Table,
    shared: Vec<LonLat>,
    shared_table: Table,
    hollows: Vec<Spot>,
    /// The flooded places for the downpour of a day.
    storm: Option<(i64, Table)>,
    busiest: usize,
}

impl Places {
    /// The places of these areas; deterministic for a seed.
    pub(super) fn new(generation: &Generation, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let units = generation.units();
        let luck = LogNormal::new(0.0, 0.35).expect("a finite deviation");
        let score =
            |i: usize, rng: &mut Pcg64| units[i].kind.weight / (units[i].area_km2 + 2.0) * luck.sample(rng);
        let mut ranks: Vec<(f64, usize)> = (0..units.len()).map(|i| (score(i, &mut rng), i)).collect();
        ranks.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut weights = vec![0.0; units.len()];
        for (rank, (_, unit)) in ranks.iter().enumerate() {
            // Flat at the top, so the first ten wards are similar.
            weights[*unit] = zipf(rank + 2, 0.8);
        }
        let spots = (0..units.len()).flat_map(|unit| spots(generation, unit, &mut rng)).collect();
        let mut places = Self {
            seed,
            wards: Table::new(weights.iter().copied()),
            anywhere: Table::new(weights.iter().map(|w| w.sqrt())),
            spots,
            in_ward: Table::zipf(SPOTS, 0.9),
            shared: Vec::new(),
            shared_table: Table::zipf(SHARED, 0.7),
            hollows: Vec::new(),
            storm: None,
            busiest: ranks[0].1,
        };
        places.shared = (0..SHARED).map(|_| places.scattered(generation, &mut rng)).collect();
        let width = LogNormal::new(40_f64.ln(), 0.5).expect("a finite deviation");
        places.hollows = (0..HOLLOWS)
            .map(|_| Spot { at: places.around_spot(generation, &mut rng), spread: width.sample(&mut rng) })
            .collect();
        places
    }

    /// The unit with the most reports.
    pub(super) fn busiest(&self) -> usize {
        self.busiest
    }

    /// A position in a ward, near one of its hot spots.
    pub(super) fn in_ward(&self, generation: &Generation, unit: usize, rng: &mut Pcg64) -> LonLat {
        let spot = self.spots[unit * SPOTS + rng.random_range(0..SPOTS)];
        let wide = Spot { spread: spot.spread * 2.0, ..spot };
        let own = |p: &LonLat| generation.owner(*p).is_some_and(|u| usize::from(u) == unit);
        (0..DRAWS).map(|_| around(generation, wide, 0.8, rng)).find(own).unwrap_or(spot.at)
    }

    /// A random ward, weighted by its number of reports.
    pub(super) fn ward(&self, rng: &mut Pcg64) -> usize {
        self.wards.pick(rng)
    }

    /// The position of a report, and its shared address, if any. In a downpour most are at flooded
    /// places.
    pub(super) fn draw(
        &mut self,
        generation: &Generation,
        storm: Option<i64>,
        rng: &mut Pcg64,
    ) -> (LonLat, Option<usize>) {
        if rng.random_bool(0.05) {
            let address = self.shared_table.pick(rng);
            return (self.shared[address], Some(address));
        }
        match storm {
            Some(day) if rng.random_bool(0.7) => {
                let hollow = self.hollow(generation, day, rng);
                (around(generation, hollow, 0.9, rng), None)
            }
            _ => (self.scattered(generation, rng), None),
        }
    }

    /// Four of five near a hot spot, the fifth anywhere in a ward.
    fn scattered(&self, generation: &Generation, rng: &mut Pcg64) -> LonLat {
        if rng.random_bool(0.79) {
            self.around_spot(generation, rng)
        } else {
            inside(generation, self.anywhere.pick(rng), rng)
        }
    }

    fn around_spot(&self, generation: &Generation, rng: &mut Pcg64) -> LonLat {
        let spot = self.spots[self.ward(rng) * SPOTS + self.in_ward.pick(rng)];
        around(generation, spot, 0.9, rng)
    }

    fn hollow(&mut self, generation: &Generation, day: i64, rng: &mut Pcg64) -> Spot {
        if self.storm.as_ref().is_none_or(|(d, _)| *d != day) {
            let eye = generation.units()[self.wards.pick(&mut day_rng(self.seed ^ 1, day))].label;
            let plane = Plane::at(eye);
            let weights = self.hollows.iter().enumerate().map(|(i, h)| {
                // A small weight everywhere, so that a downpour over an island also finds a place.
                zipf(i, 0.6) * ((-(plane.to_point(h.at) / STORM_M).powi(2)).exp() + 1e-3)
            });
            self.storm = Some((day, Table::new(weights)));
        }
        let table = &self.storm.as_ref().expect("made just now").1;
        self.hollows[table.pick(rng)]
    }
}

/// The hot spots of a ward: the first at its centre, the others around it.
fn spots(generation: &Generation, unit: usize, rng: &mut Pcg64) -> Vec<Spot> {
    let ward = &generation.units()[unit];
    let radius = (ward.area_km2 / std::f64::consts::PI).sqrt() * 1_000.0;
    let width = LogNormal::new(90_f64.ln(), 0.7).expect("a finite deviation");
    (0..SPOTS)
        .map(|i| {
            let reach = if i == 0 { 80.0 } else { radius * 0.5 };
            let centre = Spot { at: ward.label, spread: reach };
            let own = |p: &LonLat| generation.owner(*p).is_some_and(|u| usize::from(u) == unit);
            let at = (0..DRAWS).map(|_| around(generation, centre, 0.5, rng)).find(own);
            Spot { at: at.unwrap_or(ward.label), spread: width.sample(rng) }
        })
        .collect()
}

/// A point around a spot, drawn again until it is inside the city.
fn around(generation: &Generation, spot: Spot, sigma: f64, rng: &mut Pcg64) -> LonLat {
    let plane = Plane::at(spot.at);
    let distance = LogNormal::new(spot.spread.ln(), sigma).expect("a finite deviation");
    let mut draw = || {
        let (r, angle) = (distance.sample(rng), rng.random_range(0.0..std::f64::consts::TAU));
        plane.position(r * angle.cos(), r * angle.sin())
    };
    let point = (0..DRAWS).filter_map(|_| draw()).find(|p| generation.owner(*p).is_some());
    point.unwrap_or(spot.at)
}

/// A nearby position: another phone reporting the same thing.
pub(super) fn beside(generation: &Generation, at: LonLat, rng: &mut Pcg64) -> LonLat {
    around(generation, Spot { at, spread: 5.0 }, 0.8, rng)
}

/// Any point of a ward.
fn inside(generation: &Generation, unit: usize, rng: &mut Pcg64) -> LonLat {
    let ward = &generation.units()[unit];
    let Some(r) = ward.shape.bounding_rect() else { return ward.label };
    let mut draw = || {
        let (x, y) = (rng.random_range(r.min().x..=r.max().x), rng.random_range(r.min().y..=r.max().y));
        LonLat::new(x, y).ok()
    };
    let own = |p: &LonLat| generation.owner(*p).is_some_and(|u| usize::from(u) == unit);
    (0..DRAWS).filter_map(|_| draw()).find(own).unwrap_or(ward.label)
}
