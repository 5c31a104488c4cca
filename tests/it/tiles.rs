//! What the map counts is exact at every zoom, live, and the same as the list.

use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{DecodedLayer, Value, decode};

use crate::harness::{CENTRE, Server};

/// All tiles of a zoom that cover the city with its islands.
fn cover(z: u8) -> impl Iterator<Item = TileId> {
    let tile = |lon: f64, lat: f64| {
        TileId::holding(Mercator::from_lonlat(LonLat::new(lon, lat).unwrap()), z).unwrap()
    };
    let (low, high) = (tile(106.3, 11.6), tile(107.7, 8.5));
    (low.x()..=high.x()).flat_map(move |x| (low.y()..=high.y()).map(move |y| TileId::new(z, x, y).unwrap()))
}

fn layers(server: &Server, layer: &str, id: TileId, query: &str) -> Vec<DecodedLayer> {
    let answer = server.get(&format!("/tiles/{layer}/{}/{}/{}.mvt?{query}", id.z(), id.x(), id.y()));
    match answer.status {
        204 => Vec::new(),
        200 => decode(&answer.body).unwrap(),
        _ => panic!("{}", answer.text()),
    }
}

pub(crate) fn counted(server: &Server, z: u8, query: &str) -> u64 {
    cover(z)
        .flat_map(|id| layers(server, "incidents", id, query))
        .flat_map(|l| l.features)
        .map(|f| match f.tags.get("point_count") {
            Some(Value::Number(n)) => *n as u64,
            None => 1,
            other => panic!("{other:?}"),
        })
        .sum()
}

/// Features in the tile of the middle.
pub(crate) fn at(server: &Server, layer: &str, z: u8, query: &str) -> usize {
    let id = TileId::holding(Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap()), z).unwrap();
    layers(server, layer, id, query).iter().map(|l| l.features.len()).sum()
}

#[test]
fn counts_are_exact_at_every_zoom_and_follow_each_write() {
    let server = Server::start();
    for i in 0..40_u32 {
        let category = ["pothole", "road_sign", "admin_procedure", "noise"][i as usize % 4];
        let step = f64::from(i) * f64::from(i) * 0.000_03;
        let place = (category != "admin_procedure").then_some((CENTRE.0 + step, CENTRE.1 - step / 2.0));
        server.report(category, place);
        if i % 8 == 0 {
            // Coincident: never told apart by zooming, never lost.
            server.report("pothole", Some(CENTRE));
        }
    }
    // On the island, too.
    server.report("pothole", Some((106.6, 8.69)));
    server.end_hour();
    server.until("the list counts them", || server.matched("") == 46);
    for query in
        ["", "status=open", "category=pothole,noise", "status=closed", "bbox=106.69,10.7,106.71,10.8"]
    {
        let with_place =
            server.matched(&format!("bbox=106,8,108,12&{query}").replace("bbox=106,8,108,12&bbox", "bbox"));
        // At zoom 14 these are 17,000 tiles.
        for z in [0, 5, 8, 10, 12, 14].into_iter().filter(|z| *z < 14 || query.is_empty()) {
            assert_eq!(counted(&server, z, query), with_place, "zoom {z}, {query}");
        }
    }
    assert_eq!(server.matched("") - server.matched("category=admin_procedure"), counted(&server, 12, ""));
}

#[test]
fn two_years_of_a_city_are_counted_exactly_with_any_filter() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 3_000);
    assert_eq!(server.matched(""), 3_000);
    for query in
        ["", "status=closed", "category=drainage,noise", "datetime=2026-05-01/2026-10-31&status=open"]
    {
        let placed = server.matched(&format!("bbox=106,8,108,12&{query}"));
        assert!(placed > 0 && placed < 3_000);
        for z in [0, 8, 11] {
            assert_eq!(counted(&server, z, query), placed, "zoom {z}, {query}");
        }
    }
}

#[test]
fn addresses_that_are_no_tile_are_not_found() {
    let server = Server::start();
    for path in [
        "incidents/3/8/0.mvt",
        "incidents/3/-1/0.mvt",
        "incidents/40/0/0.mvt",
        "incidents/19/0/0.mvt",
        "incidents/3/a/0.mvt",
        "incidents/3/6/3.exe",
        "incidents/3/6/3.mvt.json",
        "no_such_layer/3/6/3.mvt",
        "incidents,incidents/3/6/3.mvt",
        "no_such_layer.json",
    ] {
        server.get(&format!("/tiles/{path}")).problem(404);
    }
    assert_eq!(server.get("/tiles/incidents/3/6/3.mvt?colour=red").problem(400), ["colour"]);
    for coding in ["identity", "zstd", "br", "gzip"] {
        let empty = server.get_with("/tiles/incidents/10/0/0.mvt", &[("accept-encoding", coding)]);
        assert_eq!((empty.status, empty.body.len()), (204, 0), "{coding}");
    }
}

#[test]
fn ward_tiles_carry_shapes_and_one_label_each() {
    let server = Server::start();
    let mut names = Vec::new();
    for id in cover(10) {
        for layer in layers(&server, "wards", id, "") {
            assert!(["wards", "ward_labels"].contains(&layer.name.as_str()));
            if layer.name == "ward_labels" {
                names.extend(layer.features.iter().map(|f| f.id));
            }
        }
    }
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!((before, names.len()), (168, 168), "each ward's name stands in exactly one tile");
}

#[test]
fn a_known_tile_is_not_sent_again_until_it_changes() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    let path = {
        let id =
            TileId::holding(Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap()), 14).unwrap();
        format!("/tiles/incidents/{}/{}/{}.mvt", id.z(), id.x(), id.y())
    };
    server.until("it is in the tile", || server.get(&path).status == 200);
    let tag = server.get(&path).header("etag").to_owned();
    assert_eq!(server.get_with(&path, &[("If-None-Match", &tag)]).status, 304);
    // Elsewhere in the city: the tile stays as it is.
    server.report("pothole", Some((106.6, 8.69)));
    server.until("the other is counted", || server.matched("") == 2);
    assert_eq!(server.get_with(&path, &[("If-None-Match", &tag)]).status, 304);
    server.report("pothole", Some(CENTRE));
    server.until("the tile has changed", || server.get_with(&path, &[("If-None-Match", &tag)]).status == 200);
}

#[test]
fn tilejson_carries_the_filter_to_its_tiles() {
    let server = Server::start();
    let json = server.get("/tiles/incidents,wards.json?category=pothole&status=open").json();
    assert_eq!(json["tilejson"], "3.0.0");
    assert_eq!(
        json["tiles"][0],
        "https://map.test/tiles/incidents,wards/{z}/{x}/{y}.mvt?category=pothole&status=open"
    );
    let ids: Vec<&str> =
        json["vector_layers"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["incidents", "wards", "ward_labels"]);
    assert_eq!(server.get("/tiles/incidents/metadata.json").json()["format"], "pbf");
}
