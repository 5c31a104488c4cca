//! Everything a map sees: layers, the live index, clusters, tiles.
//! Not here: SQL (store), HTTP headers (http), who may see what (`domain::view`).
//!
//! From a change to a tile: `index` keeps the rows as sorted `columns` and swaps whole snapshots;
//! `select` runs a filter over them; `cluster` turns what matches into symbols and `heat` into sums;
//! `shapes` (with `simplify`, `clip` and `solid`) does the same for wards; `tile` writes any of it
//! through `mvt`, as `layer` declares, and `figures` gives it to who draws pictures; `tilejson` joins
//! layers into sets; `style` says how they look. A tile is a pure function of snapshot, layer, filter
//! and address: two processes at the same change give the same bytes.

mod cluster;
mod index;
mod layer;
mod shape;
mod style;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tile;

pub use cluster::heat::{Cell, cells};
pub use cluster::members::{Members, members};
pub use cluster::{Cluster, MAX_ZOOM, Symbol, SymbolKind, cluster_cell, cluster_id, symbols};
pub use index::frozen::{Frozen, Head as FrozenHead, frozen_key};
pub use index::level::Level;
pub use index::live::{Live, Moved, View};
pub use index::nearest::{Near, feature_key};
pub use index::page::SeqSet;
pub use index::select::Go;
pub use index::versions::{Versions, touched};
pub use index::{Change, Snapshot};
pub use layer::layers::read_layers;
pub use layer::mistake::{Mistake, Mistakes};
pub use layer::{
    Content, EXTENT, Example, ExampleFeature, ExampleRow, FieldType, Layer, Source, Title, VectorLayer,
};
pub use shape::features::appears::{Appears, Missing};
pub use shape::features::{FeatureChange, FeatureSet, FeatureSets};
pub use shape::wards::{ShapeError, WardShape, WardShapes};
pub use style::style_check::check_style;
pub use style::{BASEMAP, Background, Reader, Style};
pub use tile::figures::{Figure, Path, Subject, figures};
pub use tile::mvt::{DecodedFeature, DecodedLayer, Value, decode};
pub use tile::occupied::occupied;
pub use tile::tilejson::{Tileset, TilesetError};
pub use tile::viewport::{Pixel, Viewport};
pub use tile::{Sources, abbreviated, tile};
