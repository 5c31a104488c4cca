//! The formats of feeds, one file each. To add one: write the file and name it here twice.

pub mod atom;
pub mod geojson;
pub mod json;

#[cfg(test)]
mod testing;

use crate::domain::feed::Feed;

/// A way to write a page of a feed.
#[derive(Debug)]
pub struct Format {
    /// What stands behind the last dot of an address; no other format of feeds has it.
    pub extension: &'static str,
    /// Media type.
    pub media: &'static str,
    /// The page as a document.
    pub document: fn(&Feed) -> Vec<u8>,
}

/// All formats, in the order in which addresses are listed.
pub const ALL: &[&Format] = &[&atom::FORMAT, &json::FORMAT, &geojson::FORMAT];

/// Splits a file's name into what it names and how that is written. The last dot counts: a ward's
/// canonical id has a dot of its own.
pub fn of(file: &str) -> Option<(&str, &'static Format)> {
    let (name, extension) = file.rsplit_once('.')?;
    ALL.iter().find(|f| f.extension == extension).map(|f| (name, *f))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_extension_names_one_format() {
        assert_eq!(ALL.iter().map(|f| f.extension).collect::<BTreeSet<_>>().len(), ALL.len());
        for format in ALL {
            let file = format!("2025-07-01.26740.{}", format.extension);
            let (name, found) = of(&file).unwrap();
            assert_eq!((name, found.media), ("2025-07-01.26740", format.media));
            assert!(!(format.document)(&testing::feed()).is_empty());
        }
        assert!(of("reports").is_none() && of("reports.pdf").is_none());
    }
}
