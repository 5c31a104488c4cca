//! What goes into a reader and what comes out of it.

use std::ops::ControlFlow;

use super::FormatError;
use crate::import::raw::Row;
use diaban_core::domain::OsmRules;

/// Takes what a file holds, in its order.
pub(in crate::import) trait Sink {
    /// The columns that a table names before its rows.
    fn header(&mut self, names: &[String]);
    /// The coordinate system that the file names.
    fn crs(&mut self, name: String);
    /// A column whose name is there more than once: its cells are those of the first.
    fn twice(&mut self, name: &str);
    /// What the file holds is not all that there is.
    fn part(&mut self, part: Part);
    /// Something that was found in the file as a whole, in words.
    fn note(&mut self, words: String);
    /// A row; after a break no more are wanted.
    fn row(&mut self, row: Row) -> ControlFlow<()>;
}

/// A page of a longer answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How that is known.
    pub why: String,
    /// The address of the next page, as it is written, where that is said.
    pub next: Option<String>,
    /// Rows of all pages together, where that is said.
    pub total: Option<u64>,
}

/// What a reader has to be told.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Options<'a> {
    /// The byte between cells; else the header line says.
    pub(in crate::import) delimiter: Option<u8>,
    /// Names of columns that would be read: the header of a table has some of them.
    pub(in crate::import) columns: &'a [String],
    /// Where the rows go.
    pub(in crate::import) collection: &'a str,
    /// What becomes of OpenStreetMap's elements there.
    pub(in crate::import) osm: Option<&'a OsmRules>,
    /// The list of rows inside a JSON document, like `result.records`; else the only one.
    pub(in crate::import) list: Option<&'a str>,
}

impl<'a> Options<'a> {
    pub(super) fn rules(&self) -> Result<&'a OsmRules, FormatError> {
        self.osm.ok_or_else(|| FormatError::NoRules(self.collection.to_owned()))
    }
}
