//! The indexes of one generation: `grid` answers exactly who owns a point and how far its border is, within `edge`'s
//! robust arithmetic; `nearest` measures what lies beyond the grid's reach.
//!
//! Not here: the rules of ownership (locate).

mod edge;
pub(in crate::area) mod grid;
pub(in crate::area) mod nearest;
