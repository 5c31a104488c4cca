//! Which format a file is in, by its first bytes; files that are not read say what to do instead.

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One GeoJSON document (RFC 7946).
    GeoJson,
    /// GeoJSON texts one after the other: by record separators (RFC 8142) or one a line.
    GeoJsonSeq,
    /// A JSON array of objects, like the requests of Open311 `GeoReport`.
    Records,
    /// A table with a header line.
    Csv,
    /// OpenStreetMap's binary form.
    OsmPbf,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::GeoJson, Self::GeoJsonSeq, Self::Records, Self::Csv, Self::OsmPbf];

    /// The name for people and for `--format`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::GeoJsonSeq => "geojsonseq",
            Self::Records => "json-array",
            Self::Csv => "csv",
            Self::OsmPbf => "osm-pbf",
        }
    }

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}

/// Why a file is in no format that is read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Gzip that ends too early or is damaged.
    #[error("the gzip data is truncated or damaged: {0}")]
    Gzip(std::io::Error),
    /// Larger than [`MAX_BYTES`](crate::import::MAX_BYTES).
    #[error("the file is larger than 256 MiB when unpacked")]
    TooLarge,
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A format of others, and how to bring it here.
    #[error("{0}, which is not a format that is read; {1}")]
    Other(&'static str, &'static str),
    /// OpenStreetMap's elements for a collection without rules.
    #[error("data/osm.toml has no rules for {0}")]
    NoRules(String),
    /// A document that is not in order.
    #[error("{0}")]
    Broken(String),
}

/// Bytes at the beginning in which an XML document says what it is.
const HEAD: usize = 512;
/// Without another system, because the change from VN-2000 that GDAL chooses lands beside the place in a
/// part of the city; the document names the system, and the import converts it.
const OGR: &str = "convert it with: ogr2ogr -f GeoJSON out.geojson IN";
const BINARY: &str = "if GDAL reads it, convert it with: ogr2ogr -f GeoJSON out.geojson IN";

/// The format of a file.
pub(in crate::import) fn recognise(bytes: &[u8]) -> Result<Format, FormatError> {
    let other = |what, instead| Err(FormatError::Other(what, instead));
    let head = &bytes[..bytes.len().min(64)];
    match bytes {
        [b'P', b'K', 3, 4, ..] => return other("a ZIP archive", "unpack it, then convert what is inside"),
        // The file code of a main file or its index, big endian.
        [0, 0, 0x27, 0x0a, ..] => return other("a shapefile", OGR),
        [b'f', b'g', b'b', ..] => return other("FlatGeobuf", OGR),
        _ if bytes.starts_with(b"SQLite format 3\0") => return other("a GeoPackage or SQLite file", OGR),
        _ if bytes.starts_with(b"PAR1") => return other("Parquet", OGR),
        _ if head.windows(9).any(|w| w == b"OSMHeader") => return Ok(Format::OsmPbf),
        _ => {}
    }
    let text = strip_bom(bytes);
    match text.iter().find(|b| !b.is_ascii_whitespace()) {
        None => Err(FormatError::Empty),
        Some(0x1e) => Ok(Format::GeoJsonSeq),
        Some(b'{' | b'[') => {
            // A document may span lines; texts one a line are whole on the first.
            let line = text.split(|b| *b == b'\n').find(|l| !l.trim_ascii().is_empty()).unwrap_or(text);
            let rest = text[line.len()..].contains(&b'{');
            let whole = serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
            let begins = |b: u8| text.trim_ascii_start().first() == Some(&b);
            Ok(match rest && whole {
                true => Format::GeoJsonSeq,
                false if begins(b'[') => Format::Records,
                false => Format::GeoJson,
            })
        }
        Some(b'<') => {
            if text.windows(16).take(HEAD).any(|w| w == b"<service_request") {
                return other("Open311 GeoReport as XML", "ask its server for .json instead of .xml");
            }
            let what = "XML (KML, GPX, CAP, DATEX II, OSM XML …)";
            other(what, "KML, GPX and GML can be converted by ogr2ogr, OSM XML by osmium")
        }
        // No text begins like this: dBASE tables, index files, pictures.
        Some(_) if head.contains(&0) => other("a binary file", BINARY),
        Some(_) => Ok(Format::Csv),
    }
}

/// Some editors begin a file with a byte order mark, and some tools put one before it.
pub(in crate::import) fn strip_bom(mut bytes: &[u8]) -> &[u8] {
    while let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        bytes = rest;
    }
    bytes
}
