//! Everything a map sees: layers, the live index, clusters, tiles.
//! Not here: SQL (store), HTTP headers (http), who may see what (`domain::view`).

mod cluster;
mod columns;
mod index;
mod select;
#[cfg(test)]
mod testing;

pub use cluster::{Cluster, HALO, MAX_ZOOM, Symbol, SymbolKind, cluster_cell, cluster_id, symbols};
pub use index::{Change, Live, Snapshot};
mod level;
mod pending;
pub use level::Level;
pub use pending::*;
