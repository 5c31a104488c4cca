//! The predicates of the CQL2 test annex with the counts that it states, on its own data.

use std::collections::BTreeMap;
use std::fs;

use geo::MapCoords;
use serde_json::{Map, Value};

use super::cql2_json;
use super::geometry;
use crate::domain::Instant;
use crate::domain::field::Kind;
use crate::query::cql::{self, Queryable, Scalar, Test, Type};
use crate::real_data;

/// The classes that are claimed, each complete, and that of time as far as instants go.
const CLASSES: [&str; 8] = [
    "basic-cql2",
    "advanced-comparison-operators",
    "case-insensitive-comparison",
    "accent-insensitive-comparison",
    "basic-spatial-functions",
    "basic-spatial-functions-plus",
    "spatial-functions",
    "temporal-functions",
];

/// What the annex counts wrong: of Chișinău, Chicago and Chengdu, three fit `Ch%` and one `chis%`.
const MISTAKEN: [&str; 3] = [
    "accent-insensitive-comparison-005",
    "accent-insensitive-comparison-006",
    "accent-insensitive-comparison-007",
];

struct Layer {
    names: Vec<(String, Type)>,
    rows: Vec<(Map<String, Value>, geo::Geometry<f64>)>,
}

impl Layer {
    fn read(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap();
        let rows: Vec<_> = document["features"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| {
                // Like all that is stored here: to seven decimals.
                let seven = |v: f64| (v * 1e7).round() / 1e7;
                let shape = geometry::from_json(&f["geometry"]).unwrap().unwrap();
                let shape = shape.map_coords(|c| geo::Coord { x: seven(c.x), y: seven(c.y) });
                (f["properties"].as_object().unwrap().clone(), shape)
            })
            .collect();
        let mut names = BTreeMap::new();
        for (name, value) in rows.iter().flat_map(|(p, _)| p) {
            let holds = match value {
                Value::String(_) if ["date", "start", "end"].contains(&name.as_str()) => Kind::Instant,
                Value::String(_) => Kind::Text,
                Value::Bool(_) => Kind::Boolean,
                Value::Number(_) => Kind::Number,
                _ => continue,
            };
            names.insert(name.clone(), Type::Of(holds));
        }
        names.insert("geom".to_owned(), Type::Place);
        Self { names: names.into_iter().collect(), rows }
    }

    fn count(&self, filter: &str) -> Result<usize, String> {
        let schema: Vec<Queryable<'_>> =
            self.names.iter().map(|(name, holds)| Queryable::new(name, *holds)).collect();
        let expr = cql::parse(filter, &schema)?;
        let passes = |(properties, shape): &&(Map<String, Value>, geo::Geometry<f64>)| {
            expr.holds(&|t: &Test| {
                let (name, holds) = &self.names[t.property];
                t.holds(match (holds, properties.get(name)) {
                    (Type::Place, _) => Scalar::Shape(shape),
                    (Type::Of(Kind::Instant), Some(Value::String(v))) => {
                        let v = if v.len() == 10 { format!("{v}T00:00:00Z") } else { v.clone() };
                        Scalar::Instant(Instant::parse(&v).unwrap())
                    }
                    (_, Some(Value::String(v))) => Scalar::Text(v),
                    (_, Some(Value::Bool(v))) => Scalar::Boolean(*v),
                    (_, Some(Value::Number(v))) => Scalar::Number(v.as_f64().unwrap()),
                    _ => Scalar::Null,
                })
            })
        };
        Ok(self.rows.iter().filter(passes).count())
    }
}

#[test]
fn the_annex_counts_the_same() {
    let Some(folder) = real_data::folder("the_annex_counts_the_same") else { return };
    let folder = folder.join("../conformance");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let layer = |name: &str| Layer::read(&read(&format!("data/ne_110m_{name}.geojson")));
    let layers =
        ["admin_0_countries", "populated_places_simple", "rivers_lake_centerlines"].map(|n| (n, layer(n)));
    let tests: Vec<Value> = serde_json::from_str(&read("cql2_ats.json")).unwrap();
    let (mut wrong, mut right) = (Vec::new(), 0);
    for test in tests {
        let text = |name: &str| test[name].as_str().unwrap();
        let intervals = text("filter").to_lowercase().contains("interval(start,end)");
        if !CLASSES.contains(&text("class")) || intervals || MISTAKEN.contains(&text("id")) {
            continue;
        }
        let (_, layer) = layers.iter().find(|(n, _)| text("source").ends_with(n)).unwrap();
        let found = layer.count(text("filter"));
        if found.as_ref().ok().map(|n| *n as u64) == test["expected"].as_u64() {
            right += 1;
        } else {
            wrong.push(format!(
                "{}: {} gives {found:?}, not {}",
                text("id"),
                text("filter"),
                test["expected"]
            ));
        }
    }
    assert!(wrong.is_empty() && right > 150, "{right} right; wrong:\n{}", wrong.join("\n"));
}

#[test]
fn json_and_text_ask_the_same() {
    let schema = [
        Queryable::new("name", Type::Of(Kind::Text)),
        Queryable::new("at", Type::Of(Kind::Instant)),
        Queryable::new("geometry", Type::Place),
    ];
    for (json, text) in [
        (
            r#"{"op":"or","args":[{"op":"=","args":[{"property":"name"},"a"]},{"op":"isNull","args":[{"property":"name"}]}]}"#,
            "name = 'a' OR name IS NULL",
        ),
        (
            r#"{"op":"between","args":[{"property":"at"},{"date":"2026-01-01"},{"timestamp":"2026-02-01T00:00:00Z"}]}"#,
            "at BETWEEN DATE('2026-01-01') AND TIMESTAMP('2026-02-01T00:00:00Z')",
        ),
        (
            r#"{"op":"s_within","args":[{"property":"geometry"},{"bbox":[106.5,10.5,107,11]}]}"#,
            "S_WITHIN(geometry,BBOX(106.5,10.5,107,11))",
        ),
        (
            r#"{"op":"not","args":[{"op":"like","args":[{"op":"casei","args":[{"property":"name"}]},"A%"]}]}"#,
            "CASEI(name) NOT LIKE 'a%'",
        ),
        (
            r#"{"op":"t_after","args":[{"property":"at"},{"interval":["..","2026-01-01"]}]}"#,
            "at > DATE('2026-01-01')",
        ),
    ] {
        let turned = cql2_json::to_text(&serde_json::from_str(json).unwrap()).unwrap();
        let (from_json, from_text) = (
            cql::parse_as(&turned, cql::Dialect::Json, &schema).unwrap(),
            cql::parse(text, &schema).unwrap(),
        );
        assert_eq!(from_json, from_text, "{turned}");
    }
}
