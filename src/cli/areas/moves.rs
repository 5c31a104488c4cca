//! What prepared boundaries move, as a table and as GeoJSON.

use std::path::Path;
use std::sync::Arc;

use crate::action::{City, Moves, NamedWard};
use crate::cli::Outcome;
use crate::cli::say::say;
use crate::store::Store;

/// Rows of the table; the GeoJSON has all.
const ROWS: usize = 40;

pub(super) async fn show(store: &Store, city: &Arc<City>, edition: i64, geojson: Option<&Path>) -> Outcome {
    let moves = Moves::read(city, store, edition).await?;
    let name = |ward: &Option<NamedWard>, none: &str| {
        ward.as_ref().map_or_else(|| none.to_owned(), |w| format!("{} {}", w.id, w.name))
    };
    say!("reports\topen\tfrom\tto\tbody");
    for m in moves.all.iter().take(ROWS) {
        let (from, to) = (name(&m.from, "no ward"), name(&m.to, "no ward: homeless"));
        say!("{}\t{}\t{from}\t{to}\t{}", m.moved.reports, m.moved.open, m.moved.to_body);
    }
    if moves.all.len() > ROWS {
        say!("and {} smaller moves", moves.all.len() - ROWS);
    }
    let [total, open, homeless] = moves.totals();
    say!("{total} reports move, {open} of them open, {homeless} are left without a ward");
    if let Some(file) = geojson {
        std::fs::write(file, serde_json::to_vec_pretty(&moves.geojson())?)
            .map_err(|e| format!("{}: {e}", file.display()))?;
        say!("written to {}", file.display());
    }
    Ok(())
}
