//! The weight of each vertex of a line (Visvalingam's areas), computed once for all zooms. A zoom
//! keeps the vertices whose weight reaches its limit, so a lower zoom always shows a subset of a
//! higher one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A vertex of an arc and its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::map) struct Vertex {
    /// Position in Mercator units.
    pub(in crate::map) at: (u32, u32),
    /// Twice the area, in square Mercator units, that changes if the vertex is dropped. Infinite if
    /// it is always kept.
    pub(in crate::map) weight: f64,
}

/// Computes the weights of an arc's vertices. The ends are always kept. A closed arc keeps two more
/// vertices, so that it never collapses to a line.
pub(in crate::map) fn weigh(points: &[(u32, u32)]) -> Vec<Vertex> {
    let n = points.len();
    let mut out: Vec<Vertex> = points.iter().map(|&at| Vertex { at, weight: f64::INFINITY }).collect();
    let (mut before, mut after): (Vec<usize>, Vec<usize>) =
        (0..n).map(|i| (i.wrapping_sub(1), i + 1)).unzip();
    // Areas are integers of at most 65 bits. Ties are broken by index, so the order is fixed.
    let bend = |a: usize, b: usize, c: usize| triangle2(points[a], points[b], points[c]);
    let mut now: Vec<u128> =
        (0..n).map(|i| if i == 0 || i + 1 >= n { 0 } else { bend(i - 1, i, i + 1) }).collect();
    let mut heap: BinaryHeap<Reverse<(u128, usize)>> =
        (1..n.saturating_sub(1)).map(|i| Reverse((now[i], i))).collect();
    let mut floor = 0;
    let mut gone = vec![false; n];
    while let Some(Reverse((area, i))) = heap.pop() {
        if gone[i] || area != now[i] {
            continue;
        }
        // A vertex weighs at least as much as those that were dropped before it.
        floor = floor.max(area);
        out[i].weight = floor as f64;
        gone[i] = true;
        let (a, c) = (before[i], after[i]);
        after[a] = c;
        before[c] = a;
        for j in [a, c] {
            if j > 0 && j + 1 < n {
                now[j] = bend(before[j], j, after[j]);
                heap.push(Reverse((now[j], j)));
            }
        }
    }
    if n > 3 && points[0] == points[n - 1] {
        let mut inner: Vec<usize> = (1..n - 1).collect();
        inner.sort_by(|&a, &b| out[b].weight.total_cmp(&out[a].weight).then(a.cmp(&b)));
        for &i in &inner[..2] {
            out[i].weight = f64::INFINITY;
        }
    }
    out
}

/// Twice the area of a triangle.
fn triangle2(a: (u32, u32), b: (u32, u32), c: (u32, u32)) -> u128 {
    let d = |p: u32, q: u32| i128::from(p) - i128::from(q);
    (d(b.0, a.0) * d(c.1, a.1) - d(b.1, a.1) * d(c.0, a.0)).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bends_weigh_less_and_ends_stay() {
        let w: Vec<f64> =
            weigh(&[(0, 0), (10, 1), (20, 0), (30, 40), (40, 0)]).into_iter().map(|v| v.weight).collect();
        assert!(w[0].is_infinite() && w[4].is_infinite());
        assert!(w[1] < w[2] && w[2] <= w[3], "{w:?}");
    }

    #[test]
    fn a_closed_arc_keeps_a_triangle() {
        let w = weigh(&[(0, 0), (5, 0), (9, 9), (0, 5), (0, 0)]);
        assert_eq!(w.iter().filter(|v| v.weight.is_infinite()).count(), 4);
    }
}
