//! The pure part of diaban: what a report is, which ward a place belongs to, what a query means, and the exact live
//! map of it all. No I/O, no clock, no chance: values go in, values come out. The service around it (database,
//! HTTP, jobs) is the crate `diaban`.
//!
//! It is also a library by itself, for exact live clusters. A [`map::Snapshot`] holds rows sorted along a Morton
//! curve. [`map::symbols`] gives the symbols of one tile, [`map::tile`] the same as bytes of a Mapbox Vector Tile,
//! [`map::members`] what one cluster holds. Three laws hold for any rows, any filter and any zoom, and are tested:
//!
//! 1. **Exact.** Every matching row is counted in exactly one symbol of exactly one tile of a zoom.
//! 2. **Apart.** Symbols of one zoom stand at least 40 pixels from each other, across tile edges too.
//! 3. **Pure.** The symbols depend on rows, filter and zoom, never on the order in which the rows came. A snapshot
//!    that changes were applied to equals one that is built anew.
//!
//! ```
//! use diaban_core::domain::view::MapRow;
//! use diaban_core::geo::{LonLat, Mercator, TileId};
//! use diaban_core::map::{Change, Snapshot, SymbolKind, symbols};
//! use diaban_core::query::Filter;
//!
//! let row = |seq: u32, lon: f64, lat: f64| {
//!     // `seq` is dense and internal: the key of the index.
//!     MapRow::new(seq, 1000 + u64::from(seq), LonLat::new(lon, lat).ok())
//! };
//!
//! // Two rows on one crossing, one across the river.
//! let rows = vec![row(1, 106.7000, 10.7700), row(2, 106.7001, 10.7701), row(3, 106.7300, 10.7900)];
//! let snapshot = Snapshot::from_rows(rows, 1);
//!
//! let tile = TileId::holding(Mercator::from_lonlat(LonLat::new(106.70, 10.77)?), 9)?;
//! let counts = |snapshot: &Snapshot| -> Vec<u64> {
//!     let symbols = symbols(snapshot, &Filter::default(), tile, 3);
//!     symbols.iter().map(|s| if let SymbolKind::Cluster(c) = &s.kind { c.count } else { 1 }).collect()
//! };
//! assert_eq!(counts(&snapshot), [3]);
//!
//! // A change makes a new snapshot; whoever reads the old one still sees one moment.
//! let later = snapshot.apply(&[Change::Remove { seq: 3 }, Change::Upsert(row(4, 106.7002, 10.7702))], 2);
//! assert_eq!((counts(&later), counts(&snapshot), later.count(&Filter::default())), (vec![3], vec![3], 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Filters are read from the parameters of a URL or from CQL2 ([`query`]); the names behind the small codes of a
//! row (categories, wards, bodies) are a [`domain::CodeBook`]. Layers are declared in TOML ([`map::Layer`]).
//!
//! The modules in reading order; imports go one way, from the end of this list to its beginning.

pub mod geo;

pub mod domain;

pub mod query;

pub mod area;
pub mod format;

pub mod pack;

pub mod map;

pub mod raster;

#[cfg(any(test, feature = "testing"))]
pub mod real_data;
