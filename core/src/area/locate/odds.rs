//! In which ward the true place of an inexact position lies, as shares of the error's distribution.

use std::sync::LazyLock;

use super::Located;
use super::accuracy::Accuracy;
use crate::area::generation::Generation;
use crate::geo::{LonLat, Plane};

/// Rings of equal probability around the position, and directions on each: as few as keep the error of
/// a strip between two borders below 0.01.
const RINGS: u32 = 256;
const DIRECTIONS: u32 = 5;
/// Farther from every border than this, in standard deviations, the ward is taken as sure: less than
/// 0.04% of the true places are so far away in all directions together.
const SURE: f64 = 4.0;

/// Places around the origin in standard deviations, each of which stands for the same share. Each ring
/// is turned against the one before by the golden ratio, so that no border follows a row of them.
static SPREAD: LazyLock<Vec<(f64, f64)>> = LazyLock::new(|| {
    let turn = std::f64::consts::TAU / f64::from(DIRECTIONS);
    let golden = (5_f64.sqrt() - 1.0) / 2.0;
    let ring = |i: u32| {
        let radius = (-2.0 * (1.0 - (f64::from(i) + 0.5) / f64::from(RINGS)).ln()).sqrt();
        (0..DIRECTIONS).map(move |j| {
            let angle = turn * (f64::from(i) * golden + f64::from(j));
            (radius * angle.cos(), radius * angle.sin())
        })
    };
    (0..RINGS).flat_map(ring).collect()
});

/// How likely the true place belongs to a ward, from 0 to 1, correct to 0.01.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odds {
    /// To the ward that owns the position. It may be less likely than another in its corner.
    pub ward: f64,
    /// To the runner-up. 0 if there is none. A third ward or no ward at all may have the rest.
    pub runner_up: f64,
}

impl Generation {
    /// The shares of the true places that belong to the wards of an answer, by the same rules as the
    /// position: places outside the city belong to nobody. Every true place around the position counts
    /// as likely as its error is, so houses and streets count alike. Takes up to 1,280 look-ups at a
    /// border, none far from all; nothing is allocated.
    pub fn odds(&self, p: LonLat, found: &Located, accuracy: Accuracy) -> Odds {
        let sigma = accuracy.sigma_m();
        // Metres around a covered position without a border. The owner's own is not enough: a ward that
        // overlaps it may own places inside it.
        let clear_m = if found.border_m > 0.0 {
            self.nearest.find(&self.units, p, |_| true).map_or(f64::INFINITY, |(_, m)| m)
        } else {
            0.0
        };
        if clear_m > SURE * sigma {
            return Odds { ward: 1.0, runner_up: 0.0 };
        }
        let plane = Plane::at(p);
        let (mut ward, mut runner_up) = (0_u32, 0_u32);
        for (x, y) in &*SPREAD {
            let (east, north) = (x * sigma, y * sigma);
            let owner = if east * east + north * north < clear_m * clear_m {
                Some(found.unit)
            } else {
                plane.position(east, north).and_then(|q| self.owner(q)).map(usize::from)
            };
            ward += u32::from(owner == Some(found.unit));
            runner_up += u32::from(owner.is_some() && owner == found.runner_up);
        }
        let share = |n: u32| f64::from(n) / f64::from(RINGS * DIRECTIONS);
        Odds { ward: share(ward), runner_up: share(runner_up) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use geo::{MultiPolygon, Polygon};
    use proptest::prelude::*;

    use super::*;
    use crate::area::tests::{Dice, at, partition, real};
    use crate::area::{OUTSIDE_REACH_M, OutsideReason, Unit};

    fn error(radius_m: f64) -> Accuracy {
        Accuracy::new(radius_m, 0.95).unwrap()
    }

    fn generation(units: Vec<Unit>) -> Generation {
        Generation::build("2025-07-01", true, units, None).unwrap()
    }

    fn unit(code: &str, corners: [(f64, f64); 4]) -> Unit {
        let ring: Vec<_> = corners.into_iter().chain([corners[0]]).collect();
        Unit::new(code, Arc::default(), code, MultiPolygon(vec![Polygon::new(ring.into(), vec![])])).unwrap()
    }

    /// The normal distribution, summed in small steps.
    fn phi(x: f64) -> f64 {
        let step = 1e-3;
        let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt();
        let steps = (x.abs() / step) as u32;
        let half: f64 = (0..steps).map(|i| density((f64::from(i) + 0.5) * step) * step).sum();
        if x < 0.0 { 0.5 - half } else { 0.5 + half }
    }

    /// The slow model: squares of a twentieth of a deviation, each weighted by its share.
    fn dense(g: &Generation, p: LonLat, sigma: f64, found: &Located) -> (f64, f64) {
        let plane = Plane::at(p);
        let steps = || (-100..100).map(|i| (f64::from(i) + 0.5) / 20.0);
        let density = |t: f64| (-t * t / 2.0).exp() / std::f64::consts::TAU.sqrt() / 20.0;
        let (mut ward, mut runner_up) = (0.0, 0.0);
        for (x, y) in steps().flat_map(|x| steps().map(move |y| (x, y))) {
            let owner = g.owner(plane.position(x * sigma, y * sigma).unwrap()).map(usize::from);
            let share = density(x) * density(y);
            ward += if owner == Some(found.unit) { share } else { 0.0 };
            runner_up += if owner.is_some() && owner == found.runner_up { share } else { 0.0 };
        }
        (ward, runner_up)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_straight_border_divides_as_the_normal_distribution_does(
            way in 0.0..6.3_f64, sigmas in 0.0..4.5_f64, sigma in 1.0..100.0_f64,
        ) {
            let p = at(106.7, 10.77);
            let plane = Plane::at(p);
            let turned = |(along, across): (f64, f64)| {
                let (x, y) = (across * way.cos() - along * way.sin(), across * way.sin() + along * way.cos());
                let q = plane.position(x, y).unwrap();
                (q.lon(), q.lat())
            };
            let half = |code: &str, from: f64, to: f64| {
                unit(code, [(-1e4, from), (-1e4, to), (1e4, to), (1e4, from)].map(turned))
            };
            let border = sigmas * sigma;
            let g = generation(vec![half("1", -1e4, border), half("2", border, 1e4)]);
            let found = g.locate(p).unwrap();
            let odds = g.odds(p, &found, Accuracy::new(sigma * 2.447_747, 0.95).unwrap());
            let own = if found.unit == 0 { phi(sigmas) } else { phi(-sigmas) };
            prop_assert!((odds.ward - own).abs() < 0.01, "{} {own}", odds.ward);
            prop_assert!((odds.runner_up - (1.0 - own)).abs() < 0.01, "{} {own}", odds.runner_up);
        }

        #[test]
        fn borders_of_any_form_divide_as_a_dense_lattice_says(
            n in 2_usize..5,
            jitter in prop::collection::vec((-0.4..0.4_f64, -0.4..0.4_f64), 25),
            kinds in prop::collection::vec(0_u8..8, 16),
            points in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64, 1.0..600.0_f64), 8),
        ) {
            let g = generation(partition(n, &jitter, &kinds));
            let size = 0.01 * (n as f64 + 1.0);
            for (x, y, radius) in points {
                let (p, accuracy) = (at(106.595 + x * size, 10.695 + y * size), error(radius));
                let Ok(found) = g.locate_with(p, Some(accuracy)) else { continue };
                let odds = g.odds(p, &found, accuracy);
                let (ward, runner_up) = dense(&g, p, accuracy.sigma_m(), &found);
                let near = (odds.ward - ward).abs() < 0.01 && (odds.runner_up - runner_up).abs() < 0.01;
                prop_assert!(near, "{p} {radius}: {odds:?}, not {ward} and {runner_up}");
            }
        }
    }

    #[test]
    fn a_ward_that_overlaps_divides_too() {
        let (south, north) = (10.7, 10.8);
        let box_of = |west: f64, east: f64| [(west, south), (east, south), (east, north), (west, north)];
        let g = generation(vec![unit("1", box_of(106.7, 106.71)), unit("2", box_of(106.6, 106.8))]);
        let p = at(106.699_9, 10.75);
        let found = g.locate(p).unwrap();
        assert!(found.unit == 1 && found.border_m > 5_000.0, "{found:?}");
        let odds = g.odds(p, &found, error(50.0));
        assert!((odds.ward - phi(10.93 / (50.0 / 2.447_747))).abs() < 0.01, "{odds:?}");
        assert!((odds.ward + odds.runner_up - 1.0).abs() < 1e-9, "{odds:?}");
    }

    #[test]
    fn a_place_beside_the_city_belongs_to_the_nearest_ward_within_its_accuracy() {
        let g = generation(partition(2, &[(0.0, 0.0)], &[9]));
        let edge = Plane::at(at(106.6, 10.705));
        let found =
            |west: f64, radius: f64| g.locate_with(edge.position(-west, 0.0).unwrap(), Some(error(radius)));
        let near = found(0.1, 20.0).unwrap();
        assert_eq!(near.unit, g.locate(edge.position(1.0, 0.0).unwrap()).unwrap().unit);
        assert!(near.outside_m.is_some_and(|m| (m - 0.1).abs() < 0.01), "{near:?}");
        assert!(near.runner_up.is_some_and(|u| u != near.unit) && near.offshore_m.is_none());
        assert_eq!(near.border_m.to_bits(), 0);
        assert!(!near.certain(error(20.0)) && !near.certain(error(0.0)));
        let odds = g.odds(edge.position(-0.1, 0.0).unwrap(), &near, error(20.0));
        assert!((odds.ward - 0.495).abs() < 0.01 && odds.runner_up < 0.01, "{odds:?}");
        assert!(found(19.0, 20.0).is_ok());
        assert_eq!(found(21.0, 20.0).unwrap_err().reason, OutsideReason::Inland);
        assert!(found(OUTSIDE_REACH_M - 1.0, 5_000.0).is_ok());
        assert!(found(OUTSIDE_REACH_M + 1.0, 5_000.0).is_err());
        let p = edge.position(-0.1, 0.0).unwrap();
        assert_eq!(g.locate_with(p, None).unwrap_err(), g.locate(p).unwrap_err());
        let inside = edge.position(30.0, 0.0).unwrap();
        assert_eq!(g.locate_with(inside, Some(error(20.0))).unwrap(), g.locate(inside).unwrap());
    }

    /// The promise of [`Located::certain`], where places are nearest to borders: cameras at crossings.
    #[test]
    fn of_certain_answers_about_real_cameras_at_most_1_in_100_is_wrong() {
        let Some(g) = real() else { return };
        let folder = crate::real_data::folder("area::odds::real_cameras").unwrap();
        let text =
            std::fs::read_to_string(folder.join("facilities/traffic-cameras-2025-11.geojson")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let degrees = |f: &serde_json::Value, i: usize| f["geometry"]["coordinates"][i].as_f64().unwrap();
        let cameras = json["features"].as_array().unwrap().iter().map(|f| at(degrees(f, 0), degrees(f, 1)));
        let cameras: Vec<_> = cameras.filter_map(|p| Some((p, g.owner(p)?))).collect();
        let mut dice = Dice(3);
        for radius in [5.0, 10.0, 20.0] {
            let accuracy = error(radius);
            let (mut certain, mut wrong) = (0, 0);
            for (p, owner) in cameras.iter().cycle().take(40 * cameras.len()) {
                let distance = accuracy.sigma_m() * (-2.0 * (1.0 - dice.unit()).ln()).sqrt();
                let (north, east) = dice.between(0.0, std::f64::consts::TAU).sin_cos();
                let said = Plane::at(*p).position(distance * east, distance * north).unwrap();
                let Ok(found) = g.locate_with(said, Some(accuracy)) else { continue };
                certain += u32::from(found.certain(accuracy));
                wrong += u32::from(found.certain(accuracy) && found.unit != usize::from(*owner));
            }
            assert!(certain > 10_000 && wrong * 100 <= certain, "{radius} m: {wrong} of {certain}");
        }
    }
}
