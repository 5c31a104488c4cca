//! The ground that spatial functions name, and how a place or shape lies to it (OGC 06-103r4, 6.1.15),
//! on the plane of longitude and latitude.

use geo::coordinate_position::CoordPos;
use geo::{
    BoundingRect, Coord, CoordinatePosition, CoordsIter, Geometry, Intersects, MapCoords, MultiPolygon, Rect,
    Relate, Validation, coord,
};

use crate::geo::{Bbox, LonLat};

/// A box or a shape, in degrees (CRS84) to seven decimals.
#[derive(Clone, Debug, PartialEq)]
pub enum SpatialLiteral {
    /// A closed box; it may cross the antimeridian.
    Box(Bbox),
    /// A valid shape.
    Shape(Geometry<f64>),
}

/// How a shape lies to a ground. Apart is the opposite of meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They have something in common.
    Intersects,
    /// It lies inside, not only on the rim.
    Within,
    /// The ground lies inside it.
    Contains,
    /// They meet at their rims only.
    Touches,
    /// It runs through.
    Crosses,
    /// Each has something of its own and something in common, of the same kind.
    Overlaps,
    /// They are the same.
    Equals,
}

impl Relation {
    pub(super) const ALL: [Self; 7] = [
        Self::Intersects,
        Self::Within,
        Self::Contains,
        Self::Touches,
        Self::Crosses,
        Self::Overlaps,
        Self::Equals,
    ];

    /// The function's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Intersects => "S_INTERSECTS",
            Self::Within => "S_WITHIN",
            Self::Contains => "S_CONTAINS",
            Self::Touches => "S_TOUCHES",
            Self::Crosses => "S_CROSSES",
            Self::Overlaps => "S_OVERLAPS",
            Self::Equals => "S_EQUALS",
        }
    }

    /// How the ground lies to the shape when the shape lies so to it.
    pub(super) const fn turned(self) -> Self {
        match self {
            Self::Within => Self::Contains,
            Self::Contains => Self::Within,
            other => other,
        }
    }

    /// Whether a place lies so.
    pub(super) fn of_point(self, p: LonLat, ground: &SpatialLiteral) -> bool {
        let at = coord! { x: p.lon(), y: p.lat() };
        if let (Self::Intersects, SpatialLiteral::Box(b)) = (self, ground) {
            return b.contains(p);
        }
        let shape = ground.shape();
        let same = || shape.coords_iter().all(|c| c == at);
        match (self, standing(at, &shape)) {
            (Self::Intersects, pos) => pos != CoordPos::Outside,
            (Self::Within, pos) => pos == CoordPos::Inside,
            (Self::Touches, pos) => pos == CoordPos::OnBoundary,
            (Self::Contains | Self::Equals, pos) => pos == CoordPos::Inside && same(),
            (Self::Crosses | Self::Overlaps, _) => false,
        }
    }

    /// Whether a shape lies so.
    pub(super) fn of_shape(self, g: &Geometry<f64>, ground: &SpatialLiteral) -> bool {
        if let Geometry::Point(p) = g {
            // What is no position on the ground lies nowhere.
            return LonLat::new(p.x(), p.y()).is_ok_and(|p| self.of_point(p, ground));
        }
        if self == Self::Intersects {
            return meets(g, ground);
        }
        if !meets(g, ground) {
            return false;
        }
        let matrix = g.relate(&*ground.shape());
        match self {
            Self::Intersects => matrix.is_intersects(),
            Self::Within => matrix.is_within(),
            Self::Contains => matrix.is_contains(),
            Self::Touches => matrix.is_touches(),
            Self::Crosses => matrix.is_crosses(),
            Self::Overlaps => matrix.is_overlaps(),
            Self::Equals => matrix.is_equal_topo(),
        }
    }
}

/// Where a place stands to a shape. The parts of a collection are asked one by one: the library's count of
/// rims takes a place on two of them for one outside.
fn standing(at: Coord<f64>, shape: &Geometry<f64>) -> CoordPos {
    let of_all = |parts: &mut dyn Iterator<Item = CoordPos>| {
        let mut found = CoordPos::Outside;
        for part in parts {
            match part {
                CoordPos::Inside => return CoordPos::Inside,
                CoordPos::OnBoundary => found = CoordPos::OnBoundary,
                CoordPos::Outside => {}
            }
        }
        found
    };
    match shape {
        Geometry::GeometryCollection(all) => of_all(&mut all.iter().map(|g| standing(at, g))),
        Geometry::MultiPolygon(all) => of_all(&mut all.iter().map(|p| p.coordinate_position(&at))),
        // Where two lines end at each other, none ends (OGC 06-103r4, 6.1.15.1).
        Geometry::MultiLineString(all) => match all.coordinate_position(&at) {
            CoordPos::Outside if all.intersects(&at) => CoordPos::Inside,
            found => found,
        },
        other => other.coordinate_position(&at),
    }
}

/// Whether a shape and a ground have something in common.
fn meets(g: &Geometry<f64>, ground: &SpatialLiteral) -> bool {
    let near = |rect: &Rect<f64>| g.bounding_rect().is_some_and(|e| e.intersects(rect));
    match ground {
        SpatialLiteral::Box(b) => rects(b).iter().any(|r| near(r) && g.intersects(r)),
        SpatialLiteral::Shape(s) => s.bounding_rect().is_some_and(|r| near(&r)) && g.intersects(s),
    }
}

/// A box as one rectangle, or two where it crosses the antimeridian.
fn rects(b: &Bbox) -> Vec<Rect<f64>> {
    let rect =
        |west: f64, east: f64| Rect::new(coord! { x: west, y: b.south }, coord! { x: east, y: b.north });
    if b.crosses_antimeridian() {
        vec![rect(b.west, 180.0), rect(-180.0, b.east)]
    } else {
        vec![rect(b.west, b.east)]
    }
}

impl SpatialLiteral {
    /// Checks a shape and rounds it to seven decimals.
    ///
    /// # Errors
    /// What would be right.
    pub(super) fn shaped(g: &Geometry<f64>) -> Result<Self, String> {
        let rounded = g.try_map_coords(|c| {
            LonLat::new(c.x, c.y).map(|p| Coord { x: p.lon(), y: p.lat() }).map_err(|e| e.to_string())
        })?;
        if rounded.coords_count() == 0 {
            return Err("must not be empty".to_owned());
        }
        rounded.check_validation().map_err(|e| format!("must be a valid shape: {e}"))?;
        Ok(Self::Shape(rounded))
    }

    /// A box for a relation; only meeting may be asked of one without area.
    pub(super) fn boxed(b: Bbox, relation: Relation) -> Result<Self, String> {
        let flat = b.west.total_cmp(&b.east).is_eq() || b.south.total_cmp(&b.north).is_eq();
        if relation != Relation::Intersects && flat {
            return Err("must have an area for this function".to_owned());
        }
        Ok(Self::Box(b))
    }

    /// The smallest box around it.
    pub fn bbox(&self) -> Bbox {
        match self {
            Self::Box(b) => *b,
            Self::Shape(g) => {
                let r = g.bounding_rect().expect("a ground is never empty");
                Bbox { west: r.min().x, south: r.min().y, east: r.max().x, north: r.max().y }
            }
        }
    }

    fn shape(&self) -> std::borrow::Cow<'_, Geometry<f64>> {
        match self {
            Self::Box(b) => {
                let polygons = rects(b).into_iter().map(|r| r.to_polygon()).collect();
                std::borrow::Cow::Owned(MultiPolygon::new(polygons).into())
            }
            Self::Shape(g) => std::borrow::Cow::Borrowed(g),
        }
    }
}

#[cfg(test)]
mod tests {
    use wkt::TryFromWkt;

    use super::*;

    #[test]
    fn a_place_where_parts_of_a_collection_meet_is_no_place_outside() {
        let squares = "((0 0,1 0,1 1,0 1,0 0)),((1 1,2 1,2 2,1 2,1 1))";
        let shape = |text: &str| SpatialLiteral::Shape(Geometry::try_from_wkt_str(text).unwrap());
        let p = LonLat::new(1.0, 1.0).unwrap();
        for (text, within) in [
            (format!("MULTIPOLYGON({squares})"), false),
            (
                "GEOMETRYCOLLECTION(POLYGON((0 0,1 0,1 1,0 1,0 0)),POLYGON((1 0,2 0,2 1,1 1,1 0)))".into(),
                false,
            ),
            (
                "GEOMETRYCOLLECTION(POLYGON((0 0,2 0,2 2,0 2,0 0)),LINESTRING(1 1,3 3),LINESTRING(1 1,0 9))"
                    .into(),
                true,
            ),
            ("MULTILINESTRING((0 0,1 1),(1 1,2 0))".into(), true),
            ("GEOMETRYCOLLECTION(POINT(1 1),POINT(5 5))".into(), true),
        ] {
            let ground = shape(&text);
            assert!(Relation::Intersects.of_point(p, &ground), "{text}");
            assert_eq!(Relation::Within.of_point(p, &ground), within, "{text}");
            assert_eq!(Relation::Touches.of_point(p, &ground), !within, "{text}");
            assert!(!Relation::Intersects.of_point(LonLat::new(7.0, 7.0).unwrap(), &ground), "{text}");
        }
    }
}
