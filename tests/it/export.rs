//! An exported file holds every tile that the server shows, byte for byte, and no other; the same map gives
//! the same file.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use diaban_core::geo::{LonLat, Mercator, TileId};
use pmtiles::{AsyncPmTilesReader, Compression, TileCoord, TileType};
use serde_json::{Value, json};
use sqlx::{Connection, Row};

use crate::harness::{CENTRE, Server};

/// Runs the command on the server's store; what it said, and whether it ended well.
fn export(server: &Server, file: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_diaban"))
        .arg("export")
        .args(arguments)
        .arg("--output")
        .arg(file)
        .args(["--store", &server.store])
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

type Tiles = BTreeMap<TileId, Vec<u8>>;

/// What the server shows of a zoom: in a wide square around the city, or anywhere while that is few.
fn shown(server: &Server, layers: &str, zooms: std::ops::RangeInclusive<u8>, query: &str) -> Tiles {
    let tile = |lon: f64, lat: f64, z| {
        TileId::holding(Mercator::from_lonlat(LonLat::new(lon, lat).unwrap()), z).unwrap()
    };
    let mut out = Tiles::new();
    for z in zooms {
        let (low, high) = if z <= 3 {
            (tile(-180.0, 86.0, z), tile(180.0, -86.0, z))
        } else {
            (tile(106.1, 11.6, z), tile(107.7, 8.3, z))
        };
        for (x, y) in (low.x()..=high.x()).flat_map(|x| (low.y()..=high.y()).map(move |y| (x, y))) {
            let answer = server.get(&format!("/tiles/{layers}/{z}/{x}/{y}.mvt?{query}"));
            match answer.status {
                204 => {}
                200 => drop(out.insert(TileId::new(z, x, y).unwrap(), answer.body)),
                _ => panic!("{}", answer.text()),
            }
        }
    }
    out
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

/// All tiles of an archive, and how many it says it has.
async fn of_pmtiles(file: &Path, asked: impl Iterator<Item = TileId>) -> (Tiles, u64, Value) {
    // As strict readers do: every part has its place, and together they are the file.
    let bytes = std::fs::read(file).unwrap();
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let [root, metadata, leaves, tiles] = [8, 24, 40, 56].map(number);
    let [metadata_length, leaves_length, tiles_length] = [32, 48, 64].map(number);
    assert!(root == 127 && metadata > 0 && leaves > 0 && tiles > 0, "{root} {metadata} {leaves} {tiles}");
    assert_eq!(bytes.len() as u64, 16_384 + metadata_length + leaves_length + tiles_length);
    assert_eq!(leaves, tiles + tiles_length);
    let archive = AsyncPmTilesReader::new_with_path(file).await.unwrap();
    let header = archive.get_header();
    assert_eq!((header.tile_type, header.tile_compression), (TileType::Mvt, Compression::Gzip));
    assert!(header.clustered());
    let mut tiles = Tiles::new();
    for id in asked {
        let coord = TileCoord::new(id.z(), id.x(), id.y()).unwrap();
        if let Some(bytes) = archive.get_tile_decompressed(coord).await.unwrap() {
            tiles.insert(id, bytes.to_vec());
        }
    }
    let metadata = serde_json::from_str(&archive.get_metadata().await.unwrap()).unwrap();
    (tiles, header.n_addressed_tiles().unwrap().get(), metadata)
}

async fn of_mbtiles(file: &Path) -> (Tiles, BTreeMap<String, String>) {
    let url = format!("sqlite:{}?mode=ro&immutable=1", file.display());
    let mut db = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let mut tiles = Tiles::new();
    for row in sqlx::query("SELECT * FROM tiles").fetch_all(&mut db).await.unwrap() {
        let (z, x, y): (u8, u32, u32) = (row.get(0), row.get(1), row.get(2));
        let bytes: Vec<u8> = row.get(3);
        tiles.insert(TileId::new(z, x, (1 << z) - 1 - y).unwrap(), gunzip(&bytes));
    }
    let metadata = sqlx::query_as("SELECT name, value FROM metadata").fetch_all(&mut db).await.unwrap();
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut db).await.unwrap();
    assert_eq!(sound, "ok");
    (tiles, metadata.into_iter().collect())
}

fn differ(a: &Tiles, b: &Tiles) -> Vec<TileId> {
    let keys: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).copied().collect();
    keys.into_iter().filter(|id| a.get(id) != b.get(id)).collect()
}

#[test]
fn a_file_holds_what_the_server_shows_and_is_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 1_500);
    let facility = |id: usize| {
        let step = id as f64 * 0.002;
        json!({
            "source_id": id.to_string(),
            "geometry": { "type": "Point", "coordinates": [CENTRE.0 + step, CENTRE.1 - step / 2.0] },
            "properties": { "kind": if id.is_multiple_of(3) { "hospital" } else { "toilet" } },
        })
    };
    server.features("facilities", "city", &(0..60).map(facility).collect::<Vec<_>>(), &[]);
    server.until("the facilities are on the map", || {
        server.get("/collections/facilities/items?limit=1").json()["numberMatched"] == 60
    });
    for (layers, first, last, query) in [
        ("incidents", 0, 11, ""),
        ("incidents", 0, 10, "status=open&category=pothole,drainage"),
        ("wards,facilities", 4, 10, "kind=hospital"),
    ] {
        let live = shown(&server, layers, first..=last, query);
        let zooms = format!("{first}-{last}");
        let mut arguments = vec!["--layer", layers, "--zooms", &zooms];
        arguments.extend(query.split('&').filter(|q| !q.is_empty()));
        let [a, b, c, d] =
            ["a.pmtiles", "b.pmtiles", "c.mbtiles", "d.mbtiles"].map(|n| folder.path().join(n));
        for file in [&a, &b, &c, &d] {
            let (well, said) = export(&server, file, &arguments);
            assert!(well && said.contains(&format!("{} tiles of ", live.len())), "{said}");
        }
        let bytes = |p: &Path| std::fs::read(p).unwrap();
        assert!(bytes(&a) == bytes(&b) && bytes(&c) == bytes(&d), "the same map gives the same file");
        let (tiles, count, metadata) = block(of_pmtiles(&a, live.keys().copied()));
        assert_eq!(differ(&tiles, &live), [], "{layers} {query}");
        assert_eq!(count, live.len() as u64, "nothing else is in it");
        let (tiles, texts) = block(of_mbtiles(&c));
        assert_eq!(differ(&tiles, &live), [], "{layers} {query}");

        let tilejson = server.get(&format!("/tiles/{layers}.json?{query}")).json();
        let ids = |v: &Value| v.as_array().unwrap().iter().map(|l| l["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&metadata["vector_layers"]), ids(&tilejson["vector_layers"]));
        assert!(metadata["vector_layers"].as_array().unwrap().iter().all(|l| l["maxzoom"] == last));
        let json: Value = serde_json::from_str(&texts["json"]).unwrap();
        assert_eq!(json["vector_layers"], metadata["vector_layers"]);
        let level = server.get("/readyz").json();
        assert_eq!(metadata["change"], level["applied"].to_string());
        assert!(texts["changed"].ends_with('Z') && metadata["changed"] == texts["changed"].as_str());
        // The query in its normal form, as the server's own address has it.
        let address = tilejson["tiles"][0].as_str().unwrap();
        let wanted = address.split_once('?').map_or("", |(_, query)| query);
        assert_eq!(texts.get("query").map_or("", String::as_str), wanted);
        assert_eq!((texts["format"].as_str(), texts["maxzoom"].parse()), ("pbf", Ok(last)));
        let bounds: Vec<f64> = texts["bounds"].split(',').map(|n| n.parse().unwrap()).collect();
        assert_eq!(json!(bounds), tilejson["bounds"]);
    }
    assert!(
        std::fs::read_dir(folder.path()).unwrap().all(|f| !f
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".part"))
    );
}

#[test]
fn what_cannot_be_exported_is_refused_and_leaves_the_former_file() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pmtiles");
    std::fs::write(&file, "former").unwrap();
    for (arguments, why) in [
        (&["--layer", "incident"][..], "--layer: there is no layer \"incident\"; there are alerts"),
        (&["--layer", "incidents", "--zooms", "0-19"], "zooms 0-19 must ascend within the layers' 0-18"),
        (&["--layer", "incidents", "--zooms", "9-3"], "zooms 9-3 must ascend"),
        (&["--layer", "incidents", "--zooms", "all"], "must be like 0-14"),
        (&["--layer", "incidents", "colour=red"], "colour"),
        (&["--layer", "incidents", "red"], "must be NAME=VALUE"),
        (&["--layer", "incidents", "--format", "zip"], "pmtiles, mbtiles"),
    ] {
        let (well, said) = export(&server, &file, arguments);
        assert!(!well && said.contains(why), "{said}");
    }
    let (well, said) = export(&server, &folder.path().join("no/such/a.pmtiles"), &["--layer", "incidents"]);
    assert!(!well && said.contains("a.pmtiles: "), "{said}");
    let (well, said) = export(&server, &folder.path().join("a.zip"), &["--layer", "incidents"]);
    assert!(!well && said.contains("--format"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), b"former");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    // Without a single report there is a file all the same, and it can be read.
    let (well, said) = export(&server, &file, &["--layer", "incidents"]);
    assert!(well && said.contains("0 tiles of 0 checked"), "{said}");
}

/// Runs `diaban check` with a layer file added; what it said, and whether it ended well.
fn check(layer: Option<(&str, String)>) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    command.arg("check").current_dir(folder.path());
    if let Some((name, text)) = layer {
        std::fs::create_dir_all(folder.path().join("more/layers")).unwrap();
        std::fs::write(folder.path().join("more/layers").join(name), text).unwrap();
        command.args(["--tiles", "more"]);
    }
    let output = command.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[test]
fn check_prints_every_mistake_with_file_and_line() {
    let (well, said) = check(None);
    assert!(well && said == "6 layers, 13 examples, 2 styles: fine\n", "{said}");
    let wards = include_str!("../../tiles/layers/wards.toml");
    let (well, said) = check(Some((
        "wards.toml",
        wards.replace("name = \"String\"", "nmae = \"String\"").replace("maxzoom = 18", "maxzoom = 20"),
    )));
    assert!(!well);
    for line in [
        "more/layers/wards.toml:6: zoom 20 must be within 0..=18",
        "more/layers/wards.toml:17: wards.nmae is unknown, did you mean name?",
        "more/layers/wards.toml:28: ward_labels.nmae is unknown, did you mean name?",
    ] {
        assert!(said.lines().any(|l| l == line), "{said}");
    }
    // And nothing starts with it.
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("layers")).unwrap();
    std::fs::write(folder.path().join("layers/x.toml"), "id = \"x\"\ncolour = 1\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["serve", "--listen", "127.0.0.1:0", "--tiles"])
        .arg(folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("layers/x.toml:2: unknown field `colour`"), "{said}");
}

#[test]
fn a_layer_more_is_one_file_and_its_tiles_hold_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("layers")).unwrap();
    let guide = include_str!("../../docs/operations.md");
    let begin = guide.find("id = \"hospitals\"").expect("the guide shows a layer");
    let text = &guide[begin..begin + guide[begin..].find("```").unwrap()];
    std::fs::write(folder.path().join("layers/hospitals.toml"), text).unwrap();
    let tiles = folder.path().to_owned();
    let server = Server::start_set(|c| c.tiles = Some(tiles));
    let place = |id: &str, kind: &str| {
        json!({
            "source_id": id,
            "geometry": { "type": "Point", "coordinates": [CENTRE.0, CENTRE.1] },
            "properties": { "kind": kind, "name_vi": id },
        })
    };
    server.features("facilities", "city", &[place("A", "hospital"), place("B", "toilet")], &[]);
    let at = TileId::holding(Mercator::from_lonlat(LonLat::new(CENTRE.0, CENTRE.1).unwrap()), 16).unwrap();
    let names = |query: &str| {
        let answer = server.get(&format!("/tiles/hospitals/16/{}/{}.mvt?{query}", at.x(), at.y()));
        let layers =
            if answer.status == 204 { Vec::new() } else { diaban_core::map::decode(&answer.body).unwrap() };
        layers.into_iter().flat_map(|l| l.features).map(|f| f.tags["name_vi"].clone()).collect::<Vec<_>>()
    };
    server.until("the hospital is on the map", || !names("").is_empty());
    assert_eq!(names(""), [diaban_core::map::Value::Text("A".to_owned())]);
    assert_eq!(names("kind=toilet"), [], "what the layer leaves out cannot be asked for");
    assert_eq!(server.get("/tiles/hospitals.json").json()["vector_layers"][0]["id"], "hospitals");
}
