//! Runs the examples of a layer: a row or a feature is put on an empty map, and the tile that
//! contains it must show exactly what the example says. Not here: parsing examples (layer).

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::CoordsIter;

use crate::domain::feature::Valid;
use crate::domain::field::{CATEGORY, CREATED, NO_WARD, STATE, UPDATED, WARD};
use crate::domain::view::MapRow;
use crate::domain::{CodeBook, Collection, Feature, Instant, State, WardId, field};
use crate::format::geometry::from_json;
use crate::geo::{LonLat, Mercator, TileId};
use crate::map::index::Snapshot;
use crate::map::layer::{Example, ExampleFeature, ExampleRow, Layer};
use crate::map::shape::features::FeatureSets;
use crate::map::shape::features::drawn::Drawn;
use crate::map::tile::mvt::{Value, decode};
use crate::map::tile::{Sources, tile};
use crate::query::Joint;

/// Most reports that an example may put at one point.
const MAX_COPIES: u32 = 1_000_000;

/// The sources of an example, the names of its codes, the instant, and a position in its tile.
struct Stage {
    rows: Vec<MapRow>,
    codebook: CodeBook,
    features: FeatureSets,
    now: Instant,
    place: LonLat,
}

/// Runs one example of a layer that was parsed without mistakes.
///
/// # Errors
/// What cannot be put on the map, or what the tile shows instead.
pub(in crate::map) fn run(layer: &Layer, e: &Example) -> Result<(), String> {
    let stage = match (&e.row, &e.feature, &layer.collection) {
        (Some(r), None, None) => report(r)?,
        (None, Some(f), Some(c)) => feature(c, f)?,
        _ => return Err("has neither a row nor a feature that fits the layer".to_owned()),
    };
    let id = TileId::holding(Mercator::from_lonlat(stage.place), e.zoom).map_err(|e| e.to_string())?;
    let snapshot = Snapshot::from_rows(stage.rows, 0);
    let sources = Sources {
        snapshot: &snapshot,
        codebook: &stage.codebook,
        wards: None,
        features: &stage.features,
        now: stage.now,
    };
    let decoded =
        decode(&tile(&sources, layer, &Joint::default(), id)).ok_or("the tile cannot be read back")?;
    let found = decoded.iter().find(|l| l.name == e.layer).map_or(&[][..], |l| &l.features);
    match (&e.tags, found) {
        (None, []) => Ok(()),
        (None, _) => {
            Err(format!("nothing was expected in tile {id}, but it shows {}", listed(&found[0].tags)))
        }
        (Some(_), []) => Err(format!("tile {id} shows nothing in {}", e.layer)),
        (Some(tags), [shown]) => {
            let mut shown = shown.tags.clone();
            // It follows from the position.
            shown.remove("cluster_id");
            let wanted: BTreeMap<String, Value> =
                tags.iter().map(|(k, v)| Ok((k.clone(), value(k, v)?))).collect::<Result<_, String>>()?;
            let differences = differences(&wanted, &shown);
            if differences.is_empty() { Ok(()) } else { Err(differences.join("; ")) }
        }
        (Some(_), all) => Err(format!("tile {id} shows {} features, one was expected", all.len())),
    }
}

fn report(r: &ExampleRow) -> Result<Stage, String> {
    let place = LonLat::new(r.point[0], r.point[1]).map_err(|e| format!("row.point {e}"))?;
    if r.copies > MAX_COPIES {
        return Err(format!("row.copies is {}, it may be at most {MAX_COPIES}", r.copies));
    }
    let state = State::from_name(&r.state).ok_or_else(|| {
        let names: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
        format!("row.state {:?} is not a state; there are {}", r.state, names.join(", "))
    })?;
    let row = MapRow::new(0, r.id, Some(place))
        .with(CATEGORY, 0)
        .with(STATE, state as u8)
        .with(WARD, if r.ward.is_some() { 0 } else { NO_WARD })
        .with(CREATED, instant("row.created_at", &r.created_at)?.ms())
        .with(UPDATED, instant("row.updated_at", &r.updated_at)?.ms());
    let ward = r.ward.as_deref().and_then(|w| w.split_once('.'));
    let codebook = CodeBook {
        categories: vec![r.category.as_str().into()],
        wards: ward.iter().map(|(generation, code)| WardId::new(generation, code)).collect(),
        active: ward.map_or("", |w| w.0).into(),
        edition: 0,
        bodies: Vec::new(),
        ward_bodies: Vec::new(),
        clocks: None,
    };
    let copy = |i: u32| {
        let mut copy = row;
        (copy.seq, copy.id) = (i, row.id + u64::from(i));
        copy
    };
    let rows = (0..r.copies).map(copy).collect();
    Ok(Stage { rows, codebook, features: FeatureSets::default(), now: Instant::MIN, place })
}

fn feature(c: &Arc<Collection>, e: &ExampleFeature) -> Result<Stage, String> {
    let text = |v: &toml::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let raw = e.properties.iter().map(|(k, v)| (k.clone(), field::Value::Text(text(v)))).collect();
    let json = serde_json::from_str(&e.geometry).map_err(|e| format!("feature.geometry {e}"))?;
    let geometry = from_json(&json).map_err(|e| format!("feature.geometry {e}"))?;
    let geometry = geometry.ok_or("feature.geometry is null, an example needs a place")?;
    c.check_shape(&geometry).map_err(|e| e.clone())?;
    let first = geometry.coords_iter().next().ok_or("feature.geometry has no position")?;
    let values = c.read(&raw).map_err(|faults| {
        faults.iter().map(|f| format!("feature.properties: {f}")).collect::<Vec<_>>().join("; ")
    })?;
    let now = instant("feature.at", &e.at)?;
    // The label of an area is not at its edge.
    let place = match Drawn::of(Some(&geometry)).label() {
        Some((x, y)) => Mercator { x, y }.lonlat(),
        None => LonLat::new(first.x, first.y).map_err(|e| format!("feature.geometry {e}"))?,
    };
    let f = Feature {
        seq: 1,
        id: e.id,
        source: "example".into(),
        source_id: e.id.to_string(),
        revision: 1,
        created: now,
        updated: now,
        geometry: Some(geometry),
        valid: Valid::of(c, &values),
        values,
        wards: Vec::new(),
    };
    let features = FeatureSets::build(std::slice::from_ref(c), vec![(c.id.clone(), Arc::new(f))], now);
    Ok(Stage { rows: Vec::new(), codebook: CodeBook::default(), features, now, place })
}

fn instant(name: &str, text: &str) -> Result<Instant, String> {
    Instant::parse(text).map_err(|e| format!("{name} {e}"))
}

fn value(name: &str, v: &toml::Value) -> Result<Value, String> {
    match v {
        toml::Value::String(s) => Ok(Value::Text(s.clone())),
        toml::Value::Integer(i) => Ok(Value::Number(*i as f64)),
        toml::Value::Float(x) => Ok(Value::Number(*x)),
        toml::Value::Boolean(b) => Ok(Value::Flag(*b)),
        _ => Err(format!("tags.{name} must be a text, a number, true or false")),
    }
}

/// The differences from the expected tags, tag by tag.
fn differences(wanted: &BTreeMap<String, Value>, shown: &BTreeMap<String, Value>) -> Vec<String> {
    let mut out: Vec<String> = wanted
        .iter()
        .filter(|(k, v)| shown.get(*k) != Some(v))
        .map(|(k, v)| match shown.get(k) {
            None => format!("the tile has no {k}, the example says {}", plain(v)),
            Some(other) => format!("{k} is {}, the example says {}", plain(other), plain(v)),
        })
        .collect();
    let more = shown.iter().filter(|(k, _)| !wanted.contains_key(*k));
    out.extend(more.map(|(k, v)| format!("the tile also has {k} = {}", plain(v))));
    out
}

fn listed(tags: &BTreeMap<String, Value>) -> String {
    tags.iter().map(|(k, v)| format!("{k} = {}", plain(v))).collect::<Vec<_>>().join(", ")
}

fn plain(v: &Value) -> String {
    match v {
        Value::Text(t) => format!("{t:?}"),
        Value::Number(n) => n.to_string(),
        Value::Flag(b) => b.to_string(),
    }
}
