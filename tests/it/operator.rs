//! What the operator sets and sees: an address of their own, a log that does not repeat itself, a budget of
//! memory and pages that keep to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use diaban::action::City;
use diaban::clock::SystemIds;
use diaban::demo::Generator;
use diaban::store::Store;
use diaban_core::domain::Instant;
use diaban_core::domain::mask::Masked;
use serde_json::Value;

use crate::harness::{NOW, Server, agent, get, post, until};
use crate::test_database::store_url;

const ITEMS: &str = "/collections/reports/items";
const PAGE_BYTES: usize = 8 << 20;

/// A process of a shell line, whose `$0` is the executable; where it listens.
pub(crate) fn shell(folder: &Path, line: &str) -> (Child, String) {
    let mut child = Command::new("sh")
        .args(["-c", line, env!("CARGO_BIN_EXE_diaban")])
        .arg(store_url(folder))
        .stdout(Stdio::piped())
        .stderr(std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
    (child, base)
}

pub(crate) fn status(base: &str, path: &str) -> u16 {
    agent().get(format!("{base}{path}")).call().map_or(0, |a| a.status().as_u16())
}

pub(crate) fn end(mut child: Child) {
    let terminated = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(terminated.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn metrics_and_readiness_can_be_kept_from_the_public() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let line = format!("exec \"$0\" serve --listen 127.0.0.1:0 --admin-listen {free} --store \"$1\"");
    let (child, public) = shell(folder.path(), &line);
    let operators = format!("http://{free}");
    until("it is ready", || status(&operators, "/readyz") == 200);
    assert_eq!((status(&operators, "/metrics"), status(&operators, "/healthz")), (200, 200));
    let agent = agent();
    for path in ["/metrics", "/readyz", "/%6detrics", "/metrics?x=1"] {
        let refused = get(&agent, &public, path, &[]);
        refused.problem(404);
        // As if it had never existed.
        assert_eq!(refused.json(), get(&agent, &public, "/no-such", &[]).json(), "{path}");
        assert_eq!(refused.header("access-control-allow-origin"), "*");
    }
    assert_eq!((status(&public, "/healthz"), status(&public, "/conformance")), (200, 200));
    for path in ["/", "/conformance", ITEMS, "/feeds/reports.atom", "/no-such"] {
        assert_eq!(status(&operators, path), 404, "{path}");
    }
    post(&agent, &operators, ITEMS, b"{}", "application/json", &[]).problem(404);
    end(child);
}

/// Out of descriptors, every attempt to accept fails, twenty times a second.
#[test]
fn a_warning_that_repeats_is_written_once_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        "ulimit -n 60; exec \"$0\" serve --listen 127.0.0.1:0 --store \"$1\" --cache \"$(dirname \"$1\")\"";
    let line = if store_url(folder.path()).starts_with("postgres") {
        "ulimit -n 60; exec \"$0\" serve --listen 127.0.0.1:0 --store \"$1\""
    } else {
        line
    };
    let (child, base) = shell(folder.path(), line);
    until("it is ready", || status(&base, "/readyz") == 200);
    let address = base.trim_start_matches("http://").to_owned();
    let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
    let said = |text: &str| log().lines().filter(|l| l.contains(text) && l.contains("\"WARN\"")).count();
    // They say nothing, so they are closed after ten seconds.
    let held: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(&address).unwrap()).collect();
    until("no connection can be accepted", || said("\"accept\"") > 0);
    let began = Stopwatch::now();
    // Nothing that could be awaited happens while it is not told.
    std::thread::sleep(Duration::from_secs(1));
    drop(held);
    let attempts = began.elapsed().as_millis() / 50;
    until("it accepts again", || status(&base, "/healthz") == 200);
    assert_eq!(said("\"message\":\"accept\""), 1, "{}", log());
    end(child);
    let log = log();
    let told = log.lines().find(|l| l.contains("was said again")).unwrap_or_else(|| panic!("{log}"));
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!((&told["what"], &told["level"]), (&"accept".into(), &"WARN".into()), "{told}");
    let times = u128::from(told["times"].as_u64().unwrap());
    assert!(times >= attempts / 3, "{times} of {attempts}");
}

#[test]
fn a_budget_of_memory_is_a_size_and_is_told_with_its_shares() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in ["half", "10MiB", "512MB", "0.5GiB"] {
        let refused = Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["serve", "--listen", "127.0.0.1:0", "--memory", wrong, "--store"])
            .arg(store_url(folder.path()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("MiB"), "{wrong}: {said}");
    }
    let line = "exec \"$0\" serve --listen 127.0.0.1:0 --memory 256MiB --store \"$1\"";
    let (child, base) = shell(folder.path(), line);
    until("it is ready", || status(&base, "/readyz") == 200);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("\"mib\":256") && log.contains("tiles 25,"), "{log}");
    end(child);
}

/// So many reports, each with twelve thousand bytes of text.
fn long_texts(folder: &Path, reports: usize) -> Server {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&store_url(folder)).await.unwrap();
        let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
        let now = Instant::parse(NOW).unwrap();
        let mut all: Vec<_> = Generator::new(&city, 7, now, reports).collect();
        for report in &mut all {
            report.public.description = Some(Masked::of(&"Ổ gà <&> \"sâu\" ".repeat(600)));
        }
        store.load_reports(all).await.unwrap();
        store.close().await;
    });
    Server::start_in(folder, Arc::new(SystemIds))
}

/// The addresses of `next` and what they gave, until there is none.
fn pages(
    server: &Server,
    first: &str,
    ids: impl Fn(&Value) -> Vec<String>,
    next: impl Fn(&Value) -> Option<String>,
) -> (usize, Vec<String>) {
    let (mut path, mut count, mut all) = (Some(first.to_owned()), 0, Vec::new());
    while let Some(here) = path {
        let page = server.get(&here);
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.body.len() <= PAGE_BYTES, "{} bytes", page.body.len());
        let page = page.json();
        let found = ids(&page);
        assert!(!found.is_empty());
        all.extend(found);
        path = next(&page).map(|href| href.replace("https://map.test", ""));
        count += 1;
    }
    (count, all)
}

#[test]
fn a_page_has_at_most_eight_mebibytes_and_then_a_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = long_texts(folder.path(), 2_000);
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let ids = |of: &Value| of.as_array().unwrap().iter().map(|f| text(&f["id"])).collect::<Vec<_>>();
    let link = |links: &Value| {
        links.as_array().unwrap().iter().find(|l| l["rel"] == "next").map(|l| text(&l["href"]))
    };
    let next = |page: &Value| link(&page["links"]);
    let (count, all) = pages(&server, &format!("{ITEMS}?limit=10000"), |p| ids(&p["features"]), next);
    let total = usize::try_from(server.matched("")).unwrap();
    assert!((2..8).contains(&count), "{count} pages");
    assert_eq!((all.len(), all.iter().collect::<std::collections::BTreeSet<_>>().len()), (total, total));
    // Sorted and filtered lists go on as well.
    let (more, sorted) = pages(
        &server,
        &format!("{ITEMS}?limit=5000&sortby=updated_at&status=open,closed"),
        |p| ids(&p["features"]),
        next,
    );
    assert!(more > 1 && sorted.len() == usize::try_from(server.matched("status=open,closed")).unwrap());
    // A page that fits is one page.
    let small = server.get(&format!("{ITEMS}?limit=100")).json();
    assert_eq!(small["numberReturned"], 100);
    // Feeds in each of their forms.
    let (count, geojson) =
        pages(&server, "/feeds/reports.geojson?limit=1000", |p| ids(&p["features"]), |p| link(&p["links"]));
    assert!(count > 2, "{count}");
    let (_, json) = pages(
        &server,
        "/feeds/reports.json?limit=1000",
        |p| ids(&p["items"]),
        |p| p.get("next_url").map(text),
    );
    assert_eq!(json.len(), geojson.len());
    let (mut path, mut entries) = (Some("/feeds/reports.atom?limit=1000".to_owned()), 0);
    while let Some(here) = path {
        let page = server.get(&here);
        assert!(page.body.len() <= PAGE_BYTES, "{}", page.body.len());
        entries += page.text().matches("<entry>").count();
        let link = page.header("link").to_owned();
        path = link.strip_prefix("<https://map.test").and_then(|l| Some(l.split_once('>')?.0.to_owned()));
    }
    assert_eq!(entries, json.len());
    // An export is no page: it has all rows.
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.write_all(format!("GET {ITEMS}?f=geojsonseq HTTP/1.0\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
    let mut export = String::new();
    socket.read_to_string(&mut export).unwrap();
    assert_eq!(export.matches("\"type\":\"Feature\"").count(), total);
}
