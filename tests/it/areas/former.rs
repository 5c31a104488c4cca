//! Wards of former generations: their codes on every door, and the wards of any day.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Answer, CENTRE, Server};
use diaban_core::domain::WardId;
use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{Value as Tag, decode};
use diaban_core::pack::{Pack, Successors};

const BEFORE: &str = "2025-01-01";
const NOW: &str = "2025-07-01";

/// The codes of a generation.
fn codes(pack: &Pack, generation: &str) -> BTreeSet<String> {
    let units = pack.areas.units().iter().filter(|u| &*u.id.generation == generation);
    units.map(|u| u.id.code.to_string()).collect()
}

/// Every door that takes a ward, with `{ward}` in its place.
const DOORS: [&str; 17] = [
    "/collections/reports/items?limit=1&ward={ward}",
    "/collections/reports/items?limit=1&filter=ward%20=%20%27{ward}%27",
    "/collections/reports/items?limit=1&filter=votes%20%3E%201%20AND%20NOT%20ward%20IN%20(%27{ward}%27)",
    "/collections/reports/items?f=csv&ward={ward}",
    "/collections/reports/items?f=geojsonseq&body=ward:{ward}",
    "/collections/alerts/items?ward={ward}",
    "/collections/facilities/items?ward={ward}&f=csv",
    "/collections/wards/items/{ward}",
    "/tiles/incidents/9/407/240.mvt?ward={ward}",
    "/tiles/alerts/9/407/240.mvt?ward={ward}",
    "/tiles/incidents.json?ward={ward}",
    "/feeds/reports.atom?ward={ward}",
    "/feeds/wards/{ward}.atom",
    "/feeds/wards/{ward}.json?limit=5",
    "/feeds/wards/{ward}/changes.geojson",
    "/feeds/wards/{ward}/alerts.atom",
    "/collections/reports/tiles/WebMercatorQuad/9/240/407?ward={ward}",
];

/// Doors where a known ward costs much, or never ends.
const COSTLY: [&str; 2] = ["/static/106.7,10.8,12/64x64.png?ward={ward}", "/feeds/wards/{ward}/events"];

fn ask(server: &Server, door: &str, ward: &str) -> Answer {
    server.get(&door.replace("{ward}", ward))
}

#[test]
fn every_former_code_is_told_its_successors_on_every_door() {
    let table = Successors::new(diaban::city_files::embedded().unwrap().areas.successors().to_vec());
    let server = Server::start();
    let pack = diaban::city_files::embedded().unwrap();
    let (before, now) = (codes(&pack, BEFORE), codes(&pack, NOW));
    assert_eq!(before.len(), 441);
    let cluster =
        format!("/tiles/incidents/clusters/{}?ward={{ward}}", diaban_core::map::cluster_id(9, (0, 0)));
    let mut gone = 0;
    for code in &before {
        // The canonical id means that ward, now as then.
        for door in DOORS {
            let answer = ask(&server, door, &format!("{BEFORE}.{code}"));
            assert!(
                [200, 204].contains(&answer.status),
                "{door} {code}: {} {}",
                answer.status,
                answer.text()
            );
        }
        if now.contains(code) {
            assert_eq!(ask(&server, DOORS[7], code).json()["properties"]["generation"], NOW);
            continue;
        }
        gone += 1;
        let id = WardId::new(BEFORE, code);
        let heirs: Vec<String> = table.of(&id).map(|s| s.to.to_string()).collect();
        assert!(!heirs.is_empty());
        for door in DOORS.into_iter().chain(COSTLY).chain([cluster.as_str()]) {
            let answer = ask(&server, door, code);
            assert_eq!(answer.status, 410, "{door} {code}: {}", answer.text());
            let said = answer.json();
            assert_eq!(said["type"], "urn:diaban:problem:ward-gone", "{door}");
            let told: Vec<&Value> = said["successors"].as_array().unwrap().iter().collect();
            assert_eq!(told.iter().map(|s| s["ward"].as_str().unwrap()).collect::<Vec<_>>(), heirs, "{door}");
            assert!(told.iter().all(|s| s["name"].as_str().is_some_and(|n| n.contains(' '))), "{said}");
            assert_eq!(said["former"][0]["ward"], id.to_string(), "{door}");
            for s in &told {
                let (href, ward) = (s["href"].as_str().unwrap(), s["ward"].as_str().unwrap());
                // By its bare code, with which one goes on through what comes later.
                let ward = ward.split_once('.').unwrap().1;
                assert!(href.starts_with("https://map.test/") && href.contains(ward), "{door}: {href}");
                assert!(!href.contains(NOW), "{door}: {href}");
                assert!(!href.replace(ward, "").contains(code.as_str()), "{door}: {href}");
            }
        }
    }
    assert!(gone > 200, "{gone}");
}

#[test]
fn the_address_for_a_successor_is_the_same_door() {
    let server = Server::start();
    let pack = diaban::city_files::embedded().unwrap();
    let now = codes(&pack, NOW);
    let mut gone = codes(&pack, BEFORE).into_iter().filter(|c| !now.contains(c));
    let (code, other) = (gone.next().unwrap(), gone.next().unwrap());
    for door in DOORS {
        let said = ask(&server, door, &code).json();
        let href = said["successors"][0]["href"].as_str().unwrap().to_owned();
        let answer = server.get(href.strip_prefix("https://map.test").unwrap());
        assert!([200, 204].contains(&answer.status), "{door}: {href}: {}", answer.text());
    }
    let json = format!(r#"{{"op":"=","args":[{{"property":"ward"}},"{code}"]}}"#);
    let query: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
    let said = server.get(&format!("/collections/reports/items?filter-lang=cql2-json&filter={query}")).json();
    let href = said["successors"][0]["href"].as_str().unwrap().to_owned();
    assert_eq!(server.get(href.strip_prefix("https://map.test").unwrap()).status, 200, "{href}");
    // A body has no address that could name another ward.
    for body in
        [json!({ "collection": "reports", "ward": code }), json!({ "collection": "alerts", "ward": [other] })]
    {
        let answer = server.post_bytes("/search", body.to_string().as_bytes(), "application/json", &[]);
        assert_eq!(answer.status, 410, "{}", answer.text());
        let first = &answer.json()["successors"][0];
        assert!(first["ward"].is_string() && first.get("href").is_none(), "{first}");
    }
    // What never was is no former ward.
    assert_eq!(server.get("/collections/reports/items?ward=00000").problem(400), ["ward"]);
    server.get("/collections/wards/items/00000").problem(404);
    // A former ward by its canonical id says who took over.
    let ward = server.get(&format!("/collections/wards/items/{BEFORE}.{code}")).json();
    let links = ward["links"].as_array().unwrap();
    let heirs: Vec<&Value> = links.iter().filter(|l| l["rel"] == "successor-version").collect();
    assert!(!heirs.is_empty() && heirs.iter().all(|l| l["title"].is_string()), "{ward}");
}

#[test]
fn tiles_and_pictures_show_the_wards_of_the_day_asked_for() {
    let server = Server::start();
    let place = Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap());
    let id = TileId::holding(place, 11).unwrap();
    let xyz = format!("{}/{}/{}", id.z(), id.x(), id.y());
    let generations = |query: &str| -> BTreeSet<String> {
        let answer = server.get(&format!("/tiles/wards/{xyz}.mvt?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let features = decode(&answer.body).unwrap().into_iter().flat_map(|layer| layer.features);
        let tags = features.flat_map(|f| f.tags.into_values());
        let texts = tags.filter_map(|t| if let Tag::Text(text) = t { Some(text) } else { None });
        texts
            .filter_map(|text| [BEFORE, NOW].into_iter().find(|g| text.starts_with(&format!("{g}."))))
            .map(str::to_owned)
            .collect()
    };
    let only = |day: &str| BTreeSet::from([day.to_owned()]);
    assert_eq!(generations(""), only(NOW));
    assert_eq!(generations("at=2025-06-30"), only(BEFORE));
    assert_eq!(generations("at=2025-07-01"), only(NOW));
    // Beside reports, and again as OGC tiles, TileJSON and pictures.
    assert_eq!(
        server.get(&format!("/tiles/incidents,wards/{xyz}.mvt?at=2025-06-30&status=open")).status,
        200
    );
    let ogc = |query: &str| {
        let path = format!("/collections/wards/tiles/WebMercatorQuad/{}/{}/{}", id.z(), id.y(), id.x());
        server.get(&format!("{path}{query}")).body.clone()
    };
    assert_eq!(ogc("?at=2025-06-30"), server.get(&format!("/tiles/wards/{xyz}.mvt?at=2025-01-01")).body);
    assert_ne!(ogc("?at=2025-06-30"), ogc(""));
    let json = server.get("/tiles/wards.json?at=2025-06-30").json();
    assert_eq!(json["tiles"][0], "https://map.test/tiles/wards/{z}/{x}/{y}.mvt?at=2025-01-01");
    let picture = |query: &str| server.get(&format!("/tiles/wards/{xyz}.png?{query}")).body.clone();
    assert_ne!(picture("at=2025-06-30"), picture(""));
    let (lon, lat) = CENTRE;
    let map = |query: &str| {
        let answer = server.get(&format!("/static/{lon},{lat},11/256x256.png?layers=wards{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body.clone()
    };
    assert_ne!(map("&at=2025-06-30"), map(""));
    for wrong in ["at=2024-12-31", "at=yesterday", "at=2025-06-30&at=2025-07-01"] {
        let wrong = server.get(&format!("/tiles/wards/{xyz}.mvt?{wrong}"));
        assert_eq!(wrong.problem(400), ["at"]);
    }
    assert_eq!(server.get(&format!("/tiles/incidents/{xyz}.mvt?at=2025-06-30")).problem(400), ["at"]);
}

#[test]
fn wards_are_those_of_the_time_asked_for() {
    let server = Server::start();
    let wards = |query: &str| {
        let page = server.get(&format!("/collections/wards/items?limit=1000&{query}")).json();
        let features = page["features"].as_array().unwrap().clone();
        assert_eq!(page["numberMatched"], features.len(), "{query}");
        for f in &features {
            let p = &f["properties"];
            let id = format!("{}.{}", p["generation"].as_str().unwrap(), p["code"].as_str().unwrap());
            assert_eq!(f["id"], id, "{query}");
        }
        let count = |g: &str| features.iter().filter(|f| f["properties"]["generation"] == g).count();
        (count(BEFORE), count(NOW))
    };
    let (then, today, both) = ((441, 0), (0, 168), (441, 168));
    for (query, found) in [
        ("", today),
        ("datetime=2025-05-01", then),
        ("datetime=2025-05-01T00:00:00Z", then),
        // The generation begins at midnight of the city.
        ("datetime=2025-06-30T16:59:59.999Z", then),
        ("datetime=2025-06-30T17:00:00Z", today),
        ("datetime=2026-01-01", today),
        ("datetime=2025-05-01/2025-05-31", then),
        ("datetime=2025-05-01/..", both),
        ("datetime=../2025-05-01", then),
        ("datetime=2025-08-01/", today),
        ("datetime=2025-05-01/2025-08-01", both),
        ("datetime=1990-01-01", (0, 0)),
        ("datetime=2025-05-01&filter=code%3D%2726740%27", (1, 0)),
        ("datetime=2025-05-01/..&filter=code%3D%2726740%27", (1, 1)),
    ] {
        assert_eq!(wards(query), found, "{query}");
    }
    // Pages hold each ward once, also those with one code in two generations.
    let mut next = Some("/collections/wards/items?datetime=2025-05-01/..&limit=100".to_owned());
    let mut seen = BTreeSet::new();
    while let Some(path) = next.take() {
        let page = server.get(&path).json();
        for f in page["features"].as_array().unwrap() {
            assert!(seen.insert(f["id"].as_str().unwrap().to_owned()), "{}", f["id"]);
        }
        let link = page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next");
        next = link.map(|l| l["href"].as_str().unwrap().strip_prefix("https://map.test").unwrap().to_owned());
    }
    assert_eq!(seen.len(), 441 + 168);
}
