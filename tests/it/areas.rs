//! Boundaries come in checked or not at all, and every report goes with them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use diaban::clock::SystemIds;
use serde_json::{Value, json};

use crate::harness::{CENTRE, Server, feature};
use crate::real_data;

fn import(folder: &Path, file: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["import", "areas"])
        .arg(file)
        .args(["--generation", "2025-07-01", "--store"])
        .arg(format!("sqlite:{}", folder.join("test.db").display()))
        .args(more)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The pack's own boundaries as a file that can be spoiled.
fn boundaries() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/areas/2025-07-01/boundaries.geojson");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn what_is_wrong_with_a_file_is_said_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let good = boundaries();
    let refuse = |name: &str, bytes: &[u8], word: &str| {
        let output = import(folder.path(), &write(folder.path(), name, bytes), &[]);
        assert!(!output.status.success(), "{name}: {}", said(&output));
        assert!(said(&output).to_lowercase().contains(word), "{name}: {}", said(&output));
    };
    let mut unclosed = good.clone();
    let ring = unclosed.pointer_mut("/features/0/geometry/coordinates/0").unwrap();
    let ring = if ring[0][0].is_array() { &mut ring[0] } else { ring };
    ring.as_array_mut().unwrap().pop();
    refuse("unclosed.geojson", unclosed.to_string().as_bytes(), "closed");
    let zipped = gzipped(good.to_string().as_bytes());
    refuse("truncated.geojson.gz", &zipped[..zipped.len() / 2], "gzip");
    refuse("no.json", b"PK\x03\x04", "json");
    let mut projected = good.clone();
    projected["crs"] = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::32648" } });
    refuse("projected.geojson", projected.to_string().as_bytes(), "32648");
    let mut twice = good.clone();
    twice["features"][1]["properties"]["code"] = twice["features"][0]["properties"]["code"].clone();
    refuse("twice.geojson", twice.to_string().as_bytes(), "twice");
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    assert_eq!(
        server.get("/collections/wards/items?limit=1").json()["features"][0]["properties"]["approximate"],
        true
    );
}

#[test]
fn an_import_beside_a_running_server_moves_its_reports() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    let made = server.report("pothole", Some(CENTRE));
    let ward = made["properties"]["ward"].as_str().unwrap().to_owned();
    // The same shapes, but two wards have exchanged their codes.
    let mut changed = boundaries();
    let features = changed["features"].as_array_mut().unwrap();
    let mine = features.iter().position(|f| f["properties"]["code"] == json!(ward)).unwrap();
    let other = (mine + 1) % features.len();
    let code = features[other]["properties"]["code"].clone();
    features[other]["properties"]["code"] = json!(ward);
    features[mine]["properties"]["code"] = code.clone();
    let file = write(folder.path(), "changed.geojson.gz", &gzipped(changed.to_string().as_bytes()));
    let output = import(folder.path(), &file, &["--force"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("1 moved"), "{}", said(&output));
    let moved = || server.get(&format!("/collections/reports/items/{}", made["id"])).json();
    server.until("the running server has learnt of it", || {
        let now = moved();
        now["properties"]["ward"] == code && now["properties"]["approximate"] == false
    });
    server.until("the list filters by the new ward", || {
        server.matched(&format!("ward={}", code.as_str().unwrap())) == 1
            && server.matched(&format!("ward={ward}")) == 0
    });
}

#[test]
fn the_real_wards_are_imported_with_findings_and_take_reports() {
    let Some(data) = real_data::folder("areas::the_real_wards") else { return };
    let folder = tempfile::tempdir().unwrap();
    let output = import(folder.path(), &data.join("wards-2025-07.geojson.gz"), &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("168 wards"), "{}", said(&output));
    assert!(said(&output).contains("overlap"), "{}", said(&output));
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    let (lon, lat) = CENTRE;
    let found = server.get(&format!("/locate?lon={lon}&lat={lat}")).json();
    assert_eq!(found["ward"]["approximate"], false);
    // 300 m out at sea: taken, and said so.
    let beach = (107.0757, 10.3322);
    let near = (0..400)
        .map(|i| (beach.0 + f64::from(i) * 0.000_1, beach.1 - f64::from(i) * 0.000_1))
        .find_map(|p| {
            let found = server.get(&format!("/locate?lon={}&lat={}", p.0, p.1));
            let off = (found.status == 200).then(|| found.json()["offshore_m"].as_f64()).flatten()?;
            (200.0..400.0).contains(&off).then_some(p)
        });
    let made = server.post("/collections/reports/items", &feature("pothole", near), &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(made.json()["properties"]["offshore_m"].as_f64().is_some_and(|m| m > 200.0), "{}", made.text());
    // 200 m inside the next province: refused with the distance.
    let next = server.get("/locate?lon=106.9&lat=10.95");
    if next.status == 422 {
        assert_eq!(next.json()["reason"], "outside_city");
    }
}
