//! Features on the map: shown while they are valid, filtered as their list, at both addresses.

use diaban_core::domain::Instant;
use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{DecodedLayer, decode};
use serde_json::{Value, json};

use crate::harness::{CENTRE, Server, after};

const MINUTE: i64 = 60_000;

fn alert(id: &str, severity: &str, onset: Instant, expires: Instant) -> Value {
    let ring = [[106.6, 10.7], [106.8, 10.7], [106.8, 10.9], [106.6, 10.9], [106.6, 10.7]];
    json!({
        "source_id": id,
        "geometry": { "type": "Polygon", "coordinates": [ring] },
        "properties": {
            "severity": severity, "headline_vi": "Triều cường",
            "onset": onset.to_string(), "expires": expires.to_string(),
        },
    })
}

fn works(id: &str, kind: &str, severity: &str) -> Value {
    json!({
        "source_id": id,
        "geometry": { "type": "LineString", "coordinates": [[106.69, 10.77], [106.71, 10.78]] },
        "properties": { "kind": kind, "severity": severity },
    })
}

fn centre(z: u8) -> TileId {
    TileId::holding(Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap()), z).unwrap()
}

fn layers(server: &Server, path: &str) -> Vec<DecodedLayer> {
    let answer = server.get(path);
    match answer.status {
        204 => Vec::new(),
        200 => decode(&answer.body).unwrap(),
        _ => panic!("{path}: {}", answer.text()),
    }
}

fn path(layers: &str, z: u8, query: &str) -> String {
    let id = centre(z);
    format!("/tiles/{layers}/{}/{}/{}.mvt?{query}", id.z(), id.x(), id.y())
}

fn counted(layers: &[DecodedLayer]) -> Vec<(&str, usize)> {
    layers.iter().map(|l| (l.name.as_str(), l.features.len())).collect()
}

#[test]
fn an_alert_is_on_the_map_from_onset_to_expiry_with_nothing_written() {
    let server = Server::start();
    server.features(
        "alerts",
        "bulletin",
        &[
            alert("a", "severe", after(MINUTE), after(2 * MINUTE)),
            alert("b", "minor", after(0), after(MINUTE)),
        ],
        &[],
    );
    let severity = || -> Vec<String> {
        layers(&server, &path("alerts", 10, ""))
            .iter()
            .filter(|l| l.name == "alerts")
            .flat_map(|l| &l.features)
            .map(|f| format!("{:?}", f.tags["severity"]))
            .collect()
    };
    for (at, want) in [(0, "minor"), (MINUTE - 1, "minor"), (MINUTE, "severe"), (2 * MINUTE - 1, "severe")] {
        server.clock.set(after(at));
        assert_eq!(severity(), [format!("Text({want:?})")], "after {at} ms");
        let answer = server.get(&path("alerts", 10, ""));
        assert_eq!(answer.header("cache-control"), "public, max-age=1", "nothing may keep it longer");
    }
    server.clock.set(after(2 * MINUTE));
    let gone = server.get(&path("alerts", 10, ""));
    assert_eq!((gone.status, gone.header("cache-control")), (204, "public, max-age=1"));
    // Who asks about another time gets that time.
    let then = format!("datetime={}", after(0));
    assert_eq!(counted(&layers(&server, &path("alerts", 10, &then))), [("alerts", 1), ("alert_labels", 1)]);
    // The label of the middle is in this tile, so both have one.
}

#[test]
fn each_layer_of_a_set_takes_the_parameters_it_knows() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    server.features("traffic", "works", &[works("a", "closure", "severe"), works("b", "crash", "low")], &[]);
    server.features("alerts", "bulletin", &[alert("a", "severe", after(0), after(MINUTE))], &[]);
    server.until("the report is on the map", || server.matched("") == 1);
    let set = "incidents,traffic,alerts";
    let of = |query: &str| {
        let found = layers(&server, &path(set, 13, query));
        counted(&found).into_iter().map(|(n, c)| (n.to_owned(), c)).collect::<Vec<_>>()
    };
    let named = |list: &[(&str, usize)]| list.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect::<Vec<_>>();
    assert_eq!(of(""), named(&[("incidents", 1), ("traffic", 2), ("alerts", 1)]));
    assert_eq!(of("kind=closure"), named(&[("incidents", 1), ("traffic", 1), ("alerts", 1)]));
    assert_eq!(of("severity=severe"), named(&[("incidents", 1), ("traffic", 1), ("alerts", 1)]));
    assert_eq!(of("status=closed&kind=crash"), named(&[("traffic", 1), ("alerts", 1)]));
    // The list and the tile agree.
    assert_eq!(server.get("/collections/traffic/items?severity=severe").json()["numberMatched"], 1);
    for (layers, query, field, said) in [
        (set, "severty=low", "severty", "did you mean severity?"),
        (set, "kind=crush", "kind", "did you mean crash?"),
        ("facilities", "active=true", "active", "not a parameter"),
        ("wards", "status=open", "status", "not a parameter"),
    ] {
        let answer = server.get(&path(layers, 13, query));
        assert_eq!(answer.problem(400), [field]);
        assert!(answer.text().contains(said), "{}", answer.text());
    }
    let doc = server.get("/tiles/incidents,traffic.json?severity=severe,low&kind=crash&status=open").json();
    assert_eq!(
        doc["tiles"][0],
        "https://map.test/tiles/incidents,traffic/{z}/{x}/{y}.mvt?status=open&kind=crash&severity=low%2Csevere"
    );
    let thin = doc["vector_layers"][1]["description"].as_str().unwrap();
    assert!(thin.contains("severe from zoom 7"), "what is left out is said: {thin}");
}

#[test]
fn a_collection_has_its_tiles_by_row_and_column() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    server.until("the report is on the map", || server.matched("") == 1);
    server.features("traffic", "works", &[works("a", "closure", "severe")], &[]);
    let id = centre(11);
    for (collection, layer) in [("reports", "incidents"), ("wards", "wards"), ("traffic", "traffic")] {
        let tiles = format!("/collections/{collection}/tiles");
        let list = server.get(&tiles).json();
        assert_eq!(list["tilesets"][0]["dataType"], "vector");
        let one = server.get(&format!("{tiles}/WebMercatorQuad")).json();
        let template = one["links"].as_array().unwrap().iter().find(|l| l["templated"] == true).unwrap();
        let address = template["href"].as_str().unwrap().strip_prefix("https://map.test").unwrap();
        let address = address
            .replace("{tileMatrix}", "11")
            .replace("{tileRow}", &id.y().to_string())
            .replace("{tileCol}", &id.x().to_string());
        let (ogc, xyz) = (server.get(&address), server.get(&path(layer, 11, "")));
        assert_eq!((ogc.status, &ogc.body), (200, &xyz.body), "{collection}");
    }
    for gone in [
        "/collections/nothing/tiles",
        "/collections/reports/tiles/WorldCRS84Quad",
        "/collections/reports/tiles/WebMercatorQuad/3/8/0",
        "/collections/traffic/tiles/WebMercatorQuad/17/0/0",
        "/tileMatrixSets/WorldCRS84Quad",
    ] {
        server.get(gone).problem(404);
    }
    let last = &server.get("/tileMatrixSets/WebMercatorQuad").json()["tileMatrices"][24];
    assert_eq!((&last["id"], &last["matrixWidth"]), (&json!("24"), &json!(1 << 24)));
}
