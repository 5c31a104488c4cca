//! Whether an area is valid as OGC Simple Features defines it, on its exact coordinates: rings that do not
//! cross, touch themselves or share an edge; holes inside their exterior; parts apart; a connected inside.
//! One sweep over all vertices with exact orientation, in n log n.
//! Not here: closed rings and degrees (polygon), mending (mend).

mod exact;
pub mod mend;
pub(crate) mod solid;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound::{Excluded, Unbounded};

use geo::line_intersection::{LineIntersection, line_intersection};
use geo::{Coord, Line, MultiPolygon};

use self::exact::{Key, around, is_straight, order, turn};

/// Why an area is not valid. Positions are those of the fault.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Invalid {
    /// A ring without three different corners.
    #[error("has a ring without area at {},{}", .0.x, .0.y)]
    Flat(Coord<f64>),
    /// Two edges cross.
    #[error("its edges cross each other (self-intersection) near {},{}", .0.x, .0.y)]
    Crossing(Coord<f64>),
    /// Two edges lie on each other.
    #[error("two of its edges lie on each other at {},{}", .0.x, .0.y)]
    SharedEdge(Coord<f64>),
    /// A ring touches itself.
    #[error("a ring touches itself at {},{} (self-intersection)", .0.x, .0.y)]
    TouchesItself(Coord<f64>),
    /// A hole that is not inside the exterior of its part.
    #[error("a hole lies outside its exterior at {},{}", .0.x, .0.y)]
    HoleOutside(Coord<f64>),
    /// A part inside another part.
    #[error("two parts overlap at {},{}", .0.x, .0.y)]
    PartsOverlap(Coord<f64>),
    /// Rings that touch so often that they cut a part in two.
    #[error("rings that touch at {},{} cut its inside into pieces", .0.x, .0.y)]
    Disconnected(Coord<f64>),
}

/// Checks an area whose rings are closed and hold finite numbers.
///
/// # Errors
/// The first fault from west to east.
pub fn check(shape: &MultiPolygon<f64>) -> Result<(), Invalid> {
    let mut sweep = Sweep::default();
    for (part, polygon) in shape.0.iter().enumerate() {
        sweep.ring(part, true, &polygon.exterior().0)?;
        for hole in polygon.interiors() {
            sweep.ring(part, false, &hole.0)?;
        }
    }
    sweep.run()
}

/// From the left end to the right one: by longitude, then by latitude.
#[derive(Clone, Copy, Debug)]
struct Edge {
    left: Coord<f64>,
    right: Coord<f64>,
    ring: u32,
    /// Whether the ring goes from left to right on it.
    forward: bool,
}

/// A corner of a ring with its two edges.
#[derive(Clone, Copy, Debug)]
struct Corner {
    at: Coord<f64>,
    ring: u32,
    edges: [u32; 2],
}

#[derive(Clone, Copy, Debug)]
struct Ring {
    part: usize,
    exterior: bool,
    /// Its first corner from the left.
    least: Coord<f64>,
    /// Whether it is counter-clockwise.
    ccw: bool,
    /// The ring whose inside it lies in, once known.
    parent: Option<u32>,
}

#[derive(Default)]
struct Sweep {
    edges: Vec<Edge>,
    corners: Vec<Corner>,
    rings: Vec<Ring>,
    active: BTreeSet<Key>,
    /// Rings and touched points of each part, joined where a ring meets a point.
    joined: Joined,
}

impl Sweep {
    fn ring(&mut self, part: usize, exterior: bool, positions: &[Coord<f64>]) -> Result<(), Invalid> {
        let mut at: Vec<Coord<f64>> = positions.to_vec();
        at.dedup();
        if at.len() > 1 && at.first() == at.last() {
            at.pop();
        }
        let n = at.len();
        let first = at.first().copied().unwrap_or_default();
        if n < 3 {
            return Err(Invalid::Flat(first));
        }
        let ring = self.rings.len() as u32;
        let begin = self.edges.len() as u32;
        let least = (0..n).min_by(|i, j| order(at[*i], at[*j])).unwrap_or(0);
        for i in 0..n {
            let (a, b) = (at[i], at[(i + 1) % n]);
            let forward = order(a, b) == Ordering::Less;
            let (left, right) = if forward { (a, b) } else { (b, a) };
            self.edges.push(Edge { left, right, ring, forward });
            let before = if i == 0 { n - 1 } else { i - 1 } as u32;
            self.corners.push(Corner { at: a, ring, edges: [begin + before, begin + i as u32] });
        }
        // At the first corner from the left the turn is that of the whole ring; a ring without a turn
        // there runs back on itself, which the sweep finds.
        let ccw = turn(at[(least + n - 1) % n], at[least], at[(least + 1) % n]) > 0.0;
        self.rings.push(Ring { part, exterior, least: at[least], ccw, parent: None });
        Ok(())
    }

    fn run(mut self) -> Result<(), Invalid> {
        let mut corners = std::mem::take(&mut self.corners);
        corners.sort_unstable_by(|a, b| order(a.at, b.at));
        for here in corners.chunk_by(|a, b| a.at == b.at) {
            self.point(here[0].at, here)?;
        }
        Ok(())
    }

    /// All that happens at a point: edges end, edges begin, rings touch.
    fn point(&mut self, p: Coord<f64>, corners: &[Corner]) -> Result<(), Invalid> {
        let here = self.active.range((Excluded(Key::Below(p)), Excluded(Key::Above(p))));
        let mut passing = None;
        let mut ending = Vec::new();
        for key in here {
            let Key::Edge(id, _, right) = *key else { continue };
            if right == p {
                ending.push(*key);
            } else if passing.replace(id).is_some() {
                return Err(Invalid::Crossing(p));
            }
        }
        for key in &ending {
            self.active.remove(key);
        }
        let mut starting: Vec<u32> =
            corners.iter().flat_map(|c| c.edges).filter(|e| self.edges[*e as usize].left == p).collect();
        // From below to above.
        starting.sort_by(|a, b| {
            let side = turn(p, self.edges[*a as usize].right, self.edges[*b as usize].right);
            0.0_f64.total_cmp(&side)
        });
        let right = |e: u32| self.edges[e as usize].right;
        let shared = starting.windows(2).any(|w| is_straight(turn(p, right(w[0]), right(w[1]))))
            || passing.is_some_and(|e| starting.iter().any(|s| is_straight(turn(p, right(e), right(*s)))));
        if shared {
            return Err(Invalid::SharedEdge(p));
        }
        for e in &starting {
            self.active.insert(self.key(*e));
        }
        let below = self.active.range(..Key::Below(p)).next_back().copied();
        let above = self.active.range((Excluded(Key::Above(p)), Unbounded)).next().copied();
        let mut here = self.active.range((Excluded(Key::Below(p)), Excluded(Key::Above(p))));
        let lowest = here.next().copied();
        let highest = here.next_back().copied().or(lowest);
        match (lowest, highest) {
            (Some(lowest), Some(highest)) => {
                apart(below, Some(lowest))?;
                apart(Some(highest), above)?;
            }
            _ => apart(below, above)?,
        }
        self.nest(p, &starting)?;
        if corners.len() > 1 || passing.is_some() {
            self.touch(p, corners, passing)?;
        }
        Ok(())
    }

    /// Says of each ring that begins here in which other one it lies.
    fn nest(&mut self, p: Coord<f64>, starting: &[u32]) -> Result<(), Invalid> {
        let mut begun = HashSet::new();
        for e in starting {
            let ring = self.edges[*e as usize].ring;
            let new = self.rings[ring as usize];
            // Its lower edge comes first.
            if new.least != p || !begun.insert(ring) {
                continue;
            }
            let under = self.active.range(..self.key(*e)).next_back().copied();
            let parent = match under {
                Some(Key::Edge(id, ..)) => {
                    let edge = self.edges[id as usize];
                    let other = self.rings[edge.ring as usize];
                    if edge.forward == other.ccw { Some(edge.ring) } else { other.parent }
                }
                _ => None,
            };
            self.rings[ring as usize].parent = parent;
            let outer = parent.map(|r| self.rings[r as usize]);
            match (new.exterior, outer) {
                (true, Some(outer)) if outer.exterior => return Err(Invalid::PartsOverlap(p)),
                (false, Some(outer)) if outer.exterior && outer.part == new.part => {}
                (false, _) => return Err(Invalid::HoleOutside(p)),
                (true, _) => {}
            }
        }
        Ok(())
    }

    /// Rings that meet in a point must neither cross there nor be the same, nor close a circle.
    fn touch(&mut self, p: Coord<f64>, corners: &[Corner], passing: Option<u32>) -> Result<(), Invalid> {
        let mut visits: Vec<(u32, [Coord<f64>; 2])> =
            corners.iter().map(|c| (c.ring, c.edges.map(|e| other_end(self.edges[e as usize], p)))).collect();
        visits.extend(passing.map(|e| {
            let edge = self.edges[e as usize];
            (edge.ring, [edge.left, edge.right])
        }));
        let mut rings: Vec<u32> = visits.iter().map(|(ring, _)| *ring).collect();
        rings.sort_unstable();
        if rings.windows(2).any(|w| w[0] == w[1]) {
            return Err(Invalid::TouchesItself(p));
        }
        // Around the point the two ends of each visit must enclose whole visits only.
        let mut ends: Vec<(Coord<f64>, usize)> =
            visits.iter().enumerate().flat_map(|(i, (_, ends))| ends.map(|end| (end, i))).collect();
        ends.sort_by(|a, b| around(p, a.0, b.0));
        let mut open = Vec::new();
        for (_, visit) in ends {
            if open.last() == Some(&visit) {
                open.pop();
            } else {
                open.push(visit);
            }
        }
        if !open.is_empty() {
            return Err(Invalid::Crossing(p));
        }
        for ring in rings {
            let part = self.rings[ring as usize].part;
            if !self.joined.join(Node::Ring(ring), Node::Point(part, p.x.to_bits(), p.y.to_bits())) {
                return Err(Invalid::Disconnected(p));
            }
        }
        Ok(())
    }

    fn key(&self, edge: u32) -> Key {
        let e = self.edges[edge as usize];
        Key::Edge(edge, e.left, e.right)
    }
}

/// Two neighbours on the sweep line must not cross. Where they only touch, one of them has a corner, and
/// what happens there is judged when the sweep comes to it.
fn apart(a: Option<Key>, b: Option<Key>) -> Result<(), Invalid> {
    let (Some(Key::Edge(_, a, b)), Some(Key::Edge(_, c, d))) = (a, b) else { return Ok(()) };
    let opposite = |s: f64, t: f64| (s > 0.0 && t < 0.0) || (s < 0.0 && t > 0.0);
    if opposite(turn(a, b, c), turn(a, b, d)) && opposite(turn(c, d, a), turn(c, d, b)) {
        let met = line_intersection(Line::new(a, b), Line::new(c, d));
        let at = match met {
            Some(LineIntersection::SinglePoint { intersection, .. }) => intersection,
            _ => c,
        };
        return Err(Invalid::Crossing(at));
    }
    Ok(())
}

fn other_end(edge: Edge, p: Coord<f64>) -> Coord<f64> {
    if edge.left == p { edge.right } else { edge.left }
}

/// A ring, or a point where rings of a part meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Ring(u32),
    Point(usize, u64, u64),
}

/// Which of them hang together.
#[derive(Default)]
struct Joined(HashMap<Node, Node>);

impl Joined {
    /// Joins two; false when they were joined already, so that they close a circle.
    fn join(&mut self, a: Node, b: Node) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        self.0.insert(a, b);
        true
    }

    fn root(&mut self, node: Node) -> Node {
        let mut root = node;
        while let Some(next) = self.0.get(&root) {
            root = *next;
        }
        // Shortens the way for the next time.
        let mut at = node;
        while at != root {
            at = self.0.insert(at, root).unwrap_or(root);
        }
        root
    }
}

#[cfg(test)]
mod tests;
