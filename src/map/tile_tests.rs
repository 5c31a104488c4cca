//! The examples of the declared layers, and what every tile keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::geo::CoordsIter;

use super::*;
use crate::domain::view::NO_WARD;
use crate::domain::{Collection, Feature, Instant, State, WardId, field};
use crate::format::geometry::from_json;
use crate::geo::{LonLat, Mercator};
use crate::map::drawn::Drawn;
use crate::map::layer::{Example, ExampleFeature, ExampleRow};
use crate::map::mvt::{Value, decode};
use crate::map::testing::made;
use crate::pack::Pack;

fn collections() -> Vec<Arc<Collection>> {
    Pack::embedded().unwrap().collections
}

/// What an example puts on the map, the names of its codes, the moment, and a place in its tile.
struct Stage {
    rows: Vec<MapRow>,
    words: Vocabulary,
    features: Vec<(Arc<str>, Arc<Feature>)>,
    now: Instant,
    place: LonLat,
}

fn stage(layer: &Layer, e: &Example) -> Stage {
    match (&e.row, &e.feature, &layer.collection) {
        (Some(r), None, None) => report(r),
        (None, Some(f), Some(c)) => feature(c, f),
        _ => panic!("checked when the layer was read"),
    }
}

fn report(r: &ExampleRow) -> Stage {
    let place = LonLat::new(r.point[0], r.point[1]).unwrap();
    let row = MapRow {
        seq: 0,
        id: r.id,
        point: Some(place),
        category: 0,
        state: State::from_name(&r.state).unwrap(),
        ward: if r.ward.is_some() { 0 } else { NO_WARD },
        created: Instant::parse(&r.created_at).unwrap(),
        updated: Instant::parse(&r.updated_at).unwrap(),
        body: 0,
        votes: 0,
        due: None,
    };
    let ward = r.ward.as_deref().and_then(|w| w.split_once('.'));
    let words = Vocabulary {
        categories: vec![r.category.as_str().into()],
        wards: ward.iter().map(|(generation, code)| WardId::new(generation, code)).collect(),
        active: "2025-07-01".into(),
        bodies: Vec::new(),
    };
    let rows = (0..r.copies).map(|i| MapRow { seq: i, id: row.id + u64::from(i), ..row }).collect();
    Stage { rows, words, features: Vec::new(), now: Instant::MIN, place }
}

fn feature(c: &Arc<Collection>, e: &ExampleFeature) -> Stage {
    let text = |v: &toml::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let raw = e.properties.iter().map(|(k, v)| (k.clone(), field::Value::Text(text(v)))).collect();
    let geometry = from_json(&serde_json::from_str(&e.geometry).unwrap()).unwrap().unwrap();
    c.check_shape(&geometry).unwrap();
    let values = c.read(&raw).unwrap();
    let now = Instant::parse(&e.at).unwrap();
    let first = geometry.coords_iter().next().unwrap();
    let mut f = made(c, e.id, geometry, values);
    (f.created, f.updated) = (now, now);
    // The label of an area is not at its rim.
    let drawn = Drawn::of(f.geometry.as_ref());
    let place = drawn
        .label()
        .map_or_else(|| LonLat::new(first.x, first.y).unwrap(), |(x, y)| Mercator { x, y }.lonlat());
    let features = vec![(c.id.clone(), Arc::new(f))];
    Stage { rows: Vec::new(), words: Vocabulary::default(), features, now, place }
}

fn run_examples(file: &str, text: &str) -> usize {
    let all = collections();
    let layer = Layer::parse(file, text, &all).unwrap();
    for e in &layer.example {
        let s = stage(&layer, e);
        let id = TileId::holding(Mercator::from_lonlat(s.place), e.zoom).unwrap();
        let sources = Sources {
            snapshot: &Snapshot::from_rows(s.rows, 0),
            words: &s.words,
            wards: None,
            features: &FeatureSets::build(&all, s.features, Instant::MIN),
            now: s.now,
        };
        let decoded = decode(&tile(&sources, &layer, &Joint::default(), id)).unwrap();
        let found = decoded.iter().find(|l| l.name == e.layer);
        let Some(tags) = &e.tags else {
            assert!(found.is_none(), "{file} at zoom {}: {found:?}", e.zoom);
            continue;
        };
        let found = found.unwrap_or_else(|| panic!("{file} at zoom {}: no {}", e.zoom, e.layer));
        assert_eq!((found.version, found.extent), (2, 4096));
        let [feature] = &found.features[..] else { panic!("{found:?}") };
        let mut got = feature.tags.clone();
        let number = Value::Number(feature.id as f64);
        assert!(got.remove("cluster_id").is_none_or(|id| id == number));
        let single = e.row.as_ref().filter(|r| r.copies == 1).map(|r| r.id);
        let own = e.feature.as_ref().map(|f| f.id).or(single);
        assert!(own.is_none_or(|id| id == feature.id));
        let want: BTreeMap<String, Value> = tags
            .iter()
            .map(|(k, v)| {
                let value = match v {
                    toml::Value::String(s) => Value::Text(s.clone()),
                    toml::Value::Integer(i) => Value::Number(*i as f64),
                    toml::Value::Boolean(b) => Value::Flag(*b),
                    other => panic!("no tag has the type of {other}"),
                };
                (k.clone(), value)
            })
            .collect();
        assert_eq!(got, want, "{file} at zoom {}", e.zoom);
        let declared = &layer.vector_layers.iter().find(|v| v.id == e.layer).unwrap().fields;
        assert!(feature.tags.keys().all(|k| declared.contains_key(k)));
    }
    layer.example.len()
}

#[test]
fn the_examples_of_the_layers_hold() {
    let pack = Pack::embedded().unwrap();
    let run = |(name, text): &(String, String)| (name.clone(), run_examples(&format!("{name}.toml"), text));
    let counts: BTreeMap<String, usize> = pack.layer_files().iter().map(run).collect();
    assert_eq!(
        counts.iter().map(|(n, c)| (n.as_str(), *c)).collect::<Vec<_>>(),
        [("alerts", 3), ("facilities", 3), ("incidents", 2), ("traffic", 3), ("wards", 0)]
    );
}

#[test]
fn counts_are_abbreviated_as_supercluster_does() {
    for (n, text) in
        [(2, "2"), (999, "999"), (1000, "1k"), (1249, "1.2k"), (9960, "10k"), (9940, "9.9k"), (12_500, "13k")]
    {
        assert_eq!(abbreviated(n), text);
    }
}

#[test]
fn a_tile_without_rows_has_no_bytes() {
    let layer =
        Layer::parse("incidents.toml", include_str!("../../tiles/layers/incidents.toml"), &[]).unwrap();
    let snapshot = Snapshot::from_rows(Vec::new(), 0);
    let sources = Sources {
        snapshot: &snapshot,
        words: &Vocabulary::default(),
        wards: None,
        features: &FeatureSets::default(),
        now: Instant::MIN,
    };
    assert!(tile(&sources, &layer, &Joint::default(), TileId::new(3, 1, 1).unwrap()).is_empty());
}
