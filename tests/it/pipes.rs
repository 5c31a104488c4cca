//! The executable as a part of a pipe: what it is told comes from standard input, what it says may go unheard,
//! its exit status tells what was done, and no secret is printed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use diaban::clock::SystemIds;

use crate::harness::Server;
use crate::test_database::store_url;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
const HEAD: &str = "id,kind,name_vi,lon,lat\n";

fn diaban(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
    command.args(arguments).arg("--store").arg(store_url(folder)).current_dir(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    diaban(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs with a standard output that is read to its first line, or not at all.
fn unheard(mut command: Command, lines: usize) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::with_capacity(1, child.stdout.take().unwrap());
    for _ in 0..lines {
        out.read_line(&mut String::new()).unwrap();
    }
    drop(out);
    child.wait_with_output().unwrap()
}

#[test]
fn a_reader_that_goes_away_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (i, lines) in [0, 1].into_iter().enumerate() {
        let file = format!("markets-{i}.csv");
        std::fs::write(folder.join(&file), format!("{HEAD}a,market,A,106.7,10.78\nb,market,B,1,2\n"))
            .unwrap();
        let output = unheard(diaban(folder, &["import", "features", "facilities", &file]), lines);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
        let again = said(&run(folder, &["import", "features", "facilities", &file, "--dry-run"]));
        assert!(again.contains("unchanged 1"), "{again}");
        let reports = format!("reports-{i}.csv");
        let rows = "id,lon,lat,category,created_at\n1,106.7,10.78,pothole,2025-03-03\n2,,,pothole,\n";
        std::fs::write(folder.join(&reports), rows).unwrap();
        let output = unheard(diaban(folder, &["import", "reports", &reports]), lines);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
        let again = said(&run(folder, &["import", "reports", &reports]));
        assert!(again.contains("0 stored, 1 there already"), "{again}");
    }
    for arguments in [&["check"][..], &["keys", "list"], &["import", "features", "--help"], &["migrate"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diaban"));
        command.args(arguments).env("DIABAN_STORE", store_url(folder)).current_dir(folder);
        let output = unheard(command, 0);
        assert!(!said(&output).contains("panicked"), "{arguments:?}: {}", said(&output));
    }
    // A secret that nobody saw is worth nothing.
    let output = unheard(diaban(folder, &["keys", "add", "x", "--scope", "read"]), 0);
    assert!(!output.status.success() && said(&output).contains("could not be shown"), "{}", said(&output));
}

#[test]
fn nothing_accepted_is_a_failure_and_standard_input_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let piped = |arguments: &[&str], text: &[u8]| {
        let mut command = diaban(folder, arguments);
        let pipe = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipe.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        child.wait_with_output().unwrap()
    };
    let features = ["import", "features", "facilities", "-"];
    let good = format!("{HEAD}a,market,A,106.7,10.78\n");
    let output = piped(&features, good.as_bytes());
    assert!(output.status.success(), "{}", said(&output));
    assert!(output.stderr.is_empty(), "no bar where nobody looks: {}", said(&output));
    assert!(said(&output).contains("written to facilities as source \"stdin\""), "{}", said(&output));
    let output = piped(&[&features[..], &["--source", "s", "--dry-run"]].concat(), good.as_bytes());
    assert!(said(&output).contains("added 1: a"), "{}", said(&output));
    let bad = format!("{HEAD}a,market,A,1,2\nb,markt,B,106.7,10.78\n");
    for (text, more) in [
        (bad.as_str(), &[][..]),
        (bad.as_str(), &["--dry-run"]),
        (bad.as_str(), &["--replace", "--force"]),
        (HEAD, &[]),
        (good.as_str(), &["--only", "kind=bank"]),
    ] {
        let output = piped(&[&features[..], more].concat(), text.as_bytes());
        assert!(!output.status.success(), "{text} {more:?}");
        assert!(said(&output).contains("nothing was accepted of"), "{}", said(&output));
        assert!(!said(&output).contains("written"), "{}", said(&output));
    }
    let still = piped(&[&features[..], &["--dry-run"]].concat(), good.as_bytes());
    assert!(said(&still).contains("unchanged 1"), "{}", said(&still));
    // A source that is to be replaced may have become empty.
    let output = piped(&[&features[..], &["--replace", "--force"]].concat(), HEAD.as_bytes());
    assert!(output.status.success() && said(&output).contains("gone 1"), "{}", said(&output));

    let reports = ["import", "reports", "-"];
    let head = "id,lon,lat,category,created_at\n";
    let output = piped(&reports, format!("{head}1,106.7,10.78,pothole,2025-03-03\n").as_bytes());
    assert!(output.status.success() && output.stderr.is_empty(), "{}", said(&output));
    for text in [format!("{head}1,106.7,10.78,pothole,\n"), head.to_owned()] {
        let output = piped(&reports, text.as_bytes());
        assert!(
            !output.status.success() && said(&output).contains("nothing was accepted"),
            "{}",
            said(&output)
        );
    }
    let output = piped(&reports, format!("{head}1,106.7,10.78,pothole,2025-03-03\n").as_bytes());
    assert!(output.status.success() && said(&output).contains("1 there already"), "{}", said(&output));
}

#[test]
fn help_shows_no_secret() {
    for arguments in [
        &["serve"][..],
        &["demo"],
        &["import", "features"],
        &["import", "reports"],
        &["import", "areas"],
        &["check"],
        &["check", "areas"],
        &["report", "hide"],
        &["keys", "list"],
        &["export"],
        &["migrate"],
        &["backup"],
        &["restore"],
        &["copy"],
    ] {
        for help in ["--help", "-h"] {
            let output = Command::new(env!("CARGO_BIN_EXE_diaban"))
                .args(arguments)
                .arg(help)
                .env("DIABAN_STORE", "postgres://diaban:geheim@db/diaban")
                .env("DIABAN_BASEMAP", "https://maps.example/style.json?key=geheim")
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments:?}: {}", said(&output));
            assert!(!said(&output).contains("geheim"), "{arguments:?}: {}", said(&output));
        }
    }
}

/// What goes out as a table comes in again without a difference: ids, telephones, formulas, wards.
#[test]
fn tables_that_went_out_come_in_without_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let line = "LINESTRING(106.7 10.77,106.71 10.775)";
    let wards = "2025-07-01.26740 26743";
    for (collection, file, text) in [
        (
            "traffic",
            "ways.csv",
            format!(
                "id,kind,name_vi,description,valid_from,valid_to,wkt\n\
                 -1,road,=SUM(A1),\"'=a, \"\"b\"\"\",,,\"{line}\"\n\
                 @2,closure,'t Hof,-- cấm,2026-12-31 18:00,2027-01-01 02:00,\"{line}\"\n\
                 +3,junction,+84 28,,,,POINT(106.7 10.77)\n"
            ),
        ),
        (
            "alerts",
            "warnings.csv",
            format!(
                "id;severity;headline_vi;onset;expires;circle;wards;wkt\n\
                 1;minor;=Mưa;2026-01-01;2026-01-02;10.78,106.7 5;;\n\
                 2;severe;Ngập;2026-01-01;2026-01-02;;{wards};\n\
                 3;severe;Ngập;2026-01-01;2026-01-02;;{wards};POLYGON((106.6 10.7,106.8 10.7,106.7 10.9,106.6 10.7))\n"
            ),
        ),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
        let told =
            said(&run(folder, &["import", "features", collection, file, "--source", "s", "--id", "id"]));
        assert!(told.contains("3 accepted, 0 rejected") && told.contains("written"), "{told}");
    }
    let phones = format!("{CASES}/b36-phones.geojson");
    let told = said(&run(folder, &["import", "features", "facilities", &phones, "--source", "s"]));
    assert!(told.contains("24 accepted"), "{told}");
    let server = Server::start_in(folder, Arc::new(SystemIds));
    for (collection, count) in [("facilities", 24), ("traffic", 3), ("alerts", 3)] {
        let out = format!("{collection}-out.csv");
        let answer = server.get(&format!("/collections/{collection}/items?f=csv"));
        std::fs::write(folder.join(&out), &answer.body).unwrap();
        for id in [&["--id", "source_id"][..], &[]] {
            let again = ["import", "features", collection, &out, "--source", "s", "--replace", "--dry-run"];
            let told = said(&run(folder, &[&again[..], id].concat()));
            let wanted = format!("added 0\nchanged 0\nunchanged {count}\ngone 0");
            assert!(told.contains(&wanted), "{collection}: {told}\n{}", answer.text());
        }
    }
}
