//! A city feature: a road work, a hospital, an alert. Its values follow the declaration of its
//! collection. Not here: the declaration (collection), filters (query).

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::{BoundingRect, Geometry, Rect};

use crate::domain::field::Value;
use crate::domain::report::MAX_ID;
use crate::domain::{Collection, Instant, Shape, Violation};

/// A feature from an importer: checked, not yet stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFeature {
    /// Its id in the source; unique within the source, never changed.
    pub source_id: String,
    /// Its shape in degrees (CRS84), to seven decimals. `None` if it names wards instead or has no
    /// location.
    pub geometry: Option<Geometry<f64>>,
    /// One value for each property of the collection.
    pub values: Vec<Value>,
    /// Canonical ids of the wards it meets or names, ascending.
    pub wards: Vec<String>,
    /// How its wards were determined.
    pub membership: Membership,
}

/// How a feature's wards were determined. This decides how they are recomputed when boundaries
/// change. The numbers are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Membership {
    /// The wards that its shape meets.
    #[default]
    Met = 0,
    /// The wards that its source names, beside a shape or instead of one.
    Named = 1,
    /// The wards that its source names; the feature uses their shape.
    Lent = 2,
}

/// A stored feature; everything in it is public.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// The internal sequence, which orders lists (newest first). It is never shown.
    pub seq: i64,
    /// The public id, 1..2^52. It is the same for the same source id, also after a removal and
    /// return.
    pub id: u64,
    /// The import it came from. A replacing import replaces only features of its own source.
    pub source: Arc<str>,
    /// Its id in the source.
    pub source_id: String,
    /// The revision, from 1.
    pub revision: u32,
    /// When it was first imported.
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

/// When a feature is shown, as a half-open interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valid {
    /// The first instant; `Instant::MIN` if unbounded.
    pub from: Instant,
    /// The first instant after the end; `Instant::MAX` if unbounded.
    pub to: Instant,
}

impl Valid {
    /// Always shown.
    pub const ALWAYS: Self = Self { from: Instant::MIN, to: Instant::MAX };

    /// Whether it is shown at an instant.
    pub fn at(self, t: Instant) -> bool {
        self.from <= t && t < self.to
    }

    /// The validity given by the values of a collection's feature.
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
    /// The bounding rectangle of its shape.
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

/// The public id of a feature: a hash, so that every process and every import computes the same.
/// `draw` is increased when another feature already has the id.
pub fn id(collection: &str, source: &str, source_id: &str, draw: u32) -> u64 {
    let key = format!("{collection}\n{source}\n{source_id}\n{draw}");
    xxhash_rust::xxh3::xxh3_64(key.as_bytes()) % MAX_ID + 1
}

/// The shape type of a geometry; `None` for a mixed collection.
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
    /// Reads the properties of one feature. Every fault names its property. Unknown property names
    /// are left to the caller.
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
    /// The shapes that are allowed.
    pub fn check_shape(&self, geometry: &Geometry<f64>) -> Result<(), String> {
        if shape(geometry).is_some_and(|s| self.shapes.contains(&s)) {
            return Ok(());
        }
        let names: Vec<&str> = self.shapes.iter().map(|s| s.name()).collect();
        Err(format!("must be of shape {}", names.join(" or ")))
    }
}
