//! Which ward owns a point. Every point of the city has exactly one owner, by these rules in this
//! order:
//! 1. **Covered.** A ward covers its inside and its boundary, as defined by geo's `covers` on the
//!    exact coordinates of the file. If several wards cover a point (a shared border, a vertex, an
//!    overlap), the ward with the lowest code owns it.
//! 2. **On the seam.** A point in no ward but within [`SNAP_M`] of one belongs to the nearest ward.
//!    Positions are rounded to seven decimals, so a vertex with more decimals may move off its border.
//! 3. **In a gap.** A point in a hole of the city's union, up to [`GAP_REACH_M`] from a ward, belongs
//!    to the nearest ward. A notch that is open to the outside is not a hole; it is outside.
//! 4. **Off the coast.** A point in the sea polygon, up to [`OFFSHORE_REACH_M`] from a ward, belongs
//!    to the nearest ward, and the answer states the distance.
//! 5. **Within the accuracy.** Only where the error of the position is known: a point beside the city, no
//!    farther from a ward than the radius of 95% and [`OUTSIDE_REACH_M`], belongs to the nearest ward,
//!    and the answer states the distance.
//!
//! Every other point is outside, with the reason. In a tie for the nearest ward the lowest code wins.
//!
//! Beside it: `accuracy` and `odds` (how likely an owner is), `meeting` (wards of a line or an area).
//!
//! Not here: the index (grid), which body answers (`domain::routing`).

mod accuracy;
mod meeting;
mod odds;

use geo::{Coord, Covers, Intersects};

use crate::area::generation::Generation;
use crate::area::index::grid::REACH_M;
use crate::geo::LonLat;
pub use accuracy::{Accuracy, AccuracyError, CONFIDENCE, USUAL_CONFIDENCE};
pub use meeting::lent_shape;
pub use odds::Odds;

/// Rule 2, in metres: above the rounding of a position (0.8 cm), below the accuracy of any survey.
pub const SNAP_M: f64 = 0.02;
/// Rule 3, in metres: gaps between digitised borders are narrower than this, real holes are wider.
pub const GAP_REACH_M: f64 = 5.0;
/// Rule 4, in metres: it covers piers, moored boats and the tidal flat.
pub const OFFSHORE_REACH_M: f64 = 500.0;
/// Rule 5, in metres: what a phone errs by between high houses. A position of a worse fix says little
/// of where its sender is, so a place in the next province stays one.
pub const OUTSIDE_REACH_M: f64 = 100.0;
/// Where the owner is certain, in radii of 95%: the smallest share with which at most 1 of 100 certain
/// answers was wrong for every kind of place and error measured (docs/decisions/border.md).
const CERTAIN: f64 = 0.7;
/// Points farther than this from every ward, in metres, are `FarAway` and not `Inland`.
const FAR_AWAY_M: f64 = 50_000.0;

/// The answer for a point of the city. Units are indexes into [`Generation::units`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located {
    /// The owner.
    pub unit: usize,
    /// The nearest other ward, at distance 0 if it also covers the point. `None` only if the
    /// generation has a single ward.
    pub runner_up: Option<usize>,
    /// Metres from the point to the owner's nearest border, coast included. 0 if no ward covers the
    /// point (rules 2 to 5).
    pub border_m: f64,
    /// Metres from the point to the owner if it lies off the coast (rule 4).
    pub offshore_m: Option<f64>,
    /// Metres from the point to the owner if it lies beside the city (rule 5).
    pub outside_m: Option<f64>,
}

impl Located {
    /// Whether the true place has the same owner, for a position of that accuracy. At most 1 of 100
    /// answers that say so is wrong; [`Generation::odds`] judges the single answer.
    pub fn certain(&self, accuracy: Accuracy) -> bool {
        self.border_m > CERTAIN * accuracy.radius_95_m()
    }
}

/// The answer for a point that belongs to no ward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outside {
    /// Metres to the nearest ward.
    pub distance_m: f64,
    /// That ward, as an index into [`Generation::units`].
    pub nearest: usize,
    /// Why it belongs to no ward.
    pub reason: OutsideReason,
    /// Whether swapping longitude and latitude would give a point of the city.
    pub swapped: bool,
}

/// Why a point belongs to no ward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideReason {
    /// Beside the city on land, or in a gap farther than [`GAP_REACH_M`] from every ward.
    Inland,
    /// In the sea polygon, farther out than [`OFFSHORE_REACH_M`].
    TooFarOut,
    /// More than 50 km from the city.
    FarAway,
}

impl OutsideReason {
    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inland => "outside_city",
            Self::TooFarOut => "too_far_out_at_sea",
            Self::FarAway => "far_away",
        }
    }
}

/// A point that no ward covers.
enum Beyond {
    Seam(u16),
    Offshore(u16, f64),
    Outside { nearest: u16, distance_m: f64, reason: OutsideReason },
}

impl Generation {
    /// The owner of a point as an index into [`Generation::units`], by the rules of this module.
    /// This is the hot path: nothing is allocated for a covered point.
    #[inline]
    pub fn owner(&self, p: LonLat) -> Option<u16> {
        match self.grid.owner(p.lon(), p.lat()) {
            Some(unit) => Some(unit),
            None => match self.beyond(p) {
                Beyond::Seam(unit) | Beyond::Offshore(unit, _) => Some(unit),
                Beyond::Outside { .. } => None,
            },
        }
    }

    /// The owner, the runner-up and the distance to the border.
    ///
    /// # Errors
    /// When the point belongs to no ward.
    pub fn locate(&self, p: LonLat) -> Result<Located, Outside> {
        if let Some(unit) = self.grid.owner(p.lon(), p.lat()) {
            return Ok(self.covered(p, unit));
        }
        let (unit, offshore_m) = match self.beyond(p) {
            Beyond::Seam(unit) => (unit, None),
            Beyond::Offshore(unit, distance_m) => (unit, Some(distance_m)),
            Beyond::Outside { nearest, distance_m, reason } => {
                let swapped = self.is_swapped(p.lon(), p.lat());
                return Err(Outside { distance_m, nearest: nearest.into(), reason, swapped });
            }
        };
        Ok(Located { offshore_m, ..self.uncovered(p, unit) })
    }

    /// As [`Generation::locate`], by rule 5 too if the accuracy of the position is known.
    ///
    /// # Errors
    /// When the point belongs to no ward.
    pub fn locate_with(&self, p: LonLat, accuracy: Option<Accuracy>) -> Result<Located, Outside> {
        self.locate(p).or_else(|outside| {
            let reach_m = accuracy.map_or(0.0, |a| a.radius_95_m().min(OUTSIDE_REACH_M));
            if outside.distance_m > reach_m {
                return Err(outside);
            }
            let outside_m = Some(outside.distance_m);
            Ok(Located { outside_m, ..self.uncovered(p, outside.nearest as u16) })
        })
    }

    /// Whether two numbers given as longitude and latitude are a point of the city in the wrong
    /// order. It takes plain numbers, because swapped ones are often not a valid position.
    pub fn is_swapped(&self, lon: f64, lat: f64) -> bool {
        let as_given = LonLat::new(lon, lat).is_ok_and(|p| self.owner(p).is_some());
        !as_given && LonLat::new(lat, lon).is_ok_and(|p| self.owner(p).is_some())
    }

    fn covered(&self, p: LonLat, unit: u16) -> Located {
        let near = self.grid.near(p, unit);
        let border_m = if near.own_2 <= REACH_M * REACH_M {
            near.own_2.sqrt()
        } else {
            self.nearest.find(&self.units, p, |u| u == unit).map_or(0.0, |(_, d)| d)
        };
        let runner_up = self.grid.second_owner(p.lon(), p.lat(), unit).or_else(|| match near.other {
            Some((d_2, other)) if d_2 <= REACH_M * REACH_M => Some(other),
            _ => self.nearest.find(&self.units, p, |u| u != unit).map(|(u, _)| u),
        });
        let runner_up = runner_up.map(usize::from);
        Located { unit: unit.into(), runner_up, border_m, offshore_m: None, outside_m: None }
    }

    /// The answer for a point that a ward owns and none covers.
    fn uncovered(&self, p: LonLat, unit: u16) -> Located {
        let runner_up = self.nearest.find(&self.units, p, |u| u != unit).map(|(u, _)| u.into());
        Located { unit: unit.into(), runner_up, border_m: 0.0, offshore_m: None, outside_m: None }
    }

    #[cold]
    fn beyond(&self, p: LonLat) -> Beyond {
        let at = Coord { x: p.lon(), y: p.lat() };
        let (nearest, distance_m) =
            self.nearest.find(&self.units, p, |_| true).expect("a generation has units, a unit has edges");
        if distance_m <= SNAP_M {
            return Beyond::Seam(nearest);
        }
        let in_gap = || self.gaps.iter().any(|(bounds, gap)| bounds.intersects(&at) && gap.covers(&at));
        if distance_m <= GAP_REACH_M && in_gap() {
            return Beyond::Seam(nearest);
        }
        let at_sea = self.sea.as_ref().is_some_and(|sea| sea.covers(&at));
        if at_sea && distance_m <= OFFSHORE_REACH_M {
            return Beyond::Offshore(nearest, distance_m);
        }
        let reason = if at_sea {
            OutsideReason::TooFarOut
        } else if distance_m > FAR_AWAY_M {
            OutsideReason::FarAway
        } else {
            OutsideReason::Inland
        };
        Beyond::Outside { nearest, distance_m, reason }
    }
}
