//! The wards of a generation as areas for tiles, with their labels. Not here: which ward owns a
//! point (area), shared borders (mesh), encoding (mvt).

use geo::MultiPolygon;

use crate::domain::code_number;
use crate::geo::{LonLat, Mercator};
use crate::map::shape::ring::frame::{Bounds, Frame, Path};
use crate::map::shape::ring::mesh::{Mesh, project};

/// A ward to draw.
#[derive(Clone, Debug)]
pub struct WardShape {
    /// The official code; its number is the feature's id.
    pub code: String,
    /// The name shown.
    pub name: String,
    /// The name shown where wards are small.
    pub short_name: String,
    /// The canonical id, `{generation}.{code}`.
    pub ward: String,
    /// The label point.
    pub label: LonLat,
    /// The area in degrees; rings in any winding.
    pub area: MultiPolygon<f64>,
}

/// Why shapes cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// A code that gives no feature id.
    #[error("ward code {0:?} gives no number from 1 to 2^53 - 1, which a tile needs as an id")]
    Code(String),
    /// Two wards with the same code.
    #[error("ward code {0:?} occurs twice in one generation")]
    Twice(String),
    /// A coordinate out of range.
    #[error("ward {0:?} has a position that is not in degrees")]
    Position(String),
}

/// All wards of a generation, built once when it is loaded.
#[derive(Debug)]
pub struct WardShapes {
    generation: String,
    approximate: bool,
    wards: Vec<Ward>,
    mesh: Mesh,
}

/// One ward, prepared for tiles.
#[derive(Debug)]
pub(in crate::map) struct Ward {
    pub(in crate::map) id: u64,
    pub(in crate::map) code: String,
    pub(in crate::map) name: String,
    pub(in crate::map) short_name: String,
    pub(in crate::map) canonical: String,
    pub(in crate::map) label: Mercator,
    /// Its index in the mesh.
    area: usize,
}

impl WardShapes {
    /// Builds the shapes of one generation. `approximate` means that the borders are not official.
    ///
    /// # Errors
    /// See [`ShapeError`].
    pub fn build(generation: &str, approximate: bool, shapes: &[WardShape]) -> Result<Self, ShapeError> {
        let mut projected = Vec::with_capacity(shapes.len());
        for s in shapes {
            projected.push(project(&s.area).ok_or_else(|| ShapeError::Position(s.code.clone()))?);
        }
        let mut wards: Vec<Ward> = Vec::with_capacity(shapes.len());
        for (area, s) in shapes.iter().enumerate() {
            let id = code_number(&s.code).ok_or_else(|| ShapeError::Code(s.code.clone()))?;
            if wards.iter().any(|w| w.id == id) {
                return Err(ShapeError::Twice(s.code.clone()));
            }
            wards.push(Ward {
                id,
                code: s.code.clone(),
                name: s.name.clone(),
                short_name: s.short_name.clone(),
                canonical: s.ward.clone(),
                label: Mercator::from_lonlat(s.label),
                area,
            });
        }
        let mesh = Mesh::build(projected.iter());
        Ok(Self { generation: generation.to_owned(), approximate, wards, mesh })
    }

    /// An empty set, for the time before wards are loaded.
    pub fn none() -> Self {
        Self {
            generation: String::new(),
            approximate: false,
            wards: Vec::new(),
            mesh: Mesh::build(std::iter::empty()),
        }
    }

    /// The generation's id.
    pub fn generation(&self) -> &str {
        &self.generation
    }

    /// Whether the borders are not the official ones.
    pub fn approximate(&self) -> bool {
        self.approximate
    }

    pub(in crate::map) fn wards(&self) -> &[Ward] {
        &self.wards
    }

    /// The bounding box of a ward.
    pub(in crate::map) fn bounds(&self, ward: &Ward) -> Bounds {
        self.mesh.areas[ward.area].bounds
    }

    /// The rings of a ward in a tile; see [`Mesh::rings`].
    pub(in crate::map) fn rings(&self, ward: &Ward, frame: &Frame) -> Vec<Path> {
        self.mesh.rings(ward.area, frame)
    }
}

#[cfg(test)]
#[path = "wards_tests.rs"]
mod tests;
