//! A cache of encoded tiles with a budget in bytes. Each tile is made once, however many requests
//! want it at the same time. Its tag stays valid without making it again until something in it
//! changes.

use axum::http::HeaderValue;
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::http::wire::coding::Coding;
use crate::http::wire::document::tag;
use diaban_core::domain::Instant;
use diaban_core::geo::TileId;

/// Overhead of an entry, in bytes.
const OVERHEAD: usize = 256;
/// Typical size of a tile, for the initial capacity.
const TYPICAL: usize = 4 << 10;

/// Everything that the bytes of a tile depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The layers.
    pub(super) set: Box<str>,
    /// The query in normal form.
    pub(super) query: Box<str>,
    pub(super) id: TileId,
    /// The last step of the live map that changed the tile.
    pub(super) version: u64,
    /// The last instant at which a feature began or ended.
    pub(super) as_of: Instant,
    /// `None`: not compressed.
    pub(super) coding: Option<Coding>,
}

/// A tile, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    /// The hash of its uncompressed content. An empty tile has no bytes.
    pub(super) tag: HeaderValue,
    pub(super) bytes: Bytes,
}

#[derive(Clone, Debug)]
struct Weigh;

impl Weighter<Key, Tile> for Weigh {
    fn weight(&self, key: &Key, tile: &Tile) -> u64 {
        (OVERHEAD + key.query.len() + tile.bytes.len()) as u64
    }
}

/// The cache.
#[derive(Debug)]
pub struct TileCache(Cache<Key, Tile, Weigh>);

impl TileCache {
    /// A cache with a budget in bytes; 0 turns it off.
    pub fn new(budget: usize) -> Self {
        Self(Cache::with_weighter(budget / TYPICAL, budget as u64, Weigh))
    }

    /// The tile of a key, made with `make` if it is not cached. Making takes a few milliseconds at
    /// most, usually far below one, which is faster than handing it to another thread.
    pub(super) async fn get(&self, key: Key, make: impl FnOnce() -> Vec<u8>) -> Tile {
        let Some(coding) = key.coding else { return self.plain(key, make).await };
        if let Some(tile) = self.0.get(&key) {
            return tile;
        }
        let plain = self.plain(Key { coding: None, ..key.clone() }, make).await;
        if plain.bytes.is_empty() {
            return plain; // An empty tile stays empty; compressed it would have some bytes.
        }
        let coded = async {
            let bytes = coding.encode(&plain.bytes)?;
            Ok::<_, std::io::Error>(Tile { tag: plain.tag.clone(), bytes: bytes.into() })
        };
        // Writing to memory does not fail. An uncompressed tile must never be stored under this
        // key.
        self.0.get_or_insert_async(&key, coded).await.expect("bytes in memory can be encoded")
    }

    async fn plain(&self, key: Key, make: impl FnOnce() -> Vec<u8>) -> Tile {
        let made = async {
            let bytes = Bytes::from(make());
            Ok::<_, std::convert::Infallible>(Tile { tag: tag(&bytes), bytes })
        };
        let Ok(tile) = self.0.get_or_insert_async(&key, made).await;
        tile
    }

    /// Bytes in the cache, for the metrics.
    pub(in crate::http) fn bytes(&self) -> u64 {
        self.0.weight()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn key(query: &str, version: u64, coding: Option<Coding>) -> Key {
        Key {
            set: "incidents".into(),
            query: query.into(),
            id: TileId::new(3, 6, 3).unwrap(),
            version,
            as_of: Instant::MIN,
            coding,
        }
    }

    #[tokio::test]
    async fn a_tile_is_made_once_until_something_in_it_changes() {
        let cache = Arc::new(TileCache::new(1 << 20));
        let made = Arc::new(AtomicUsize::new(0));
        let ask = |k: Key| {
            let (cache, made) = (cache.clone(), made.clone());
            async move {
                let make = || {
                    made.fetch_add(1, Ordering::SeqCst);
                    vec![7; 500]
                };
                cache.get(k, make).await
            }
        };
        let many = futures_util::future::join_all((0..20).map(|_| ask(key("", 1, None)))).await;
        assert!(many.iter().all(|t| t.bytes.len() == 500));
        assert_eq!(made.load(Ordering::SeqCst), 1);
        let coded = ask(key("", 1, Some(Coding::Zstd))).await;
        assert_eq!((made.load(Ordering::SeqCst), &coded.tag), (1, &many[0].tag));
        assert!(coded.bytes.len() < 100);
        ask(key("", 2, None)).await;
        ask(key("status=open", 2, None)).await;
        assert_eq!(made.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn nothing_stays_nothing_in_every_coding() {
        let cache = TileCache::new(1 << 20);
        for coding in [None, Some(Coding::Zstd), Some(Coding::Brotli), Some(Coding::Gzip)] {
            let tile = cache.get(key("", 1, coding), Vec::new).await;
            assert!(tile.bytes.is_empty(), "{coding:?}");
        }
    }

    #[tokio::test]
    async fn the_budget_holds() {
        let cache = TileCache::new(100_000);
        for version in 0..500 {
            cache.get(key("", version, None), || vec![0; 1_000]).await;
        }
        assert!(cache.bytes() <= 100_000, "{}", cache.bytes());
        let nothing = TileCache::new(0);
        assert_eq!(nothing.get(key("", 1, None), || vec![1]).await.bytes.len(), 1);
    }
}
