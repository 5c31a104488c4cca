//! Rings and lines on their way into a tile: `simplify` weighs vertices, `mesh` keeps shared borders one line, `frame`
//! converts to tile units, `clip` cuts at the tile's edge, `solid` makes valid polygons of what is left.

pub(in crate::map) mod clip;
pub(in crate::map) mod frame;
pub(in crate::map) mod mesh;
pub(in crate::map) mod simplify;
pub(in crate::map) mod solid;
