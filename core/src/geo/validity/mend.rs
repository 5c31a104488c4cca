//! Areas on the grid of seven decimals that positions are stored on: rounding that keeps a valid area
//! valid, and making an invalid one valid.
//! Not here: whether an area is valid (validity), who asks for it to be mended (import).

use geo::{BoundingRect, Coord, LineString, MultiPolygon, Polygon};

use super::solid::{Fill, Path, solid};
use crate::geo::{LonLat, validity};

/// Widest area that can be mended, in steps of 1e-7 degree: 50 degrees.
const WIDEST: i64 = 500_000_000;

/// An area on the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounded {
    /// It, valid.
    pub shape: MultiPolygon<f64>,
    /// Vertices that were the same as the one before them.
    pub repeated: usize,
    /// Whether rounding alone let edges meet, so that corners were set where they do.
    pub mended: bool,
}

/// A valid area rounded to seven decimals and still valid; none when nothing of it is left. Where rounding
/// alone would let edges meet, corners are set at the meeting; no point of the area moves by more than two
/// steps of the grid.
pub fn round(shape: &MultiPolygon<f64>) -> Option<Rounded> {
    let mut repeated = 0;
    let mut ring = |r: &LineString<f64>| -> LineString<f64> {
        let mut out: Vec<Coord<f64>> = Vec::with_capacity(r.0.len());
        for c in &r.0 {
            let c = LonLat::new(c.x, c.y).map_or(*c, |p| Coord { x: p.lon(), y: p.lat() });
            if out.last() == Some(&c) { repeated += 1 } else { out.push(c) }
        }
        LineString(out)
    };
    let mut parts = Vec::with_capacity(shape.0.len());
    for p in &shape.0 {
        let exterior = ring(p.exterior());
        parts.push(Polygon::new(exterior, p.interiors().iter().map(&mut ring).collect()));
    }
    let rounded = MultiPolygon(parts);
    let closed = |r: &LineString<f64>| r.0.len() >= 4;
    let whole = rounded.0.iter().all(|p| closed(p.exterior()) && p.interiors().iter().all(closed));
    if whole && validity::check(&rounded).is_ok() {
        return Some(Rounded { shape: rounded, repeated, mended: false });
    }
    let shape = on_grid(&rounded, Fill::Positive)?;
    Some(Rounded { shape, repeated, mended: true })
}

/// An area made valid: of each part the points that an odd number of its rings goes around, of the parts
/// their union. None when nothing is left, or for more than 50 degrees.
pub fn make_valid(shape: &MultiPolygon<f64>) -> Option<MultiPolygon<f64>> {
    let parts: Vec<Polygon<f64>> = shape
        .0
        .iter()
        .filter_map(|p| on_grid(&MultiPolygon(vec![p.clone()]), Fill::EvenOdd))
        .flat_map(|valid| valid.0)
        .collect();
    if parts.len() < 2 || validity::check(&MultiPolygon(parts.clone())).is_ok() {
        return (!parts.is_empty()).then_some(MultiPolygon(parts));
    }
    on_grid(&MultiPolygon(parts), Fill::Positive)
}

/// The area of rings on the grid, valid. With [`Fill::Positive`] exteriors must be counter-clockwise.
fn on_grid(shape: &MultiPolygon<f64>, fill: Fill) -> Option<MultiPolygon<f64>> {
    let bounds = shape.bounding_rect()?;
    let (west, south) = LonLat::new(bounds.min().x, bounds.min().y).ok()?.e7();
    let (east, north) = LonLat::new(bounds.max().x, bounds.max().y).ok()?.e7();
    let middle = |a: i32, b: i32| i64::midpoint(i64::from(a), i64::from(b));
    if i64::from(east) - i64::from(west) > WIDEST || i64::from(north) - i64::from(south) > WIDEST {
        return None;
    }
    let origin = (middle(west, east) as i32, middle(south, north) as i32);
    let path = |r: &LineString<f64>| -> Path {
        let open = r.0.split_last().map_or(&[][..], |(_, open)| open);
        let on = |c: &Coord<f64>| LonLat::new(c.x, c.y).ok().map(LonLat::e7);
        open.iter().filter_map(on).map(|(x, y)| (x - origin.0, y - origin.1)).collect()
    };
    let rings: Vec<Path> = shape
        .0
        .iter()
        .flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
        .map(path)
        .filter(|r| r.len() >= 3)
        .collect();
    let line = |path: Path| -> LineString<f64> {
        let first = path.first().copied();
        path.into_iter()
            .chain(first)
            .map(|(x, y)| LonLat::from_e7(x + origin.0, y + origin.1))
            .map(|p| Coord { x: p.lon(), y: p.lat() })
            .collect()
    };
    let parts: Vec<Polygon<f64>> = solid(&rings, fill)
        .into_iter()
        .map(|rings| {
            let mut rings = rings.into_iter().map(line);
            let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
            Polygon::new(exterior, rings.collect())
        })
        .collect();
    let shape = MultiPolygon(parts);
    (!shape.0.is_empty() && validity::check(&shape).is_ok()).then_some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Area;
    use proptest::prelude::*;

    fn area(rings: &[&[(f64, f64)]]) -> MultiPolygon<f64> {
        let line = |r: &[(f64, f64)]| -> LineString<f64> { r.iter().map(|&c| Coord::from(c)).collect() };
        let mut rings = rings.iter().map(|r| line(r));
        MultiPolygon(vec![Polygon::new(rings.next().unwrap(), rings.collect())])
    }

    #[test]
    fn what_was_valid_is_valid_on_the_grid() {
        // A corner 4 mm from the edge below it: rounded, it lies on that edge.
        let spike = area(&[&[
            (106.6, 10.7),
            (106.8, 10.7),
            (106.8, 10.8),
            (106.7, 10.700_000_04),
            (106.6, 10.8),
            (106.6, 10.7),
        ]]);
        assert_eq!(validity::check(&spike), Ok(()));
        let rounded = round(&spike).unwrap();
        assert!(rounded.mended && rounded.shape.0.len() == 2, "{rounded:?}");
        assert_eq!(validity::check(&rounded.shape), Ok(()));
        assert!((rounded.shape.unsigned_area() / spike.unsigned_area() - 1.0).abs() < 1e-6);
        // A hole and a whole area below a step of the grid.
        let hole = [(106.65, 10.71), (106.65, 10.71 + 2e-8), (106.65 + 2e-8, 10.71), (106.65, 10.71)];
        let square = [(106.6, 10.7), (106.8, 10.7), (106.8, 10.8), (106.6, 10.8), (106.6, 10.7)];
        let rounded = round(&area(&[&square, &hole])).unwrap();
        assert!(rounded.mended && rounded.shape.0[0].interiors().is_empty());
        assert_eq!(round(&area(&[&hole])), None);
        let plain = round(&area(&[&square])).unwrap();
        assert_eq!((plain.mended, plain.repeated, plain.shape), (false, 0, area(&[&square])));
    }

    #[test]
    fn what_is_invalid_becomes_the_nearest_valid_area() {
        let bow = area(&[&[(106.6, 10.7), (106.7, 10.8), (106.7, 10.7), (106.6, 10.8), (106.6, 10.7)]]);
        let made = make_valid(&bow).unwrap();
        assert_eq!((made.0.len(), validity::check(&made)), (2, Ok(())));
        assert!((made.unsigned_area() - 0.005).abs() < 1e-9);
        let square = |x: f64| area(&[&[(x, 10.0), (x + 1.0, 10.0), (x + 1.0, 11.0), (x, 11.0), (x, 10.0)]]);
        for (shift, parts, size) in [(1.0, 1, 2.0), (0.5, 1, 1.5), (2.0, 2, 2.0)] {
            let two = MultiPolygon(vec![square(106.0).0[0].clone(), square(106.0 + shift).0[0].clone()]);
            let made = make_valid(&two).unwrap();
            assert_eq!((made.0.len(), validity::check(&made)), (parts, Ok(())), "{shift}");
            assert!((made.unsigned_area() - size).abs() < 1e-9);
        }
        assert_eq!(make_valid(&area(&[&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (1.0, 1.0)]])), None);
    }

    proptest! {
        #[test]
        fn stars_of_any_size_stay_valid_when_rounded(
            radii in prop::collection::vec(0.2..1.0_f64, 3..40), size in -7.5..-1.0_f64,
        ) {
            let n = radii.len() as f64;
            let mut ring: Vec<(f64, f64)> = radii
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    let (sin, cos) = (std::f64::consts::TAU * i as f64 / n).sin_cos();
                    let r = r * 10_f64.powf(size);
                    (106.7 + r * cos, 10.8 + r * sin)
                })
                .collect();
            ring.push(ring[0]);
            let star = area(&[&ring]);
            if validity::check(&star).is_ok() && let Some(rounded) = round(&star) {
                prop_assert_eq!(validity::check(&rounded.shape), Ok(()));
                let off = (rounded.shape.unsigned_area() - star.unsigned_area()).abs();
                let length: f64 = ring.windows(2).map(|w| (w[0].0 - w[1].0).hypot(w[0].1 - w[1].1)).sum();
                prop_assert!(off <= (length + 4e-7) * 2e-7, "{} of {}", off, star.unsigned_area());
            }
        }
    }
}
