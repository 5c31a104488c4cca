//! Boundaries come in checked or not at all, and every report and every city feature goes with them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use diaban::clock::SystemIds;
use serde_json::{Value, json};

use super::boundaries;
use crate::harness::{CENTRE, Server, feature};
use crate::test_database::store_url;
use diaban_core::real_data;

fn import(folder: &Path, file: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["import", "areas"])
        .arg(file)
        .args(["--generation", "2025-07-01", "--store"])
        .arg(store_url(folder))
        .args(more)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
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

/// The pack's own boundaries, but a ward has exchanged its code with its neighbour in the file, whose
/// code comes too.
fn exchanged(ward: &str) -> (Vec<u8>, String) {
    let mut changed = boundaries();
    let features = changed["features"].as_array_mut().unwrap();
    let mine = features.iter().position(|f| f["properties"]["code"] == json!(ward)).unwrap();
    let other = (mine + 1) % features.len();
    let code = features[other]["properties"]["code"].take();
    features[mine]["properties"]["code"] = code.clone();
    features[other]["properties"]["code"] = json!(ward);
    (gzipped(changed.to_string().as_bytes()), code.as_str().unwrap().to_owned())
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
    let (changed, code) = exchanged(&ward);
    let file = write(folder.path(), "changed.geojson.gz", &changed);
    let output = import(folder.path(), &file, &["--force"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("1 move to another ward"), "{}", said(&output));
    let moved = || server.get(&format!("/collections/reports/items/{}", made["id"])).json();
    server.until("the running server has learnt of it", || {
        let now = moved();
        now["properties"]["ward"] == json!(code) && now["properties"]["approximate"] == false
    });
    server.until("the list filters by the new ward", || {
        server.matched(&format!("ward={code}")) == 1 && server.matched(&format!("ward={ward}")) == 0
    });
}

/// Imports a file of features beside the server, once as a dry run, and gives what both runs said.
fn import_features(folder: &Path, arguments: &[&str]) -> String {
    let run = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["import", "features"])
            .args(arguments)
            .args(more)
            .arg("--store")
            .arg(store_url(folder))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    run(&["--dry-run"]) + &run(&[])
}

/// Says of both runs that there was nothing to do.
fn found_unchanged(told: &str) -> bool {
    told.matches("added 0\nchanged 0\nunchanged 1\n").count() == 2
}

/// The properties of the features of a query, by source id.
fn listed(server: &Server, query: &str) -> BTreeMap<String, Value> {
    let page = server.get(&format!("/collections/{query}")).json();
    let features = page["features"].as_array().unwrap().iter();
    features.map(|f| (f["properties"]["source_id"].as_str().unwrap().to_owned(), f.clone())).collect()
}

#[test]
fn features_go_to_the_wards_that_they_meet_now() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_in(folder, Arc::new(SystemIds));
    let (lon, lat) = CENTRE;
    let ward = server.get(&format!("/locate?lon={lon}&lat={lat}")).json()["ward"]["id"].clone();
    let ward = ward.as_str().unwrap().strip_prefix("2025-07-01.").unwrap().to_owned();
    write(folder, "banks.csv", format!("id,lon,lat,name\n1,{lon},{lat},A\n").as_bytes());
    let line = json!({
        "type": "Feature", "id": "works",
        "geometry": { "type": "LineString", "coordinates": [[lon, lat], [lon + 0.02, lat + 0.02]] },
        "properties": { "kind": "roadworks", "severity": "high",
            "valid_from": "2026-11-01", "valid_to": "2026-12-01", "name_vi": "Đường" },
    });
    write(folder, "works.geojson", line.to_string().as_bytes());
    let banks = ["facilities", "banks.csv", "--map", "name_vi=name", "--set", "kind=bank"];
    let works = ["traffic", "works.geojson"];
    import_features(folder, &banks);
    import_features(folder, &works);
    let found = |ward: &str| {
        let of = |collection: &str| listed(&server, &format!("{collection}/items?ward={ward}")).len();
        (of("facilities"), of("traffic"))
    };
    server.until("both are found by their ward", || found(&ward) == (1, 1));
    let before = (listed(&server, "facilities/items"), listed(&server, "traffic/items"));

    let (changed, code) = exchanged(&ward);
    let file = write(folder, "changed.geojson.gz", &changed);
    let output = import(folder, &file, &["--force"]);
    let told = "2 features looked at, 2 moved to other wards, 0 in no ward now";
    assert!(said(&output).contains(told), "{}", said(&output));
    server.until("they are found by the new ward and not by the old one", || {
        (found(&code), found(&ward)) == ((1, 1), (0, 0))
    });
    // Nothing else of them is another: what their source says did not change.
    let after = (listed(&server, "facilities/items"), listed(&server, "traffic/items"));
    let wards = |f: &Value| f["properties"]["wards"].as_array().unwrap().clone();
    let (crossed, crosses) = (wards(&before.1["works"]), wards(&after.1["works"]));
    assert!(crossed.len() > 1 && crossed.len() == crosses.len(), "{crossed:?} {crosses:?}");
    for (before, mut after) in
        before.0.into_iter().chain(before.1).zip(after.0.into_values().chain(after.1.into_values()))
    {
        after["properties"]["wards"] = before.1["properties"]["wards"].clone();
        assert_eq!(after, before.1);
    }

    // The same files again find nothing to do, and neither do the same boundaries.
    for arguments in [&banks[..], &works] {
        let told = import_features(folder, arguments);
        assert!(found_unchanged(&told), "{told}");
    }
    let output = import(folder, &file, &["--force"]);
    assert!(said(&output).contains("2 features looked at, 0 moved"), "{}", said(&output));
    assert_eq!(listed(&server, "facilities/items")["1"]["properties"]["revision"], 1);
}

#[test]
fn alerts_go_to_the_successors_of_the_wards_that_they_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_in(folder, Arc::new(SystemIds));
    let pack = diaban::city_files::embedded().unwrap();
    let split = pack.areas.successors().iter().find(|s| s.part).unwrap();
    let heirs = pack.areas.successors().iter().filter(|s| s.from == split.from);
    let mut heirs: Vec<String> = heirs.map(|s| s.to.to_string()).collect();
    heirs.sort_unstable();
    assert!(heirs.len() > 1);
    let far = json!({ "type": "Polygon", "coordinates": [[[106.6, 10.7], [106.7, 10.7], [106.7, 10.8], [106.6, 10.7]]] });
    let alert = |id: &str, membership: &str, geometry: &Value, wards: Value| {
        json!({ "source_id": id, "membership": membership, "geometry": geometry, "wards": wards,
            "properties": { "severity": "severe", "headline_vi": "Mưa", "onset": "2026-11-01", "expires": "2026-12-01" } })
    };
    let former = json!([split.from.to_string()]);
    let here = json!([heirs[0]]);
    server.features(
        "alerts",
        "sirens",
        &[
            alert("no shape", "named", &Value::Null, former.clone()),
            alert("own shape", "named", &far, former.clone()),
            alert("their shape", "lent", &far, former),
            alert("in force", "named", &far, here.clone()),
        ],
        &[],
    );
    // One names a ward in a file, and gets its shape.
    let ward = heirs[0].strip_prefix("2025-07-01.").unwrap();
    write(folder, "rain.csv", format!("id,wards\nrain,{ward}\n").as_bytes());
    let rain = [
        "alerts",
        "rain.csv",
        "--id",
        "id",
        "--set",
        "severity=minor",
        "--set",
        "headline_vi=Mưa",
        "--set",
        "onset=2026-11-01",
        "--set",
        "expires=2026-12-01",
    ];
    import_features(folder, &rain);
    server.until("it is listed", || listed(&server, "alerts/items").len() == 5);
    let before = listed(&server, "alerts/items");

    let (changed, _) = exchanged(ward);
    let file = write(folder, "changed.geojson.gz", &changed);
    let output = import(folder, &file, &["--force"]);
    assert!(said(&output).contains("5 features looked at, 3 moved"), "{}", said(&output));
    for heir in &heirs {
        server.until("the successors find them", || {
            let found = listed(&server, &format!("alerts/items?ward={heir}"));
            ["no shape", "own shape", "their shape"].iter().all(|id| found.contains_key(*id))
        });
    }
    assert!(listed(&server, &format!("alerts/items?ward={}", split.from)).is_empty());
    let after = listed(&server, "alerts/items");
    for (id, wards, same_shape) in [
        ("no shape", json!(heirs), true),
        ("own shape", json!(heirs), true),
        ("their shape", json!(heirs), false),
        ("in force", here.clone(), true),
        ("rain", here, false),
    ] {
        assert_eq!(after[id]["properties"]["wards"], wards, "{id}");
        assert_eq!(after[id]["geometry"] == before[id]["geometry"], same_shape, "{id}");
        assert_eq!(after[id]["properties"]["revision"], 1, "{id}");
    }
    let told = import_features(folder, &rain);
    assert!(found_unchanged(&told), "{told}");
    let output = import(folder, &file, &["--force"]);
    assert!(said(&output).contains("5 features looked at, 0 moved"), "{}", said(&output));
}

#[test]
fn the_real_wards_are_imported_with_findings_and_take_reports() {
    let Some(data) = real_data::folder("areas::import::the_real_wards") else { return };
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

/// Every position of a document in VN-2000 / TM-3 105-45.
fn in_vn2000(value: &mut Value) {
    match value {
        Value::Array(pair) if pair.len() == 2 && pair[0].is_number() => {
            let at = |i: usize| pair[i].as_f64().unwrap();
            let crs = diaban_core::geo::Crs::of_code(9210).unwrap();
            let (x, y) = crs.of_wgs84(at(0), at(1)).unwrap();
            (pair[0], pair[1]) = (json!(x), json!(y));
        }
        Value::Array(all) => all.iter_mut().for_each(in_vn2000),
        _ => {}
    }
}

#[test]
fn boundaries_in_vn_2000_come_in_where_they_are_and_stay_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut document = boundaries();
    for f in document["features"].as_array_mut().unwrap() {
        in_vn2000(&mut f["geometry"]["coordinates"]);
    }
    let nameless = write(folder, "nameless.geojson", document.to_string().as_bytes());
    assert!(said(&import(folder, &nameless, &[])).contains("projected"));
    assert!(said(&import(folder, &nameless, &["--crs", "EPSG:1"])).contains("EPSG:9210"));
    document["crs"] = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::9210" } });
    let named = write(folder, "named.geojson.gz", &gzipped(document.to_string().as_bytes()));
    for (file, more) in [(&named, &[][..]), (&nameless, &["--crs", "EPSG:9210"])] {
        let output = import(folder, file, more);
        assert!(output.status.success(), "{}", said(&output));
        // The store has them for the next start.
        let server = Server::start_in(folder, Arc::new(SystemIds));
        let made = server.report("pothole", Some(CENTRE));
        assert!(made["properties"]["ward"].is_string(), "{made}");
        assert_eq!(made["properties"]["approximate"], false);
    }
}
