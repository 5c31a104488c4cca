//! A GeoJSON geometry in geo's terms, read with patience: heights of any kind are passed over, parts without
//! a position are none. Not here: whether the numbers are degrees (axes).

use std::fmt;

use geo::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::shape::polygon;
use crate::import::limits::MAX_VERTICES;
use diaban_core::area::crs_name;

/// Kinds of geometries.
pub(in crate::import) const KINDS: [&str; 7] =
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"];

/// A geometry as it is written; other members are passed over.
#[derive(serde::Deserialize)]
pub(in crate::import) struct Wire {
    #[serde(rename = "type", default)]
    kind: Value,
    #[serde(default)]
    coordinates: Item,
    #[serde(default)]
    geometries: Option<Vec<Option<Wire>>>,
    #[serde(default)]
    crs: Value,
}

/// Coordinates of any depth.
#[derive(Debug, Default)]
enum Item {
    /// Nothing, or something that is no list.
    #[default]
    None,
    At(f64, f64),
    /// Fewer than two numbers.
    Short,
    List(Vec<Item>),
}

impl Wire {
    /// The coordinate system that it names.
    pub(in crate::import) fn crs(&self) -> Option<String> {
        crs_name(&self.crs).or_else(|| self.geometries.iter().flatten().flatten().find_map(Self::crs))
    }

    /// The geometry; none when there is no position in it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::import) fn read(self) -> Result<Option<Geometry<f64>>, String> {
        let mut budget = MAX_VERTICES;
        self.shape(&mut budget)
    }

    fn shape(self, budget: &mut usize) -> Result<Option<Geometry<f64>>, String> {
        let Some(kind) = self.kind.as_str() else { return Err("has no type".to_owned()) };
        if kind == "GeometryCollection" {
            let mut parts = Vec::new();
            for part in self.geometries.unwrap_or_default().into_iter().flatten() {
                parts.extend(part.shape(budget)?);
            }
            return Ok((!parts.is_empty()).then_some(Geometry::GeometryCollection(GeometryCollection(parts))));
        }
        let at = self.coordinates;
        let mut line = |item| line(item, budget);
        Ok(match kind {
            "Point" => match at {
                Item::List(all) if all.is_empty() => None,
                item => Some(Geometry::Point(Point(coord(&item)?))),
            },
            "MultiPoint" => {
                let points: Vec<Point<f64>> = line(at)?.0.into_iter().map(Point).collect();
                (!points.is_empty()).then(|| MultiPoint(points).into())
            }
            "LineString" => Some(line(at)?).filter(|l| !l.0.is_empty()).map(Into::into),
            "MultiLineString" => {
                let lines = items(at)?.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
                let lines: Vec<_> = lines.into_iter().filter(|l| !l.0.is_empty()).collect();
                (!lines.is_empty()).then(|| MultiLineString(lines).into())
            }
            "Polygon" => {
                let rings = items(at)?.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
                if rings.iter().all(|r| r.0.is_empty()) { None } else { Some(polygon(rings)?.into()) }
            }
            "MultiPolygon" => {
                let mut parts = Vec::new();
                for part in items(at)? {
                    let rings = items(part)?.into_iter().map(&mut line).collect::<Result<Vec<_>, _>>()?;
                    if rings.iter().any(|r| !r.0.is_empty()) {
                        parts.push(polygon(rings)?);
                    }
                }
                (!parts.is_empty()).then(|| MultiPolygon(parts).into())
            }
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(format!("is of type “{shown}”, none of {}", KINDS.join(", ")));
            }
        })
    }
}

fn items(item: Item) -> Result<Vec<Item>, String> {
    match item {
        Item::List(all) => Ok(all),
        Item::None => Err("has no coordinates".to_owned()),
        _ => Err("has numbers where lists of positions belong".to_owned()),
    }
}

fn line(item: Item, budget: &mut usize) -> Result<LineString<f64>, String> {
    let all = items(item)?;
    *budget =
        budget.checked_sub(all.len()).ok_or_else(|| format!("has more than {MAX_VERTICES} vertices"))?;
    all.iter().map(coord).collect()
}

fn coord(item: &Item) -> Result<Coord<f64>, String> {
    match *item {
        Item::At(x, y) => Ok(Coord { x, y }),
        Item::Short => Err("has a position with fewer than two numbers".to_owned()),
        Item::None => Err("has no coordinates".to_owned()),
        Item::List(_) => Err("has lists where a position belongs".to_owned()),
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyElement).map(|element| match element {
            Element::Nested(item) => item,
            _ => Self::None,
        })
    }
}

/// An element of a list of coordinates.
enum Element {
    Number(f64),
    Nested(Item),
    Other,
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyElement)
    }
}

struct AnyElement;

impl<'de> Visitor<'de> for AnyElement {
    type Value = Element;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_f64<E>(self, n: f64) -> Result<Element, E> {
        Ok(Element::Number(n))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Element, E> {
        Ok(Element::Number(n as f64))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Element, E> {
        Ok(Element::Number(n as f64))
    }

    fn visit_unit<E>(self) -> Result<Element, E> {
        Ok(Element::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Element, E> {
        Ok(Element::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Element, E> {
        Ok(Element::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Element, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Element::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Element, A::Error> {
        let item = match list.next_element()? {
            None => Item::List(Vec::new()),
            Some(Element::Number(x)) => {
                let y = list.next_element::<Element>()?;
                // A height, if there is one, is not kept.
                while list.next_element::<IgnoredAny>()?.is_some() {}
                if let Some(Element::Number(y)) = y { Item::At(x, y) } else { Item::Short }
            }
            Some(Element::Other) => {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Item::Short
            }
            Some(Element::Nested(first)) => {
                let mut all = vec![first];
                while let Some(next) = list.next_element::<Element>()? {
                    all.push(if let Element::Nested(item) = next { item } else { Item::Short });
                }
                Item::List(all)
            }
        };
        Ok(Element::Nested(item))
    }
}
