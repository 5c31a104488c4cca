//! CSV to rows: a header line, then places as two columns of degrees or one of WKT. The delimiter is
//! the one that the header holds most of; names of columns are compared without regard to case.

use std::collections::BTreeMap;
use std::io::Read;

use csv::ByteRecord;
use geo::{Geometry, Point};
use unicode_normalization::UnicodeNormalization;

use super::format::{FormatError, strip_bom};
use super::mapping::Profile;
use super::raw::{Raw, Row, Unread};
use super::stream::Budget;
use super::{MAX_COLUMNS, MAX_VERTICES, shape};
use diaban_core::domain::field::Value;

/// What columns of degrees are called.
const LON: &[&str] = &["lon", "lng", "long", "longitude", "x", "kinh_do", "kinh độ", "kinhdo"];
const LAT: &[&str] = &["lat", "latitude", "y", "vi_do", "vĩ độ", "vido"];
/// What columns of WKT are called.
const WKT: &[&str] = &["wkt", "geom", "geometry", "the_geom"];
/// Words that a WKT begins with.
const SHAPES: &[&str] = &[
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "SRID=",
];
/// Bytes of a cell: a WKT of [`MAX_VERTICES`] positions.
const MAX_CELL: usize = MAX_VERTICES * 50;

/// Which columns hold the place, where the user says so.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// Longitude.
    pub(super) lon: Option<String>,
    /// Latitude.
    pub(super) lat: Option<String>,
    /// A WKT.
    pub(super) wkt: Option<String>,
    /// The byte between cells.
    pub(super) delimiter: Option<u8>,
}

enum Place {
    Degrees(usize, usize),
    Wkt(usize),
    /// Alerts may name wards or a circle instead.
    Nowhere,
}

/// What the header line says.
struct Head {
    header: Vec<String>,
    place: Place,
    /// The reader counts a line at its line feed, which after a carriage return it meets in the next row.
    behind: u64,
}

/// A table whose header is read.
pub(super) struct Table<'a> {
    body: &'a [u8],
    delimiter: u8,
    head: Head,
}

/// Opens a table.
pub(super) fn open<'a>(bytes: &'a [u8], columns: &Columns) -> Result<Table<'a>, FormatError> {
    let body = strip_bom(bytes);
    let delimiter = columns.delimiter.unwrap_or_else(|| delimiter(body));
    let (head, _) = head(&mut reader(body, delimiter), body, columns)?;
    Ok(Table { body, delimiter, head })
}

/// Gives the rows of a table one by one while it is read, as long as they are taken. `begin` is what it
/// begins with, `budget` grows anew with each row.
pub(super) fn stream(
    source: impl Read,
    begin: &[u8],
    columns: &Columns,
    budget: &Budget,
    mut take: impl FnMut(Row) -> bool,
) -> Result<(), FormatError> {
    let delimiter = columns.delimiter.unwrap_or_else(|| delimiter(begin));
    let mut reader = reader(source, delimiter);
    let (head, mut first) = head(&mut reader, begin, columns)?;
    let mut record = ByteRecord::new();
    loop {
        budget.renew();
        let is_row = match first.take() {
            Some(row) => {
                record = row;
                true
            }
            None => reader.read_byte_record(&mut record).map_err(|e| {
                let line = record.position().map_or(0, csv::Position::line);
                FormatError::Broken(format!("the table breaks off after line {line}: {e}"))
            })?,
        };
        if !is_row || !take(head.read(&record)) {
            return Ok(());
        }
    }
}

/// The header line and the first row.
fn head<R: Read>(
    reader: &mut csv::Reader<R>,
    begin: &[u8],
    columns: &Columns,
) -> Result<(Head, Option<ByteRecord>), FormatError> {
    let broken = |text: String| Err(FormatError::Broken(text));
    let header = match reader.headers() {
        Ok(header) => header,
        Err(e) => return broken(format!("the header line: {e}")),
    };
    let header: Vec<String> = header
        .iter()
        .zip(1..)
        .map(|(name, i)| match name.trim().nfc().collect::<String>() {
            empty if empty.is_empty() => format!("column {i}"),
            name => name,
        })
        .collect();
    if header.len() > MAX_COLUMNS {
        return broken(format!("the table has more than {MAX_COLUMNS} columns"));
    }
    for (i, name) in header.iter().enumerate() {
        if header[..i].iter().any(|other| other.to_lowercase() == name.to_lowercase()) {
            return broken(format!("the column {name:?} is there twice; rename one"));
        }
    }
    let mut first = ByteRecord::new();
    let has_row = reader.read_byte_record(&mut first).unwrap_or(false);
    let first = has_row.then_some(first);
    let place = place(&header, columns, first.as_ref())?;
    let line = begin.split(|b| *b == b'\n').next().unwrap_or_default();
    let behind = u64::from(line.ends_with(b"\r"));
    Ok((Head { header, place, behind }, first))
}

fn reader<R: Read>(body: R, delimiter: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(body)
}

fn delimiter(body: &[u8]) -> u8 {
    let line = body.split(|b| *b == b'\n').next().unwrap_or(body);
    let count = |d: u8| line.split(|b| *b == d).count();
    // The last of equals wins, and a table of one column has none of them.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|d| count(*d)).unwrap_or(b',')
}

fn place(header: &[String], columns: &Columns, first: Option<&ByteRecord>) -> Result<Place, FormatError> {
    let find = |name: &str| header.iter().position(|h| h.to_lowercase() == name.to_lowercase());
    let named = |name: &String| {
        find(name).ok_or_else(|| {
            FormatError::Broken(format!("there is no column {name:?}; there are {}", header.join(", ")))
        })
    };
    if let Some(name) = &columns.wkt {
        return Ok(Place::Wkt(named(name)?));
    }
    let lon = columns.lon.as_ref().map(named).transpose()?;
    let lat = columns.lat.as_ref().map(named).transpose()?;
    let lon = lon.or_else(|| LON.iter().find_map(|n| find(n)));
    let lat = lat.or_else(|| LAT.iter().find_map(|n| find(n)));
    if let (Some(lon), Some(lat)) = (lon, lat) {
        return Ok(Place::Degrees(lon, lat));
    }
    let wkt = WKT.iter().find_map(|n| find(n));
    let wkt = wkt.or_else(|| {
        first.and_then(|record| {
            let begins = |cell: &[u8]| {
                let head = String::from_utf8_lossy(&cell[..cell.len().min(20)]).trim().to_uppercase();
                SHAPES.iter().any(|s| head.starts_with(s))
            };
            record.iter().take(header.len()).position(begins)
        })
    });
    Ok(wkt.map_or(Place::Nowhere, Place::Wkt))
}

impl Table<'_> {
    /// The rows, one by one.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let mut reader = reader(self.body, self.delimiter);
        std::iter::from_fn(move || {
            let mut record = ByteRecord::new();
            // Bytes in memory cannot fail to be read, and any bytes are a record.
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                return None;
            }
            Some(self.head.read(&record))
        })
    }
}

impl Head {
    fn read(&self, record: &ByteRecord) -> Row {
        let row = record.position().map_or(0, |p| p.line() + self.behind);
        self.row(row, record).map_err(|reason| Unread { row, id: None, reason })
    }

    fn row(&self, row: u64, record: &ByteRecord) -> Result<Raw, String> {
        if record.len() != self.header.len() {
            return Err(format!("has {} cells, the header has {}", record.len(), self.header.len()));
        }
        let mut cells = Vec::with_capacity(record.len());
        for (cell, name) in record.iter().zip(&self.header) {
            if cell.len() > MAX_CELL {
                return Err(format!("{name} is longer than {MAX_CELL} bytes"));
            }
            cells.push(std::str::from_utf8(cell).map_err(|_| format!("{name} is not UTF-8"))?.trim());
        }
        let geometry = self.geometry(&cells);
        let is_place = |i: usize| match self.place {
            Place::Degrees(x, y) => i == x || i == y,
            Place::Wkt(w) => i == w,
            Place::Nowhere => false,
        };
        let mut properties = BTreeMap::new();
        for (i, (name, cell)) in self.header.iter().zip(cells).enumerate() {
            if !is_place(i) {
                let value = if cell.is_empty() { Value::Null } else { Value::Text(cell.to_owned()) };
                properties.insert(name.clone(), value);
            }
        }
        Ok(Raw { row, id: None, geometry, properties })
    }

    fn geometry(&self, cells: &[&str]) -> Result<Option<Geometry<f64>>, String> {
        match self.place {
            Place::Wkt(i) if !cells[i].is_empty() => {
                shape::from_wkt(cells[i]).map(Some).map_err(|e| format!("{} {e}", self.header[i]))
            }
            Place::Degrees(x, y) if !(cells[x].is_empty() && cells[y].is_empty()) => {
                let (x, y) = (self.number(x, cells[x])?, self.number(y, cells[y])?);
                Ok(Some(Geometry::Point(Point::new(x, y))))
            }
            _ => Ok(None),
        }
    }

    fn number(&self, column: usize, cell: &str) -> Result<f64, String> {
        number(&self.header[column], cell)
    }
}

fn number(name: &str, cell: &str) -> Result<f64, String> {
    cell.parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(|| {
        let shown: String = cell.chars().take(40).collect();
        let hint = if cell.contains(',') { "; decimals need a point" } else { "" };
        format!("{name} is “{shown}”, no number{hint}")
    })
}

/// Whether a column may hold the place.
pub(super) fn is_place(name: &str, profile: &Profile) -> bool {
    let name = name.to_lowercase();
    let named = [&profile.lon, &profile.lat, &profile.wkt];
    let usual = LON.iter().chain(LAT).chain(WKT);
    usual.copied().any(|n| n == name) || named.into_iter().flatten().any(|n| n.to_lowercase() == name)
}

/// The place of an object that has its degrees in two members.
pub(super) fn degrees(raw: &Raw, columns: &Columns) -> Result<Option<Geometry<f64>>, String> {
    let read = |named: &Option<String>, usual: &[&str]| -> Result<Option<f64>, String> {
        let find = |name: &str| raw.text(name).map(|text| number(name, &text)).transpose();
        match named {
            Some(name) => find(name),
            None => usual.iter().map(|name| find(name)).find(|n| n != &Ok(None)).unwrap_or(Ok(None)),
        }
    };
    match (read(&columns.lon, LON)?, read(&columns.lat, LAT)?) {
        (Some(x), Some(y)) => Ok(Some(Geometry::Point(Point::new(x, y)))),
        (None, None) => Ok(None),
        (None, _) => Err("has a latitude and no longitude".to_owned()),
        (_, None) => Err("has a longitude and no latitude".to_owned()),
    }
}
