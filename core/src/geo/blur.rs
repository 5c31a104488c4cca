//! Where a blurred point is shown: one fixed place of a grid cell that holds enough ground of its owner.

use std::sync::LazyLock;

use super::LonLat;

/// Metres in a degree of latitude (WGS 84, mean).
const METRES_PER_DEGREE: f64 = 111_195.0;
/// Candidate places on each side of a cell.
const LATTICE: i32 = 15;
/// So many of a cell's candidates belong to the owner where points may be shown: a little more than half, because
/// counting them measures the ground to within a few percent.
const ENOUGH: usize = (LATTICE * LATTICE) as usize * 55 / 100;
/// How many cells away the nearest one with enough ground is looked for.
const REACH: i32 = 4;
/// Offsets of the candidates, nearest to the middle first. Sorted once, because every blurred
/// report uses them.
static STEPS: LazyLock<Vec<(i32, i32)>> = LazyLock::new(|| from_the_middle(0..LATTICE, LATTICE / 2));
/// The cell itself and its neighbours, nearest first.
static NEIGHBOURS: LazyLock<Vec<(i32, i32)>> = LazyLock::new(|| from_the_middle(-REACH..REACH + 1, 0));

fn from_the_middle(range: std::ops::Range<i32>, middle: i32) -> Vec<(i32, i32)> {
    let mut steps: Vec<_> = range.clone().flat_map(|i| range.clone().map(move |j| (i, j))).collect();
    steps.sort_by_key(|(i, j)| ((i - middle).pow(2) + (j - middle).pow(2), *i, *j));
    steps
}

/// A cell of a grid anchored to the world. All points of a cell are always shown at the same place,
/// so repeated reports, boxes or zooms reveal nothing finer than the cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridCell {
    metres: f64,
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
        Self { metres, west, south, width, height }
    }

    /// Places inside the cell: the middle first, then outwards on a fixed lattice.
    pub fn places(self) -> impl Iterator<Item = LonLat> {
        STEPS.iter().filter_map(move |(i, j)| {
            let at = |step: i32| (f64::from(step) + 0.5) / f64::from(LATTICE);
            LonLat::new(self.west + at(*i) * self.width, self.south + at(*j) * self.height).ok()
        })
    }

    /// The place where all points of this cell and this owner are shown. What is shown stands for at least half a
    /// cell's ground that `same_owner` accepts: a sliver that a border cuts off is shown with the nearest cell that
    /// has as much. `None` if there is none near.
    ///
    /// A coarser grid would not do instead: what is shown there stands only for the slivers in it, because all
    /// other points are shown elsewhere.
    pub fn shown(self, same_owner: impl Fn(LonLat) -> bool) -> Option<LonLat> {
        NEIGHBOURS.iter().filter_map(|step| self.neighbour(*step)).find_map(|cell| cell.place(&same_owner))
    }

    /// The cell so many columns and rows away.
    fn neighbour(self, (columns, rows): (i32, i32)) -> Option<Self> {
        let lon = self.west + (f64::from(columns) + 0.5) * self.width;
        let lat = self.south + (f64::from(rows) + 0.5) * self.height;
        LonLat::new(lon, lat).ok().map(|middle| Self::of(middle, self.metres))
    }

    /// The first place of the owner, if enough of the cell is his.
    fn place(self, same_owner: impl Fn(LonLat) -> bool) -> Option<LonLat> {
        let mut own = self.places().filter(|p| same_owner(*p));
        let first = own.next()?;
        (own.take(ENOUGH).count() + 1 >= ENOUGH).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The part of a cell that an owner has, counted on a lattice of our own.
    fn share(cell: GridCell, owner: impl Fn(LonLat) -> bool) -> f64 {
        const SIDE: u32 = 64;
        let at = |i: u32, from: f64, size: f64| from + (f64::from(i) + 0.5) / f64::from(SIDE) * size;
        let places = (0..SIDE * SIDE).map(|i| {
            let (column, row) = (i % SIDE, i / SIDE);
            LonLat::new(at(column, cell.west, cell.width), at(row, cell.south, cell.height)).unwrap()
        });
        places.filter(|p| owner(*p)).count() as f64 / f64::from(SIDE * SIDE)
    }

    proptest! {
        #[test]
        fn all_points_of_a_cell_are_shown_at_one_place(lon in 106.0..107.5, lat in 8.5..11.5, m in prop_oneof![Just(20.0), Just(150.0)]) {
            let p = LonLat::new(lon, lat).unwrap();
            let shown = GridCell::of(p, m).shown(|_| true).unwrap();
            prop_assert_eq!(GridCell::of(shown, m), GridCell::of(p, m));
            prop_assert!((shown.lat() - p.lat()).abs() * METRES_PER_DEGREE <= m);
        }

        /// A border of any direction through any place near: a wedge is the owner's.
        #[test]
        fn what_is_shown_stands_for_half_a_cell(
            lon in 106.0..107.5, lat in 8.5..11.5, m in prop_oneof![Just(20.0), Just(150.0)],
            way in 0.0..6.3_f64, open in 0.05..3.1_f64, off in 0.0..2.0_f64,
        ) {
            let p = LonLat::new(lon, lat).unwrap();
            let size = m / METRES_PER_DEGREE;
            let tip = (lon - way.cos() * off * size, lat - way.sin() * off * size);
            let owner = |q: LonLat| {
                let angle = (q.lat() - tip.1).atan2(q.lon() - tip.0) - way;
                angle.sin().atan2(angle.cos()).abs() <= open
            };
            prop_assume!(owner(p));
            if let Some(shown) = GridCell::of(p, m).shown(owner) {
                prop_assert!(owner(shown));
                prop_assert!(share(GridCell::of(shown, m), owner) >= 0.5);
                prop_assert_eq!(GridCell::of(shown, m).shown(owner), Some(shown), "that cell is shown there too");
            }
        }
    }

    #[test]
    fn a_sliver_is_shown_with_the_nearest_cell_of_its_owner() {
        let p = LonLat::new(106.7, 10.77).unwrap();
        let cell = GridCell::of(p, 150.0);
        let border = cell.west + 0.9 * cell.width;
        let shown = cell.shown(|q| q.lon() > border).unwrap();
        assert_eq!(Some(GridCell::of(shown, 150.0)), cell.neighbour((1, 0)));
        assert_eq!(cell.shown(|_| false), None);
        let islet = |q: LonLat| cell.neighbour((0, 0)) == Some(GridCell::of(q, 150.0)) && q.lon() > border;
        assert_eq!(cell.shown(islet), None, "no cell near has enough ground");
    }
}
