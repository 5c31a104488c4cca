//! Ward boundaries: how they come in, come into force, are taken back, and what is told of former ones.

mod behind;
mod former;
mod import;
mod operators;
mod over_http;
mod redraw;
mod scheduled;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use geo::{BooleanOps, BoundingRect, MultiPolygon, Rect, coord};
use serde_json::{Value, json};

use crate::harness::{Server, command, said};

pub(crate) const NEXT: &str = "2027-01-01";

/// The pack's boundaries with every fourth ward under a new code, and one ward cut in two.
pub(crate) struct Redrawn {
    pub(crate) file: PathBuf,
    /// Former codes of the wards that are only called otherwise, with their new codes.
    pub(crate) renamed: BTreeMap<String, String>,
    /// The ward that is cut, and the code of its eastern part.
    pub(crate) cut: (String, String),
}

pub(crate) fn redrawn(folder: &Path, cut: &str) -> Redrawn {
    let mut document = boundaries();
    let features = document["features"].as_array_mut().unwrap();
    let mut renamed = BTreeMap::new();
    let mut east = None;
    for (i, f) in features.iter_mut().enumerate() {
        let code = f["properties"]["code"].as_str().unwrap().to_owned();
        if code == cut {
            let shape = diaban_core::format::geometry::from_json(&f["geometry"]).unwrap().unwrap();
            let shape: MultiPolygon<f64> = match shape {
                geo::Geometry::Polygon(p) => MultiPolygon(vec![p]),
                geo::Geometry::MultiPolygon(m) => m,
                other => panic!("{other:?}"),
            };
            let bounds = shape.bounding_rect().unwrap();
            let half = Rect::new(coord! { x: bounds.center().x, y: -90.0 }, coord! { x: 180.0, y: 90.0 });
            let half = MultiPolygon(vec![half.to_polygon()]);
            let written = |m: MultiPolygon<f64>| {
                diaban_core::format::geometry::to_json(Some(&geo::Geometry::MultiPolygon(m)))
            };
            let mut other = f.clone();
            other["properties"]["code"] = json!("39999");
            other["properties"]["name"] = json!("Đông");
            other["geometry"] = written(shape.intersection(&half));
            f["geometry"] = written(shape.difference(&half));
            east = Some(other);
        } else if i % 4 == 0 {
            let new = format!("4{i:04}");
            f["properties"]["code"] = json!(new);
            renamed.insert(code, new);
        }
    }
    features.push(east.unwrap());
    let file = folder.join("next.geojson");
    std::fs::write(&file, document.to_string()).unwrap();
    Redrawn { file, renamed, cut: (cut.to_owned(), "39999".to_owned()) }
}

/// The pack's own boundaries.
pub(crate) fn boundaries() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/areas/2025-07-01/boundaries.geojson");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn done(folder: &Path, words: &[&str], arguments: &[&str]) -> String {
    let output = command(folder, words, arguments);
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    said(&output)
}

/// Reports with generation and code of their wards, or nothing.
pub(crate) type Wards = BTreeMap<u64, Option<(String, String)>>;

/// All of them.
pub(crate) fn wards(server: &Server) -> Wards {
    let all = server.get("/collections/reports/items?f=geojsonseq").text();
    let reports = all.lines().map(|line| {
        let f: Value = serde_json::from_str(line.trim_start_matches('\u{1e}')).unwrap();
        let of = |name: &str| f["properties"][name].as_str().map(str::to_owned);
        (f["id"].as_u64().unwrap(), of("ward_generation").zip(of("ward")))
    });
    reports.collect()
}

/// The generations of the wards in a list.
fn generations(list: &Value) -> BTreeSet<&str> {
    let features = list["features"].as_array().unwrap().iter().map(|f| &f["properties"]);
    let wards = features.flat_map(|p| {
        let several = p["wards"].as_array().into_iter().flatten().filter_map(Value::as_str);
        several.filter_map(|w| Some(w.split_once('.')?.0)).chain(p["ward_generation"].as_str())
    });
    wards.collect()
}
