//! Everything a map sees: layers, the live index, clusters, tiles.
//! Not here: SQL (store), HTTP headers (http), who may see what (`domain::view`).
//!
//! From a change to a tile: `index` keeps the rows as sorted `columns` and swaps whole snapshots;
//! `select` runs a filter over them; `cluster` turns what matches into symbols and `heat` into sums;
//! `shapes` (with `simplify`, `clip` and `solid`) does the same for wards; `tile` writes any of it
//! through `mvt`, as `layer` declares, and `figures` gives it to who draws pictures; `tilejson` joins
//! layers into sets; `style` says how they look. A tile is a pure function of snapshot, layer, filter
//! and address: two processes at the same change give the same bytes.

mod appears;
mod clip;
mod cluster;
mod columns;
mod draw;
mod drawn;
mod e7box;
mod example;
mod features;
mod figures;
mod frame;
mod frozen;
mod ground;
mod heat;
mod index;
mod kept;
mod layer;
mod layer_check;
mod layers;
mod level;
mod live;
mod matched;
mod members;
mod mesh;
mod mistake;
mod mvt;
mod nearest;
mod occupied;
mod select;
mod shapes;
mod simplify;
mod solid;
mod style;
mod style_check;
#[cfg(test)]
mod testing;
mod thin;
mod tile;
mod tilejson;
mod versions;
mod viewport;

pub use appears::{Appears, Missing};
pub use cluster::{Cluster, MAX_ZOOM, Symbol, SymbolKind, cluster_cell, cluster_id, symbols};
pub use features::{FeatureChange, FeatureSet, FeatureSets};
pub use figures::{Figure, Path, Subject, figures};
pub use frozen::{Frozen, Head as FrozenHead, frozen_key};
pub use heat::{Cell, cells};
pub use index::{Change, Snapshot};
pub use layer::{
    Content, EXTENT, Example, ExampleFeature, ExampleRow, FieldType, Layer, Source, Title, VectorLayer,
};
pub use layers::read_layers;
pub use level::Level;
pub use live::{Live, Moved, View};
pub use members::{Members, members};
pub use mistake::{Mistake, Mistakes};
pub use mvt::{DecodedFeature, DecodedLayer, Value, decode};
pub use nearest::Near;
pub use occupied::occupied;
pub use shapes::{ShapeError, WardShape, WardShapes};
pub use style::{BASEMAP, Ground, Reader, Style};
pub use style_check::check_style;
pub use tile::{Sources, abbreviated, tile};
pub use tilejson::{Tileset, TilesetError};
pub use versions::{Versions, touched};
pub use viewport::{Pixel, Viewport};
