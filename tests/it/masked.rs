//! Phone numbers, numbers of papers, mail addresses and plates in what people write are masked wherever anybody reads,
//! and only there: every public output is searched for them, and the office of a report reads what was written.

use std::collections::BTreeSet;
use std::sync::Arc;

use diaban::clock::SystemIds;
use diaban_core::domain::Precision;
use serde_json::{Value, json};

use crate::clusters::{number, symbols};
use crate::feeds::{done, ward_of};
use crate::harness::{Answer, CENTRE, Server, agent, ask, command, feature, post, said};
use crate::hour::category;
use crate::kept::{Search, outputs};
use crate::keys::token;
use crate::listen::Listener;
use crate::moving::{block, sqlite, url};
use crate::process::Process;
use crate::storage::execute;
use crate::test_database::{is_postgres, store_url};

const ITEMS: &str = "/collections/reports/items";

/// What somebody wrote, with secrets of its own.
struct Canary(u32);

impl Canary {
    fn title(&self) -> String {
        format!("Ổ gà to, gọi 0903{:05}7 gấp", self.0)
    }

    fn description(&self) -> String {
        let n = self.0;
        format!(
            "Tôi có CCCD 0790{n:05}123, thư canary{n:05}@thu-rieng.vn, bàn 028.3{n:05}.99, hộ chiếu C{n:05}42"
        )
    }

    fn address(&self) -> String {
        format!("12 Lê Lợi, chỗ xe 59X1-{:05}", self.0)
    }

    /// What an office writes for everybody.
    fn note(&self) -> String {
        format!("Đã gọi ０９１２{:05}5 và xe 51F-{:05}", self.0, self.0)
    }

    fn reason(&self) -> String {
        format!("Trùng người báo CMND 2720{:05}", self.0)
    }

    /// Parts of them that nothing else holds.
    fn secrets(&self) -> Vec<String> {
        let n = self.0;
        vec![
            format!("903{n:05}7"),
            format!("0790{n:05}123"),
            format!("canary{n:05}"),
            format!("028.3{n:05}"),
            format!("C{n:05}42"),
            format!("59X1-{n:05}"),
            format!("９１２{n:05}5"),
            format!("51F-{n:05}"),
            format!("2720{n:05}"),
        ]
    }

    fn feature(&self, category: &str) -> Value {
        let mut body = feature(category, Some(CENTRE));
        body["properties"]["title"] = self.title().into();
        body["properties"]["description"] = self.description().into();
        body["properties"]["address"] = self.address().into();
        body
    }
}

/// Whoever may read what was written.
struct Office<'a> {
    server: &'a Server,
    bearer: String,
}

impl<'a> Office<'a> {
    fn new(server: &'a Server) -> Self {
        let key = token(&done(server, &["keys", "add", "Trực", "--scope", "operate"]));
        let office = Self { server, bearer: format!("Bearer {key}") };
        server.until("the key is known", || office.get("/collections/reports/items/1/events").status != 401);
        office
    }

    fn get(&self, path: &str) -> Answer {
        self.server.get_with(path, &[("Authorization", &self.bearer)])
    }

    fn texts(&self, id: u64) -> Value {
        self.get(&format!("{ITEMS}/{id}/standing")).json()["texts"].clone()
    }

    fn set(&self, id: u64, body: &Value) {
        let path = format!("{ITEMS}/{id}/transitions");
        let body = body.to_string();
        let set = self.server.post_bytes(
            &path,
            body.as_bytes(),
            "application/json",
            &[("Authorization", &self.bearer)],
        );
        assert_eq!(set.status, 200, "{}", set.text());
        assert!(set.json().get("texts").is_none(), "an answer to an act holds no texts");
    }
}

/// Asserts that no secret is in any of these; gives how many bytes were searched.
fn assert_none(secrets: &[String], all: &[(String, Vec<u8>)]) -> usize {
    let search = Search::of(secrets.iter().map(String::as_str));
    for (path, bytes) in all {
        let found = search.found(bytes);
        assert!(found.is_empty(), "{path} tells {found:?}: {}", String::from_utf8_lossy(bytes));
    }
    all.iter().map(|(_, bytes)| bytes.len()).sum()
}

/// What [`outputs`] does not have: clusters, questions, the machine's figures, whole files.
fn more_outputs(server: &Server, ids: &[u64]) -> Vec<(String, Vec<u8>)> {
    let mut paths = vec!["/metrics".to_owned(), "/api".to_owned(), "/open311/v2/services.json".to_owned()];
    let clusters = [6, 12, 16].map(|z| symbols(server, z, ""));
    let known: BTreeSet<u64> = clusters.iter().flatten().filter_map(|f| number(f, "cluster_id")).collect();
    assert!(!known.is_empty());
    paths.extend(known.iter().map(|id| format!("/tiles/incidents/clusters/{id}?limit=100")));
    paths.push(format!("{ITEMS}?filter=title%20IS%20NOT%20NULL&filter-lang=cql-text"));
    paths.push(format!("{ITEMS}?near=106.698,10.772&sortby=distance&limit=100"));
    let mut all: Vec<(String, Vec<u8>)> =
        paths.into_iter().map(|path| (path.clone(), server.get(&path).body)).collect();
    let searched = server.post_bytes("/search", br#"{"collection":"reports"}"#, "application/json", &[]);
    assert_eq!(searched.status, 200, "{}", searched.text());
    all.push(("/search".to_owned(), searched.body));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.mbtiles");
    let said = done(server, &["export", "--layer", "incidents", "--output", file.to_str().unwrap()]);
    all.push(("what export says".to_owned(), said.into_bytes()));
    all.push(("an archive of tiles".to_owned(), std::fs::read(file).unwrap()));
    assert!(ids.len() > 1 && all.iter().all(|(_, bytes)| !bytes.is_empty()));
    all
}

#[test]
fn no_public_output_tells_what_is_masked_and_the_office_reads_it() {
    let server = Server::start();
    let office = Office::new(&server);
    let precisions = [
        Precision::Exact,
        Precision::Exact,
        Precision::Grid20m,
        Precision::Grid150m,
        Precision::Ward,
        Precision::Hidden,
    ];
    let mut secrets = Vec::new();
    let mut sent = Vec::new();
    let mut listener = None;
    for (precision, n) in precisions.into_iter().zip(12_345..) {
        let canary = Canary(n);
        let made =
            server.post(ITEMS, &canary.feature(category(precision)), &[("Idempotency-Key", &n.to_string())]);
        assert_eq!(made.status, 201, "{}", made.text());
        let exact = precision == Precision::Exact;
        let masked: &[&str] =
            if exact { &["title", "description", "address"] } else { &["title", "description"] };
        assert_eq!(made.json()["masked"], json!(masked), "{}", made.text());
        assert_eq!(made.json()["properties"]["title"], "Ổ gà to, gọi [SĐT/phone] gấp");
        let id = made.json()["id"].as_u64().unwrap();
        let all = canary.secrets();
        assert_none(&all, &[("its own answer".to_owned(), made.body.clone())]);
        // A repeat is one by what was sent.
        let again =
            server.post(ITEMS, &canary.feature(category(precision)), &[("Idempotency-Key", &n.to_string())]);
        assert_eq!((again.status, &again.json()["masked"]), (200, &json!(masked)));
        assert_none(&all, &[("the answer to a repeat".to_owned(), again.body)]);
        let other = server.post(
            ITEMS,
            &feature(category(precision), Some(CENTRE)),
            &[("Idempotency-Key", &n.to_string())],
        );
        other.problem(409);
        let ward = ward_of(&made.json());
        listener.get_or_insert_with(|| Listener::open(&server, &format!("/feeds/wards/{ward}/events"), ""));
        office.set(
            id,
            &json!({ "state": "in_progress", "note": canary.note(), "internal_note": "nội bộ 0903000111" }),
        );
        office.set(id, &json!({ "state": "rejected", "reason": canary.reason() }));
        secrets.extend(all);
        sent.push((id, canary));
    }
    secrets.push("0903000111".to_owned());
    let ids: Vec<u64> = sent.iter().map(|(id, _)| *id).collect();
    server.end_hour();
    server.until("all are public and told", || server.matched("state=rejected") == ids.len() as u64);
    let mut all = outputs(&server, &ids);
    all.extend(more_outputs(&server, &ids));
    let mut heard = String::new();
    let mut listener = listener.unwrap();
    while heard.matches("event: ").count() < 4 {
        heard += &listener.block().unwrap();
    }
    assert!(heard.contains("[SĐT/phone]") && heard.contains("[giấy tờ/ID]"), "{heard}");
    all.push(("a live stream".to_owned(), heard.into_bytes()));
    let bytes = assert_none(&secrets, &all);
    println!("{} outputs, {bytes} bytes, {} secrets in none", all.len(), secrets.len());
    let list = server.get(&format!("{ITEMS}?limit=1")).text();
    assert!(
        list.contains("[giấy tờ/ID]") && list.contains("[email]") && !list.contains("\"masked\""),
        "{list}"
    );

    // The office reads it all, with the address that a blurred category shows nobody.
    for (id, canary) in &sent {
        let texts = office.texts(*id);
        let written = json!({ "title": canary.title(), "description": canary.description(), "address": canary.address() });
        assert_eq!(texts, written);
        let life = office.get(&format!("{ITEMS}/{id}/events")).json();
        let offices: Vec<&Value> = life["events"].as_array().unwrap().iter().map(|e| &e["office"]).collect();
        assert_eq!(
            (&offices[1]["written_note"], &offices[2]["written_reason"], &offices[2]["written_note"]),
            (&json!(canary.note()), &json!(canary.reason()), &Value::Null)
        );
    }
    // Another office does not, nor anybody without a key.
    server.get(&format!("{ITEMS}/{}/standing", ids[0])).problem(401);
    let stranger = token(&done(&server, &["keys", "add", "Khác", "--scope", "work", "--ward", "26732"]));
    let bearer = format!("Bearer {stranger}");
    let look =
        |part: &str| server.get_with(&format!("{ITEMS}/{}/{part}", ids[0]), &[("Authorization", &bearer)]);
    server.until("the key is known", || look("events").status == 200);
    look("standing").problem(403);
    assert_none(&secrets, &[("events for another office".to_owned(), look("events").body)]);
    // Erased, it is gone for the office too, and from the file.
    for id in &ids {
        let gone = ask(
            &agent(),
            "DELETE",
            &format!("{}{ITEMS}/{id}", server.base),
            &[("Authorization", &office.bearer)],
        );
        assert_eq!(gone.status, 204);
        office.get(&format!("{ITEMS}/{id}/standing")).problem(410);
    }
    if !is_postgres() {
        let kept = "SELECT (SELECT count(*) FROM report_private)
                        + (SELECT count(*) FROM event WHERE coalesce(written_note, written_reason) IS NOT NULL)";
        assert_eq!(sqlite(&server.store, kept), 0);
    }
}

#[test]
fn what_an_earlier_release_stored_is_masked_at_the_start_and_kept_for_the_office() {
    if is_postgres() {
        // `store::record::mask` has the same there.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::start_set(|config| config.store = url(folder.path(), "city.db"));
    let server = start();
    let office = Office::new(&server);
    let ids: Vec<u64> =
        (0..3).map(|_| server.report("pothole", Some(CENTRE))["id"].as_u64().unwrap()).collect();
    office.set(ids[0], &json!({ "state": "in_progress", "note": "đã xem" }));
    let bearer = office.bearer.clone();
    let before = server.get("/feeds/reports.json");
    drop(server);
    let file = folder.path().join("city.db");
    // As that release wrote it.
    execute(
        &file,
        &[
            "UPDATE report_public SET masked = NULL, title = 'gọi 0903123457', address = 'xe 59X1-12345'",
            "UPDATE report_private SET title = NULL, description = NULL, address = 'xe 59X1-12345'",
            "UPDATE event SET masked = NULL, note = 'gọi 0903123457' WHERE note IS NOT NULL",
        ],
    );
    let server = start();
    let secrets = ["903123457", "59X1-12345"].map(str::to_owned);
    let mut all = outputs(&server, &ids);
    all.extend(more_outputs(&server, &ids));
    assert_none(&secrets, &all);
    // Who has the former text is not told that nothing changed.
    let known = server.get_with("/feeds/reports.json", &[("If-None-Match", before.header("etag"))]);
    assert_eq!(known.status, 200);
    assert!(
        known.text().contains("[SĐT/phone]") && known.text().contains("[biển số/plate]"),
        "{}",
        known.text()
    );
    let office = Office { server: &server, bearer: bearer.clone() };
    server.until("the key is known", || office.get(&format!("{ITEMS}/{}/standing", ids[0])).status == 200);
    let texts = office.texts(ids[0]);
    assert_eq!((&texts["title"], &texts["address"]), (&json!("gọi 0903123457"), &json!("xe 59X1-12345")));
    let life = office.get(&format!("{ITEMS}/{}/events", ids[0])).json();
    assert_eq!(life["events"][1]["office"]["written_note"], "gọi 0903123457");
    // Through a backup and a copy it stays apart.
    drop(server);
    let [backup, copied] = ["backup", "copied.db"].map(|name| folder.path().join(name));
    let store = url(folder.path(), "city.db");
    crate::moving::done(&["backup", backup.to_str().unwrap(), "--store", &store]);
    crate::moving::done(&["copy", "--from", &store, "--to", &url(folder.path(), "copied.db")]);
    assert!(copied.exists());
    let server = Server::start_set(|config| config.store = url(folder.path(), "copied.db"));
    let office = Office { server: &server, bearer };
    server.until("the key is known", || office.get(&format!("{ITEMS}/{}/standing", ids[0])).status == 200);
    assert_eq!(office.texts(ids[0]), texts);
}

#[test]
fn an_import_masks_and_says_how_many() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let canary = Canary(54_321);
    let table = format!(
        "nr,lon,lat,category,created_at,closed_at,title,description,address,source,note\n\
         1,106.7,10.78,pothole,2025-03-03T09:30:00+07:00,2025-03-04 10:00:00,\"{}\",\"{}\",\"{}\",app,{}\n\
         2,106.7,10.78,pothole,2025-03-03T09:30:00+07:00,,Ổ gà,,,0903543217,\n\
         3,106.7,10.78,pothole,2025-03-03T09:30:00+07:00,,Ổ gà trước số 12,,,app,\n",
        canary.title(),
        canary.description(),
        canary.address(),
        canary.note()
    );
    std::fs::write(folder.join("old.csv"), table).unwrap();
    let import = || said(&command(folder, &["import", "reports"], &["old.csv", "--id", "nr"]));
    let told = import();
    assert!(told.contains("3 stored"), "{told}");
    assert!(told.contains("2 reports name phones, papers, mail addresses or plates"), "{told}");
    assert!(import().contains("0 stored, 3 there already"));
    let server = Server::start_in(folder, Arc::new(SystemIds));
    let list = server.get(&format!("{ITEMS}?limit=100")).json();
    let ids: Vec<u64> =
        list["features"].as_array().unwrap().iter().map(|f| f["id"].as_u64().unwrap()).collect();
    let mut all = outputs(&server, &ids);
    all.extend(more_outputs(&server, &ids));
    assert_none(&canary.secrets(), &all);
    assert_none(&["903543217".to_owned()], &all);
    let office = Office::new(&server);
    assert!(ids.iter().any(|id| office.texts(*id)["title"] == canary.title().as_str()));
}

#[test]
fn no_log_tells_what_is_masked() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start_logging(folder.path(), "trace");
    let canary = Canary(67_890);
    let body = canary.feature("pothole").to_string();
    let made = post(&agent(), &process.base, ITEMS, body.as_bytes(), "application/geo+json", &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].to_string();
    let set = command(
        folder.path(),
        &["report", "set-state", &id, "rejected"],
        &["--reason", &canary.reason(), "--note", &canary.note()],
    );
    assert!(set.status.success(), "{}", said(&set));
    process.kill();
    let log = std::fs::read(folder.path().join("log")).unwrap();
    assert!(!log.is_empty());
    assert_none(
        &canary.secrets(),
        &[("the log".to_owned(), log), ("what the command says".to_owned(), said(&set).into_bytes())],
    );
}

/// What analysts read with their own tools.
#[test]
fn the_views_of_analysts_are_masked() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    let office = Office::new(&server);
    let canary = Canary(24_680);
    let made = server.post(ITEMS, &canary.feature("pothole"), &[]);
    office.set(
        made.json()["id"].as_u64().unwrap(),
        &json!({ "state": "rejected", "reason": canary.reason(), "note": canary.note() }),
    );
    let rows = block(async {
        let mut db =
            <sqlx::PgConnection as sqlx::Connection>::connect(&store_url(folder.path())).await.unwrap();
        sqlx::query("SET ROLE diaban_reader").execute(&mut db).await.unwrap();
        let all = "SELECT string_agg(r::text, ' ') || (SELECT string_agg(e::text, ' ') FROM report_events e) FROM reports r";
        sqlx::query_scalar::<_, String>(all).fetch_one(&mut db).await.unwrap()
    });
    assert!(rows.contains("[SĐT/phone]") && rows.contains("[giấy tờ/ID]"), "{rows}");
    assert_none(&canary.secrets(), &[("the views".to_owned(), rows.into_bytes())]);
}
