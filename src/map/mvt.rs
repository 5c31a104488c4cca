//! Mapbox Vector Tile 2.1: writing one layer with integer coordinates, and reading tiles back for
//! checks. Not here: what is written (tile), clipping and simplifying (shapes).

use std::collections::BTreeMap;

use mvt::{Feature, GeomData, GeomEncoder, GeomType, Tile};

use super::layer::EXTENT;

const INTEGERS_FIT: &str = "integer coordinates without a transform always encode";

/// One layer being written.
pub(super) struct LayerWriter {
    tile: Tile,
    layer: mvt::Layer,
}

/// The attributes of one feature being written.
pub(super) struct Tags(Feature);

impl LayerWriter {
    pub(super) fn new(name: &str) -> Self {
        let tile = Tile::new(EXTENT);
        let layer = tile.create_layer(name);
        Self { tile, layer }
    }

    /// Adds a point.
    pub(super) fn point(self, id: u64, (x, y): (i32, i32), tags: impl FnOnce(&mut Tags)) -> Self {
        self.points(id, &[(x, y)], tags)
    }

    /// Adds places, no two the same.
    pub(super) fn points(self, id: u64, places: &[(i32, i32)], tags: impl FnOnce(&mut Tags)) -> Self {
        let mut encoder = GeomEncoder::new(GeomType::Point);
        for &(x, y) in places {
            encoder.add_point(x, y).expect(INTEGERS_FIT);
        }
        self.feature(id, encoder.encode().expect(INTEGERS_FIT), tags)
    }

    /// Adds lines of two vertices or more without repeats, none beginning where the one before ends.
    pub(super) fn lines(self, id: u64, lines: &[Vec<(i32, i32)>], tags: impl FnOnce(&mut Tags)) -> Self {
        let mut encoder = GeomEncoder::new(GeomType::Linestring);
        for line in lines {
            for &(x, y) in line {
                encoder.add_point(x, y).expect(INTEGERS_FIT);
            }
            encoder.complete_geom().expect(INTEGERS_FIT);
        }
        self.feature(id, encoder.encode().expect(INTEGERS_FIT), tags)
    }

    /// Adds a polygon from open rings: each exterior (positive area, y down) before its holes.
    pub(super) fn polygon(self, id: u64, rings: &[Vec<(i32, i32)>], tags: impl FnOnce(&mut Tags)) -> Self {
        let mut encoder = GeomEncoder::new(GeomType::Polygon);
        let mut pen = None;
        for ring in rings {
            // The encoder leaves out the move to a ring that begins where the last one ended.
            let skip = usize::from(pen == ring.first().copied());
            for &(x, y) in ring[skip..].iter().chain(&ring[..skip]) {
                encoder.add_point(x, y).expect(INTEGERS_FIT);
                pen = Some((x, y));
            }
            encoder.complete_geom().expect(INTEGERS_FIT);
        }
        self.feature(id, encoder.encode().expect(INTEGERS_FIT), tags)
    }

    fn feature(self, id: u64, geometry: GeomData, tags: impl FnOnce(&mut Tags)) -> Self {
        let mut feature = self.layer.into_feature(geometry);
        feature.set_id(id);
        let mut writer = Tags(feature);
        tags(&mut writer);
        Self { tile: self.tile, layer: writer.0.into_layer() }
    }

    /// The encoded layer, which is a tile of one layer; nothing if it has no features.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.layer.num_features() == 0 {
            return Vec::new();
        }
        self.tile.add_layer(self.layer).expect("the only layer, made by this tile");
        self.tile.to_bytes().expect("encoding to memory does not fail")
    }
}

impl Tags {
    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.0.add_tag_string(key, value);
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        self.0.add_tag_uint(key, value);
    }

    pub(super) fn integer(&mut self, key: &str, value: i64) {
        match u64::try_from(value) {
            Ok(n) => self.0.add_tag_uint(key, n),
            Err(_) => self.0.add_tag_sint(key, value),
        }
    }

    pub(super) fn real(&mut self, key: &str, value: f64) {
        self.0.add_tag_double(key, value);
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.0.add_tag_bool(key, value);
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
