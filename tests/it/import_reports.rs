//! Reports of the past come in from files: judged as those that are sent, and never twice.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use diaban::action::City;
use diaban::clock::SystemIds;
use diaban::demo::Generator;
use diaban::store::Store;
use diaban_core::domain::Instant;

use crate::harness::{Server, until};
use crate::test_database::store_url;
use diaban_core::real_data;

const PROFILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/profiles");

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    command
        .args(["import", "reports"])
        .args(arguments)
        .arg("--store")
        .arg(store_url(folder))
        .current_dir(folder);
    command
}

fn import(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A store that is looked into beside the runs.
struct Beside(tokio::runtime::Runtime, Store);

impl Beside {
    fn open(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = runtime.block_on(Store::open(&store_url(folder))).unwrap();
        Self(runtime, store)
    }

    /// Rows, not the last number given: a batch that is rolled back leaves numbers unused.
    fn reports(&self) -> usize {
        self.0.block_on(self.1.places_after(0, 0, i64::MAX)).unwrap().len()
    }
}

/// Reports in the store.
fn stored(folder: &Path) -> usize {
    Beside::open(folder).reports()
}

const HEAD: &str = "nr,lon,lat,category,created_at,closed_at,title\n";

#[test]
fn rows_are_refused_with_their_reasons_and_the_others_live_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = "1,106.7,10.78,pothole,2025-03-03T09:30:00+07:00,2025-03-04 10:00:00,Ổ gà\n\
                2,-73.88,40.65,pothole,2025-03-03T09:30:00+07:00,,\n\
                3,106.7,10.78,pothole,2125-03-03T09:30:00+07:00,,\n\
                4,106.7,10.78,pothole,2025-03-03T09:30:00+07:00,2025-03-01,\n\
                5,106.7,10.78,pothol,2025-03-03T09:30:00+07:00,,\n\
                6,,,pothole,2025-03-03T09:30:00+07:00,,\n\
                7,106.7,10.78,pothole,,,\n\
                1,106.7,10.78,pothole,2025-03-03T09:30:00+07:00,,again\n\
                8,106.7,10.78,manhole,2025-03-03T09:30:00+07:00,,\n";
    std::fs::write(folder.join("old.csv"), format!("{HEAD}{rows}")).unwrap();
    let output = import(folder, &["old.csv", "--id", "nr"]);
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("9 rows of csv: 3 stored, 1 there already, 5 rejected, 0 left out"), "{told}");
    assert!(told.contains("1 that were there already are told otherwise now"), "{told}");
    let rejected = std::fs::read_to_string(folder.join("old.rejected.csv")).unwrap();
    let lines: Vec<&str> = rejected.lines().collect();
    for (line, begin) in [
        "row,source_id,reason",
        "3,2,\"geometry.coordinates lies far outside the city, 14",
        "4,3,created_at lies in the future: 2125-03-03T02:30:00.000Z",
        "6,5,properties.category is not a category; did you mean pothole?",
        "7,6,geometry must be a Point: this category needs a place",
        "8,7,created_at is missing: when was it received?",
    ]
    .iter()
    .enumerate()
    {
        assert!(lines[line].starts_with(begin), "{} instead of {begin}", lines[line]);
    }
    assert_eq!(lines.len(), 6);
    let left_out = "1 values of closed_at left out, the first in row 5: closed_at lies before created_at: \
                    2025-02-28T17:00:00.000Z before 2025-03-03T02:30:00.000Z";
    assert!(told.contains(left_out) && told.contains("1 rows give no time for their state"), "{told}");

    let server = Server::start_in(folder, Arc::new(SystemIds));
    assert_eq!((server.matched(""), server.matched("state=resolved")), (3, 2));
    let list = server.get("/collections/reports/items?category=pothole").json();
    let report = &list["features"][1]["properties"];
    assert_eq!(report["created_at"], "2025-03-03T02:30:00.000Z");
    assert_eq!(report["updated_at"], "2025-03-04T03:00:00.000Z");
    assert_eq!(report["due_at"], "2025-03-10T10:00:00.000Z");
    assert_eq!(report["source"], "old");
    // Beside the server, which shows it soon.
    let row = "9,106.7,10.78,pothole,2025-03-05T09:30:00+07:00,,\n";
    std::fs::write(folder.join("old.csv"), format!("{HEAD}{row}")).unwrap();
    assert!(said(&import(folder, &["old.csv", "--id", "nr"])).contains("1 stored"));
    until("the server knows of it", || server.matched("") == 4);
}

#[test]
fn a_repeat_stores_nothing_and_a_dry_run_neither() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = |from: usize, title: &str| {
        let rows = (from..from + 2_500).fold(HEAD.to_owned(), |text, n| {
            text + &format!("{n},106.7,10.78,pothole,2025-03-03T09:30:00+07:00,,{title}\n")
        });
        std::fs::write(folder.join("old.csv"), rows).unwrap();
    };
    let run = |more: &[&str]| said(&import(folder, &[&["old.csv", "--source", "s"], more].concat()));
    let keyed = |more: &[&str]| run(&[&["--id", "nr"], more].concat());
    table(0, "a");
    assert!(keyed(&["--dry-run"]).contains("2500 would be stored, 0 there already"));
    assert_eq!(stored(folder), 0);
    assert!(keyed(&[]).contains("2500 stored, 0 there already, 0 rejected"));
    assert!(keyed(&[]).contains("0 stored, 2500 there already, 0 rejected"));
    table(2_000, "b");
    assert!(keyed(&["--dry-run"]).contains("2000 would be stored, 500 there already"));
    let told = keyed(&[]);
    assert!(told.contains("2000 stored, 500 there already"), "{told}");
    assert!(told.contains("500 that were there already are told otherwise now"), "{told}");
    assert_eq!(stored(folder), 4_500);
    assert!(!folder.join("old.rejected.csv").exists());
    // Without ids the rows are told apart by what they hold.
    let told = run(&[]);
    assert!(told.contains("2500 stored") && told.contains("the rows have no ids"), "{told}");
    assert!(run(&[]).contains("0 stored, 2500 there already"));
    // Another source has ids of its own.
    let told = said(&import(folder, &["old.csv", "--id", "nr", "--source", "t", "--dry-run"]));
    assert!(told.contains("2500 would be stored, 0 there already"), "{told}");
}

#[test]
fn a_file_that_is_wrong_as_a_whole_is_refused_and_one_that_breaks_off_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wrong = |name: &str, text: &str, more: &[&str], codebook: &[&str]| {
        std::fs::write(folder.join(name), text).unwrap();
        let output = import(folder, &[&[name], more].concat());
        let told = said(&output);
        assert!(!output.status.success() && codebook.iter().all(|w| told.contains(w)), "{told}");
    };
    let swapped = format!("{HEAD}1,10.78,106.7,pothole,2025-03-03T09:30:00Z,,\n");
    wrong("a.csv", &swapped, &[], &["a.csv: ", "latitude before longitude", "--swap-axes"]);
    let told = said(&import(folder, &["a.csv", "--swap-axes", "--dry-run"]));
    assert!(told.contains("1 would be stored"), "{told}");
    let utm = format!("{HEAD}1,685912,1191954,pothole,2025-03-03T09:30:00Z,,\n");
    wrong("a.csv", &utm, &[], &["EPSG:32648"]);
    wrong("a.csv", &swapped, &["--id", "nummer"], &["latitude before"]);
    wrong("b.csv", &format!("{HEAD}1,106.7,10.78,pothole,,,\n"), &["--id", "no"], &["no row has the column"]);
    wrong("c.pdf", "\0\0\0", &[], &["binary"]);
    wrong("d.csv", HEAD, &["--map", "titel=x"], &["did you mean title?"]);
    assert_eq!(stored(folder), 0);
    let one = r#"{"service_request_id":"7","lat":"10.78","long":"106.7","service_code":"9","requested_datetime":"2025-03-03T02:30:00Z","status":"closed"}"#;
    let profile = format!("{PROFILES}/reports-open311.toml");
    let told = |text: &str| {
        std::fs::write(folder.join("e.json"), text).unwrap();
        import(folder, &["e.json", "--profile", &profile])
    };
    let broken = told(&format!("[{one},"));
    assert!(!broken.status.success());
    assert!(said(&broken).contains("1 rows of json-array: 1 stored"), "{}", said(&broken));
    assert!(said(&broken).contains("what is before is stored"), "{}", said(&broken));
    assert!(
        said(&told(&format!("[{one},{}]", one.replace("\"7\"", "8")))).contains("1 stored, 1 there already")
    );
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_that_was_killed_is_resumed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row =
        |n| format!("{n},106.7,10.78,pothole,2025-03-03T09:30:00+07:00,,Mặt đường hư hỏng trước nhà {n}\n");
    let text: String = std::iter::once(HEAD.to_owned()).chain((0..20_000).map(row)).collect();
    // A download that stops in the middle and never goes on.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/old.csv", listener.local_addr().unwrap());
    let half = text.as_bytes()[..text.len() * 2 / 3].to_vec();
    let whole = text.len();
    let server = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = peer.read(&mut request).unwrap();
        write!(peer, "HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n\r\n").unwrap();
        peer.write_all(&half).unwrap();
        // Until the other side is gone.
        let _ = peer.read(&mut request);
    });
    let store = Beside::open(folder);
    let mut run = Killed(
        command(folder, &[&url, "--id", "nr"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(),
    );
    until("some batches are stored", || store.reports() >= 3_000);
    run.0.kill().unwrap();
    run.0.wait().unwrap();
    server.join().unwrap();
    let before = store.reports();
    assert!((3_000..20_000).contains(&before) && before.is_multiple_of(1_000), "{before}");
    std::fs::write(folder.join("old.csv"), text).unwrap();
    let told = said(&import(folder, &["old.csv", "--id", "nr"]));
    let wanted = format!("20000 rows of csv: {} stored, {before} there already, 0 rejected", 20_000 - before);
    assert!(told.contains(&wanted), "{told}");
    assert_eq!(store.reports(), 20_000);
}

#[test]
fn an_export_comes_in_elsewhere_whole() {
    const REPORTS: usize = 3_000;
    let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&store_url(there.path())).await.unwrap();
        let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
        let now = Instant::parse("2025-06-01T00:00:00Z").unwrap();
        store.load_reports(Generator::new(&city, 7, now, REPORTS).collect()).await.unwrap();
        store.close().await;
    });
    let origin = Server::start_in(there.path(), Arc::new(SystemIds));
    let here = here.path();
    let export = |name: &str, f: &str| {
        let answer = origin.get(&format!("/collections/reports/items?f={f}&limit=10000"));
        assert_eq!(answer.status, 200);
        std::fs::write(here.join(name), answer.body).unwrap();
    };
    export("out.csv", "csv");
    export("out.geojsons", "geojsonseq");
    let profile = format!("{PROFILES}/reports-diaban.toml");
    let run = |file: &str| said(&import(here, &[file, "--profile", &profile]));
    let told = run("out.csv");
    assert!(
        told.contains(&format!("{REPORTS} rows of csv: {REPORTS} stored, 0 there already, 0 rejected")),
        "{told}"
    );
    for (file, format) in [("out.csv", "csv"), ("out.geojsons", "geojsonseq")] {
        let told = run(file);
        let wanted = format!("{REPORTS} rows of {format}: 0 stored, {REPORTS} there already, 0 rejected");
        assert!(told.contains(&wanted) && !told.contains("told otherwise"), "{told}");
    }
    let copy = Server::start_in(here, Arc::new(SystemIds));
    for query in ["", "status=open", "state=resolved", "category=pothole", "category=idea", "ward=26740"] {
        assert_eq!(copy.matched(query), origin.matched(query), "{query}");
    }
}

#[test]
fn real_files_of_other_cities_say_why_they_do_not_come_in() {
    let Some(data) = real_data::folder("it::import_reports_real") else { return };
    let data = data.join("reports");
    let folder = tempfile::tempdir().unwrap();
    let run = |file: &str, profile: &str, more: &[&str]| {
        let file = data.join(file).display().to_string();
        let profile = format!("{PROFILES}/{profile}.toml");
        said(&import(folder.path(), &[&[file.as_str(), "--profile", &profile], more].concat()))
    };
    for (file, profile, codebook) in [
        (
            "nyc311-animals-2025-q1.csv.gz",
            "reports-nyc311",
            &["3312 rows of csv: 0 stored, 0 there already, 3312 rejected", "far outside the city, 14"][..],
        ),
        (
            "open311-san-francisco-2011.json",
            "reports-open311",
            &["rows of json-array: 0 stored", "far outside the city, 12"][..],
        ),
        ("open311-chicago-requests.json", "reports-open311", &["2 rejected", "far outside the city, 1"][..]),
        ("open311-st-louis-requests.json", "reports-open311", &["the coordinates are projected: 2 of 2"][..]),
    ] {
        let told = run(file, profile, &[]);
        println!("{file}: {told}");
        assert!(codebook.iter().all(|w| told.contains(w)), "{file}: {told}");
    }
    assert_eq!(stored(folder.path()), 0);
}

/// A reader who asks by date alone learns of reports of the past that are imported; and lists stay in the order
/// of receipt.
#[test]
fn older_reports_change_the_date_of_feeds_and_not_the_top_of_lists() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let made = server.report("pothole", Some(crate::harness::CENTRE));
    let t = Instant::parse(crate::harness::NOW).unwrap().ms();
    server.clock.set(Instant::from_ms(t + 60_000));
    let feed = "/feeds/reports.atom";
    let date = server.get(feed).header("last-modified").to_owned();
    let since = |date: &str| server.get_with(feed, &[("If-Modified-Since", date)]).status;
    assert_eq!(since(&date), 304);
    let rows = (0..36)
        .map(|i| {
            format!("past-{i},106.698{i:02},10.7725,pothole,2024-03-{:02}T01:00:00Z,Ổ gà {i}\n", i % 28 + 1)
        })
        .collect::<Vec<_>>()
        .concat();
    std::fs::write(folder.path().join("past.csv"), format!("id,lon,lat,category,created_at,title\n{rows}"))
        .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_diaban"))
        .args(["import", "reports", "past.csv", "--source", "past", "--id", "id", "--store"])
        .arg(&server.store)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    until("the past is on the map", || server.matched("") == 37);
    assert_eq!(since(&date), 200);
    let page = server.get("/collections/reports/items?limit=3").json();
    assert_eq!(page["features"][0]["id"], made["id"], "the newest by time of receipt");
    let times: Vec<&str> = page["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["properties"]["created_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
}
