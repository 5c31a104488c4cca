//! Feeds as documents: who is told what, at which address, and what a repeated question costs.

use std::process::{Command, Output};

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::Value;

use crate::harness::{Answer, CENTRE, NOW, Server, feature};

/// The operator's executable beside a running server.
pub(crate) fn diaban(server: &Server, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_diaban")).args(args).arg("--store").arg(&server.store).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn done(server: &Server, args: &[&str]) -> String {
    let output = diaban(server, args);
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The canonical id of the ward that a report belongs to.
pub(crate) fn ward_of(report: &Value) -> String {
    let p = &report["properties"];
    format!("{}.{}", p["ward_generation"].as_str().unwrap(), p["ward"].as_str().unwrap())
}

pub(crate) fn items(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["items"].as_array().unwrap().clone()
}

#[test]
fn the_documents() {
    let server = Server::start_counting();
    let made = server.report("road_sign", Some(CENTRE));
    let ward = ward_of(&made);
    server.clock.set(diaban_core::domain::Instant::parse("2026-11-25T02:30:00Z").unwrap());
    done(&server, &["report", "set-state", "1", "in_progress", "--note", "Đang xử lý <nhanh> & gọn"]);
    server.until("it is seen", || server.matched("state=in_progress") == 1);
    // The executable reads the machine's clock.
    let moment = items(&server.get("/feeds/reports.json"))[0]["date_modified"].as_str().unwrap().to_owned();
    let still = |text: String| text.replace(&moment, "(now)");
    let atom = server.get("/feeds/reports.atom");
    assert_eq!(atom.header("content-type"), "application/atom+xml");
    assert_snapshot!("reports_atom", still(atom.text()).replace("><", ">\n<"));
    let json = |path: &str| serde_json::from_str::<Value>(&still(server.get(path).text())).unwrap();
    assert_json_snapshot!("ward_geojson", json(&format!("/feeds/wards/{ward}.geojson")));
    assert_json_snapshot!("ward_changes_json", json(&format!("/feeds/wards/{ward}/changes.json")));
}

#[test]
fn what_is_known_costs_no_body() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    let path = "/feeds/reports.atom";
    let first = server.get(path);
    let (tag, date) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    // The second in which something happened is not over: the date said is an earlier one.
    assert_eq!(date, "Wed, 25 Nov 2026 01:29:59 GMT");
    let with = |headers: &[(&str, &str)]| {
        let answer = server.get_with(path, headers);
        assert_eq!(answer.body.is_empty(), answer.status == 304);
        answer.status
    };
    assert_eq!(with(&[("If-None-Match", &tag)]), 304);
    assert_eq!(with(&[("If-Modified-Since", &date)]), 304);
    assert_eq!(with(&[("If-Modified-Since", "Thu, 01 Jan 2015 00:00:00 GMT")]), 200);
    assert_eq!(with(&[("If-Modified-Since", "yesterday")]), 200);
    // The tag wins over the date.
    assert_eq!(with(&[("If-None-Match", "\"other\""), ("If-Modified-Since", &date)]), 200);
    // One more in the same second: a reader by date alone sees it once the second is over.
    server.report("pothole", Some(CENTRE));
    let t = diaban_core::domain::Instant::parse(NOW).unwrap().ms();
    server.clock.set(diaban_core::domain::Instant::from_ms(t + 5_000));
    assert_eq!(with(&[("If-Modified-Since", &date)]), 200);
    assert_eq!(with(&[("If-None-Match", &tag)]), 200);
}

#[test]
fn filters_mean_what_they_mean_in_the_list() {
    let server = Server::start();
    for (i, category) in ["pothole", "road_sign", "pothole", "admin_procedure"].into_iter().enumerate() {
        let place = (category != "admin_procedure").then_some((CENTRE.0 + i as f64 * 0.000_5, CENTRE.1));
        server.report(category, place);
    }
    server.end_hour();
    server.until("all are counted", || server.matched("") == 4);
    let count = |query: &str| items(&server.get(&format!("/feeds/reports.json?{query}"))).len() as u64;
    for query in ["", "category=pothole", "status=closed", "bbox=106.6,10.7,106.699,10.8", "state=received"] {
        assert_eq!(count(query), server.matched(query), "{query}");
    }
    assert_eq!(server.get("/feeds/reports.json?statsu=open").problem(400), ["statsu"]);
    assert_eq!(server.get("/feeds/reports.json?cursor=1").problem(400), ["cursor"]);
    server.get("/feeds/reports.rss").problem(404);
    server.get("/feeds/nothing.atom").problem(404);
}

#[test]
fn a_bare_code_names_the_ward_in_force_and_a_former_one_its_successors() {
    let server = Server::start();
    server.get("/feeds/wards/00000.atom").problem(404);
    server.get("/feeds/wards/2025-07-01.00000.atom").problem(404);
    for path in [".atom", ".json", ".geojson", "/changes.atom"] {
        let feed = |ward: &str| {
            let answer = server.get(&format!("/feeds/wards/{ward}{path}?limit=5"));
            assert_eq!(answer.status, 200);
            answer.text()
        };
        let (bare, full) = (feed("26740"), feed("2025-07-01.26740"));
        let address = |ward: &str| format!("https://map.test/feeds/wards/{ward}{path}");
        assert!(bare.contains(&address("26740")) && bare.contains("canonical"), "{bare}");
        assert!(bare.contains(&address("2025-07-01.26740")), "{bare}");
        assert!(full.contains(&address("2025-07-01.26740")) && !full.contains("canonical"), "{full}");
        // It is the same feed at either address.
        let id = "tag:map.test,2025-07-01:feeds/wards/2025-07-01.26740";
        assert!(bare.contains(id) && full.contains(id), "{bare}");
    }
    // 26737 was Tân Định; its code is in force again or not, so look for one that is not.
    let facts = include_str!("../../data/areas/successors.csv");
    let in_force: Vec<&str> = facts.lines().skip(1).map(|l| l.split(',').nth(3).unwrap()).collect();
    let gone = facts.lines().skip(1).map(|l| l.split(',').nth(1).unwrap()).find(|c| !in_force.contains(c));
    let gone = gone.expect("441 became 168");
    let answer = server.get(&format!("/feeds/wards/{gone}.atom"));
    answer.problem(410);
    let successor = answer.json()["successors"][0]["feed"].as_str().unwrap().to_owned();
    assert_eq!(server.get(successor.strip_prefix("https://map.test").unwrap()).status, 200);
    // Its own feed goes on and says what became of it.
    let former = server.get(&format!("/feeds/wards/2025-01-01.{gone}.atom"));
    assert_eq!(former.status, 200);
    let text = former.text();
    assert!(
        text.contains("/notice</id>")
            && text.contains(&format!(
                "rel=\"successor-version\" type=\"application/atom+xml\" href=\"{successor}\""
            )),
        "{text}"
    );
}

#[test]
fn a_transfer_is_told_to_both_wards() {
    let server = Server::start();
    let made = server.report("pothole", Some(CENTRE));
    let (id, ward) = (made["id"].to_string(), ward_of(&made));
    let other = if ward.ends_with("26740") { "26743" } else { "26740" };
    let said = said(&diaban(&server, &["report", "transfer", &id, "00000"]));
    assert!(said.contains("not a ward in force"), "{said}");
    done(&server, &["report", "transfer", &id, other]);
    server.until("the list has it", || server.matched(&format!("ward={other}")) == 1);
    let told = |ward: &str| -> Vec<String> {
        let items = items(&server.get(&format!("/feeds/wards/{ward}/changes.json")));
        items.iter().map(|i| i["_diaban"]["event"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told(&ward), ["transfer", "received"]);
    assert_eq!(told(&format!("2025-07-01.{other}")), ["transfer"]);
    let reports = |ward: &str| items(&server.get(&format!("/feeds/wards/{ward}.json"))).len();
    assert_eq!((reports(&ward), reports(&format!("2025-07-01.{other}"))), (0, 1));
    let item = server.get(&format!("/collections/reports/items/{id}")).json();
    assert_eq!(item["properties"]["body"], format!("ward:2025-07-01.{other}"));
}

#[test]
fn a_state_follows_the_table() {
    let server = Server::start();
    let id = server.post("/collections/reports/items", &feature("pothole", Some(CENTRE)), &[]).json()["id"]
        .to_string();
    let refused = |args: &[&str], word: &str| {
        let output = diaban(&server, args);
        assert!(!output.status.success() && said(&output).contains(word), "{args:?}: {}", said(&output));
    };
    refused(&["report", "set-state", &id, "rejected"], "reason is required");
    refused(&["report", "set-state", &id, "duplicate"], "original is required");
    refused(&["report", "set-state", &id, "duplicate", "--original", &id], "another report");
    refused(&["report", "set-state", &id, "reopened"], "cannot follow received");
    refused(&["report", "set-state", "1", "resolved"], "no report");
    done(&server, &["report", "set-state", &id, "resolved", "--note", "Đã sửa"]);
    done(&server, &["report", "set-state", &id, "resolved", "--note", "Đã nghiệm thu"]);
    server.until("the map has it", || server.matched("status=closed") == 1);
    let changes = items(&server.get("/feeds/wards/2025-07-01.26740/changes.json"));
    let changes = if changes.is_empty() { items(&server.get("/feeds/reports.json")) } else { changes };
    assert!(!changes.is_empty());
}

#[test]
fn a_secret_link_opens_until_it_is_revoked_and_a_key_has_no_place_in_an_address() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    server.report("road_sign", Some(CENTRE));
    server.until("both are counted", || server.matched("") == 2);
    let made = done(&server, &["keys", "feed", "Đội cầu đường", "--query", "category=pothole"]);
    let token: String = made[made.find("dbn_").unwrap()..].chars().take(44).collect();
    let link = |file: &str| format!("/feeds/k/{token}/{file}");
    server.until("the server knows it", || server.get(&link("reports.json")).status == 200);
    let answer = server.get(&link("reports.json"));
    assert_eq!(items(&answer).len(), 1);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(answer.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(items(&server.get(&link("changes.json"))).len(), 1);
    assert_eq!(server.get(&link("reports.json?category=road_sign")).problem(400), ["category"]);
    assert!(!server.get("/metrics").text().contains(&token));
    let wrong = server.get(&format!("/feeds/k/dbn_{}/reports.json", "0".repeat(40)));
    wrong.problem(404);
    // A secret link is no key of an app, and a key in an address is refused wherever it stands.
    assert_eq!(server.get(&format!("/collections/reports/items?key={token}")).status, 401);
    assert_eq!(server.get(&format!("/?{token}")).status, 401);
    let list = done(&server, &["keys", "list"]);
    assert!(list.contains("Đội cầu đường") && !list.contains(&token), "{list}");
    let id = list.split('\t').next().unwrap().to_owned();
    done(&server, &["keys", "revoke", &id]);
    server.until("it is closed", || server.get(&link("reports.json")).status == 404);
    assert_eq!(server.get(&link("reports.json")).body, wrong.body);
}
