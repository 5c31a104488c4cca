//! What prepared boundaries move, with the names that go with it, as a table and as GeoJSON.

use std::sync::Arc;

use serde_json::{Value, json};

use super::operate::OPEN;
use super::{AreasError, EditionStatus, build};
use crate::action::city::{Areas, City};
use crate::store::{Move, Store};
use diaban_core::domain::WardId;
use diaban_core::geo::LonLat;

/// What an edition moves.
#[derive(Clone, Debug)]
pub struct Moves {
    /// The edition.
    pub edition: i64,
    /// Its generation.
    pub generation: Arc<str>,
    /// Whether every report is placed; otherwise more will move.
    pub placed: bool,
    /// The moves, the largest first.
    pub all: Vec<NamedMove>,
}

/// Reports that go from one ward and body to others.
#[derive(Clone, Debug)]
pub struct NamedMove {
    /// From where to where, and how many.
    pub moved: Move,
    /// The ward in force.
    pub from: Option<NamedWard>,
    /// The one under the prepared boundaries; none for reports that become homeless.
    pub to: Option<NamedWard>,
}

/// A ward as people find it.
#[derive(Clone, Debug)]
pub struct NamedWard {
    /// Its id.
    pub id: WardId,
    /// Its name; empty where nobody knows it.
    pub name: String,
    /// Where its name stands on a map.
    pub label: Option<LonLat>,
}

impl Moves {
    /// Those of an edition that is prepared, scheduled or announced.
    ///
    /// # Errors
    /// When there is none of this number, it stands elsewhere, or the store fails.
    pub async fn read(city: &Arc<City>, store: &Store, edition: i64) -> Result<Self, AreasError> {
        let stored = store.areas().await?;
        let placed = EditionStatus::find(&stored, edition)?.fit(OPEN)?.placed;
        let next = build(city, stored, edition).await?;
        let moves = store.moves(edition).await?;
        let all = moves.into_iter().map(|moved| {
            let [from, to] = [&moved.from, &moved.to].map(|ward| ward.as_ref().map(|id| named(&next, id)));
            NamedMove { moved, from, to }
        });
        Ok(Self { edition, generation: next.active().id().clone(), placed, all: all.collect() })
    }

    /// How many reports move, how many of them are open, and how many are left without a ward.
    pub fn totals(&self) -> [i64; 3] {
        let sum = |of: fn(&Move) -> i64| self.all.iter().map(|m| of(&m.moved)).sum();
        [sum(|m| m.reports), sum(|m| m.open), sum(|m| if m.to.is_none() { m.reports } else { 0 })]
    }

    /// A line between the label points of both wards for each move; no geometry where one of them is missing.
    pub fn geojson(&self) -> Value {
        let features: Vec<Value> = self.all.iter().map(feature).collect();
        json!({
            "type": "FeatureCollection", "edition": self.edition, "generation": &*self.generation,
            "placed": self.placed, "features": features
        })
    }
}

fn named(areas: &Areas, id: &WardId) -> NamedWard {
    let unit = areas.book.unit(id);
    let name = unit.map(|u| u.name.clone()).unwrap_or_default();
    NamedWard { id: id.clone(), name, label: unit.map(|u| u.label) }
}

fn feature(NamedMove { moved, from, to }: &NamedMove) -> Value {
    let label = |ward: &Option<NamedWard>| Some(ward.as_ref()?.label?).map(|p| json!([p.lon(), p.lat()]));
    let geometry = match (label(from), label(to)) {
        (Some(from), Some(to)) => json!({ "type": "LineString", "coordinates": [from, to] }),
        _ => Value::Null,
    };
    let ward = |ward: &Option<WardId>| ward.as_ref().map(ToString::to_string);
    json!({
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "from_ward": ward(&moved.from), "to_ward": ward(&moved.to),
            "from_body": moved.from_body, "to_body": moved.to_body,
            "reports": moved.reports, "open": moved.open
        }
    })
}
