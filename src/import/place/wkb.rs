//! Well-known binary in hexadecimal digits, as databases print a shape: of ISO and of `PostGIS`, with or without
//! a spatial reference, also with that of `MySQL` in front.

use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon,
};

use super::shape::polygon;
use crate::import::limits::MAX_VERTICES;

/// Deepest nesting of collections.
const MAX_DEPTH: usize = 4;

/// The bytes of a text that may be WKB: `0101…`, `\x0101…` or `0x0101…`.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = ["\\x", "0x", "0X"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text);
    // The shortest is an empty list of lines; the longest has this many positions of four numbers.
    let fits = (18..=64 * MAX_VERTICES).contains(&digits.len()) && digits.len().is_multiple_of(2);
    if !fits || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let nibble = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> =
        digits.as_bytes().chunks_exact(2).map(|p| nibble(p[0]) << 4 | nibble(p[1])).collect();
    (is_begin(&bytes) || (bytes.len() > 9 && is_begin(&bytes[4..]))).then_some(bytes)
}

/// Whether bytes begin as a shape does: the order of bytes, then a kind.
fn is_begin(bytes: &[u8]) -> bool {
    let Some((order, kind)) = bytes.split_first().and_then(|(o, rest)| Some((*o, rest.get(..4)?))) else {
        return false;
    };
    let kind: [u8; 4] = kind.try_into().unwrap_or_default();
    let kind = if order == 1 { u32::from_le_bytes(kind) } else { u32::from_be_bytes(kind) };
    order <= 1 && (1..=7).contains(&((kind & 0x0fff_ffff) % 1000)) && (kind & 0x0fff_ffff) < 4000
}

/// The shape, none when it is empty, and the spatial reference if one is named.
///
/// # Errors
/// Why it is none.
pub(super) fn read(bytes: &[u8]) -> Result<(Option<Geometry<f64>>, Option<u32>), String> {
    let plain = |bytes| {
        let mut reader = Reader { bytes, vertices: MAX_VERTICES, srid: None };
        let shape = reader.shape(0)?;
        match reader.bytes.len() {
            0 => Ok((shape, reader.srid)),
            n => Err(format!("has {n} bytes behind its shape")),
        }
    };
    let read = plain(bytes);
    // What begins with the reference of `MySQL` may look like a shape with its bytes in the other order.
    match bytes.split_first_chunk::<4>() {
        Some((srid, rest)) if read.is_err() && is_begin(rest) => {
            let (shape, own) = plain(rest)?;
            Ok((shape, own.or(Some(u32::from_le_bytes(*srid)))))
        }
        _ => read,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Vertices that may still come.
    vertices: usize,
    srid: Option<u32>,
}

/// The order of bytes and the numbers of a position.
#[derive(Clone, Copy)]
struct Layout {
    little: bool,
    numbers: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or("breaks off")?;
        self.bytes = rest;
        Ok(*head)
    }

    fn integer(&mut self, little: bool) -> Result<u32, String> {
        let b = self.take::<4>()?;
        Ok(if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    }

    /// How many parts follow; each has bytes of its own, so more than there are bytes cannot be.
    fn count(&mut self, l: Layout, each: usize) -> Result<usize, String> {
        let n = self.integer(l.little)? as usize;
        if n.saturating_mul(each) > self.bytes.len() { Err("breaks off".to_owned()) } else { Ok(n) }
    }

    fn coord(&mut self, l: Layout) -> Result<Coord<f64>, String> {
        self.vertices =
            self.vertices.checked_sub(1).ok_or_else(|| format!("has more than {MAX_VERTICES} vertices"))?;
        let mut numbers = [0.0; 4];
        for n in &mut numbers[..l.numbers] {
            let b = self.take::<8>()?;
            *n = if l.little { f64::from_le_bytes(b) } else { f64::from_be_bytes(b) };
        }
        Ok(Coord { x: numbers[0], y: numbers[1] })
    }

    fn line(&mut self, l: Layout) -> Result<LineString<f64>, String> {
        let n = self.count(l, 8 * l.numbers)?;
        (0..n).map(|_| self.coord(l)).collect()
    }

    fn shape(&mut self, depth: usize) -> Result<Option<Geometry<f64>>, String> {
        if depth > MAX_DEPTH {
            return Err("is nested too deeply".to_owned());
        }
        let little = self.take::<1>()?[0] == 1;
        let kind = self.integer(little)?;
        if kind & 0x2000_0000 != 0 {
            self.srid = Some(self.integer(little)?);
        }
        let iso = (kind & 0x0fff_ffff) / 1000;
        let z = kind & 0x8000_0000 != 0 || iso == 1 || iso == 3;
        let m = kind & 0x4000_0000 != 0 || iso >= 2;
        let l = Layout { little, numbers: 2 + usize::from(z) + usize::from(m) };
        Ok(match (kind & 0x0fff_ffff) % 1000 {
            1 => {
                let c = self.coord(l)?;
                // An empty point is written so.
                (!c.x.is_nan()).then_some(Geometry::Point(Point(c)))
            }
            2 => Some(self.line(l)?).filter(|line| !line.0.is_empty()).map(Geometry::LineString),
            3 => self.area(l)?.map(Geometry::Polygon),
            4 => self
                .parts(l, depth, |g| if let Geometry::Point(p) = g { Some(p) } else { None })?
                .map(|p| Geometry::MultiPoint(MultiPoint(p))),
            5 => self
                .parts(l, depth, |g| if let Geometry::LineString(p) = g { Some(p) } else { None })?
                .map(|p| Geometry::MultiLineString(MultiLineString(p))),
            6 => self
                .parts(l, depth, |g| if let Geometry::Polygon(p) = g { Some(p) } else { None })?
                .map(|p| Geometry::MultiPolygon(MultiPolygon(p))),
            7 => self.parts(l, depth, Some)?.map(|p| Geometry::GeometryCollection(GeometryCollection(p))),
            other => return Err(format!("is a shape of kind {other}, which is not read")),
        })
    }

    fn area(&mut self, l: Layout) -> Result<Option<Polygon<f64>>, String> {
        let n = self.count(l, 4)?;
        let rings: Vec<_> = (0..n).map(|_| self.line(l)).collect::<Result<_, _>>()?;
        if rings.is_empty() { Ok(None) } else { polygon(rings).map(Some) }
    }

    fn parts<T>(
        &mut self,
        l: Layout,
        depth: usize,
        fits: impl Fn(Geometry<f64>) -> Option<T>,
    ) -> Result<Option<Vec<T>>, String> {
        let n = self.count(l, 9)?;
        let mut parts = Vec::with_capacity(n);
        for _ in 0..n {
            if let Some(part) = self.shape(depth + 1)? {
                parts.push(fits(part).ok_or("has parts of another kind")?);
            }
        }
        Ok((!parts.is_empty()).then_some(parts))
    }
}
