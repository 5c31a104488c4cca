//! The columns of reports as the table of fields gives them: their names, the way from a row to facts and
//! to the map, and back into a row.

use std::sync::LazyLock;

use crate::store::database::{Row, Values};
use diaban_core::domain::CodeBook;
use diaban_core::domain::Instant;
use diaban_core::domain::field::{Access, Column, Field, Raw, Stored, TABLE};
use diaban_core::domain::report::PublicFacts;
use diaban_core::domain::view::{MapRow, Position};
use diaban_core::geo::LonLat;

/// What stands before the fields in [`COLUMNS`].
const FRAME: [&str; 4] = ["seq", "id", "lon", "lat"];
/// What stands before the fields in [`MAP_COLUMNS`].
const MAP_FRAME: [&str; 6] = ["seq", "id", "lon", "lat", "fed_ms", "fed"];

/// The stored fields, each with the name that [`COLUMNS`] gives its column.
static STORED: LazyLock<Vec<(String, Stored)>> =
    LazyLock::new(|| stored().map(|s| (format!("r_{}", s.column), s)).collect());

/// The stored fields that the map holds.
static MAPPED: LazyLock<Vec<(&'static Field, Stored)>> = LazyLock::new(|| {
    TABLE.iter().filter(|f| f.column.is_some()).filter_map(|f| Some((f, f.stored?))).collect()
});

/// Columns that follow from boundaries. Under another edition than the row's, they stand in `placed`.
pub(in crate::store) const ASSIGNED: [&str; 7] =
    ["lon", "lat", "ward", "body", "rule", "border_m", "offshore_m"];

/// Reports `r` with what an edition makes of each of them beside, `o`. The number is a part of the text: it is ours,
/// and there are few.
pub(in crate::store) fn reports(edition: i64) -> String {
    format!("report_public r {}", placed(edition))
}

/// The join of [`reports`], behind a report `r`.
pub(in crate::store) fn placed(edition: i64) -> String {
    format!("LEFT JOIN placed o ON o.edition = {edition} AND o.report = r.seq")
}

/// The same with the edition in force, whichever that is when the statement runs.
pub(in crate::store) const PLACED_NOW: &str = "LEFT JOIN placed o
    ON o.edition = (SELECT edition FROM area_turn ORDER BY seq DESC LIMIT 1) AND o.report = r.seq";

/// A column of [`reports`] as the edition says it.
pub(in crate::store) fn of(column: &str) -> String {
    if ASSIGNED.contains(&column) {
        format!("CASE WHEN o.report IS NULL THEN r.{column} ELSE o.{column} END")
    } else {
        format!("r.{column}")
    }
}

/// The columns of a whole report of [`reports`], under names that no other table has.
pub(in crate::store) static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let frame = FRAME.map(|c| format!("{} AS r_{c}", of(c)));
    let fields = STORED.iter().map(|(name, s)| format!("{} AS {name}", of(s.column)));
    frame.into_iter().chain(fields).collect::<Vec<_>>().join(", ")
});

/// The columns of a row of the map, of [`reports`].
pub(in crate::store) static MAP_COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let fields = MAPPED.iter().map(|(f, s)| match f.column {
        // Texts are not read to learn that they are there.
        Some(Column::Present(_)) => {
            format!("CASE WHEN {} IS NULL THEN NULL ELSE CAST(1 AS BIGINT) END AS {}", of(s.column), s.column)
        }
        _ => format!("{} AS {}", of(s.column), s.column),
    });
    let frame = MAP_FRAME.map(|c| format!("{} AS {c}", of(c)));
    frame.into_iter().chain(fields).collect::<Vec<_>>().join(", ")
});

/// The columns of facts as [`put_facts`] binds them.
pub(in crate::store) static FACT_COLUMNS: LazyLock<String> = LazyLock::new(|| {
    ["lon", "lat"].into_iter().chain(stored().map(|s| s.column)).collect::<Vec<_>>().join(", ")
});

fn stored() -> impl Iterator<Item = Stored> {
    TABLE.iter().filter_map(|f| f.stored)
}

/// The facts in a row that begins with [`COLUMNS`]. Where a field stands follows from the list that wrote the
/// statement: looking up twenty names for each row costs more than reading their values.
pub(in crate::store) fn facts(row: &Row) -> Result<PublicFacts, sqlx::Error> {
    let mut facts =
        PublicFacts { point: point(row.try_get("r_lon")?, row.try_get("r_lat")?), ..PublicFacts::default() };
    for (i, (_, s)) in STORED.iter().enumerate() {
        s.set(&mut facts, raw(row, FRAME.len() + i, s)?);
    }
    Ok(facts)
}

/// The row of the map in a row that begins with [`MAP_COLUMNS`].
pub(in crate::store) fn map_row(row: &Row, codebook: &CodeBook) -> Result<MapRow, sqlx::Error> {
    let seq = u32::try_from(row.try_get::<i64>("seq")?).map_err(|e| sqlx::Error::Decode(e.into()))?;
    let id = row.try_get::<i64>("id")? as u64;
    let mut out = MapRow::new(seq, id, point(row.try_get("lon")?, row.try_get("lat")?));
    for (i, (field, s)) in MAPPED.iter().enumerate() {
        let at = MAP_FRAME.len() + i;
        let raw = match field.column {
            Some(Column::Present(_)) => row.try_get::<Option<i64>>(at)?.map_or(Raw::Null, Raw::Integer),
            _ => raw(row, at, s)?,
        };
        out.put(field, &raw, codebook);
    }
    out.last_event = Position { shown_ms: row.try_get("fed_ms")?, seq: row.try_get("fed")? };
    Ok(out)
}

/// A report as the map knows it.
pub(in crate::store) fn on_map(seq: u32, id: u64, facts: &PublicFacts, codebook: &CodeBook) -> MapRow {
    let mut out = MapRow::new(seq, id, facts.point);
    for (field, s) in &*MAPPED {
        out.put(field, &s.get(facts), codebook);
    }
    out
}

/// Binds the facts of a report in the order of [`FACT_COLUMNS`].
pub(in crate::store) fn put_facts(b: &mut Values<'_>, f: &PublicFacts) {
    b.push_bind(f.point.map(|p| p.lon())).push_bind(f.point.map(|p| p.lat()));
    for s in stored() {
        match s.access {
            Access::Text(get, _) => b.push_bind(get(f).map(std::borrow::Cow::into_owned)),
            Access::Code(get, _) => b.push_bind(get(f)),
            Access::Integer(get, _) => b.push_bind(get(f)),
            Access::Real(get, _) => b.push_bind(get(f)),
            Access::Instant(get, _) => b.push_bind(get(f).map(Instant::ms)),
        };
    }
}

fn raw<'r>(row: &'r Row, at: usize, s: &Stored) -> Result<Raw<'r>, sqlx::Error> {
    Ok(match s.access {
        Access::Text(..) => row.try_get::<Option<&str>>(at)?.map_or(Raw::Null, |t| Raw::Text(t.into())),
        Access::Code(..) => row.code_optional(at)?.map_or(Raw::Null, Raw::Integer),
        Access::Integer(..) | Access::Instant(..) => {
            row.try_get::<Option<i64>>(at)?.map_or(Raw::Null, Raw::Integer)
        }
        Access::Real(..) => row.try_get::<Option<f64>>(at)?.map_or(Raw::Null, Raw::Real),
    })
}

pub(in crate::store) fn point(lon: Option<f64>, lat: Option<f64>) -> Option<LonLat> {
    LonLat::new(lon?, lat?).ok()
}
