//! A city feature: one road work, one hospital, one alert. Its values follow the declaration of its
//! collection. Not here: what it may hold (collection), which are asked for (query).

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::{BoundingRect, Geometry, Rect};

use super::field::Value;
use super::report::MAX_ID;
use super::{Collection, Instant, Shape, Violation};

/// A feature as an importer hands it in: checked, not yet stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFeature {
    /// What its source calls it; unique within the source, kept for ever.
    pub source_id: String,
    /// Its shape in degrees (CRS84), seven decimals; none when it names wards or has no place.
    pub geometry: Option<Geometry<f64>>,
    /// One value for each property of the collection.
    pub values: Vec<Value>,
    /// Canonical ids of the wards it lies in or names, ascending.
    pub wards: Vec<String>,
    /// How it came by these wards.
    pub membership: Membership,
}

/// How a feature came by its wards: what decides about them when boundaries change. The numbers are
/// stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Membership {
    /// They are those that its shape meets.
    #[default]
    Met = 0,
    /// Its source names them beside a shape, or in place of one.
    Named = 1,
    /// Its source names them and they lend it their shape.
    Lent = 2,
}

/// A stored feature as everybody may see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// The internal sequence: order of lists, newest first, never shown.
    pub seq: i64,
    /// The public id, 1..2^52: the same for the same source id, also after a removal and return.
    pub id: u64,
    /// The import it came by; a replacing import replaces the features of its own source only.
    pub source: Arc<str>,
    /// What the source calls it.
    pub source_id: String,
    /// How often it changed, from 1.
    pub revision: u32,
    /// When it came.
    pub created: Instant,
    /// When it last changed.
    pub updated: Instant,
    /// Its shape in degrees.
    pub geometry: Option<Geometry<f64>>,
    /// One value for each property of the collection.
    pub values: Vec<Value>,
    /// When it is shown.
    pub valid: Valid,
    /// Positions of its wards in the ward table, ascending.
    pub wards: Vec<u16>,
}

/// When a feature is shown: from the first instant on, until just before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid {
    /// The first instant; `Instant::MIN` for always.
    pub from: Instant,
    /// The first instant after; `Instant::MAX` for ever.
    pub to: Instant,
}

impl Valid {
    /// Shown always.
    pub const ALWAYS: Self = Self { from: Instant::MIN, to: Instant::MAX };

    /// Whether it is shown at an instant.
    pub fn at(self, t: Instant) -> bool {
        self.from <= t && t < self.to
    }

    /// As the values of a collection's feature say it.
    pub fn of(collection: &Collection, values: &[Value]) -> Self {
        let read = |i: usize, open: Instant| match values.get(i) {
            Some(Value::Text(t)) => Instant::parse(t).unwrap_or(open),
            _ => open,
        };
        collection
            .validity
            .map_or(Self::ALWAYS, |v| Self { from: read(v.from, Instant::MIN), to: read(v.to, Instant::MAX) })
    }
}

impl Feature {
    /// West, south, east and north of its shape.
    pub fn envelope(&self) -> Option<Rect<f64>> {
        self.geometry.as_ref().and_then(BoundingRect::bounding_rect)
    }

    /// The text of a property, if it has one.
    pub fn text(&self, collection: &Collection, name: &str) -> Option<&str> {
        match self.values.get(collection.position(name)?) {
            Some(Value::Text(t)) => Some(t),
            _ => None,
        }
    }
}

/// The public id of a feature: a hash, so that each process and each import gives the same.
/// `draw` counts up when the id is another feature's.
pub fn id(collection: &str, source: &str, source_id: &str, draw: u32) -> u64 {
    let key = format!("{collection}\n{source}\n{source_id}\n{draw}");
    xxhash_rust::xxh3::xxh3_64(key.as_bytes()) % MAX_ID + 1
}

/// The kind of a geometry; none for a mixed one.
pub fn shape(geometry: &Geometry<f64>) -> Option<Shape> {
    match geometry {
        Geometry::Point(_) | Geometry::MultiPoint(_) => Some(Shape::Point),
        Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => Some(Shape::Line),
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => {
            Some(Shape::Area)
        }
        Geometry::GeometryCollection(_) => None,
    }
}

impl Collection {
    /// Reads the properties of one feature, each fault with the property's name; names that the
    /// collection does not know are left to the caller.
    ///
    /// # Errors
    /// All faults.
    pub fn read(&self, raw: &BTreeMap<String, Value>) -> Result<Vec<Value>, Vec<Violation>> {
        let mut faults = Vec::new();
        let mut values = Vec::with_capacity(self.properties.len());
        for p in &self.properties {
            match p.read(raw.get(&p.name).unwrap_or(&Value::Null)) {
                Ok(value) => values.push(value),
                Err(detail) => faults.push(Violation::new(p.name.clone(), detail)),
            }
        }
        if faults.is_empty() {
            let valid = Valid::of(self, &values);
            if let Some(v) = self.validity.filter(|_| valid.from >= valid.to) {
                let detail = format!("must be after {}", self.properties[v.from].name);
                faults.push(Violation::new(self.properties[v.to].name.clone(), detail));
            }
        }
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    /// Whether a feature of this collection may have this shape.
    ///
    /// # Errors
    /// The shapes that would be right.
    pub fn check_shape(&self, geometry: &Geometry<f64>) -> Result<(), String> {
        if shape(geometry).is_some_and(|s| self.shapes.contains(&s)) {
            return Ok(());
        }
        let names: Vec<&str> = self.shapes.iter().map(|s| s.name()).collect();
        Err(format!("must be of shape {}", names.join(" or ")))
    }
}
