//! The formats of lists of features, one file each. To add one: write the file and name it here twice.
//! Negotiation, the links of a collection, the class of an export, the file name of a download and the
//! description of the API read this registry.

pub mod csv;
pub mod geojson;
pub mod geojson_seq;
mod row;

pub use row::{Cell, Place, Row, Schema};

use super::geojson::Link;

/// A way to write a list of features, whatever they are of.
#[derive(Debug)]
pub struct Format {
    /// Its names in the `f` parameter; the first one stands in links.
    pub names: &'static [&'static str],
    /// Media type of the answer.
    pub media: &'static str,
    /// Media types in `Accept` that ask for it, without parameters; the first one stands in errors.
    pub accepts: &'static [&'static str],
    /// Extension of a downloaded file.
    pub extension: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// What one answer holds.
    pub extent: Extent,
    /// Begins a document.
    pub encoder: fn() -> Box<dyn Encoder>,
}

/// What one answer in a format holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A page, with links to the next one.
    Page,
    /// All rows as a stream, or as many as asked for: an export.
    Stream,
}

/// Writes one document from its beginning to its end.
pub trait Encoder: Send {
    /// What stands before the rows.
    fn begin(&mut self, _schema: &Schema, _out: &mut Vec<u8>) {}

    /// One row.
    fn row(&mut self, schema: &Schema, row: &Row<'_>, out: &mut Vec<u8>);

    /// The last row did not fit and was taken out again; it is not the first one.
    fn took_back(&mut self) {}

    /// What stands after the rows.
    fn end(&mut self, _page: &Page<'_>, _out: &mut Vec<u8>) {}
}

/// What is known of a list when its rows are written.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// How many features match; of a stream, how many were written.
    pub matched: u64,
    /// This page, the next one, the collection; a stream has none.
    pub links: &'a [Link],
}

/// All formats; the first one is what a client without preference gets.
pub const ALL: &[&Format] = &[&geojson::FORMAT, &geojson_seq::FORMAT, &csv::FORMAT];

/// The media types of the answers.
pub fn media() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|f| f.media)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_media_types_and_extensions_are_of_one_format_each() {
        let once = |of: fn(&'static Format) -> Vec<&'static str>| {
            let all: Vec<_> = ALL.iter().flat_map(|f| of(f)).collect();
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
        };
        once(|f| f.names.to_vec());
        once(|f| f.accepts.to_vec());
        once(|f| vec![f.media]);
        once(|f| vec![f.extension]);
        for format in ALL {
            // What answers say they are is what asks for them.
            assert!(format.media.starts_with(format.accepts[0]), "{format:?}");
        }
        assert_eq!(ALL[0].extent, Extent::Page, "the format by default must not export everything");
    }

    /// The document of these rows.
    pub(super) fn written(format: &Format, schema: &Schema, rows: &[Row<'_>]) -> Vec<u8> {
        let (mut encoder, mut out) = ((format.encoder)(), Vec::new());
        encoder.begin(schema, &mut out);
        rows.iter().for_each(|r| encoder.row(schema, r, &mut out));
        let link = Link {
            href: "https://map.test/a".into(),
            rel: "self",
            media: "a/b",
            title: "This page",
            body: None,
        };
        encoder.end(&Page { matched: 7, links: &[link] }, &mut out);
        out
    }
}
