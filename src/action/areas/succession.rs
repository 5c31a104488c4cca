//! Which wards have the ground of which former ones: read from a table, or found by the shapes.

use std::sync::Arc;

use crate::action::areas::{AreasError, build};
use crate::action::city::City;
use crate::action::patience::patiently;
use crate::store::{Store, StoredAreas};
use diaban_core::area::{Generation, overlaps};
use diaban_core::domain::{Successor, WardId};
use diaban_core::format::successors::Written;

/// From this share of a ward on, the whole of it went there.
const WHOLE: f64 = 0.99;

/// What is stored of an edition; nothing where it cannot be read, which the log says.
pub(in crate::action) fn read(stored: &str) -> Vec<Successor> {
    let all: Vec<Written> = serde_json::from_str(stored).unwrap_or_else(|error| {
        tracing::error!(%error, "the successors of an edition cannot be read");
        Vec::new()
    });
    all.into_iter().map(|Written(s)| s).collect()
}

pub(super) fn write(successors: &[Successor]) -> String {
    let all: Vec<Written> = successors.iter().cloned().map(Written).collect();
    serde_json::to_string(&all).expect("texts and small numbers are JSON")
}

/// A table with the columns of the pack's `successors.csv`. Whether it fits the boundaries is for their checks.
///
/// # Errors
/// When it is no such table, or a flag is neither 0 nor 1.
pub fn read_successors(table: &[u8]) -> Result<Vec<Successor>, AreasError> {
    let rows = csv::Reader::from_reader(table).into_deserialize().map(|row| row.map(|Written(s)| s));
    rows.collect::<Result<_, _>>().map_err(|e: csv::Error| AreasError::Successors(e.to_string()))
}

/// By the shapes. Takes seconds for a city.
pub(super) fn found(former: &Generation, next: &Generation) -> Vec<Successor> {
    let mut last = None;
    let all = overlaps(former, next).into_iter().map(|o| {
        let id = |g: &Generation, unit: usize| WardId::new(g.id(), &g.units()[unit].code);
        let main = last.replace(o.from) != Some(o.from);
        Successor { from: id(former, o.from), to: id(next, o.to), part: o.share < WHOLE, main }
    });
    all.collect()
}

/// Adds to an edition which of its wards have the ground of those in force, where no table says so: others came into
/// force since it was prepared, and its own table begins at the ones before. Reports without a place follow it. Gives all
/// editions as they stand then.
pub(super) async fn complete(
    city: &Arc<City>,
    store: &Store,
    stored: StoredAreas,
    edition: i64,
) -> Result<StoredAreas, AreasError> {
    let generation = |seq: i64| stored.edition(seq).map(|e| e.generation.clone());
    let Some((from, to)) = generation(stored.in_force()).zip(generation(edition)) else { return Ok(stored) };
    let own = stored.edition(edition).and_then(|e| e.successors.as_deref()).map(read).unwrap_or_default();
    let leads = |s: &Successor| *s.from.generation == *from && *s.to.generation == *to;
    if from >= to || own.iter().chain(city.pack.areas.successors()).any(leads) {
        return Ok(stored);
    }
    let former = build(city, stored.clone(), stored.in_force()).await?;
    let next = build(city, stored, edition).await?;
    let more = tokio::task::spawn_blocking(move || found(former.active(), next.active())).await?;
    let table = write(&[own, more].concat());
    patiently(|| store.set_successors(edition, table.clone())).await?;
    Ok(store.areas().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_0_or_1_and_a_column_is_one_of_the_table() {
        let head = "from_generation,from_code,to_generation,to_code,part,main";
        let read = |text: String| read_successors(text.as_bytes());
        let row = "2025-07-01,1,2027-01-01,2";
        let good = read(format!("{head}\n{row},0,1\n")).unwrap();
        assert_eq!((good.len(), good[0].part, good[0].main), (1, false, true));
        assert_eq!(super::read(&write(&good)), good);
        assert!(read(format!("{head}\n{row},7,1\n")).unwrap_err().to_string().contains("0 or 1"));
        assert!(read(format!("{head},share\n{row},0,1,0.5\n")).is_err());
    }
}
