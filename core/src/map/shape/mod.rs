//! Lines and areas for tiles: the wards of a generation (`wards`), the features of a collection (`features`), and what
//! both are made of (`ring`). `e7box` is the box that a filter on positions has.
//!
//! Not here: which ward owns a point (area), encoding (mvt).

pub(in crate::map) mod e7box;
pub(in crate::map) mod features;
pub(in crate::map) mod ring;
pub(in crate::map) mod wards;
