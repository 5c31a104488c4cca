//! Successors as they are written: a row of `successors.csv`, with the same names in JSON.

use serde::{Deserialize, Serialize};

use crate::domain::{Successor, WardId};

/// One successor as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct Written(pub Successor);

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

impl TryFrom<Row> for Written {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let from = WardId::new(&row.from_generation, &row.from_code);
        let flag = |name: &str, value: u8| match value {
            0 | 1 => Ok(value == 1),
            _ => Err(format!("`{from}`, {name}: must be 0 or 1")),
        };
        let (part, main) = (flag("part", row.part)?, flag("main", row.main)?);
        Ok(Self(Successor { to: WardId::new(&row.to_generation, &row.to_code), part, main, from }))
    }
}

impl From<Written> for Row {
    fn from(Written(s): Written) -> Self {
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
