//! Documents as text: a change of what others read shows in review.

use std::collections::BTreeSet;

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::{CENTRE, Server};

/// The names that a schema or a feature has properties of.
fn names(document: &Value) -> BTreeSet<&str> {
    document["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_landing_page_and_what_it_links_to() {
    let server = Server::start_counting();
    assert_json_snapshot!("landing", server.get("/").json());
    assert_json_snapshot!("conformance", server.get("/conformance").json());
    assert_json_snapshot!("collections", server.get("/collections").json());
    for path in ["/", "/conformance", "/collections", "/collections/reports", "/collections/wards"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    server.get("/collections/nothing").problem(404);
}

#[test]
fn a_report_as_everybody_sees_it() {
    let server = Server::start_counting();
    assert_json_snapshot!("report", server.report("road_sign", Some(CENTRE)));
    server.until("it is counted", || server.matched("") == 1);
    assert_json_snapshot!("reports", server.get("/collections/reports/items?status=open&limit=5").json());
}

#[test]
fn the_categories() {
    let server = Server::start();
    assert_json_snapshot!("categories", server.get("/categories").json());
}

#[test]
fn a_problem() {
    let server = Server::start();
    let answer = server.get("/collections/reports/items?limit=abc&statsu=open");
    assert_json_snapshot!("problem", answer.json());
}

#[test]
fn a_schema_names_what_features_hold_and_queryables_what_filters_them() {
    let server = Server::start_counting();
    server.report("pothole", Some(CENTRE));
    server.until("it is counted", || server.matched("") == 1);
    for (collection, properties) in [
        ("traffic", json!({ "kind": "crash", "severity": "high" })),
        ("facilities", json!({ "kind": "hospital" })),
    ] {
        let point = json!({ "type": "Point", "coordinates": [CENTRE.0, CENTRE.1] });
        let feature = json!({ "source_id": "a", "geometry": point, "properties": properties });
        server.features(collection, "works", &[feature], &[]);
    }
    for id in ["reports", "wards", "traffic", "facilities", "alerts"] {
        let home = format!("/collections/{id}");
        let links = server.get(&home).json()["links"].clone();
        let document = |name: &str| {
            let rel = format!("http://www.opengis.net/def/rel/ogc/1.0/{name}");
            let link = links.as_array().unwrap().iter().find(|l| l["rel"] == rel).unwrap().clone();
            assert_eq!(link["href"], format!("https://map.test{home}/{name}"));
            let accept = [("Accept", "application/schema+json")];
            let answer = server.get_with(&format!("{home}/{name}"), &accept);
            assert_eq!((answer.status, answer.header("content-type")), (200, "application/schema+json"));
            let document = answer.json();
            assert_eq!((&document["$id"], &document["type"]), (&link["href"], &json!("object")));
            document
        };
        let (schema, queryables) = (document("schema"), document("queryables"));
        assert_eq!(queryables["additionalProperties"], false);
        // The same list as GDAL reads it, by a link of its own.
        let listed = queryables["queryables"].as_array().unwrap().iter();
        assert_eq!(listed.map(|q| q["id"].as_str().unwrap()).collect::<BTreeSet<_>>(), names(&queryables));
        assert!(links.as_array().unwrap().iter().any(|l| l["rel"] == "queryables"));
        let items = |filter: &str| {
            let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
            server.get(&format!("{home}/items?limit=1&filter={filter}"))
        };
        if let Some(feature) = items("TRUE").json()["features"].get(0) {
            assert_eq!(names(feature), names(&schema), "{id}");
            for name in names(&queryables) {
                let own = if name == "id" { &feature["id"] } else { &feature["properties"][name] };
                let value = match own {
                    Value::String(t) if queryables["properties"][name]["format"] == "date-time" => {
                        format!("TIMESTAMP('{t}')")
                    }
                    Value::String(t) => format!("'{t}'"),
                    Value::Null => continue,
                    other => other.to_string(),
                };
                let found = items(&format!("\"{name}\" = {value}")).json();
                assert_eq!(found["features"][0]["id"], feature["id"], "{id}: {name} = {value}");
            }
        }
        assert_eq!(
            items("S_INTERSECTS(geometry,BBOX(106,10,108,12)) OR geometry IS NULL").status,
            200,
            "{id}"
        );
        // The same as the schema of a whole feature, which GDAL reads.
        let described = links.as_array().unwrap().iter().find(|l| l["rel"] == "describedBy").unwrap();
        assert_eq!(described["type"], "application/schema+json");
        let feature = server.get(&format!("{home}/feature-schema")).json();
        let of = |document: &Value| {
            let all = document.as_object().unwrap().clone();
            all.into_iter()
                .filter(|(name, _)| name != "id")
                .map(|(n, p)| (n, p["type"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&feature["properties"]["properties"]["properties"]), of(&schema["properties"]), "{id}");
        // A list that says that it is the whole: what it leaves out is refused.
        for name in names(&schema).difference(&names(&queryables)) {
            assert_eq!(items(&format!("\"{name}\" IS NULL")).problem(400), ["filter"], "{id}: {name}");
        }
    }
    assert_json_snapshot!("reports_queryables", server.get("/collections/reports/queryables").json());
    assert_json_snapshot!("traffic_queryables", server.get("/collections/traffic/queryables").json());
    assert_json_snapshot!("wards_schema", server.get("/collections/wards/schema").json());
    server.get("/collections/nothing/queryables").problem(404);
    server.get("/collections/reports/queryables?limit=1").problem(400);
}
