//! The order of the sweep: points from left to right, edges from below to above, directions around a point.
//! The sign of each turn is exact.

use std::cmp::Ordering;

use geo::Coord;
use robust::orient2d;

/// A key of the edges that the sweep line meets, from below to above; or a place just below or just above
/// all edges through a point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Edge(u32, Coord<f64>, Coord<f64>),
    Below(Coord<f64>),
    Above(Coord<f64>),
}

/// From left to right, and upward on a meridian.
pub(super) fn order(a: Coord<f64>, b: Coord<f64>) -> Ordering {
    // Zeros of both signs are one number.
    (a.x + 0.0).total_cmp(&(b.x + 0.0)).then((a.y + 0.0).total_cmp(&(b.y + 0.0)))
}

/// Positive when `c` lies to the left of the way from `a` to `b`. The sign is exact.
pub(super) fn turn(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>) -> f64 {
    let at = |c: Coord<f64>| robust::Coord { x: c.x, y: c.y };
    orient2d(at(a), at(b), at(c))
}

pub(super) fn is_straight(turn: f64) -> bool {
    turn == 0.0
}

/// By the angle around `p`, counter-clockwise from the west.
pub(super) fn around(p: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> Ordering {
    // The half plane right of the sweep line comes after the other one.
    let half = |c: Coord<f64>| order(p, c) == Ordering::Less;
    half(a).cmp(&half(b)).then_with(|| 0.0_f64.total_cmp(&(turn(p, a, b) + 0.0)))
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Edge(i, ..), Self::Edge(j, ..)) if i == j => Ordering::Equal,
            (Self::Edge(i, a, b), Self::Edge(j, c, d)) => {
                let by_later = if order(a, c) == Ordering::Greater {
                    // Where `a` lies beside the other edge, then where it goes.
                    above(turn(c, d, a)).then_with(|| above(turn(c, d, b))).reverse()
                } else {
                    above(turn(a, b, c)).then_with(|| above(turn(a, b, d)))
                };
                by_later.then(i.cmp(&j))
            }
            (Self::Edge(_, a, b), Self::Below(p)) => above(turn(a, b, p)).then(Ordering::Greater),
            (Self::Edge(_, a, b), Self::Above(p)) => above(turn(a, b, p)).then(Ordering::Less),
            (_, Self::Edge(..)) => other.cmp(self).reverse(),
            (Self::Below(_), Self::Above(_)) => Ordering::Less,
            (Self::Above(_), Self::Below(_)) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

/// An edge is less than what lies to its left.
fn above(turn: f64) -> Ordering {
    0.0_f64.total_cmp(&(turn + 0.0))
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}
