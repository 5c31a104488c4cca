//! Documents as text: a change of what others read shows in review.

use insta::assert_json_snapshot;

use crate::harness::{CENTRE, Server};

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
fn the_api_description_names_what_there_is() {
    let server = Server::start_counting();
    let id = server.report("pothole", Some(CENTRE))["id"].to_string();
    let answer = server.get("/api");
    assert_eq!(answer.header("content-type"), "application/vnd.oai.openapi+json;version=3.0");
    let doc = answer.json();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in doc["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}: an id twice");
            for p in operation["parameters"].as_array().unwrap() {
                let Some(name) = p["$ref"].as_str().and_then(|r| r.rsplit('/').next()) else { continue };
                assert_eq!(doc["components"]["parameters"][name]["name"], name, "{path}");
            }
        }
        let own = path
            .replace("items/{id}", "items/none")
            .replace("/none", if path.contains("reports") { "/1" } else { "/none" });
        let own = own
            .replace("/1", &format!("/{id}"))
            .replace("{z}/{x}/{y}", "9/407/240")
            .replace("{z}/{row}/{column}", "9/240/407")
            .replace("{ward}", "26740")
            .replace("{format}", "json");
        if item["get"]["responses"]["200"]["content"]["text/event-stream"].is_object() {
            continue; // it does not end
        }
        let status = server.get(&own).status;
        let expected: &[u16] = if own.ends_with("none") { &[404] } else { &[200, 204, 400] };
        assert!(expected.contains(&status), "{own}: {status}");
    }
    assert!(ids.len() > 20, "{ids:?}");
}
