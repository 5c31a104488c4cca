//! Where the public sees a place, by the precision of the report.

use super::city::Areas;
use diaban_core::domain::Precision;
use diaban_core::geo::{GridCell, LonLat};

/// Where the public sees a true place of a ward.
pub(super) fn public_point(
    areas: &Areas,
    precision: Precision,
    p: LonLat,
    unit: Option<usize>,
) -> Option<LonLat> {
    let generation = areas.active();
    let label = || unit.map(|u| generation.units()[u].label);
    match precision {
        Precision::Exact => Some(p),
        Precision::Grid20m | Precision::Grid150m => {
            let same = |q: LonLat| generation.owner(q).map(usize::from) == unit;
            GridCell::of(p, f64::from(precision.cell_m()?)).shown(same).or_else(label)
        }
        Precision::Ward => label(),
        Precision::Hidden => None,
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_pcg::Pcg64;

    use super::*;
    use crate::action::City;

    /// The promise to whoever reports beside a border, for random places of the whole city; `DIABAN_PLACES=1000000`
    /// asks for more of them.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "how large a test is, is no setting of the program")]
    fn what_is_shown_stands_for_half_a_cell_inside_the_ward() {
        let wanted = std::env::var("DIABAN_PLACES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
        let city = City::of_pack(crate::city_files::embedded().unwrap()).unwrap();
        let areas = city.areas();
        let generation = areas.active();
        let unit_at = |p: LonLat| generation.locate(p).ok().map(|l| l.unit);
        let mut rng = Pcg64::seed_from_u64(15);
        let (mut cells, mut wards) = (0_u64, 0_u64);
        while cells + wards < wanted {
            let p = LonLat::new(rng.random_range(106.3..107.6), rng.random_range(10.3..11.5)).unwrap();
            let Some(unit) = unit_at(p) else { continue };
            let shown = public_point(&areas, Precision::Grid150m, p, Some(unit)).unwrap();
            if shown == generation.units()[unit].label {
                wards += 1;
                continue;
            }
            cells += 1;
            assert_eq!(unit_at(shown), Some(unit));
            let own = GridCell::of(shown, 150.0).places().filter(|q| unit_at(*q) == Some(unit)).count();
            assert!(
                own >= 113,
                "{p:?} is shown at {shown:?}, which stands for {own} of 225 parts of its cell"
            );
        }
        assert!(wards * 100 < cells, "{wards} of {} places are shown as the ward's", cells + wards);
    }
}
