//! What `/api` describes is what the service answers: each operation is asked, and its answer held against its
//! schema.

use serde_json::{Value, json};

use crate::areas::boundaries;
use crate::clusters::{number, symbols};
use crate::feeds::done;
use crate::harness::{CENTRE, Server, feature};
use crate::keys::token;

/// Operations that need what this server has not: a basemap, a secret link.
const LEFT_OUT: [&str; 8] = [
    "basemap",
    "basemapTile",
    "secretReportsFeedAtom",
    "secretReportsFeedJson",
    "secretReportsFeedGeoJson",
    "secretChangesFeedAtom",
    "secretChangesFeedJson",
    "secretChangesFeedGeoJson",
];

/// What of a value its schema does not say, or says otherwise. A member that is not described is a fault, too.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let pointer = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    if value.is_null() && (schema["nullable"] == true || schema == &json!({})) {
        return Vec::new();
    }
    if let Some(pointer) = pointer {
        return faults(document, document.pointer(&pointer[1..]).unwrap(), value, at);
    }
    let right = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some(other) => panic!("{at}: {other}"),
    };
    if !right || schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return vec![format!("{at}: {value:.80} is no {schema:.200}")];
    }
    let mut found = Vec::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{at} has no {name}"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        match schema["properties"].get(name).or_else(|| schema.get("additionalProperties")) {
            Some(schema) => found.extend(faults(document, schema, member, &at)),
            None if schema == &json!({}) => {}
            None => found.push(format!("{at} is not described")),
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(faults(document, &schema["items"], item, &format!("{at}[]")));
    }
    found
}

/// A city with something of everything.
fn filled() -> Server {
    let server = Server::start();
    for i in 0..30 {
        let place = (CENTRE.0 + f64::from(i % 5) * 2e-4, CENTRE.1 + f64::from(i / 5) * 2e-4);
        server.report(if i % 2 == 0 { "pothole" } else { "road_sign" }, Some(place));
    }
    let point = json!({ "type": "Point", "coordinates": [CENTRE.0, CENTRE.1] });
    let ring = json!([[106.6, 10.7], [106.8, 10.7], [106.8, 10.9], [106.6, 10.7]]);
    for (collection, geometry, properties) in [
        ("traffic", &point, json!({ "kind": "crash", "severity": "high" })),
        ("facilities", &point, json!({ "kind": "hospital", "opening_hours": "24/7" })),
        (
            "alerts",
            &json!({ "type": "Polygon", "coordinates": [ring] }),
            json!({
                "severity": "severe",
                "headline_vi": "Mưa lớn",
                "onset": "2026-11-25T01:00:00Z",
                "expires": "2026-11-26T01:00:00Z",
            }),
        ),
    ] {
        let feature = json!({ "source_id": "a", "geometry": geometry, "properties": properties });
        let mut all = vec![feature.clone()];
        if collection == "traffic" {
            // Each kind of shape is a collection of its own.
            let line = json!({ "type": "LineString", "coordinates": [[106.69, 10.77], [106.71, 10.78]] });
            all.push(json!({ "source_id": "b", "geometry": line, "properties": feature["properties"] }));
        }
        server.features(collection, "works", &all, &[]);
    }
    server.until("the reports are counted", || server.matched("") == 30);
    server
}

/// An address of a path of the description.
fn address(server: &Server, path: &str) -> String {
    let id = || {
        if path.contains("/clusters/") {
            let all = symbols(server, 10, "");
            return all.iter().find_map(|f| number(f, "cluster_id")).unwrap().to_string();
        }
        if path.contains("/wards/") {
            return "26743".to_owned();
        }
        let items = path.split("/{id}").next().unwrap();
        let items = if items == "/r" { "/collections/reports/items" } else { items };
        let list = server.get(&format!("{items}?limit=1")).json();
        list["features"][0]["id"].to_string()
    };
    let mut own = path
        .replace("{z}/{x}/{y}", "10/815/481")
        .replace("{z}/{row}/{column}", "10/481/815")
        .replace("{lon},{lat},{zoom}/{width}x{height}", "106.7,10.8,12/300x200")
        .replace("{service_code}", "pothole")
        .replace("{edition}", "1")
        .replace("{ward}", "26743")
        .replace("{name}", "light")
        .replace("{stack}/{range}", "Be%20Vietnam%20Pro%20Regular/0-255");
    if own.contains("{id}") {
        own = own.replace("{id}", &id());
    }
    if path == "/events" {
        own.push_str("?since=0.0");
    }
    if ["/locate", "/nearest"].contains(&path) {
        own = format!("{own}?lon={}&lat={}", CENTRE.0, CENTRE.1);
    }
    own
}

/// The address of a task.
fn task(server: &Server, key: &str) -> String {
    let list = server.get("/collections/reports/items?limit=1&status=open").json();
    let tasks = format!("/collections/reports/items/{}/tasks", list["features"][0]["id"]);
    let what = json!({ "what": "Hút hố ga", "contractor": "Khơi Dòng" }).to_string();
    let given = server.post_bytes(&tasks, what.as_bytes(), "application/json", &[("Authorization", key)]);
    assert_eq!(given.status, 200, "{}", given.text());
    format!("{tasks}/1")
}

/// The schema of what a POST answers.
fn answered(document: &Value, path: &str, status: &str) -> Value {
    document["paths"][path]["post"]["responses"][status]["content"]["application/json"]["schema"].clone()
}

#[test]
fn every_answer_is_as_described() {
    let server = filled();
    let answer = server.get("/api");
    assert_eq!(answer.header("content-type"), "application/vnd.oai.openapi+json;version=3.0");
    let document = answer.json();
    let key = done(&server, &["keys", "add", "Trực", "--scope", "operate"]);
    let key = format!("Bearer {}", token(&key));
    let with_key = |path: &str| server.get_with(path, &[("Authorization", &key)]);
    server.until("the key is known", || with_key("/areas/editions").status == 200);
    let kept = json!({ "generation": "2027-01-01", "boundaries": boundaries(), "force": true });
    let kept = kept.to_string();
    let kept =
        server.post_bytes("/areas/editions", kept.as_bytes(), "application/json", &[("Authorization", &key)]);
    let mut wrong = faults(&document, &answered(&document, "/areas/editions", "202"), &kept.json(), "kept");
    let with_task = task(&server, &key);
    let (mut asked, mut left_out) = (0, Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        let get = &item["get"];
        let id = get["operationId"].as_str().unwrap_or("a POST alone");
        for p in get["parameters"].as_array().into_iter().flatten() {
            let Some(name) = p["$ref"].as_str().and_then(|r| r.rsplit('/').next()) else { continue };
            assert_eq!(document["components"]["parameters"][name]["name"], name, "{path}");
        }
        for (media, content) in get["responses"]["200"]["content"].as_object().into_iter().flatten() {
            if media == "text/event-stream" {
                continue; // it does not end
            }
            if LEFT_OUT.contains(&id) {
                left_out.push(id);
                continue;
            }
            let own = if path.contains("{task}") { with_task.clone() } else { address(&server, path) };
            let mut headers = vec![("Accept", media.split(';').next().unwrap())];
            if !get["security"].is_null() {
                server.get(&own).problem(401);
            }
            if !get["security"].is_null() || own == with_task {
                headers.push(("Authorization", &key));
            }
            let answer = server.get_with(&own, &headers);
            if answer.status == 204 && !get["responses"]["204"].is_null() {
                continue;
            }
            let sent = answer.header("content-type");
            assert!(answer.status == 200 && sent.starts_with(media), "{own}: {} {sent}", answer.status);
            asked += 1;
            if media.contains("json") && !media.contains("seq") {
                wrong.extend(faults(&document, &content["schema"], &answer.json(), &own));
            }
        }
    }
    left_out.dedup();
    assert_eq!(left_out.len(), LEFT_OUT.len(), "{left_out:?}");
    assert!(asked > 100, "{asked}");
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_sent_and_what_is_refused_are_as_described() {
    let server = Server::start();
    let document = server.get("/api").json();
    let schema = |pointer: &str| document.pointer(pointer).unwrap_or_else(|| panic!("{pointer}"));
    let post = "/paths/~1collections~1reports~1items/post";
    let body = feature("pothole", Some(CENTRE));
    let content = "content/application~1geo+json/schema";
    let sent = schema(&format!("{post}/requestBody/{content}"));
    assert_eq!(faults(&document, sent, &body, "body"), [""; 0]);
    let made = server.post("/collections/reports/items", &body, &[]);
    let told = schema(&format!("{post}/responses/201/{content}"));
    assert_eq!(faults(&document, told, &made.json(), "report"), [""; 0]);
    let device = server.post("/devices", &json!({}), &[]);
    let told = schema("/paths/~1devices/post/responses/201/content/application~1json/schema");
    assert_eq!(faults(&document, told, &device.json(), "token"), [""; 0]);
    let key = format!("Bearer {}", token(&done(&server, &["keys", "add", "Trực", "--scope", "operate"])));
    let key = [("Authorization", &*key)];
    server.until("the key is known", || server.get_with("/areas/editions", &key).status == 200);
    let operate = |path: &str, body: &Value| {
        server.post_bytes(path, body.to_string().as_bytes(), "application/json", &key)
    };
    for (part, body) in [
        ("transitions", json!({ "state": "forwarded", "note": "x", "internal_note": "y" })),
        ("transfers", json!({ "ward": "26740", "note": null })),
        ("questions", json!({ "question": "Ở đâu?" })),
    ] {
        let path = format!("/collections/reports/items/{{id}}/{part}");
        let sent = document.pointer(&format!(
            "/paths/{}/post/requestBody/content/application~1json/schema",
            path.replace('/', "~1")
        ));
        assert_eq!(faults(&document, sent.unwrap(), &body, part), [""; 0]);
        let answer = operate(&path.replace("{id}", &made.json()["id"].to_string()), &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(faults(&document, &answered(&document, &path, "200"), &answer.json(), part), [""; 0]);
    }
    // A ward is missing.
    let mut areas = json!({ "generation": "2025-07-01", "boundaries": boundaries() });
    areas["boundaries"]["features"].as_array_mut().unwrap().pop();
    let sent = schema("/paths/~1areas~1editions/post/requestBody/content/application~1json/schema");
    assert_eq!(faults(&document, sent, &areas, "areas"), [""; 0]);
    let checked = operate("/areas/editions?dry_run=true", &areas);
    let told = answered(&document, "/areas/editions", "200");
    assert_eq!(faults(&document, &told, &checked.json(), "checked"), [""; 0]);
    let problem = schema("/components/schemas/Problem");
    for refused in [
        server.get("/collections/reports/items?limit=abc"),
        server.get("/locate?lon=2&lat=48"),
        server.get("/feeds/wards/26734.json"),
        server.get("/nothing"),
        server.get("/areas/homeless"),
        operate("/areas/editions", &areas),
        operate("/areas/editions/0/withdraw", &json!(null)),
        server.post("/collections/reports/items", &feature("pothole", Some((2.0, 48.0))), &[]),
    ] {
        assert!(refused.status >= 400);
        assert_eq!(faults(&document, problem, &refused.json(), "problem"), [""; 0], "{}", refused.text());
    }
}

#[test]
fn metrics_name_the_route_and_never_the_address() {
    let server = Server::start();
    server.get("/collections/reports/items?%66=csv");
    server.get("/collections/traffic/items/77");
    let metrics = server.get("/metrics").text();
    for route in ["/collections/reports/items", "/collections/{collection}/items/{id}"] {
        assert!(metrics.contains(&format!("route=\"{route}\"")), "{metrics}");
    }
    assert!(!metrics.contains("items/77"));
}
