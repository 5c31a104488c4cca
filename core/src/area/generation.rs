//! All wards valid from one day on, with the indexes that the look-up needs. Not here: the
//! ownership rules (locate), several generations (book).

use std::sync::Arc;

use geo::{BoundingRect, MultiPolygon, Polygon, Rect};
use jiff::civil::Date;

use super::index::grid::Grid;
use super::index::nearest::Nearest;
use super::outline;
use super::unit::Unit;

/// One generation, immutable. Building takes about 0.1 s for 168 wards with 217,000 vertices: do
/// not build on an async thread.
#[derive(Debug)]
pub struct Generation {
    pub(super) id: Arc<str>,
    pub(super) valid_from: Date,
    pub(super) approximate: bool,
    pub(super) units: Vec<Unit>,
    pub(super) grid: Grid,
    pub(super) nearest: Nearest,
    pub(super) union: MultiPolygon<f64>,
    pub(super) gaps: Vec<(Rect<f64>, Polygon<f64>)>,
    pub(super) sea: Option<MultiPolygon<f64>>,
}

/// Why units do not form a generation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The id is not a date.
    #[error("the generation {0:?} is not named by the day it is valid from (like 2025-07-01)")]
    Id(String),
    /// There are no units.
    #[error("the generation has no units")]
    Empty,
    /// More than 65,534 units.
    #[error("the generation has {0} units; at most 65534 are possible")]
    TooMany(usize),
    /// Two units with the same code.
    #[error("the code {0} is given to more than one unit")]
    Duplicate(Arc<str>),
    /// The edges are so long and so many that the index would be too large.
    #[error("the boundaries cover too large an area in too much detail to be indexed")]
    TooLarge,
}

impl Generation {
    /// Sorts the units by code and builds the indexes. `sea` is a coarse area seaward of the city,
    /// in degrees. A point off the coast can belong to a ward only inside it.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(
        id: &str,
        approximate: bool,
        mut units: Vec<Unit>,
        sea: Option<MultiPolygon<f64>>,
    ) -> Result<Self, BuildError> {
        let valid_from: Date = id.parse().map_err(|_| BuildError::Id(id.to_owned()))?;
        if units.is_empty() {
            return Err(BuildError::Empty);
        }
        if units.len() >= usize::from(u16::MAX) {
            return Err(BuildError::TooMany(units.len()));
        }
        units.sort_by(|a, b| a.code.cmp(&b.code));
        if let Some(pair) = units.windows(2).find(|w| w[0].code == w[1].code) {
            return Err(BuildError::Duplicate(pair[0].code.clone()));
        }
        let grid = Grid::build(&units).map_err(|_| BuildError::TooLarge)?;
        let nearest = Nearest::build(&units);
        let union = outline::union(&units);
        let gaps =
            outline::holes(&union).into_iter().filter_map(|p| p.bounding_rect().map(|r| (r, p))).collect();
        Ok(Self { id: id.into(), valid_from, approximate, units, grid, nearest, union, gaps, sea })
    }

    /// The id: the date it is valid from, `2025-07-01`.
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// First day of validity, in the city's own calendar.
    pub fn valid_from(&self) -> Date {
        self.valid_from
    }

    /// Whether the boundaries were constructed from centres and must be labelled approximate.
    pub fn approximate(&self) -> bool {
        self.approximate
    }

    /// The units, sorted by code.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Index of a code in [`Generation::units`].
    pub fn index_of(&self, code: &str) -> Option<usize> {
        self.units.binary_search_by(|u| (*u.code).cmp(code)).ok()
    }

    /// The union of all units, with its gaps as holes.
    pub fn outline(&self) -> &MultiPolygon<f64> {
        &self.union
    }

    /// Size of the look-up grid in bytes, without the shapes.
    pub fn grid_bytes(&self) -> usize {
        self.grid.bytes()
    }
}
