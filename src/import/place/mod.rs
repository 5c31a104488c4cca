//! Places: which columns hold them (`columns`), the forms they have in a cell (`cell`, `degrees`, `wkb`), shapes
//! of a file and of the city (`shape`), circles, and whether numbers are degrees of this city at all (`axes`).

mod axes;
mod cell;
mod circle;
mod columns;
mod degrees;
mod shape;
mod wkb;

pub use axes::Wrong;
pub(in crate::import) use axes::{Survey, is_swapped};
pub(in crate::import) use circle::cap;
pub use circle::polygon as circle;
pub(in crate::import) use columns::PlaceColumns;
pub(in crate::import) use shape::{from_geojson, swapped, tidy};
