//! Mapbox Vector Tile 2.1: writing one layer with integer coordinates, and reading tiles back for
//! checks. Not here: what is written (tile), clipping and simplifying (shapes).

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use fast_mvt::{MvtCoord, MvtFeatureBuilder, MvtGeomType, MvtLayerBuilder, MvtValueRef};

use crate::map::shape::ring::clip::area2;

const NAMED: &str = "a layer that is declared without a name is refused";
const FITS: &str = "geometry of the feature's own type, under 2^32 keys and values";

/// One layer being written, 4096 units a side.
pub(in crate::map) struct LayerWriter {
    layer: MvtLayerBuilder,
    /// Room for a text.
    text: String,
}

/// The attributes of one feature being written.
pub(in crate::map) struct Tags<'a> {
    feature: MvtFeatureBuilder,
    text: &'a mut String,
}

impl LayerWriter {
    pub(in crate::map) fn new(name: &str) -> Self {
        Self { layer: MvtLayerBuilder::new(name).expect(NAMED), text: String::new() }
    }

    /// Adds a point.
    pub(in crate::map) fn point(self, id: u64, at: (i32, i32), tags: impl FnOnce(&mut Tags<'_>)) -> Self {
        self.points(id, &[at], tags)
    }

    /// Adds places, no two the same.
    pub(in crate::map) fn points(
        self,
        id: u64,
        places: &[(i32, i32)],
        tags: impl FnOnce(&mut Tags<'_>),
    ) -> Self {
        self.feature(id, MvtGeomType::Point, tags, |f| {
            f.points(coords(places)).expect(FITS);
        })
    }

    /// Adds lines of two vertices or more without repeats.
    pub(in crate::map) fn lines(
        self,
        id: u64,
        lines: &[Vec<(i32, i32)>],
        tags: impl FnOnce(&mut Tags<'_>),
    ) -> Self {
        self.feature(id, MvtGeomType::LineString, tags, |f| {
            for line in lines {
                f.line(coords(line)).expect(FITS);
            }
        })
    }

    /// Adds a polygon from open rings: each exterior (positive area, y down) before its holes.
    pub(in crate::map) fn polygon(
        self,
        id: u64,
        rings: &[Vec<(i32, i32)>],
        tags: impl FnOnce(&mut Tags<'_>),
    ) -> Self {
        self.feature(id, MvtGeomType::Polygon, tags, |f| {
            for ring in rings {
                f.ring(coords(ring), area2(ring) > 0).expect(FITS);
            }
        })
    }

    fn feature(
        mut self,
        id: u64,
        kind: MvtGeomType,
        tags: impl FnOnce(&mut Tags<'_>),
        geometry: impl FnOnce(&mut MvtFeatureBuilder),
    ) -> Self {
        let mut feature = self.layer.feature_of(kind);
        feature.id(Some(id));
        geometry(&mut feature);
        let mut writer = Tags { feature, text: &mut self.text };
        tags(&mut writer);
        self.layer = writer.feature.end();
        self
    }

    /// The encoded layer, which is a tile of one layer; nothing if it has no features.
    pub(in crate::map) fn finish(self) -> Vec<u8> {
        if self.layer.num_features() == 0 { Vec::new() } else { self.layer.encode() }
    }
}

fn coords(path: &[(i32, i32)]) -> impl Iterator<Item = MvtCoord> {
    path.iter().map(|&(x, y)| MvtCoord { x, y })
}

impl Tags<'_> {
    pub(in crate::map) fn text(&mut self, key: &str, value: &str) {
        self.tag(key, MvtValueRef::String(value));
    }

    /// A text as it is displayed.
    pub(in crate::map) fn shown(&mut self, key: &str, value: impl Display) {
        self.text.clear();
        // Writing to memory does not fail.
        let _ = write!(self.text, "{value}");
        self.feature.tag_ref(key, MvtValueRef::String(self.text)).expect(FITS);
    }

    pub(in crate::map) fn number(&mut self, key: &str, value: u64) {
        self.tag(key, MvtValueRef::UInt(value));
    }

    pub(in crate::map) fn integer(&mut self, key: &str, value: i64) {
        match u64::try_from(value) {
            Ok(n) => self.number(key, n),
            Err(_) => self.tag(key, MvtValueRef::SInt(value)),
        }
    }

    pub(in crate::map) fn real(&mut self, key: &str, value: f64) {
        self.tag(key, MvtValueRef::Double(value));
    }

    pub(in crate::map) fn flag(&mut self, key: &str, value: bool) {
        self.tag(key, MvtValueRef::Bool(value));
    }

    fn tag(&mut self, key: &str, value: MvtValueRef<'_>) {
        self.feature.tag_ref(key, value).expect(FITS);
    }
}

/// A decoded attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// Any number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// A decoded feature.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedFeature {
    /// Its id.
    pub id: u64,
    /// 1 point, 2 line, 3 polygon.
    pub kind: u64,
    /// Paths in tile units; rings are open.
    pub paths: Vec<Vec<(i32, i32)>>,
    /// Attributes by name.
    pub tags: BTreeMap<String, Value>,
}

/// A decoded layer.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedLayer {
    /// Its name.
    pub name: String,
    /// The version of the format it claims.
    pub version: u64,
    /// Units along the side.
    pub extent: u64,
    /// Features in order.
    pub features: Vec<DecodedFeature>,
}

/// Reads a tile back; for tests and checks. None if it is broken.
pub fn decode(tile: &[u8]) -> Option<Vec<DecodedLayer>> {
    fields(tile)?.into_iter().map(|(tag, v)| if tag == 3 { layer(v.bytes()?) } else { None }).collect()
}

enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Wire<'a> {
    fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(b) = self { Some(b) } else { None }
    }

    fn number(&self) -> Option<u64> {
        if let Self::Number(n) = self { Some(*n) } else { None }
    }
}

fn varint(buf: &mut &[u8]) -> Option<u64> {
    let mut out = 0;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = buf.split_first()?;
        *buf = rest;
        out |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            return Some(out);
        }
    }
    None
}

fn varints(mut buf: &[u8]) -> Option<Vec<u64>> {
    let mut out = Vec::new();
    while !buf.is_empty() {
        out.push(varint(&mut buf)?);
    }
    Some(out)
}

fn fields(mut buf: &[u8]) -> Option<Vec<(u64, Wire<'_>)>> {
    let mut out = Vec::new();
    while !buf.is_empty() {
        let key = varint(&mut buf)?;
        let len = match key & 7 {
            0 => {
                out.push((key >> 3, Wire::Number(varint(&mut buf)?)));
                continue;
            }
            1 => 8,
            2 => varint(&mut buf)? as usize,
            5 => 4,
            _ => return None,
        };
        let (head, rest) = buf.split_at_checked(len)?;
        out.push((key >> 3, Wire::Bytes(head)));
        buf = rest;
    }
    Some(out)
}

fn layer(buf: &[u8]) -> Option<DecodedLayer> {
    let mut out = DecodedLayer { name: String::new(), version: 1, extent: 4096, features: Vec::new() };
    let (mut keys, mut values, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for (tag, v) in fields(buf)? {
        match tag {
            1 => out.name = String::from_utf8(v.bytes()?.to_vec()).ok()?,
            2 => raw.push(v.bytes()?),
            3 => keys.push(String::from_utf8(v.bytes()?.to_vec()).ok()?),
            4 => values.push(value(v.bytes()?)?),
            5 => out.extent = v.number()?,
            15 => out.version = v.number()?,
            _ => return None,
        }
    }
    for buf in raw {
        let mut f = DecodedFeature { id: 0, kind: 0, paths: Vec::new(), tags: BTreeMap::new() };
        for (tag, v) in fields(buf)? {
            match tag {
                1 => f.id = v.number()?,
                2 => {
                    for pair in varints(v.bytes()?)?.chunks(2) {
                        let &[k, v] = pair else { return None };
                        f.tags.insert(keys.get(k as usize)?.clone(), values.get(v as usize)?.clone());
                    }
                }
                3 => f.kind = v.number()?,
                4 => f.paths = paths(&varints(v.bytes()?)?)?,
                _ => return None,
            }
        }
        out.features.push(f);
    }
    Some(out)
}

fn value(buf: &[u8]) -> Option<Value> {
    let (tag, v) = fields(buf)?.pop()?;
    Some(match tag {
        1 => Value::Text(String::from_utf8(v.bytes()?.to_vec()).ok()?),
        2 => Value::Number(f64::from(f32::from_le_bytes(v.bytes()?.try_into().ok()?))),
        3 => Value::Number(f64::from_le_bytes(v.bytes()?.try_into().ok()?)),
        4 => Value::Number(v.number()? as i64 as f64),
        5 => Value::Number(v.number()? as f64),
        6 => Value::Number(zigzag(v.number()?) as f64),
        7 => Value::Flag(v.number()? != 0),
        _ => return None,
    })
}

fn zigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

fn paths(commands: &[u64]) -> Option<Vec<Vec<(i32, i32)>>> {
    let mut out: Vec<Vec<(i32, i32)>> = Vec::new();
    let (mut x, mut y, mut at, mut open) = (0_i64, 0_i64, 0, false);
    while at < commands.len() {
        let (id, count) = (commands[at] & 7, commands[at] >> 3);
        at += 1;
        if id == 7 {
            // Closing must follow a path, once.
            if !open || count != 1 {
                return None;
            }
            open = false;
            continue;
        }
        if id == 2 && !open {
            return None;
        }
        for _ in 0..count {
            x += zigzag(*commands.get(at)?);
            y += zigzag(*commands.get(at + 1)?);
            at += 2;
            let point = (i32::try_from(x).ok()?, i32::try_from(y).ok()?);
            match id {
                1 => out.push(vec![point]),
                2 => out.last_mut()?.push(point),
                _ => return None,
            }
            open = true;
        }
    }
    Some(out)
}
