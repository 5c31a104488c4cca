//! The flags that say how the columns of a file become properties, shared by all imports of tables.

use std::path::{Path, PathBuf};

use clap::Args;

use super::source::STDIN;
use crate::import::{Format, MappingError, Profile, Scalar};

/// Bytes of a profile.
const MAX_PROFILE: u64 = 1 << 20;

#[derive(Args)]
pub(in crate::cli) struct MappingArgs {
    /// How columns become properties, as a TOML file; the flags below add to it.
    #[arg(long)]
    profile: Option<PathBuf>,
    /// PROPERTY=COLUMN, or a text with columns in braces: 'address={number} {street}'.
    #[arg(long, value_name = "PROPERTY=COLUMN")]
    map: Vec<String>,
    /// PROPERTY=VALUE, the same for every row.
    #[arg(long, value_name = "PROPERTY=VALUE")]
    set: Vec<String>,
    /// PROPERTY:FROM=TO, what a column's value means; FROM may be * for any other.
    #[arg(long, value_name = "PROPERTY:FROM=TO")]
    value: Vec<String>,
    /// COLUMN=VALUE, to take only such rows; several of one column are alternatives.
    #[arg(long, value_name = "COLUMN=VALUE")]
    only: Vec<String>,
    /// The column of the source id.
    #[arg(long)]
    id: Option<String>,
    /// The column of longitudes.
    #[arg(long)]
    lon: Option<String>,
    /// The column of latitudes.
    #[arg(long)]
    lat: Option<String>,
    /// The column that holds the place in one cell: WKT, WKB, GeoJSON, or a pair of degrees.
    #[arg(long)]
    wkt: Option<String>,
    /// The character between cells.
    #[arg(long)]
    delimiter: Option<char>,
    /// geojson, geojsonseq, json-array, csv or osm-pbf; else what the file begins with decides.
    #[arg(long, value_parser = format)]
    pub(in crate::cli) format: Option<Format>,
    /// The coordinate system, whatever the file says: EPSG:9210, EPSG:5899, EPSG:3405, EPSG:4756, EPSG:4326 …
    #[arg(long)]
    crs: Option<String>,
    /// The list of rows inside a JSON document, like result.records; else the only one.
    #[arg(long)]
    list: Option<String>,
    /// point: of an area a point inside it, of a line its middle, where points are wanted.
    #[arg(long)]
    shape: Option<String>,
    /// Make areas valid that are not, and tell how their size changes.
    #[arg(long)]
    make_valid: bool,
    /// The file has latitude first: exchange the numbers.
    #[arg(long)]
    swap_axes: bool,
}

fn format(name: &str) -> Result<Format, String> {
    Format::parse(name).ok_or_else(|| format!("one of {}", Format::ALL.map(Format::name).join(", ")))
}

impl MappingArgs {
    /// The profile, with what the flags add.
    pub(in crate::cli) fn profile(&self) -> Result<Profile, Box<dyn std::error::Error + Send + Sync>> {
        let mut profile = match &self.profile {
            None => Profile::default(),
            Some(path) => {
                let named = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
                if std::fs::metadata(path).map_err(|e| named(&e))?.len() > MAX_PROFILE {
                    return Err(named(&"larger than 1 MiB").into());
                }
                let text = std::fs::read_to_string(path).map_err(|e| named(&e))?;
                Profile::parse(&text).map_err(|e: MappingError| named(&e))?
            }
        };
        for pair in &self.map {
            let (property, column) = split(pair, '=', "--map PROPERTY=COLUMN")?;
            profile.fields.insert(property, column);
        }
        for pair in &self.set {
            let (property, value) = split(pair, '=', "--set PROPERTY=VALUE")?;
            profile.set.insert(property, Scalar(value));
        }
        for triple in &self.value {
            let (property, rest) = split(triple, ':', "--value PROPERTY:FROM=TO")?;
            let (from, to) = split(&rest, '=', "--value PROPERTY:FROM=TO")?;
            profile.values.entry(property).or_default().insert(from, Scalar(to));
        }
        for pair in &self.only {
            let (column, value) = split(pair, '=', "--only COLUMN=VALUE")?;
            profile.only.entry(column).or_default().push(value);
        }
        let or = |flag: &Option<String>, own: Option<String>| flag.clone().or(own);
        profile.id = or(&self.id, profile.id);
        profile.lon = or(&self.lon, profile.lon);
        profile.lat = or(&self.lat, profile.lat);
        profile.wkt = or(&self.wkt, profile.wkt);
        profile.delimiter = self.delimiter.or(profile.delimiter);
        profile.crs = or(&self.crs, profile.crs);
        profile.list = or(&self.list, profile.list);
        profile.shape = or(&self.shape, profile.shape);
        profile.make_valid |= self.make_valid;
        profile.swap_axes |= self.swap_axes;
        Ok(profile)
    }
}

fn split(text: &str, at: char, form: &str) -> Result<(String, String), String> {
    let pair = text.split_once(at).filter(|(left, _)| !left.is_empty());
    pair.map(|(l, r)| (l.to_owned(), r.to_owned())).ok_or_else(|| format!("{text:?} must be {form}"))
}

/// `hospitals` of `https://example.org/data/hospitals.geojson.gz?v=1`.
pub(in crate::cli) fn stem(file: &str) -> String {
    if file == STDIN {
        return "stdin".to_owned();
    }
    let path = if file.contains("://") { file.split(['?', '#']).next().unwrap_or(file) } else { file };
    let name = Path::new(path).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut stem = name.strip_suffix(".gz").unwrap_or(&name);
    if let Some((left, _)) = stem.rsplit_once('.').filter(|(left, _)| !left.is_empty()) {
        stem = left;
    }
    if stem.is_empty() { "import".to_owned() } else { stem.to_owned() }
}
