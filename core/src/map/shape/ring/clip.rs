//! Clips rings and lines at a tile's buffered edge, in whole tile units. Crossings are computed
//! from the ends of an edge in a fixed order, so two wards with a common edge are cut at the same
//! point.

use crate::map::shape::ring::frame::Path;

/// The part of a ring inside the square from `low` to `high` on both axes (Sutherland-Hodgman). If
/// a ring leaves the square and returns, its parts stay joined along the square's edge.
pub(in crate::map) fn clip(ring: Path, low: i32, high: i32) -> Path {
    let swap = |ring: Path| -> Path { ring.into_iter().map(|(x, y)| (y, x)).collect() };
    let columns = half(half(ring, low, |x, at| x >= at), high, |x, at| x <= at);
    swap(half(half(swap(columns), low, |x, at| x >= at), high, |x, at| x <= at))
}

/// The part on one side of the line x = at.
fn half(ring: Path, at: i32, inside: fn(i32, i32) -> bool) -> Path {
    if ring.iter().all(|p| inside(p.0, at)) {
        return ring;
    }
    let mut out = Vec::with_capacity(ring.len() + 4);
    let Some(&(mut from)) = ring.last() else { return out };
    for &to in &ring {
        if inside(from.0, at) != inside(to.0, at) {
            out.push(crossing(from, to, at));
        }
        if inside(to.0, at) {
            out.push(to);
        }
        from = to;
    }
    out
}

/// The parts of a line inside the square. Each has at least two vertices and no repeated ones.
pub(in crate::map) fn cut(line: Path, low: i32, high: i32) -> Vec<Path> {
    let swap = |lines: Vec<Path>| -> Vec<Path> {
        lines.into_iter().map(|l| l.into_iter().map(|(x, y)| (y, x)).collect()).collect()
    };
    let columns = parts(parts(vec![line], low, |x, at| x >= at), high, |x, at| x <= at);
    let mut out = swap(parts(parts(swap(columns), low, |x, at| x >= at), high, |x, at| x <= at));
    for line in &mut out {
        line.dedup();
    }
    out.retain(|l| l.len() >= 2);
    out
}

/// The parts of lines on one side of the line x = at.
fn parts(lines: Vec<Path>, at: i32, inside: fn(i32, i32) -> bool) -> Vec<Path> {
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        let mut part = Path::new();
        for (i, &to) in line.iter().enumerate() {
            let from = line[i.saturating_sub(1)];
            if inside(from.0, at) != inside(to.0, at) {
                part.push(crossing(from, to, at));
            }
            if inside(to.0, at) {
                part.push(to);
            } else if !part.is_empty() {
                out.push(std::mem::take(&mut part));
            }
        }
        out.push(part);
    }
    out
}

/// The point where an edge crosses x = at. Its ends lie on different sides.
fn crossing(a: (i32, i32), b: (i32, i32), at: i32) -> (i32, i32) {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let d = |p: i32, q: i32| i128::from(p) - i128::from(q);
    // Rounded to the nearest unit, halves up.
    let (run, rise) = (d(b.0, a.0), d(b.1, a.1) * d(at, a.0));
    (at, (i128::from(a.1) + (2 * rise + run).div_euclid(2 * run)) as i32)
}

/// Twice the area by the shoelace formula: positive for an exterior ring of MVT (y down).
pub(in crate::map) fn area2(ring: &[(i32, i32)]) -> i64 {
    let Some(&(mut from)) = ring.last() else { return 0 };
    let mut sum = 0;
    for &to in ring {
        sum += i64::from(from.0) * i64::from(to.1) - i64::from(to.0) * i64::from(from.1);
        from = to;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_around_the_square_becomes_the_square() {
        let ring = clip(vec![(-50, -50), (50, -50), (50, 50), (-50, 50)], -10, 10);
        assert_eq!(area2(&ring), 2 * 20 * 20);
        assert!(clip(vec![(20, 20), (30, 20), (30, 30)], -10, 10).is_empty());
    }

    #[test]
    fn both_directions_are_cut_at_the_same_place() {
        assert_eq!(crossing((0, 0), (7, 3), 2), crossing((7, 3), (0, 0), 2));
    }
}
