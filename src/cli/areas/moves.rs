//! What prepared boundaries move, as a table and as GeoJSON.

use std::path::Path;

use serde_json::{Value, json};

use crate::action::{Areas, City};
use crate::cli::Outcome;
use crate::cli::say::say;
use crate::store::{Move, Store};
use diaban_core::domain::WardId;

/// Rows of the table; the GeoJSON has all.
const ROWS: usize = 40;

pub(super) async fn show(store: &Store, city: &City, edition: i64, geojson: Option<&Path>) -> Outcome {
    let stored = store.areas().await?;
    let next = Areas::build(&city.pack, &stored, edition)?;
    let moves = store.moves(edition).await?;
    let name = |ward: &Option<WardId>| {
        let ward = ward.as_ref()?;
        let unit = next.book.unit(ward).map(|u| u.name.clone()).unwrap_or_default();
        Some(format!("{ward} {unit}"))
    };
    say!("reports\topen\tfrom\tto\tbody");
    for m in moves.iter().take(ROWS) {
        let (from, to) = (name(&m.from), name(&m.to));
        let to = to.unwrap_or_else(|| "no ward: homeless".to_owned());
        say!(
            "{}\t{}\t{}\t{to}\t{}",
            m.reports,
            m.open,
            from.unwrap_or_else(|| "no ward".to_owned()),
            m.to_body
        );
    }
    if moves.len() > ROWS {
        say!("and {} smaller moves", moves.len() - ROWS);
    }
    let total: i64 = moves.iter().map(|m| m.reports).sum();
    let open: i64 = moves.iter().map(|m| m.open).sum();
    let homeless: i64 = moves.iter().filter(|m| m.to.is_none()).map(|m| m.reports).sum();
    say!("{total} reports move, {open} of them open, {homeless} are left without a ward");
    if let Some(file) = geojson {
        let features: Vec<Value> = moves.iter().map(|m| feature(&next, m)).collect();
        let generation = next.active().id();
        let document = json!({
            "type": "FeatureCollection", "edition": edition, "generation": &**generation, "features": features
        });
        std::fs::write(file, serde_json::to_vec_pretty(&document)?)
            .map_err(|e| format!("{}: {e}", file.display()))?;
        say!("written to {}", file.display());
    }
    Ok(())
}

/// A line between the label points of both wards; no geometry where one of them is missing.
fn feature(areas: &Areas, m: &Move) -> Value {
    let label = |ward: &Option<WardId>| {
        let unit = areas.book.unit(ward.as_ref()?)?;
        Some(json!([unit.label.lon(), unit.label.lat()]))
    };
    let geometry = match (label(&m.from), label(&m.to)) {
        (Some(from), Some(to)) => json!({ "type": "LineString", "coordinates": [from, to] }),
        _ => Value::Null,
    };
    let ward = |ward: &Option<WardId>| ward.as_ref().map(ToString::to_string);
    json!({
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "from_ward": ward(&m.from), "to_ward": ward(&m.to), "from_body": m.from_body, "to_body": m.to_body,
            "reports": m.reports, "open": m.open
        }
    })
}
