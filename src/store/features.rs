//! City features, kept for now as source ids and hashes in a file beside the database: it stands in
//! until the features' own tables are there, and answers what an import must know.

#![expect(clippy::unused_async, reason = "the features' own tables will be asked over the pool")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Store, StoreError};
use crate::domain::feature::NewFeature;
use crate::domain::{Collection, Instant};
use crate::format::feature::content_hash;

/// What is stored of one feature, as an import compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredContent {
    /// What the source calls it.
    pub source_id: String,
    /// See [`content_hash`].
    pub hash: [u8; 16],
}

/// What an import does to the features of one source, in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureWrite {
    /// The collection.
    pub collection: Arc<Collection>,
    /// The import's name.
    pub source: String,
    /// New ones and changed ones; what is stored the same already is passed over.
    pub upserts: Vec<NewFeature>,
    /// Source ids of those to remove.
    pub gone: Vec<String>,
}

type Lines = BTreeMap<(String, String, String), String>;

impl Store {
    /// What is stored of one source in one collection.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn feature_contents(
        &self,
        collection: &str,
        source: &str,
    ) -> Result<Vec<StoredContent>, StoreError> {
        let wanted = self.lines()?.into_iter().filter(|((c, s, _), _)| c == collection && s == source);
        Ok(wanted
            .filter_map(|((_, _, source_id), hash)| {
                let hash = u128::from_str_radix(&hash, 16).ok()?.to_be_bytes();
                Some(StoredContent { source_id, hash })
            })
            .collect())
    }

    /// Writes what came and takes away what is gone, in one go.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn write_features(&self, write: FeatureWrite, _at: Instant) -> Result<(), StoreError> {
        let FeatureWrite { collection, source, upserts, gone } = write;
        let mut lines = self.lines()?;
        let key = |id: String| (collection.id.to_string(), source.clone(), id);
        for id in gone {
            lines.remove(&key(id));
        }
        for f in upserts {
            let hash = format!("{:032x}", u128::from_be_bytes(content_hash(&collection, &f)));
            lines.insert(key(f.source_id), hash);
        }
        let line = |((c, s, id), h): (&(String, String, String), &String)| format!("{c}\t{s}\t{id}\t{h}");
        let text = lines.iter().map(line).collect::<Vec<_>>().join("\n");
        std::fs::write(self.beside(), text).map_err(|e| StoreError::Open(e.to_string()))
    }

    fn beside(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".features");
        name.into()
    }

    fn lines(&self) -> Result<Lines, StoreError> {
        let text = match std::fs::read_to_string(self.beside()) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|e| StoreError::Open(e.to_string()))?,
        };
        let parse = |line: &str| {
            let mut cells = line.split('\t').map(str::to_owned);
            Some(((cells.next()?, cells.next()?, cells.next()?), cells.next()?))
        };
        Ok(text.lines().filter_map(parse).collect())
    }
}
