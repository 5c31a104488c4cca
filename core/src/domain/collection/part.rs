//! A collection with several kinds of shapes, offered kind by kind as collections of their own: clients that
//! take the kind of all features from the first page (GDAL, QGIS) then miss none.

use geo::Geometry;

use crate::domain::{Collection, Shape, Text};

/// The features of a collection that have one kind of shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name in addresses, like `traffic-lines`.
    pub id: String,
    /// The kind.
    pub shape: Shape,
    /// Its name for people.
    pub title: Text,
}

impl Collection {
    /// Its parts, where it may hold more than one kind of shape.
    pub fn parts(&self) -> Vec<Part> {
        if self.shapes.len() < 2 {
            return Vec::new();
        }
        let part = |shape: &Shape| {
            let (name, vi, en) = match shape {
                Shape::Point => ("points", "điểm", "points"),
                Shape::Line => ("lines", "đường", "lines"),
                Shape::Area => ("areas", "vùng", "areas"),
            };
            let title =
                Text { vi: format!("{} ({vi})", self.title.vi), en: format!("{} ({en})", self.title.en) };
            Part { id: format!("{}-{name}", self.id), shape: *shape, title }
        };
        self.shapes.iter().map(part).collect()
    }

    /// Its part of that name.
    pub fn part(&self, id: &str) -> Option<Part> {
        self.parts().into_iter().find(|p| p.id == id)
    }
}

impl Shape {
    /// Whether a geometry is of this kind; one of several kinds is of none.
    pub fn is_of(self, geometry: &Geometry<f64>) -> bool {
        match geometry {
            Geometry::Point(_) | Geometry::MultiPoint(_) => self == Self::Point,
            Geometry::Line(_) | Geometry::LineString(_) | Geometry::MultiLineString(_) => self == Self::Line,
            Geometry::Polygon(_) | Geometry::MultiPolygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => {
                self == Self::Area
            }
            Geometry::GeometryCollection(all) => !all.is_empty() && all.iter().all(|g| self.is_of(g)),
        }
    }
}
