//! Documents that are a part of something: pages are followed or refused, systems converted, and what comes
//! to the door with members of its own is a report all the same.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{CENTRE, Server, command, said};

const ITEMS: &str = "/collections/reports/items";

fn import(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, &["import", "features", "facilities"], arguments)
}

fn stops(n: u32) -> Vec<Value> {
    let stop = |i: u32| {
        json!({
            "type": "Feature", "id": i,
            "properties": { "kind": "bus_stop", "name_vi": format!("Trạm {i}") },
            "geometry": { "type": "Point", "coordinates": [106.69 + f64::from(i) * 1e-5, 10.77] },
        })
    };
    (0..n).map(stop).collect()
}

#[test]
fn a_page_never_takes_away_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write =
        |name: &str, document: &Value| std::fs::write(folder.join(name), document.to_string()).unwrap();
    write("all.geojson", &json!({ "type": "FeatureCollection", "features": stops(60) }));
    write(
        "page.geojson",
        &json!({ "type": "FeatureCollection", "exceededTransferLimit": true, "features": stops(40) }),
    );
    let all = import(folder, &["all.geojson", "--source", "stops"]);
    assert!(said(&all).contains("added 60"), "{}", said(&all));
    let page = import(folder, &["page.geojson", "--source", "stops", "--replace"]);
    assert!(!page.status.success() && said(&page).contains("a part of a longer answer"), "{}", said(&page));
    let again = import(folder, &["all.geojson", "--source", "stops", "--dry-run"]);
    assert!(said(&again).contains("unchanged 60"), "{}", said(&again));
}

#[test]
fn all_pages_of_another_server_come_in() {
    let other = Server::start();
    let rows: Vec<Value> = (0..250)
        .map(|i| {
            json!({
                "source_id": format!("s{i}"),
                "properties": { "kind": "bus_stop", "name_vi": format!("Trạm {i}") },
                "geometry": { "type": "Point", "coordinates": [106.69 + f64::from(i) * 1e-5, 10.77] },
            })
        })
        .collect();
    other.features("facilities", "stops", &rows, &[]);
    let folder = tempfile::tempdir().unwrap();
    let address = format!("{}/collections/facilities/items", other.base);
    let read = import(folder.path(), &[&address, "--id", "source_id", "--source", "stops"]);
    assert!(
        said(&read).contains("250 rows on 3 pages") && said(&read).contains("added 250"),
        "{}",
        said(&read)
    );
    let again = import(
        folder.path(),
        &[&address, "--id", "source_id", "--source", "stops", "--replace", "--dry-run"],
    );
    assert!(said(&again).contains("unchanged 250\ngone 0"), "{}", said(&again));
}

#[test]
fn a_page_whose_next_is_named_in_the_head_is_not_taken_for_the_whole() {
    let text = "id,lon,lat,kind,name_vi\r\n1,106.69,10.77,bus_stop,Trạm 1\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/stops.csv", listener.local_addr().unwrap());
    let other = std::thread::spawn(move || {
        let links = "Link: </stops.csv?page=1>; rel=\"self\", </stops.csv?page=2>; rel=\"next\"\r\n";
        for link in [links, ""] {
            let (mut client, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let head =
                format!("Content-Type: text/csv\r\nContent-Length: {}\r\nConnection: close", text.len());
            write!(client, "HTTP/1.1 200 OK\r\n{head}\r\n{link}\r\n{text}").unwrap();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let refused = import(folder.path(), &[&address, "--source", "stops"]);
    assert!(
        !refused.status.success() && said(&refused).contains("a part of a longer answer"),
        "{}",
        said(&refused)
    );
    let read = import(folder.path(), &[&address, "--source", "stops"]);
    assert!(said(&read).contains("added 1"), "{}", said(&read));
    other.join().unwrap();
}

#[test]
fn what_a_tool_adds_to_a_report_is_passed_over_and_another_system_is_not() {
    let server = Server::start();
    let (lon, lat) = CENTRE;
    let with = |geometry: Value, more: Value| {
        let mut body = json!({
            "id": "0c4f6f2e-bd2f-4a8a-9d0e-6a1a0a3f1a77", "type": "Feature", "bbox": [lon, lat, lon, lat],
            "geometry": geometry,
            "properties": { "category": "pothole", "title": "Ổ gà trước cổng chợ" },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.post(ITEMS, &body, &[])
    };
    let point = json!({ "type": "Point", "coordinates": [lon, lat], "bbox": [lon, lat, lon, lat] });
    for (geometry, more) in [
        (point.clone(), json!({})),
        (point.clone(), json!({ "style": { "color": "red" }, "time": null, "links": [] })),
        (
            point.clone(),
            json!({ "crs": { "type": "name", "properties": { "name": "urn:ogc:def:crs:OGC:1.3:CRS84" } } }),
        ),
        (json!({ "type": "Point", "coordinates": [lon, lat, null] }), json!({ "id": 7 })),
        (json!({ "type": "MultiPoint", "coordinates": [[lon, lat]] }), json!({})),
        (json!({ "type": "GeometryCollection", "geometries": [point] }), json!({})),
    ] {
        let answer = with(geometry, more);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.json();
        assert!(made["id"].is_u64() && made["properties"]["ward"].is_string(), "{made}");
    }
    let vn = json!({ "type": "name", "properties": { "name": "EPSG:4756" } });
    assert_eq!(
        with(json!({ "type": "Point", "coordinates": [lon, lat] }), json!({ "crs": vn })).problem(422),
        ["crs"]
    );
    let inside = json!({ "type": "Point", "coordinates": [lon, lat], "crs": vn });
    assert!(with(inside, json!({})).problem(422).contains(&"geometry.crs".to_owned()));
    let two = json!({ "type": "MultiPoint", "coordinates": [[lon, lat], [lon, lat + 0.001]] });
    assert!(with(two, json!({})).problem(422).contains(&"geometry.type".to_owned()));
}
