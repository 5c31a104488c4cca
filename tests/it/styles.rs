//! How the layers look: styles that say where everything is, letters, pictures, and what lies below.

use std::path::Path;

use diaban::http::BasemapSetting;
use pmtiles::{PmTilesWriter, TileCoord, TileType};
use serde_json::Value;

use crate::harness::{Answer, CENTRE, Server};

fn layers(style: &Value) -> Vec<&str> {
    style["layers"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect()
}

/// The path of an address of the service.
fn path(address: &Value) -> &str {
    address.as_str().unwrap().strip_prefix("https://map.test").expect("an address of the service")
}

#[test]
fn a_style_leads_to_all_that_it_needs() {
    let server = Server::start();
    let list = server.get("/styles").json();
    let styles = list["styles"].as_array().unwrap();
    assert_eq!(styles.iter().map(|s| &s["id"]).collect::<Vec<_>>(), ["dark", "light"]);
    for style in styles {
        let answer = server.get(path(&style["links"][0]["href"]));
        assert_eq!(answer.header("content-type"), "application/json");
        let style = answer.json();
        let again = server.get_with(
            "/styles/light.json",
            &[("if-none-match", server.get("/styles/light.json").header("etag"))],
        );
        assert_eq!(again.status, 304);
        let sprite = path(&style["sprite"]);
        for ratio in ["", "@2x"] {
            let index = server.get(&format!("{sprite}{ratio}.json")).json();
            let png = server.get(&format!("{sprite}{ratio}.png"));
            assert_eq!((png.header("content-type"), &png.body[1..4]), ("image/png", &b"PNG"[..]));
            for name in
                ["report-open", "cluster-3-16", "facility-hospital", "traffic-flood-severe", "hatch-extreme"]
            {
                assert!(index[name]["width"].as_u64().unwrap() >= 18, "{name}");
            }
        }
        for source in style["sources"].as_object().unwrap().values() {
            let tiles = server.get(path(&source["url"])).json();
            assert_eq!((&source["minzoom"], &source["maxzoom"]), (&tiles["minzoom"], &tiles["maxzoom"]));
        }
        let stacks = style["layers"].as_array().unwrap().iter().map(|l| &l["layout"]["text-font"]);
        let stacks: Vec<&Value> = stacks.filter(|f| !f.is_null()).collect();
        assert!(stacks.len() >= 3);
        for stack in stacks {
            let name = stack[0].as_str().unwrap().replace(' ', "%20");
            let glyphs = path(&style["glyphs"]).replace("{fontstack}", &name).replace("{range}", "7680-7935");
            assert!(server.get(&glyphs).body.len() > 10_000, "{glyphs}");
        }
        assert!(layers(&style).iter().all(|l| !l.starts_with("basemap")));
    }
}

#[test]
fn words_are_in_the_language_asked_for() {
    let server = Server::start();
    let headline = |query: &str| {
        let style = server.get(&format!("/styles/light.json{query}")).json();
        let layer = style["layers"].as_array().unwrap().iter().find(|l| l["id"] == "alert-labels").unwrap();
        layer["layout"]["text-field"][1].to_string()
    };
    assert_eq!(headline(""), r#"["==","vi","en"]"#);
    assert_eq!(headline("?lang=en"), r#"["==","en","en"]"#);
    assert_eq!(server.get("/styles/light.json?lang=fr").problem(400), ["lang"]);
    assert_eq!(server.get("/styles/light.json?language=en").problem(400), ["language"]);
}

#[test]
fn letters_come_by_the_range() {
    let server = Server::start();
    let get = |path: &str| server.get(&format!("/fonts/{path}"));
    let glyphs = get("Be%20Vietnam%20Pro%20Regular/0-255.pbf");
    assert_eq!(glyphs.header("content-type"), "application/x-protobuf");
    assert_eq!(glyphs.header("cache-control"), "public, max-age=604800");
    assert!(glyphs.body.windows(22).any(|w| w == b"Be Vietnam Pro Regular"));
    let listed = get("Noto%20Sans%20Regular,Be%20Vietnam%20Pro%20Regular/0-255.pbf");
    assert_eq!((listed.status, listed.body == glyphs.body), (200, true), "the first that is known");
    // A range without letters: all words of a tile would wait for it.
    assert_eq!(get("Be%20Vietnam%20Pro%20Regular/7936-8191.pbf").body.len(), 2 + 2 + 22 + 2 + 9);
    let detail = |path: &str| {
        let answer = get(path);
        assert_eq!(answer.status, 404, "{path}");
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    // Styles of others name other fonts: after a 404 clients drop all that a tile holds.
    for stack in
        ["Arial", "Noto%20Sans%20Regular", "Open%20Sans%20Regular,Arial%20Unicode%20MS%20Regular", "%C4%90"]
    {
        let house = get(&format!("{stack}/0-255.pbf"));
        assert_eq!((house.status, house.body == glyphs.body), (200, true), "{stack}");
    }
    let bold = get("Noto%20Sans%20Bold/0-255.pbf");
    assert!(bold.status == 200 && bold.body.windows(23).any(|w| w == b"Be Vietnam Pro SemiBold"));
    for range in ["7936-8191", "65280-65535", "65536-65791", "127744-127999", "1113856-1114111"] {
        let empty = get(&format!("Noto%20Sans%20Regular/{range}.pbf"));
        assert!(empty.status == 200 && empty.body.len() < 60, "{range}");
    }
    for wrong in ["0-256.pbf", "1-256.pbf", "1114112-1114367.pbf", "0-255", "x.pbf"] {
        assert!(detail(&format!("Be%20Vietnam%20Pro%20Regular/{wrong}")).contains("0-255.pbf, 256-511.pbf"));
    }
    let sprite = server.get("/sprites/night.json");
    assert!(sprite.json()["detail"].as_str().unwrap().contains("there are dark, light"));
    assert!(
        server.get("/styles/night.json").json()["detail"].as_str().unwrap().contains("there are dark, light")
    );
}

/// An archive with one tile of the city.
fn archive(file: &Path, kind: TileType, metadata: &str, bounds: [f64; 4]) {
    let file = std::fs::File::create(file).unwrap();
    let [west, south, east, north] = bounds;
    let writer = PmTilesWriter::new(kind).min_zoom(0).max_zoom(9).bounds(west, south, east, north);
    let mut writer = writer.metadata(metadata).create(file).unwrap();
    writer.add_tile(TileCoord::new(9, 407, 240).unwrap(), b"the tile").unwrap();
    writer.finalize().unwrap();
}

const CITY: [f64; 4] = [106.0, 10.0, 107.5, 11.5];
const VECTOR: &str = r#"{"vector_layers":[{"id":"water","fields":{}},{"id":"roads","fields":{}},{"id":"own","fields":{}}],"attribution":"© OpenStreetMap"}"#;

fn with(kind: TileType, metadata: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("city.pmtiles");
    archive(&file, kind, metadata, CITY);
    Server::start_set(|config| config.basemap = BasemapSetting::File(file))
}

#[test]
fn a_basemap_of_vector_tiles_is_served_and_drawn() {
    let server = with(TileType::Mvt, VECTOR);
    let tile = server.get("/basemap/9/407/240");
    assert_eq!((tile.status, tile.body.as_slice()), (200, &b"the tile"[..]));
    assert_eq!(tile.header("content-type"), "application/vnd.mapbox-vector-tile");
    assert_eq!(server.get("/basemap/9/407/240.mvt").body, tile.body);
    assert_eq!(server.get("/basemap/9/0/0").status, 204);
    for wrong in ["/basemap/9/512/0", "/basemap/9/a/0", "/basemap/40/0/0"] {
        server.get(wrong).problem(404);
    }
    let about = server.get("/basemap.json").json();
    assert_eq!((&about["maxzoom"], &about["attribution"]), (&9.into(), &"© OpenStreetMap".into()));
    assert_eq!(about["tiles"][0], "https://map.test/basemap/{z}/{x}/{y}");
    let style = server.get("/styles/light.json").json();
    let drawn = layers(&style);
    assert!(drawn.contains(&"basemap-water-water") && drawn.contains(&"basemap-street-roads"), "{drawn:?}");
    assert!(!drawn.iter().any(|l| l.ends_with("-transportation") || *l == "basemap-picture"), "{drawn:?}");
    assert_eq!(path(&style["sources"]["basemap"]["url"]), "/basemap.json");
    let position = |id: &str| drawn.iter().position(|l| *l == id).unwrap();
    assert!(position("basemap-street-roads") < position("alert-fill"));
}

#[test]
fn a_basemap_of_pictures_is_served_and_drawn() {
    let server = with(TileType::Png, "{}");
    assert_eq!(server.get("/basemap/9/407/240").header("content-type"), "image/png");
    server.get("/basemap/9/0/0").problem(404);
    let style = server.get("/styles/dark.json").json();
    assert_eq!(
        layers(&style).iter().filter(|l| l.starts_with("basemap")).collect::<Vec<_>>(),
        [&"basemap-picture"]
    );
}

#[test]
fn a_style_of_others_is_for_the_page_to_join() {
    let server = Server::start_set(|config| {
        config.basemap = BasemapSetting::parse(
            Some("https://maps.example/light/style.json".to_owned()),
            vec!["https://tiles.example".to_owned()],
        )
        .unwrap();
    });
    let style = server.get("/styles/light.json").json();
    assert_eq!(style["metadata"]["diaban:basemap-style"], "https://maps.example/light/style.json");
    let policy = |answer: &Answer| answer.header("content-security-policy").to_owned();
    let wanted = "connect-src 'self' https://maps.example https://tiles.example;";
    for path in ["/?f=html", "/assets/vendor/maplibre-gl-worker.mjs"] {
        assert!(policy(&server.get(path)).contains(wanted), "{path}");
    }
    assert!(policy(&Server::start().get("/?f=html")).contains("connect-src 'self';"));
    server.get("/basemap.json").problem(404);
}

#[test]
fn a_basemap_of_which_nothing_would_be_seen_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.pmtiles");
    let refused = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["serve", "--listen", "127.0.0.1:0", "--basemap"])
            .arg(&file)
            .args(["--store", &format!("sqlite:{}", folder.path().join("a.db").display())])
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    archive(&file, TileType::Mvt, VECTOR, [11.0, 43.0, 12.0, 44.0]);
    let error = refused();
    assert!(error.contains("covers 11,43,12,44, and the city lies in 106."), "{error}");
    archive(&file, TileType::Mvt, r#"{"vector_layers":[{"id":"soil"}]}"#, CITY);
    let error = refused();
    assert!(error.contains("has the layers soil") && error.contains("transportation"), "{error}");
}

#[test]
fn a_map_begins_in_the_city() {
    let server = Server::start();
    let style = server.get("/styles/light.json").json();
    let center = style["center"].as_array().unwrap();
    assert!(
        (center[0].as_f64().unwrap() - CENTRE.0).abs() < 0.3
            && (center[1].as_f64().unwrap() - CENTRE.1).abs() < 0.3
    );
}
