//! CSV (RFC 4180): UTF-8, CR LF, a header line; text that a spreadsheet would run as a formula is
//! guarded by an apostrophe.

use super::geometry;
use crate::domain::field::{self, Value};
use crate::domain::view::PublicReport;
use crate::domain::{CodeBook, Collection, Feature};

/// Media type.
pub const MEDIA: &str = "text/csv; charset=utf-8; header=present";

/// What stands after the properties of a declared collection.
const FEATURE_ENDS: [&str; 7] =
    ["wards", "source", "source_id", "revision", "created_at", "updated_at", "geometry"];

/// Writes records one after the other.
#[derive(Debug)]
pub struct Writer(::csv::Writer<Vec<u8>>);

impl Default for Writer {
    fn default() -> Self {
        Self(::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new()))
    }
}

impl Writer {
    /// The header line.
    pub fn header(&mut self) {
        let names = ["id", "lon", "lat"].into_iter().chain(field::REPORT.iter().map(|f| f.name));
        self.write(names);
    }

    /// One report.
    pub fn report(&mut self, r: &PublicReport) {
        let place = r.facts.point;
        let number = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
        let keys = [r.id.to_string(), number(place.map(|p| p.lon())), number(place.map(|p| p.lat()))];
        self.write(keys.into_iter().chain(field::REPORT.iter().map(|f| cell((f.get)(r)))));
    }

    /// The header line of a declared collection.
    pub fn feature_header(&mut self, collection: &Collection) {
        let properties = collection.properties.iter().map(|p| p.name.as_str());
        self.write(["id"].into_iter().chain(properties).chain(FEATURE_ENDS));
    }

    /// One feature; its shape is well-known text.
    pub fn feature(&mut self, collection: &Collection, f: &Feature, codebook: &CodeBook) {
        let wards: Vec<String> = codebook.ward_names(&f.wards).collect();
        let ends = [
            wards.join(" "),
            guarded(f.source.to_string()),
            guarded(f.source_id.clone()),
            f.revision.to_string(),
            f.created.to_string(),
            f.updated.to_string(),
            f.geometry.as_ref().map(geometry::to_wkt).unwrap_or_default(),
        ];
        debug_assert_eq!(collection.properties.len(), f.values.len());
        let values = f.values.iter().map(|v| cell(v.clone()));
        self.write(std::iter::once(f.id.to_string()).chain(values).chain(ends));
    }

    /// What was written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        let full = std::mem::take(self);
        full.0.into_inner().expect("writing to memory cannot fail")
    }

    fn write<T: AsRef<[u8]>>(&mut self, cells: impl Iterator<Item = T>) {
        self.0.write_record(cells).expect("writing to memory cannot fail, and all records have one length");
    }
}

fn cell(v: Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::Text(s) => guarded(s),
        Value::Integer(i) => i.to_string(),
        Value::Number(n) => n.to_string(),
        Value::Boolean(b) => b.to_string(),
    }
}

/// OWASP's rule for formula injection.
fn guarded(s: String) -> String {
    if s.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{s}") } else { s }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_lines_end_as_rfc_4180_says() {
        assert_eq!(cell(Value::Text("=1+1".into())), "'=1+1");
        assert_eq!(cell(Value::Integer(-3)), "-3");
        let mut w = Writer::default();
        w.write(["a\"b", "c,d"].iter());
        assert_eq!(w.take(), b"\"a\"\"b\",\"c,d\"\r\n");
        w.write(["e"].iter());
        assert_eq!(w.take(), b"e\r\n");
    }
}
