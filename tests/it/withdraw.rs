//! What is hidden or erased is gone from everything at once, and feeds say so without a word of it.

use crate::feeds::{diaban, done, items, ward_of};
use crate::harness::{CENTRE, Server, feature};

const SECRET: &str = "Bí mật 4711";

#[test]
fn a_hidden_report_is_a_tombstone_until_it_comes_back_and_an_erased_one_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), std::sync::Arc::new(diaban::clock::SystemIds));
    let mut body = feature("pothole", Some(CENTRE));
    for field in ["title", "description", "address"] {
        body["properties"][field] = format!("{SECRET} {field}").into();
    }
    body["properties"]["description"] = format!("{SECRET} {}", "dài ".repeat(900)).into();
    let key = [("Idempotency-Key", "abc")];
    let made = server.post("/collections/reports/items", &body, &key).json();
    let (id, ward) = (made["id"].to_string(), ward_of(&made));
    done(&server, &["report", "set-state", &id, "in_progress", "--note", SECRET]);
    server.until("it is in progress", || server.matched("state=in_progress") == 1);
    let item = format!("/collections/reports/items/{id}");
    let reports = format!("/feeds/wards/{ward}.json");
    let changes = format!("/feeds/wards/{ward}/changes.json");
    let everywhere = || {
        let pages = [
            "/collections/reports/items",
            "/collections/reports/items?f=csv",
            "/collections/reports/items?f=geojsonseq",
        ];
        let feeds = ["/feeds/reports.atom".to_owned(), reports.clone(), changes.clone()];
        let more = feeds
            .iter()
            .flat_map(|f| ["atom", "json", "geojson"].map(|x| f.replace(".json", &format!(".{x}"))));
        pages.iter().map(|p| (*p).to_owned()).chain(more).collect::<Vec<_>>()
    };
    let tells = |path: &String| server.get(path).text().contains(SECRET);
    assert!(everywhere().iter().all(tells));

    done(&server, &["report", "hide", &id]);
    server.until("it is not counted", || server.matched("") == 0);
    server.get(&item).problem(404);
    for path in everywhere() {
        assert!(!tells(&path), "{path}: {}", server.get(&path).text());
    }
    let atom = server.get(&reports.replace(".json", ".atom")).text();
    assert!(atom.contains("<at:deleted-entry ref=\"tag:map.test,2025-07-01:reports/"), "{atom}");
    assert_eq!(items(&server.get(&reports))[0]["_diaban"]["deleted"], true);
    // Also for who asks by place or state, which a tombstone has no more.
    assert_eq!(items(&server.get("/feeds/reports.json?status=open&bbox=0,0,1,1")).len(), 1);
    let told = items(&server.get(&changes));
    let events: Vec<_> = told.iter().map(|i| i["_diaban"]["event"].as_str()).collect();
    assert_eq!(events, [Some("hidden"), None, None]);
    assert!(told[1..].iter().all(|i| i["_diaban"]["deleted"] == true));

    done(&server, &["report", "unhide", &id]);
    server.until("it is counted again", || server.matched("") == 1);
    assert!(everywhere().iter().all(tells));

    done(&server, &["report", "erase", &id]);
    server.until("it is not counted", || server.matched("") == 0);
    server.get(&item).problem(410);
    server.post("/collections/reports/items", &body, &key).problem(410);
    assert!(!everywhere().iter().any(tells));
    assert!(!diaban(&server, &["report", "unhide", &id]).status.success());
    drop(server);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let secret = SECRET.as_bytes();
        assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{} still holds it", path.display());
    }
}
