//! What a city states of its units beside their boundaries: facts, and who took over whose ground.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

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

/// Where the ground of a former unit is now. It is written as a row of the pack's `successors.csv`, also in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
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

/// A row of `successors.csv`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    from_generation: String,
    from_code: String,
    to_generation: String,
    to_code: String,
    part: u8,
    main: u8,
}

impl TryFrom<Row> for Successor {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let from = WardId::new(&row.from_generation, &row.from_code);
        let flag = |name: &str, value: u8| match value {
            0 | 1 => Ok(value == 1),
            _ => Err(format!("`{from}`, {name}: must be 0 or 1")),
        };
        let (part, main) = (flag("part", row.part)?, flag("main", row.main)?);
        Ok(Self { to: WardId::new(&row.to_generation, &row.to_code), part, main, from })
    }
}

impl From<Successor> for Row {
    fn from(s: Successor) -> Self {
        Self {
            from_generation: s.from.generation.to_string(),
            from_code: s.from.code.to_string(),
            to_generation: s.to.generation.to_string(),
            to_code: s.to.code.to_string(),
            part: s.part.into(),
            main: s.main.into(),
        }
    }
}
