//! Places: which columns hold them (`columns`), the forms they have in a cell (`cell`, `degrees`, `wkb`), shapes
//! of a file and of the city (`shape`), circles, and whether numbers are degrees of this city at all (`axes`).

mod axes;
mod cell;
mod circle;
mod columns;
mod degrees;
mod fit;
mod geojson;
mod shape;
mod wkb;

pub use axes::Wrong;
pub(in crate::import) use axes::{Named, Reading, Survey, is_swapped, unknown};
pub(in crate::import) use circle::cap;
pub use circle::polygon as circle;
pub(in crate::import) use columns::PlaceColumns;
pub(in crate::import) use geojson::{KINDS, Wire};
pub(in crate::import) use shape::{inside, simplest, tidy, to_point};
