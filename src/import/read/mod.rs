//! Bytes to rows, one after the other with their numbers: a reader for each format. What is held is one
//! row, never the file. Not here: what the rows mean (recognise, judge).

mod format;
mod json;
mod osm;
mod sink;
mod table;
mod unpack;
mod utf16;

use std::io::BufReader;

use serde_json::Deserializer;

pub(in crate::import) use format::recognise;
pub use format::{Format, FormatError};
pub use json::{Page, join};
pub use sink::Part;
pub(in crate::import) use sink::{Options, Sink};
pub(in crate::import) use unpack::{Stream, unpack};

#[cfg(test)]
pub(in crate::import) use osm::rows as osm_rows;

use self::unpack::Budget;

/// Gives all rows of a file in memory, which can be read again.
///
/// # Errors
/// When the file is broken; the rows before that place were given.
pub(in crate::import) fn rows_of(
    bytes: &[u8],
    format: Format,
    options: Options<'_>,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
    let bytes = format::strip_bom(bytes);
    match format {
        Format::Csv => table::rows(bytes, bytes, options, &Budget::new(), sink),
        Format::GeoJsonSeq => json::sequence::rows(bytes, sink),
        Format::GeoJson | Format::Records => {
            let plan = json::plan(bytes, options.list)?;
            json::rows(Deserializer::from_slice(bytes), &Budget::new(), &plan, sink)
        }
        Format::OsmPbf => {
            let (rows, notes) = osm::rows(bytes, options.rules()?)?;
            notes.into_iter().for_each(|note| sink.note(note));
            let _ = rows.into_iter().try_for_each(|row| sink.row(row));
            Ok(())
        }
    }
}

impl Stream<'_> {
    /// Gives all rows of a file of any length, which is read once.
    ///
    /// # Errors
    /// When the file is broken; the rows before that place were given.
    pub(in crate::import) fn rows(
        self,
        format: Format,
        options: Options<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), FormatError> {
        let budget = Budget::new();
        match format {
            Format::Csv => {
                let head = self.head().to_vec();
                table::rows(self.bounded(&budget), &head, options, &budget, sink)
            }
            Format::GeoJsonSeq => json::sequence::rows(BufReader::new(self.all()), sink),
            Format::GeoJson | Format::Records => {
                let plan = json::plan(self.head(), options.list)?;
                json::rows(Deserializer::from_reader(self.bounded(&budget)), &budget, &plan, sink)
            }
            // Which nodes its ways need is known after a first walk only, so it must be in memory.
            Format::OsmPbf => Err(FormatError::NoRules(options.collection.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
