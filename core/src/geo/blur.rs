//! Where a blurred point is shown: one fixed place inside its grid cell and its ward.

use std::sync::LazyLock;

use super::LonLat;

/// Metres in a degree of latitude (WGS 84, mean).
const METRES_PER_DEGREE: f64 = 111_195.0;
/// Candidate places on each side of a cell.
const LATTICE: i32 = 15;
/// Offsets of the candidates, nearest to the middle first. Sorted once, because every blurred
/// report uses them.
static STEPS: LazyLock<Vec<(i32, i32)>> = LazyLock::new(|| {
    let mut steps: Vec<_> = (0..LATTICE).flat_map(|i| (0..LATTICE).map(move |j| (i, j))).collect();
    let middle = LATTICE / 2;
    steps.sort_by_key(|(i, j)| ((i - middle).pow(2) + (j - middle).pow(2), *i, *j));
    steps
});

/// A cell of a grid anchored to the world. All points of a cell are always shown at the same place,
/// so repeated reports, boxes or zooms reveal nothing finer than the cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridCell {
    west: f64,
    south: f64,
    width: f64,
    height: f64,
}

impl GridCell {
    /// The cell that contains a point. Its sides are `metres` long, to within one percent.
    pub fn of(p: LonLat, metres: f64) -> Self {
        let height = metres / METRES_PER_DEGREE;
        let south = (p.lat() / height).floor() * height;
        // The width depends on the row, not on the point, so all cells of a row line up.
        let width = height / south.to_radians().cos().max(0.01);
        let west = (p.lon() / width).floor() * width;
        Self { west, south, width, height }
    }

    /// Places inside the cell: the middle first, then outwards on a fixed lattice.
    pub fn places(self) -> impl Iterator<Item = LonLat> {
        STEPS.iter().filter_map(move |(i, j)| {
            let at = |step: i32| (f64::from(step) + 0.5) / f64::from(LATTICE);
            LonLat::new(self.west + at(*i) * self.width, self.south + at(*j) * self.height).ok()
        })
    }

    /// The place where all points of this cell and this owner are shown: the first place that
    /// `same_owner` accepts. `None` if the owner's part of the cell is too thin for the lattice.
    pub fn place(self, same_owner: impl Fn(LonLat) -> bool) -> Option<LonLat> {
        self.places().find(|p| same_owner(*p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_points_of_a_cell_are_shown_at_one_place(lon in 106.0..107.5, lat in 8.5..11.5, m in prop_oneof![Just(20.0), Just(150.0)]) {
            let p = LonLat::new(lon, lat).unwrap();
            let shown = GridCell::of(p, m).place(|_| true).unwrap();
            prop_assert_eq!(GridCell::of(shown, m), GridCell::of(p, m));
            prop_assert!((shown.lat() - p.lat()).abs() * METRES_PER_DEGREE <= m);
        }
    }

    #[test]
    fn the_place_keeps_to_the_owner() {
        let p = LonLat::new(106.7, 10.77).unwrap();
        let cell = GridCell::of(p, 150.0);
        let middle = cell.place(|_| true).unwrap();
        let east = cell.place(|q| q.lon() > middle.lon()).unwrap();
        assert!(east.lon() > middle.lon());
        assert_eq!(cell.place(|_| false), None);
    }
}
