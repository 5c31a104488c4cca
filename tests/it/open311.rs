//! Open311 GeoReport v2 as far as it lists what can be reported: both forms agree, errors are its own.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::harness::{Answer, NOW, Server};

/// The texts of all elements of a name, in order; the documents hold no attributes and no comments.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let found = xml.split(open.as_str()).skip(1).filter_map(|rest| rest.split_once(close.as_str()));
    found.map(|(text, _)| text.to_owned()).collect()
}

fn members(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|s| s[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn discovery_leads_to_the_services() {
    let server = Server::start();
    let document = server.get("/open311/discovery.json");
    assert_eq!(document.header("content-type"), "application/json; charset=utf-8");
    assert_json_snapshot!("discovery", document.json());
    let instant = |text: &Value| diaban_core::domain::Instant::parse(text.as_str().unwrap()).unwrap();
    assert_eq!(instant(&document.json()["changeset"]), instant(&json!(NOW)), "when the process began");

    let xml = server.get("/open311/discovery.xml");
    assert_eq!(xml.header("content-type"), "text/xml; charset=utf-8");
    assert_eq!(texts(&xml.text(), "format"), ["text/xml", "application/json"]);
    let url = texts(&xml.text(), "url").remove(0);
    assert_eq!(document.json()["endpoints"][0]["url"], url);
    let path = url.strip_prefix("https://map.test").unwrap();
    assert_eq!(server.get(&format!("{path}/services.xml")).status, 200);
}

#[test]
fn the_services_are_the_categories() {
    let server = Server::start();
    let services = server.get("/open311/v2/services.json").json();
    assert_json_snapshot!("services", services);
    let xml = server.get("/open311/v2/services.xml").text();
    assert_eq!(texts(&xml, "service_code"), members(&services, "service_code"));
    assert_eq!(texts(&xml, "service_name"), members(&services, "service_name"));

    let categories = server.get("/categories").json();
    let all = categories["groups"].as_array().unwrap().iter();
    let all: Vec<&Value> = all.flat_map(|g| g["categories"].as_array().unwrap()).collect();
    assert_eq!(all.len(), services.as_array().unwrap().len());
    for s in services.as_array().unwrap() {
        let category = all.iter().find(|c| c["code"] == s["service_code"]).unwrap();
        let questions = category["questions"].as_array().unwrap();
        assert_eq!(s["metadata"], !questions.is_empty(), "{s}");
        let code = s["service_code"].as_str().unwrap();
        let definition = server.get(&format!("/open311/v2/services/{code}.json")).json();
        let asked: Vec<String> = questions.iter().map(|q| q["code"].as_str().unwrap().to_owned()).collect();
        assert_eq!(members(&definition["attributes"], "code"), asked);
        let xml = server.get(&format!("/open311/v2/services/{code}.xml")).text();
        assert_eq!(texts(&xml, "code"), asked);
    }
}

#[test]
fn a_service_tells_what_it_asks() {
    let server = Server::start();
    assert_json_snapshot!("definition", server.get("/open311/v2/services/street_light.json").json());
    let xml = server.get("/open311/v2/services/street_light.xml?lang=en").text();
    assert_snapshot!("definition_xml", xml.replace("><", ">\n<"));
}

#[test]
fn language_and_jurisdiction_may_be_said_or_left_empty() {
    let server = Server::start();
    let first = |query: &str| {
        let services = server.get(&format!("/open311/v2/services.json?{query}")).json();
        services[0]["service_name"].as_str().unwrap().to_owned()
    };
    assert_eq!(first("lang=en"), "Pothole or damaged road");
    assert_eq!(first("lang=en-GB"), first("lang=en"));
    let usual = first("");
    assert_eq!(usual, "Ổ gà, mặt đường hư hỏng");
    assert_eq!((first("lang=vi"), first("lang=&jurisdiction_id=")), (usual.clone(), usual.clone()));
    assert_eq!(first("jurisdiction_id=map.test"), usual);
}

/// The descriptions of a JSON error, after checking that it is one of GeoReport's.
fn errors(answer: &Answer, status: u16) -> Vec<String> {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!((answer.header("cache-control"), answer.header("content-encoding")), ("no-store", ""));
    let body = answer.json();
    assert!(body.as_array().unwrap().iter().all(|e| e["code"] == status), "{body}");
    members(&body, "description")
}

#[test]
fn errors_are_geo_reports_own_whoever_found_them() {
    let server = Server::start();
    let paths = [
        ("/open311/v2/services/none.json", 404),
        ("/open311/v2/services.json?jurisdiction_id=nowhere.example", 404),
        ("/open311/v2/services.json?lang=fr", 400),
        ("/open311/v2/requests.json", 404),
        ("/open311/v2/requests/1.json", 404),
        ("/open311/v2/services", 404),
        ("/open311/none/of/this.json", 404),
    ];
    for (path, status) in paths {
        assert_eq!(errors(&server.get(path), status).len(), 1, "{path}");
    }
    let all = errors(&server.get("/open311/v2/services.json?lang=fr&jurisdiction=x"), 400);
    let said = "jurisdiction is not a parameter of this resource; did you mean jurisdiction_id?";
    assert_eq!(all, [said, "lang must be vi or en"]);

    let xml = server.get("/open311/v2/services/none.xml");
    assert_eq!((xml.status, xml.header("content-type")), (404, "text/xml; charset=utf-8"));
    assert_eq!(texts(&xml.text(), "code"), ["404"]);
    assert!(texts(&xml.text(), "description")[0].contains("service_code"));

    // Not only the doors': what the router refuses, and what was compressed already.
    let refused = server.post("/open311/v2/services.json", &json!({}), &[]);
    errors(&refused, 405);
    assert_eq!(refused.header("allow"), "GET,HEAD");
    let coded =
        server.get_with("/open311/v2/services/none.json", &[("Accept-Encoding", "gzip"), ("Origin", "x")]);
    errors(&coded, 404);
    assert_eq!(coded.header("access-control-allow-origin"), "*");
    server.get("/open311").problem(404);
}

#[test]
fn a_known_list_of_services_is_not_sent_again() {
    let server = Server::start();
    for path in ["/open311/discovery.xml", "/open311/v2/services.json", "/open311/v2/services/pothole.xml"] {
        let first = server.get(path);
        assert_eq!((first.status, first.header("cache-control")), (200, "public, no-cache"), "{path}");
        let known = server.get_with(path, &[("If-None-Match", first.header("etag"))]);
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
    }
}
