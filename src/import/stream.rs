//! A file of any length to rows, one by one while it is read: what is held is one row, never the file.
//! Gzip is unpacked on the way. Not here: what becomes of a row (reports), whole files (read).

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use geojson::JsonValue;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::format::{self, Format, FormatError, strip_bom};
use super::geojson::{MAX_FEATURE_BYTES, crs, feature, record};
use super::raw::{Row, Unread};
use super::table::{self, Columns, degrees};

/// Bytes that are looked at to see which format it is.
const HEAD: u64 = 256 << 10;
/// Bytes that are read at once.
const BUFFER: usize = 128 << 10;

/// Takes what a file holds, in its order.
pub(super) trait Sink {
    /// The coordinate system that the file names.
    fn crs(&mut self, name: String);
    /// A row; no more are wanted when it says `false`.
    fn row(&mut self, row: Row) -> bool;
}

/// The bytes that may be read until the next row: a row that never ends must not fill the memory.
#[derive(Clone, Debug)]
pub(super) struct Budget(Rc<Cell<usize>>);

impl Budget {
    fn new() -> Self {
        Self(Rc::new(Cell::new(MAX_FEATURE_BYTES)))
    }

    /// Begins a row.
    pub(super) fn renew(&self) {
        self.0.set(MAX_FEATURE_BYTES);
    }
}

struct Bounded<R> {
    inner: R,
    budget: Budget,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        let left = self.budget.0.get().checked_sub(n);
        let left = left.ok_or_else(|| {
            io::Error::other(format!("a row is larger than {} MiB", MAX_FEATURE_BYTES >> 20))
        })?;
        self.budget.0.set(left);
        Ok(n)
    }
}

/// A file whose format is known.
pub(super) struct Stream<'a> {
    /// What it is.
    pub(super) format: Format,
    head: Vec<u8>,
    rest: Box<dyn Read + 'a>,
}

/// Looks at the beginning of a file, plain or gzipped.
pub(super) fn open<'a>(source: impl Read + 'a, format: Option<Format>) -> Result<Stream<'a>, FormatError> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    let packed = source.fill_buf().map_err(|e| unreadable(&e))?.starts_with(&[0x1f, 0x8b]);
    let mut rest: Box<dyn Read + 'a> = Box::new(source);
    if packed {
        rest = Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(rest)));
    }
    let mut head = Vec::new();
    let read = rest.by_ref().take(HEAD).read_to_end(&mut head);
    read.map_err(|e| if packed { FormatError::Gzip(e) } else { unreadable(&e) })?;
    let format = match format {
        Some(format) => format,
        None => format::recognise(&head)?,
    };
    head.drain(..head.len() - strip_bom(&head).len());
    Ok(Stream { format, head, rest })
}

fn unreadable(e: &io::Error) -> FormatError {
    FormatError::Broken(format!("the file cannot be read: {e}"))
}

impl Stream<'_> {
    /// Gives all rows to a sink.
    ///
    /// # Errors
    /// When the file is broken; the rows before that place were given.
    pub(super) fn run(self, columns: &Columns, sink: &mut dyn Sink) -> Result<(), FormatError> {
        let budget = Budget::new();
        let source = Cursor::new(&self.head).chain(self.rest);
        match self.format {
            Format::Csv => {
                let source = Bounded { inner: source, budget: budget.clone() };
                table::stream(source, &self.head, columns, &budget, |row| sink.row(row))
            }
            Format::GeoJsonSeq => sequence(BufReader::new(source), sink),
            Format::GeoJson | Format::Records => {
                let inner = BufReader::new(source);
                document(Bounded { inner, budget: budget.clone() }, self.format, columns, budget, sink)
            }
            Format::OsmPbf => {
                Err(FormatError::Broken("the file is OSM PBF, which holds no reports".to_owned()))
            }
        }
    }
}

/// GeoJSON texts by record separators or one a line.
fn sequence(mut source: impl BufRead, sink: &mut dyn Sink) -> Result<(), FormatError> {
    let begin = source.fill_buf().map_err(|e| unreadable(&e))?;
    let separator = if begin.trim_ascii_start().first() == Some(&0x1e) { 0x1e } else { b'\n' };
    let mut text = Vec::new();
    for row in 1.. {
        text = loop {
            text.clear();
            let most = MAX_FEATURE_BYTES as u64 + 1;
            let read = source.by_ref().take(most).read_until(separator, &mut text);
            let broken = |e: io::Error| FormatError::Broken(format!("the file breaks off in row {row}: {e}"));
            if read.map_err(broken)? == 0 {
                return Ok(());
            }
            // A row that is too large is told once, and its rest passed over.
            if text.len() as u64 == most {
                source.skip_until(separator).map_err(broken)?;
                break text;
            }
            let inner = text.strip_suffix(&[separator]).unwrap_or(&text).trim_ascii();
            if !inner.is_empty() {
                break text;
            }
        };
        let inner = text.strip_suffix(&[separator]).unwrap_or(&text).trim_ascii();
        let read = match std::str::from_utf8(inner) {
            Ok(text) => feature(row, text),
            Err(_) => Err(Unread { row, id: None, reason: "is not UTF-8".to_owned() }),
        };
        if !sink.row(read) {
            break;
        }
    }
    Ok(())
}

/// One JSON document: a `FeatureCollection`, or a list of objects.
fn document(
    source: impl Read,
    format: Format,
    columns: &Columns,
    budget: Budget,
    sink: &mut dyn Sink,
) -> Result<(), FormatError> {
    let mut json = serde_json::Deserializer::from_reader(source);
    let mut walk = Walk { sink, columns, budget, format, rows: 0, kind: None, seen: false, stopped: false };
    let walked = (&mut walk).deserialize(&mut json).and_then(|()| json.end());
    let at = |what: &str, e: serde_json::Error| {
        let rows = walk.rows;
        let after = if rows > 0 { format!(" after row {rows}") } else { String::new() };
        Err(FormatError::Broken(format!("{what}{after}: {e}")))
    };
    match walked {
        _ if walk.stopped => Ok(()),
        Err(e) if e.is_io() => at("the file breaks off", e),
        Err(e) if e.is_data() => at("the file is no list of reports", e),
        Err(e) => at("the file is not JSON", e),
        Ok(()) if !walk.seen => Err(FormatError::Broken(
            "the file is JSON but neither a FeatureCollection nor a list of objects".to_owned(),
        )),
        Ok(()) => Ok(()),
    }
}

struct Walk<'a> {
    sink: &'a mut dyn Sink,
    columns: &'a Columns,
    budget: Budget,
    format: Format,
    rows: u64,
    kind: Option<String>,
    /// Whether there was a list at all.
    seen: bool,
    stopped: bool,
}

impl Walk<'_> {
    fn read(&self, text: &str) -> Row {
        if self.format == Format::GeoJson {
            return feature(self.rows, text);
        }
        let mut raw = record(self.rows, text)?;
        raw.geometry = degrees(&raw, self.columns);
        Ok(raw)
    }

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut items: A) -> Result<(), A::Error> {
        self.seen = true;
        self.budget.renew();
        while let Some(text) = items.next_element::<Box<RawValue>>()? {
            self.rows += 1;
            let row = self.read(text.get());
            if !self.sink.row(row) {
                self.stopped = true;
                return Err(A::Error::custom("no more rows are wanted"));
            }
            self.budget.renew();
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.format = if self.kind.is_some() { Format::GeoJson } else { Format::Records };
        self.list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            self.budget.renew();
            match name.as_str() {
                "features" if self.kind.as_deref().is_none_or(|k| k == "FeatureCollection") => {
                    members.next_value_seed(Features(self))?;
                }
                "type" => self.kind = members.next_value::<JsonValue>()?.as_str().map(str::to_owned),
                "crs" => {
                    if let Some(name) = crs(Some(&members.next_value::<JsonValue>()?)) {
                        self.sink.crs(name);
                    }
                }
                _ => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

/// The list inside a collection.
struct Features<'s, 'a>(&'s mut Walk<'a>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.format = Format::GeoJson;
        self.0.list(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Kept {
        rows: Vec<Row>,
        crs: Option<String>,
        most: Option<usize>,
    }

    impl Sink for Kept {
        fn crs(&mut self, name: String) {
            self.crs = Some(name);
        }

        fn row(&mut self, row: Row) -> bool {
            self.rows.push(row);
            self.most.is_none_or(|most| self.rows.len() < most)
        }
    }

    fn run(bytes: &[u8]) -> (Kept, Option<String>) {
        let mut kept = Kept::default();
        let done = open(bytes, None).and_then(|s| s.run(&Columns::default(), &mut kept));
        (kept, done.err().map(|e| e.to_string()))
    }

    const POINT: &str = r#"{"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[106.7,10.78]},"properties":{"a":1}}"#;

    #[test]
    fn every_format_gives_its_rows_and_a_wrong_one_costs_one_row() {
        let collection = format!(
            r#"{{"links":[{{"href":"x"}}],"crs":{{"properties":{{"name":"EPSG:32648"}}}},"features":[{POINT},{{"type":"Feature"}},3,{POINT}],"type":"FeatureCollection"}}"#
        );
        let (kept, error) = run(collection.as_bytes());
        assert_eq!((error, kept.rows.len()), (None, 4));
        assert_eq!(kept.crs.as_deref(), Some("EPSG:32648"));
        assert_eq!(kept.rows[3].as_ref().unwrap().id.as_deref(), Some("7"));
        assert_eq!(kept.rows[2].as_ref().unwrap_err().row, 3);
        for sequence in [
            format!("\u{1e}{POINT}\n\u{1e}{POINT}\n\u{1e}{{\n"),
            format!("{POINT}\n\n{POINT}\nnot json"),
            format!("\u{feff}{POINT}\r\n{POINT}\r\n[]\r\n"),
        ] {
            let (kept, error) = run(sequence.as_bytes());
            assert_eq!((error, kept.rows.len()), (None, 3), "{sequence}");
            assert!(kept.rows[1].is_ok() && kept.rows[2].is_err());
        }
        let (kept, error) = run(br#"[{"LAT":"10.78","LONG":106.7,"a":{"b":2}},{"lat":1},[]]"#);
        assert_eq!((error, kept.rows.len()), (None, 3));
        let raw = kept.rows[0].as_ref().unwrap();
        let point = geo::Geometry::Point(geo::Point::new(106.7, 10.78));
        assert_eq!((&raw.geometry, raw.text("a.b").as_deref()), (&Ok(Some(point)), Some("2")));
        assert!(kept.rows[1].as_ref().unwrap().geometry.is_err());
        let (kept, error) = run("\u{feff}id;lon;lat\r\n1;106.7;10.78\r\n2;1\r\n".as_bytes());
        assert_eq!((error, kept.rows.len()), (None, 2));
        assert_eq!(kept.rows[0].as_ref().unwrap().row, 2);
    }

    #[test]
    fn a_file_that_breaks_off_gave_what_was_before() {
        let broken = format!(r#"{{"type":"FeatureCollection","features":[{POINT},{POINT},{{"#);
        let (kept, error) = run(broken.as_bytes());
        assert_eq!(kept.rows.len(), 2);
        assert!(error.unwrap().contains("not JSON after row 2: "));
        let mut packed = super::super::tests::gzip(format!("{POINT}\n").repeat(60_000).as_bytes());
        packed.truncate(packed.len() / 2);
        let (kept, error) = run(&packed);
        assert!(kept.rows.len() > 1_000 && error.unwrap().contains("breaks off"));
        for (bytes, word) in [
            (&b"{\"type\":\"Topology\",\"features\":[]}"[..], "neither"),
            (b"", "empty"),
            (b"<kml/>", "XML"),
            (b"{\"features\":7}", "list of features"),
        ] {
            let (_, error) = run(bytes);
            assert!(error.as_ref().unwrap().contains(word), "{error:?}");
        }
    }

    #[test]
    fn a_row_that_never_ends_does_not_fill_the_memory() {
        // 20 MiB: the bound is 16.
        let long = "x".repeat(20 << 20);
        let (kept, error) = run(format!("id,lon,lat\n1,2,3\n\"{long}").as_bytes());
        assert_eq!(kept.rows.len(), 1);
        assert!(error.unwrap().contains("larger than 16 MiB"));
        let (_, error) = run(format!(r#"[{{"a":"{long}"}}]"#).as_bytes());
        assert!(error.unwrap().contains("larger than 16 MiB"));
        let (kept, error) = run(format!("{POINT}\n{{\"a\":\"{long}\"}}\n{POINT}\n").as_bytes());
        assert_eq!((error, kept.rows.len()), (None, 3));
        assert!(kept.rows[1].as_ref().unwrap_err().reason.contains("larger"));
    }

    #[test]
    fn it_ends_when_no_more_is_wanted() {
        let list = format!(r#"{{"type":"FeatureCollection","features":[{POINT},{POINT},{POINT}]}}"#);
        let mut kept = Kept { most: Some(2), ..Kept::default() };
        open(list.as_bytes(), None).unwrap().run(&Columns::default(), &mut kept).unwrap();
        assert_eq!(kept.rows.len(), 2);
    }
}
