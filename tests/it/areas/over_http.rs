//! The life of boundaries over HTTP, the whole of it from a file to an undo.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use diaban::clock::{Clock as _, SystemIds};
use diaban::store::{Edition, EditionState, Store};
use diaban_core::domain::Instant;
use serde_json::{Value, json};

use super::{NEXT, boundaries, redrawn, wards};
use crate::feeds::done;
use crate::harness::{Answer, CENTRE, NOW, Server, command, feature, said};
use crate::keys::token;
use crate::test_database::store_url;

pub(super) const EDITIONS: &str = "/areas/editions";
pub(super) const FORMER: &str = "2025-07-01";
/// An operator: a server and a key.
pub(super) struct Operator<'a> {
    pub(super) server: &'a Server,
    pub(super) bearer: String,
}

impl<'a> Operator<'a> {
    pub(super) fn of(server: &'a Server) -> Self {
        let made = done(server, &["keys", "add", "Trực đêm", "--scope", "operate"]);
        let operator = Self { server, bearer: format!("Bearer {}", token(&made)) };
        server.until("the key is known", || operator.get(EDITIONS).status == 200);
        operator
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.server.get_with(path, &[("Authorization", &self.bearer)])
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        let key = [("Authorization", &*self.bearer)];
        self.server.post_bytes(path, body.to_string().as_bytes(), "application/json", &key)
    }

    /// An edition as it stands.
    pub(super) fn edition(&self, location: &str) -> Value {
        let answer = self.get(location);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(super) fn states(&self) -> Vec<String> {
        let all = self.get(EDITIONS).json();
        let states = all["editions"].as_array().unwrap().iter();
        states.map(|e| e["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Has boundaries kept, whatever the checks find, and all reports placed; gives where the edition is.
    pub(super) fn kept(&self, generation: &str, boundaries: &Value) -> String {
        let body = json!({ "generation": generation, "boundaries": boundaries, "force": true });
        let answer = self.post(EDITIONS, &body);
        assert_eq!(answer.status, 202, "{}", answer.text());
        let location = answer.header("location").to_owned();
        assert_eq!(location, format!("{EDITIONS}/{}", answer.json()["edition"]["edition"]));
        self.server.until("all reports are placed", || self.edition(&location)["placed"] == true);
        location
    }

    /// That this cannot be done to an edition that stands so.
    fn unfit(&self, path: &str, body: &Value, state: &str) {
        let answer = self.post(path, body);
        answer.problem(409);
        let said = answer.json();
        assert_eq!(said["state"], state, "{path}: {said}");
        let legal = said["legal"].as_array().unwrap();
        assert!(!legal.is_empty() && !legal.contains(&json!(state)), "{path}: {said}");
    }
}

/// The generation in force at the centre.
pub(super) fn generation(server: &Server) -> String {
    let (lon, lat) = CENTRE;
    let found = server.get(&format!("/locate?lon={lon}&lat={lat}")).json();
    found["ward"]["generation"].as_str().unwrap().to_owned()
}

/// What a process leaves that dies before a report is placed.
pub(super) fn half_prepared(folder: &Path, generation: &str) -> i64 {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(boundaries().to_string().as_bytes()).unwrap();
    let edition = Edition {
        seq: 0,
        generation: generation.to_owned(),
        source: "a process that died".to_owned(),
        imported: Instant::parse(NOW).unwrap(),
        boundaries: Some(packed.finish().unwrap()),
        successors: None,
        state: EditionState::Prepared,
        from: None,
        prepared_to: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&store_url(folder)).await.unwrap();
        let edition = store.add_edition(edition).await.unwrap();
        store.close().await;
        edition
    })
}

/// A report of a ward, without a place to decide by if it is divided; public.
fn placeless(server: &Server, ward: &str) -> u64 {
    let mut report = feature("admin_procedure", None);
    report["properties"]["ward"] = json!(ward);
    let id = server.post("/collections/reports/items", &report, &[]).json()["id"].as_u64().unwrap();
    server.end_hour();
    server.until("it is public", || wards(server).contains_key(&id));
    id
}

/// That a report is told as one that its ward left without another.
fn is_homeless(report: &Value, cut: &str) {
    assert!(report["from_ward"].as_str().unwrap().ends_with(&format!(".{cut}")), "{report}");
    assert!(report["note"].as_str().unwrap().contains("is divided among"), "{report}");
    assert!(["category", "state", "body"].iter().all(|name| report[name].is_string()), "{report}");
}

#[test]
fn boundaries_live_their_life_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Server::start_filled(folder, 500);
    let made = server.report("pothole", Some(CENTRE));
    let cut = made["properties"]["ward"].as_str().unwrap().to_owned();
    let placeless = placeless(&server, &cut);
    let now = server.clock.now();
    let undo_until = Instant::from_ms(now.ms() + 30 * 24 * 3_600_000);
    let operator = Operator::of(&server);
    let redrawn = redrawn(folder, &cut);
    let next: Value = serde_json::from_slice(&std::fs::read(&redrawn.file).unwrap()).unwrap();
    let before = wards(&server);

    // With errors nothing is kept, and each is said.
    let body = json!({ "generation": NEXT, "boundaries": next, "source": "nghị quyết" });
    let refused = operator.post(EDITIONS, &body);
    refused.problem(422);
    let findings = refused.json()["findings"].as_array().unwrap().clone();
    let errors = findings.iter().filter(|f| f["severity"] == "error").count();
    assert!(errors > 0 && findings.iter().all(|f| !f["text"].as_str().unwrap().is_empty()), "{findings:?}");
    assert!(findings.iter().any(|f| f["ward"].is_string()), "{findings:?}");
    let dry = operator.post(&format!("{EDITIONS}?dry_run=true"), &body);
    assert_eq!(dry.status, 200, "{}", dry.text());
    let dry = dry.json();
    assert_eq!((&dry["wards"], &dry["errors"], &dry["edition"]), (&json!(169), &json!(errors), &json!(null)));
    assert_eq!(dry["findings"], json!(findings));
    assert_eq!(operator.states(), ["in_force"]);

    // Kept and placed, and seen by nobody.
    let edition = operator.kept(NEXT, &next);
    assert_eq!(operator.states(), ["in_force", "prepared"]);
    assert_eq!(wards(&server), before);
    let moves = operator.get(&format!("{edition}/moves")).json();
    let rows = moves["moves"].as_array().unwrap();
    let sum = |name: &str| rows.iter().map(|m| m[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((&moves["reports"], &moves["open"]), (&json!(sum("reports")), &json!(sum("open"))));
    let homeless = moves["homeless"].as_u64().unwrap();
    assert!(homeless > 0 && rows.iter().any(|m| m["to_ward"] == "2027-01-01.39999"), "{moves}");
    assert_eq!(moves["placed"], true);
    let on_a_map = operator.get(&format!("{edition}/moves?f=geojson"));
    assert_eq!(on_a_map.header("content-type"), "application/geo+json");
    assert_eq!(on_a_map.json()["features"].as_array().unwrap().len(), rows.len());
    assert!(on_a_map.text().contains("LineString"), "{}", on_a_map.text());
    let file = folder.join("moves.geojson");
    let output = command(folder, &["areas", "moves"], &[NEXT, "--geojson", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let of_command: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(of_command, on_a_map.json());

    // Scheduled, and not after all.
    let schedule = format!("{edition}/schedule");
    let scheduled = operator.post(&schedule, &json!({ "at": "2027-01-01T00:00:00+07:00" })).json();
    assert_eq!(
        (&scheduled["state"], &scheduled["from"]),
        (&json!("scheduled"), &json!("2026-12-31T17:00:00.000Z"))
    );
    assert_eq!(operator.post(&schedule, &json!({ "at": "2026-11-01T00:00:00Z" })).problem(422), ["at"]);
    assert_eq!(operator.post(&schedule, &json!({ "at": null })).json()["state"], "prepared");

    // In force for everybody, with every report.
    let activated = operator.post(&format!("{edition}/activate"), &json!(null));
    assert_eq!((activated.status, activated.header("location")), (202, &*edition), "{}", activated.text());
    server.until("the server has turned", || generation(&server) == NEXT);
    let turned = operator.edition(&edition);
    assert_eq!(
        (&turned["state"], &turned["since"]),
        (&json!("in_force"), &json!(now.to_string())),
        "{turned}"
    );
    assert_eq!(turned["undo_until"], undo_until.to_string());
    assert_eq!(operator.states(), ["former", "in_force"]);
    server.until("every report stands under them", || {
        wards(&server).values().flatten().all(|(generation, _)| generation == NEXT)
    });
    let left = operator.get("/areas/homeless").json();
    let left = left["reports"].as_array().unwrap();
    assert_eq!(left.len() as u64, homeless);
    assert!(left.iter().any(|report| report["id"] == placeless), "{left:?}");
    for report in left {
        let was = before[&report["id"].as_u64().unwrap()].as_ref().unwrap();
        assert_eq!(was.1, cut);
        is_homeless(report, &cut);
    }
    let first = operator.get("/areas/homeless?limit=1").json();
    assert_eq!(first["reports"], json!([left[0]]));

    // What is in force or was is taken back by an undo alone.
    for verb in ["schedule", "activate", "withdraw"] {
        operator.unfit(&format!("{edition}/{verb}"), &json!({ "at": null }), "in_force");
        operator.unfit(&format!("{EDITIONS}/0/{verb}"), &json!({ "at": null }), "former");
    }
    operator.get(&format!("{edition}/moves")).problem(409);
    let undone = operator.post("/areas/undo", &json!(null));
    assert_eq!((undone.status, undone.header("location")), (202, "/areas/editions/0"), "{}", undone.text());
    server.until("the server has turned back", || generation(&server) == FORMER);
    server.until("every report is where it was", || wards(&server) == before);
    assert_eq!(operator.states(), ["in_force", "former"]);

    // Withdrawn for good.
    let third = operator.kept("2028-01-01", &boundaries());
    let withdrawn = operator.post(&format!("{third}/withdraw"), &json!(null));
    assert_eq!((withdrawn.status, &withdrawn.json()["state"]), (200, &json!("withdrawn")));
    for verb in ["schedule", "activate", "withdraw"] {
        operator.unfit(&format!("{third}/{verb}"), &json!({ "at": null }), "withdrawn");
    }
    operator.get(&format!("{third}/moves")).problem(409);

    // After thirty days there is no way back.
    server.clock.set(Instant::from_ms(undo_until.ms() + 1));
    let late = operator.post("/areas/undo", &json!(null));
    late.problem(409);
    assert_eq!(late.json()["undo_until"], undo_until.to_string());
    assert_eq!(generation(&server), FORMER);
}

#[test]
fn what_a_process_left_unplaced_is_seen_and_done_before_the_turn() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    let made = server.report("pothole", Some(CENTRE));
    let operator = Operator::of(&server);
    let edition = format!("{EDITIONS}/{}", half_prepared(folder.path(), NEXT));
    let left = operator.edition(&edition);
    assert_eq!((&left["state"], &left["placed"]), (&json!("prepared"), &json!(false)));
    assert_eq!(operator.get(&format!("{edition}/moves")).json()["placed"], false);
    assert_eq!(operator.post(&format!("{edition}/activate"), &json!(null)).status, 202);
    server.until("the report stands under them", || {
        let now = server.get(&format!("/collections/reports/items/{}", made["id"])).json();
        now["properties"]["ward_generation"] == NEXT
    });
}
