//! Table and description walk each other; every schema says what it is.

use std::collections::BTreeSet;

use axum::extract::Request;
use serde_json::Value;

use super::operation::path_names;
use super::*;
use crate::http::Styles;
use diaban_core::map::read_layers;

fn described() -> Value {
    let pack = crate::city_files::embedded().unwrap();
    let layers = read_layers(pack.layer_files(), &pack.collections).unwrap();
    let styles = Styles::new(pack.style_files(), &layers).unwrap();
    let styles = styles.names().collect();
    let about = About { pack: &pack, layers: &layers, styles, public_url: "https://map.test" };
    document(&about, &Table::new())
}

fn members<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.pointer(pointer).and_then(Value::as_object).unwrap().iter()
}

#[test]
fn every_route_is_described_or_says_why_not_and_every_operation_is_of_a_route() {
    let (table, document) = (Table::new(), described());
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, item) in members(&document, "/paths") {
        let mut sample = path.clone();
        for name in path_names(path) {
            sample = sample.replacen(&format!("{{{name}}}"), "1", 1);
        }
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_ascii_uppercase();
            let request = Request::builder().method(&*method).uri(&*sample).body(()).unwrap();
            described.insert((method, table.admit(&request).route));
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}: an id twice");
        }
    }
    let left_out = &document["x-left-out"];
    let rows = table.rows().iter().filter(|row| left_out.get(row.pattern).is_none());
    let expected: BTreeSet<(String, &str)> = rows.map(|r| (r.method.to_string(), r.pattern)).collect();
    assert_eq!(described, expected);
    let reasons: Vec<&str> = members(&document, "/x-left-out").filter_map(|(_, why)| why.as_str()).collect();
    assert!(reasons.len() == 4 && reasons.iter().all(|why| why.len() > 10), "{reasons:?}");
    for known in
        ["issueDeviceToken", "incidentsChanges", "incidentsCluster", "glyphs", "spriteSheet", "basemap"]
    {
        assert!(ids.contains(known), "{known}");
    }
}

/// Calls `see` with every schema below a schema, and where it stands.
fn walk(schema: &Value, at: &str, see: &mut impl FnMut(&Value, &str)) {
    see(schema, at);
    for (name, s) in schema["properties"].as_object().into_iter().flatten() {
        walk(s, &format!("{at}/{name}"), see);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            walk(&schema[inner], &format!("{at}/{inner}"), see);
        }
    }
    for case in schema["allOf"].as_array().into_iter().flatten() {
        walk(case, at, see);
    }
}

/// All schemas that answers and bodies have at their root, and the named ones.
fn roots(document: &Value) -> Vec<(String, Value)> {
    let named = members(document, "/components/schemas").map(|(name, s)| (name.clone(), s.clone()));
    let mut all: Vec<_> = named.collect();
    for (path, item) in members(document, "/paths") {
        for operation in item.as_object().unwrap().values() {
            let answers = operation["responses"].as_object().unwrap().values();
            for content in answers.chain([&operation["requestBody"]]) {
                for (media, content) in content["content"].as_object().into_iter().flatten() {
                    all.push((format!("{path} {media}"), content["schema"].clone()));
                }
            }
        }
    }
    all
}

#[test]
fn every_schema_is_typed_and_every_reference_leads_somewhere() {
    let document = described();
    let mut seen = 0;
    for (at, schema) in roots(&document) {
        if at.contains("json") && !at.ends_with("-seq") {
            assert_ne!(schema["type"], "string", "{at}");
        }
        walk(&schema, &at, &mut |s, at| {
            seen += 1;
            for keyword in ["oneOf", "anyOf", "const", "prefixItems"] {
                assert!(s.get(keyword).is_none(), "{at} has {keyword}");
            }
            if s["type"] == "object" {
                let members = s["properties"].as_object().is_some_and(|p| !p.is_empty());
                assert!(members || s["additionalProperties"].is_object(), "{at} is a bare object");
            }
            if s["type"] == "array" {
                assert!(s["items"].is_object(), "{at} is a list of nobody knows what");
            }
            if let Some(name) = s["$ref"].as_str() {
                assert!(document.pointer(&name[1..]).is_some(), "{at}: {name}");
            }
        });
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn a_new_report_has_every_member_that_is_read() {
    let document = described();
    let properties = members(&document, "/components/schemas/NewReport/properties/properties/properties");
    let names: BTreeSet<&str> = properties.map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, crate::http::doors::features::SUBMITTED.iter().copied().collect());
}
