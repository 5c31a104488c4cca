//! The map as pictures: what is on them, how they are asked for, what is refused.

use std::io::Cursor;

use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{Value, decode};
use serde_json::json;

use crate::harness::{Answer, CENTRE, Server, after};

/// Width, height and pixels of three or four bytes.
fn pixels(answer: &Answer) -> (u32, u32, Vec<Vec<u8>>) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "image/png");
    let mut reader = png::Decoder::new(Cursor::new(&answer.body)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut data).unwrap();
    (info.width, info.height, data.chunks(info.color_type.samples()).map(<[u8]>::to_vec).collect())
}

fn holding(z: u8) -> TileId {
    TileId::holding(Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap()), z).unwrap()
}

const OPEN: [u8; 3] = [0xd5, 0x5e, 0x00];
const CLOSED: [u8; 3] = [0x2b, 0x6c, 0xb0];

#[test]
fn a_picture_shows_reports_as_the_filter_says_and_is_not_sent_twice() {
    let server = Server::start();
    let path = format!("/static/{},{},14/300x200.png", CENTRE.0, CENTRE.1);
    let has = |query: &str, ink: [u8; 3]| {
        let (width, height, pixels) = pixels(&server.get(&format!("{path}?{query}")));
        assert_eq!((width, height), (300, 200));
        pixels.iter().filter(|p| p[..] == ink).count() > 40
    };
    assert!(!has("", OPEN) && !has("", CLOSED), "before there is a report");
    for _ in 0..3 {
        server.report("pothole", Some(CENTRE));
    }
    server.until("the reports are on the picture", || has("", OPEN));
    assert!(has("status=open&category=pothole", OPEN) && !has("status=closed", OPEN));
    assert!(!has("layers=wards", OPEN) && !has("layers=heat", OPEN));

    let answer = server.get(&path);
    assert_eq!(answer.header("cache-control"), "public, max-age=1", "alerts come and go with time");
    let calm = server.get(&format!("{path}?layers=wards,incidents"));
    assert!(calm.header("cache-control").contains("stale-while-revalidate"));
    let tag = answer.header("etag").to_owned();
    assert!(server.get(&path).body == answer.body, "the same bytes");
    let again = server.get_with(&path, &[("If-None-Match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    server.report("pothole", Some(CENTRE));
    server.until("it has changed", || server.get_with(&path, &[("If-None-Match", &tag)]).status == 200);

    let others = ["?style=dark", "?lang=en", &format!("?marker={},{}", CENTRE.0, CENTRE.1)];
    let bytes: Vec<_> = others.iter().map(|q| server.get(&format!("{path}{q}")).body).collect();
    assert!(bytes.iter().all(|b| *b != server.get(&path).body) && bytes[0] != bytes[1]);
    let (width, height, _) = pixels(&server.get(&path.replace(".png", "@2x.png")));
    assert_eq!((width, height), (600, 400));
}

#[test]
fn alerts_and_traffic_are_on_the_picture_while_they_are_in_force() {
    let server = Server::start();
    let path = format!("/static/{},{},13/300x200.png?layers=", CENTRE.0, CENTRE.1);
    let (lon, lat) = CENTRE;
    let ring = [[-0.01, -0.01], [0.01, -0.01], [0.01, 0.01], [-0.01, 0.01], [-0.01, -0.01]];
    let ring = ring.map(|[x, y]| [lon + x, lat + y]);
    let alert = json!({
        "source_id": "a", "geometry": { "type": "Polygon", "coordinates": [ring] },
        "properties": { "event": "flood", "severity": "severe", "headline_vi": "Triều cường", "onset": "2026-11-25T00:00:00Z", "expires": "2026-11-25T02:00:00Z" },
    });
    let closure = json!({
        "source_id": "t", "geometry": { "type": "LineString", "coordinates": [[lon - 0.005, lat], [lon + 0.005, lat]] },
        "properties": { "kind": "crash", "severity": "high" },
    });
    server.features("alerts", "test", &[alert], &[]);
    server.features("traffic", "test", &[closure], &[]);
    let count = |layers: &str, ink: [u8; 3]| {
        let (.., pixels) = pixels(&server.get(&format!("{path}{layers}")));
        pixels.iter().filter(|p| p[..] == ink).count()
    };
    let (severe, high) = ([0x6c, 0x0a, 0x2c], [0x8f, 0x0f, 0x1e]);
    assert!(count("alerts", severe) > 200 && count("wards", severe) == 0);
    assert!(count("alerts,traffic", high) > 100 && count("traffic&severity=low", high) == 0);
    server.clock.set(after(3_600_000));
    assert_eq!(count("alerts", severe), 0, "its time is over");
}

#[test]
fn tiles_of_pictures_are_clear_where_nothing_is() {
    let server = Server::start();
    for i in 0..20 {
        server.report("pothole", Some((CENTRE.0 + f64::from(i) * 1e-4, CENTRE.1)));
    }
    let id = holding(13);
    let path = |layer: &str, end: &str| format!("/tiles/{layer}/{}/{}/{}{end}", id.z(), id.x(), id.y());
    for layer in ["incidents", "heat"] {
        server.until("it is on the tile", || {
            let (width, height, pixels) = pixels(&server.get(&path(layer, ".png")));
            assert_eq!((width, height, pixels[0].len()), (256, 256, 4));
            pixels.iter().any(|p| p[3] > 100) && pixels.iter().any(|p| p[3] == 0)
        });
        assert_eq!(pixels(&server.get(&path(layer, "@2x.png"))).0, 512);
    }
    let tag = server.get(&path("incidents", ".png")).header("etag").to_owned();
    assert_eq!(server.get_with(&path("incidents", ".png"), &[("If-None-Match", &tag)]).status, 304);
    let (.., clear) = pixels(&server.get("/tiles/incidents/10/0/0.png"));
    assert!(clear.iter().all(|p| p[3] == 0));
    assert_eq!(server.get("/tiles/heat/3/6/3.png?colour=red").problem(400), ["colour"]);
    for bad in ["incidents/19/0/0.png", "incidents/3/8/0.png", "incidents/3/6/3@3x.png", "nothing/3/6/3.png"]
    {
        server.get(&format!("/tiles/{bad}")).problem(404);
    }
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    let server = Server::start();
    let fields = |path: &str| server.get(&format!("/static/{path}")).problem(400);
    assert_eq!(fields("181,x,12/1x1.png"), ["lat"]);
    assert_eq!(fields("181,10,12/1x1.png"), ["lon"]);
    assert_eq!(fields("106.7,10.8,19/0x1281@2x.png"), ["zoom", "width", "height"]);
    assert_eq!(fields("106.7,10.8,1e9/99999999999999999999x1.png"), ["zoom", "width"]);
    let all = fields("106.7,10.8,12/9x9.png?layers=ward&style=dim&lang=fr&marker=1");
    assert_eq!(all, ["lang", "style", "marker", "layers"]);
    assert_eq!(
        fields("106.7,10.8,12/9x9.png?status=opened&layer=wards&lang=vi&lang=en"),
        ["layer", "lang", "status"]
    );
    assert_eq!(fields("106.7,10.8,12/9x9.png?layers=wards&status=open"), ["status"], "wards have no status");
    let said = server.get("/static/106.7,10.8,12/9x9.png?layer=wards").text();
    assert!(said.contains("did you mean layers?"), "{said}");
    for path in ["106.7,10.8/9x9.png", "106.7,10.8,12/9.png", "106.7,10.8,12/9x9.jpg", "106.7,10.8,12/9x9"] {
        server.get(&format!("/static/{path}")).problem(404);
    }
    // As large as may be, as far and as near, and beyond the world's edge.
    for path in ["180,-90,0/1280x1280@2x.png", "106.7,10.8,18/1x1.png", "-180,90,0.5/7x1280.png"] {
        pixels(&server.get(&format!("/static/{path}")));
    }
}

#[test]
fn heat_adds_up_to_the_list_whatever_is_asked_for_and_whenever() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 2_000);
    let sum = |z: u8, query: &str| -> u64 {
        let tile = |lon: f64, lat: f64| {
            TileId::holding(Mercator::from_lonlat(LonLat::new(lon, lat).unwrap()), z).unwrap()
        };
        let (low, high) = (tile(106.3, 11.6), tile(107.7, 8.5));
        let mut sum = 0;
        for x in low.x()..=high.x() {
            for y in low.y()..=high.y() {
                let answer = server.get(&format!("/tiles/heat/{z}/{x}/{y}.mvt?{query}"));
                let layers = decode(&answer.body).unwrap();
                for f in layers.iter().flat_map(|l| &l.features) {
                    let Some(Value::Number(weight)) = f.tags.get("weight") else { panic!("{f:?}") };
                    sum += *weight as u64;
                }
            }
        }
        sum
    };
    let placed = |query: &str| server.matched(&format!("bbox=106,8,108,12&{query}"));
    for query in ["", "status=open", "category=drainage,noise&updated=2026-06-01/.."] {
        assert_eq!(sum(6, query), placed(query), "{query}");
        assert_eq!(sum(10, query), placed(query), "{query}");
    }
    // Windows that follow each other, as an animation asks for them, hold each report once.
    let months = ["../2026-03-31", "2026-04-01/2026-07-31", "2026-08-01/.."];
    let parts: Vec<u64> = months.iter().map(|m| sum(8, &format!("datetime={m}"))).collect();
    assert!(parts.iter().all(|n| *n > 0), "{parts:?}");
    assert_eq!(parts.iter().sum::<u64>(), placed(""));
    let json = server.get("/tiles/heat.json?status=open").json();
    assert_eq!(json["tiles"][0], "https://map.test/tiles/heat/{z}/{x}/{y}.mvt?status=open");
    assert_eq!(json["vector_layers"][0]["fields"], json!({ "weight": "Number", "point_count": "Number" }));
    // A layer of sums is no second face of the collection.
    let tileset = server.get("/collections/reports/tiles/WebMercatorQuad").json();
    assert_eq!(tileset["layers"][0]["id"], "incidents");
    assert_eq!(server.get("/collections/heat/tiles").status, 404);
}
