//! Every format of lists is offered wherever lists are: the registry is the only place that names them.

use std::collections::BTreeSet;

use diaban_core::format::list::{ALL, Extent};
use serde_json::{Value, json};

use crate::harness::{CENTRE, Server};

fn texts<'a>(values: &'a Value, member: &str) -> Vec<&'a str> {
    values.as_array().unwrap().iter().filter_map(|v| v[member].as_str()).collect()
}

#[test]
fn every_collection_comes_in_every_format_and_says_so() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    server.until("it is counted", || server.matched("") == 1);
    let description = server.get("/api").json();
    let about_f = description["components"]["parameters"]["f"]["description"].as_str().unwrap();
    for collection in ["reports", "traffic", "wards"] {
        let items = format!("/collections/{collection}/items");
        let about = server.get(&format!("/collections/{collection}")).json();
        let hrefs = texts(&about["links"], "href");
        for format in ALL {
            let named = format.names.iter().map(|f| server.get(&format!("{items}?f={f}")));
            let accepted = format.accepts.iter().map(|a| server.get_with(&items, &[("accept", a)]));
            let bodies: BTreeSet<Vec<u8>> = named
                .chain(accepted)
                .map(|answer| {
                    assert_eq!((answer.status, answer.header("content-type")), (200, format.media));
                    if format.extent == Extent::Stream {
                        let file = format!("attachment; filename=\"{collection}.{}\"", format.extension);
                        assert_eq!(answer.header("content-disposition"), file);
                    }
                    answer.body
                })
                .collect();
            assert_eq!(bodies.len(), 1, "{format:?}");
            let name = format.names[0];
            assert!(hrefs.contains(&format!("https://map.test{items}?f={name}").as_str()), "{hrefs:?}");
            let said = &description["paths"][&items]["get"]["responses"]["200"]["content"];
            assert!(said.get(format.media).is_some(), "{items}: {said}");
            assert!(about_f.contains(&format!("{name} ({})", format.title)), "{about_f}");
        }
        let wrong = server.get(&format!("{items}?f=pdf")).problem(400);
        assert!(wrong.iter().any(|w| w == "f"), "{wrong:?}");
        assert_eq!(server.get_with(&items, &[("accept", "application/pdf")]).status, 406);
    }
}

#[test]
fn wards_stream_as_tables_with_their_shapes() {
    let server = Server::start();
    let page = server.get("/collections/wards/items?limit=3").json();
    assert_eq!(page["features"].as_array().unwrap().len(), 3);
    let table = server.get("/collections/wards/items?f=csv").text();
    let mut lines = table.split("\r\n");
    assert_eq!(lines.next(), Some("id,code,name,generation,approximate,area_km2,geometry"));
    assert_eq!(json!(lines.filter(|l| !l.is_empty()).count()), page["numberMatched"]);
    assert!(table.contains(&format!("\r\n{},", page["features"][0]["id"].as_str().unwrap())));
    assert!(table.contains(",\"MULTIPOLYGON((("));
}
