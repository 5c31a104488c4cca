//! What a city states of its units beside their boundaries: facts, and who took over whose ground.

use std::sync::Arc;

use super::{UnitKind, WardId};
use crate::geo::LonLat;

/// What is known of a unit beside its boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFacts {
    /// Generation and official code.
    pub id: WardId,
    /// Full name with its kind, NFC: `Phường Sài Gòn`.
    pub name: String,
    /// Its kind.
    pub kind: Arc<UnitKind>,
    /// The district it belonged to; none since 2025-07-01.
    pub district: Option<String>,
    /// The province it belongs to, or whose ground it has.
    pub province_former: String,
    /// A point in its middle, rough.
    pub centre: LonLat,
    /// Its area by decree in km², where stated; not that of any boundary.
    pub area_km2: Option<f64>,
}

/// Where the ground of a former unit is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// The former unit.
    pub from: WardId,
    /// A unit that has ground of it.
    pub to: WardId,
    /// Whether only a part went there; otherwise the whole.
    pub part: bool,
    /// The one to name first: the only one, or that of the larger part.
    pub main: bool,
}
