//! A cluster tells what it holds, and a map hears which tiles are new.

use std::collections::BTreeSet;

use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{DecodedFeature, Value, decode};
use serde_json::Value as Json;

use crate::harness::{CENTRE, Server};
use crate::listen::Listener;

fn tile(z: u8, (lon, lat): (f64, f64)) -> TileId {
    TileId::holding(Mercator::from_lonlat(LonLat::new(lon, lat).unwrap()), z).unwrap()
}

pub(crate) fn symbols(server: &Server, z: u8, query: &str) -> Vec<DecodedFeature> {
    let id = tile(z, CENTRE);
    let answer = server.get(&format!("/tiles/incidents/{z}/{}/{}.mvt?{query}", id.x(), id.y()));
    // An empty tile has no bytes, which is a tile without layers.
    decode(&answer.body).unwrap().into_iter().flat_map(|l| l.features).collect()
}

pub(crate) fn number(f: &DecodedFeature, name: &str) -> Option<u64> {
    if let Value::Number(n) = f.tags.get(name)? { Some(*n as u64) } else { None }
}

fn resource(server: &Server, id: u64, query: &str) -> Json {
    let answer = server.get(&format!("/tiles/incidents/clusters/{id}?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_cluster_tells_its_members_bounds_and_where_they_part() {
    let server = Server::start();
    let mut made = BTreeSet::new();
    for i in 0..25 {
        let place = (CENTRE.0 + f64::from(i % 5) * 2e-4, CENTRE.1 + f64::from(i / 5) * 2e-4);
        let category = if i % 5 == 0 { "drainage" } else { "pothole" };
        made.insert(server.report(category, Some(place))["id"].as_u64().unwrap());
    }
    server.until("they are on the map", || server.matched("") == 25);
    let all = symbols(&server, 10, "");
    let [cluster] = &all[..] else { panic!("{all:?}") };
    let id = number(cluster, "cluster_id").unwrap();
    let mut members = BTreeSet::new();
    let mut address = format!("/tiles/incidents/clusters/{id}?limit=7");
    let mut pages = 0;
    loop {
        let page = server.get(&address).json();
        assert_eq!((&page["point_count"], &page["cluster_id"]), (&25.into(), &id.into()));
        for f in page["features"].as_array().unwrap() {
            assert!(members.insert(f["id"].as_u64().unwrap()), "one came twice");
            assert_eq!(f["properties"]["status"], "open");
        }
        pages += 1;
        let links = page["links"].as_array().unwrap();
        let Some(next) = links.iter().find(|l| l["rel"] == "next") else { break };
        next["href"].as_str().unwrap().trim_start_matches("https://map.test").clone_into(&mut address);
    }
    assert_eq!((members, pages), (made, 4));
    let told = resource(&server, id, "");
    let east = CENTRE.0 + 8e-4;
    let bbox: Vec<f64> = told["bbox"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert!((bbox[0] - CENTRE.0).abs() < 1e-6 && (bbox[2] - east).abs() < 1e-6, "{bbox:?}");
    assert_eq!(
        (&told["same_location"], &told["open"], &told["closed"]),
        (&false.into(), &25.into(), &0.into())
    );
    let zoom = told["expansion_zoom"].as_u64().unwrap() as u8;
    assert!(symbols(&server, zoom, "").len() > 1 && symbols(&server, zoom - 1, "").len() == 1, "{zoom}");
    // The same query as the tile's.
    let drains = symbols(&server, 10, "category=drainage");
    let id = number(&drains[0], "cluster_id").unwrap();
    assert_eq!(resource(&server, id, "category=drainage")["point_count"], 5);
}

#[test]
fn a_stale_id_is_answered_by_its_place_and_a_wrong_one_not_at_all() {
    let server = Server::start();
    for _ in 0..3 {
        server.report("pothole", Some(CENTRE));
    }
    server.until("they are on the map", || server.matched("") == 3);
    let before = number(&symbols(&server, 14, "")[0], "cluster_id").unwrap();
    let told = resource(&server, before, "");
    assert_eq!((&told["same_location"], &told["expansion_zoom"]), (&true.into(), &Json::Null));
    // A heavier place beside it becomes the seed.
    for _ in 0..8 {
        server.report("pothole", Some((CENTRE.0 + 3e-4, CENTRE.1)));
    }
    server.until("they are on the map", || server.matched("") == 11);
    let now = number(&symbols(&server, 14, "")[0], "cluster_id").unwrap();
    assert_ne!(now, before);
    let told = resource(&server, before, "");
    assert_eq!((&told["cluster_id"], &told["point_count"]), (&now.into(), &11.into()));
    for path in ["incidents/clusters/7", "incidents/clusters/x", "wards/clusters/4503599627370496"] {
        assert_eq!(server.get(&format!("/tiles/{path}")).status, 404, "{path}");
    }
    let nothing = server.get(&format!("/tiles/incidents/clusters/{now}?status=closed"));
    assert_eq!(nothing.status, 404);
    let wrong = server.get(&format!("/tiles/incidents/clusters/{now}?statsu=open"));
    assert_eq!((wrong.status, wrong.header("content-type")), (400, "application/problem+json"));
}

#[test]
fn a_map_hears_which_tiles_are_new() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    // A list of one is read from the record: only a tile says that the map has it.
    server.until("it is on the map", || symbols(&server, 12, "").len() == 1);
    let id = tile(12, CENTRE);
    let path = format!("/tiles/incidents/12/{}/{}.mvt", id.x(), id.y());
    let tag = server.get(&path).header("etag").to_owned();
    let mut listener = Listener::open(&server, "/tiles/incidents,wards/changes?zoom=12", "");
    assert!(listener.block().unwrap().starts_with("retry: "));
    server.report("pothole", Some(CENTRE));
    let told = listener.block().unwrap();
    assert!(told.starts_with("event: tiles\n"), "{told}");
    assert!(told.contains(&format!("\"12/{}/{}\"", id.x(), id.y())) && !told.contains("\"11/"), "{told}");
    // Whoever was told sees it at once.
    let now = server.get_with(&path, &[("If-None-Match", &tag)]);
    assert_eq!(now.status, 200);
    // What does not show here is not told: a feature of another layer comes first, then a report.
    server.features(
        "facilities",
        "works",
        &[serde_json::json!({ "source_id": "a", "geometry": { "type": "Point", "coordinates": [CENTRE.0, CENTRE.1] }, "properties": { "kind": "hospital" } })],
        &[],
    );
    server.report("pothole", Some((106.6, 8.69)));
    let far = tile(12, (106.6, 8.69));
    let told = listener.block().unwrap();
    assert!(told.contains(&format!("\"12/{}/{}\"", far.x(), far.y())), "{told}");
    let mut other = Listener::open(&server, "/tiles/facilities/changes", "");
    assert!(other.block().unwrap().starts_with("retry: "));
    server.features("facilities", "works", &[], &["a"]);
    assert!(other.block().unwrap().starts_with("event: all\n"));
    assert_eq!(server.get("/tiles/incidents/changes?zoom=99").status, 400);
    assert_eq!(server.get("/tiles/nothing/changes").status, 404);
}

#[test]
fn a_kept_tile_is_sent_in_the_coding_that_is_liked() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    // A list of one is read from the record: only a tile says that the map has it.
    server.until("it is on the map", || symbols(&server, 12, "").len() == 1);
    let id = tile(12, CENTRE);
    let path = format!("/tiles/incidents,wards/12/{}/{}.mvt", id.x(), id.y());
    let plain = server.get(&path);
    for (accepts, coding) in [("gzip, deflate, br, zstd", "zstd"), ("gzip, br", "br"), ("gzip", "gzip")] {
        for _ in 0..2 {
            let coded = server.get_with(&path, &[("Accept-Encoding", accepts)]);
            assert_eq!((coded.status, coded.header("content-encoding")), (200, coding));
            assert_eq!(coded.header("vary"), "accept-encoding");
            let tag = coded.header("etag").to_owned();
            let plain_tag = plain.header("etag").trim_end_matches('"');
            assert_eq!(tag, format!("{plain_tag}-{coding}1\""));
            let known = server.get_with(&path, &[("Accept-Encoding", accepts), ("If-None-Match", &tag)]);
            assert_eq!(
                (known.status, known.header("etag"), known.header("content-encoding")),
                (304, tag.as_str(), "")
            );
        }
    }
}
