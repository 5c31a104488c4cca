//! Places: which columns hold them (`columns`), shapes of a file and of the city (`shape`), circles, and
//! whether numbers are degrees of this city at all (`axes`).

mod axes;
mod circle;
mod columns;
mod fit;
mod shape;

pub use axes::Wrong;
pub(in crate::import) use axes::{Named, Reading, Survey, is_swapped, unknown};
pub(in crate::import) use circle::cap;
pub use circle::polygon as circle;
pub(in crate::import) use columns::PlaceColumns;
pub(in crate::import) use shape::{inside, polygon, simplest, tidy, to_point};
