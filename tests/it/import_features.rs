//! City features come in from files: first as a difference, then for good, and never half.

use std::path::Path;
use std::process::Output;

use crate::harness::{command, said};

fn import(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, &["import", "features"], arguments)
}

fn table(folder: &Path, rows: &[(u32, &str)]) {
    let lines: String = rows.iter().fold("id,lon,lat,name\n".to_owned(), |text, (id, name)| {
        text + &format!("{id},106.7,10.78,{name}\n")
    });
    std::fs::write(folder.join("banks.csv"), lines).unwrap();
}

const BANKS: [&str; 6] = ["facilities", "banks.csv", "--map", "name_vi=name", "--set", "kind=bank"];

#[test]
fn a_dry_run_tells_the_difference_and_a_replacement_takes_away() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let with = |more: &[&str]| said(&import(folder, &[&BANKS, more].concat()));
    table(folder, &[(1, "A"), (2, "B"), (3, "C"), (4, "D")]);
    let dry = with(&["--dry-run"]);
    assert!(
        dry.contains("4 rows of csv: 4 accepted, 0 rejected") && dry.contains("added 4: 1, 2, 3, 4"),
        "{dry}"
    );
    assert!(dry.contains("nothing was changed"), "{dry}");
    assert!(with(&[]).contains("written to facilities as source \"banks\""));
    assert!(with(&["--dry-run"]).contains("unchanged 4"));

    table(folder, &[(1, "A"), (2, "b"), (5, "E")]);
    let upserted = with(&[]);
    assert!(
        upserted.contains("added 1: 5\nchanged 1: 2\nunchanged 1\ngone 2: 3, 4 (they stay"),
        "{upserted}"
    );
    let other = with(&["--source", "others", "--dry-run"]);
    assert!(other.contains("added 3") && other.contains("gone 0"), "{other}");

    table(folder, &[(1, "A"), (2, "b"), (5, "E")]);
    assert!(with(&["--replace"]).contains("gone 2: 3, 4\n"));
    table(folder, &[(9, "Z")]);
    assert!(with(&["--replace", "--dry-run"]).contains("would be refused without --force"));
    let refused = import(folder, &[&BANKS[..], &["--replace"]].concat());
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("3 of 3 features of this source would be taken away"),
        "{}",
        said(&refused)
    );
    assert!(with(&["--dry-run"]).contains("gone 3"), "nothing was changed");
    assert!(with(&["--replace", "--force"]).contains("gone 3"));
    assert!(with(&["--dry-run"]).contains("unchanged 1\ngone 0"));
}

#[test]
fn rejected_rows_go_to_a_file_and_keep_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    table(folder, &[(1, "A"), (2, "B")]);
    let run = |more: &[&str]| said(&import(folder, &[&BANKS, more].concat()));
    run(&[]);
    assert!(!folder.join("banks.rejected.csv").exists());
    std::fs::write(folder.join("banks.csv"), "id,lon,lat,name\n1,106.7,10.78,A\n2,105.85,21.03,B\n").unwrap();
    let told = run(&["--replace"]);
    assert!(told.contains("rejected 1: outside the city by ") && told.contains("gone 0"), "{told}");
    let rejected = std::fs::read_to_string(folder.join("banks.rejected.csv")).unwrap();
    assert!(rejected.starts_with("row,source_id,reason\r\n3,2,outside the city by "), "{rejected}");
    run(&["--rejected", "elsewhere.csv"]);
    assert!(folder.join("elsewhere.csv").exists());

    for (arguments, word) in [
        (&["facilitis", "banks.csv"][..], "did you mean facilities?"),
        (&["facilities", "no.csv"], "no.csv"),
        (&["facilities", "banks.csv", "--map", "name_vi"], "must be --map PROPERTY=COLUMN"),
        (&["facilities", "banks.csv", "--set", "knd=bank"], "did you mean kind?"),
        (&["facilities", "banks.csv", "--format", "kml"], "geojson, geojsonseq, json-array, csv, osm-pbf"),
    ] {
        let output = import(folder, arguments);
        assert!(!output.status.success() && said(&output).contains(word), "{}", said(&output));
    }
    let profile = "[fields]\nname_vi = 'name'\n[set]\nkind = 'bank'\n";
    std::fs::write(folder.join("p.toml"), profile).unwrap();
    let told = said(&import(folder, &["facilities", "banks.csv", "--profile", "p.toml", "--dry-run"]));
    assert!(told.contains("unchanged 1"), "{told}");
    std::fs::write(folder.join("p.toml"), "fieldz = {}").unwrap();
    let told = said(&import(folder, &["facilities", "banks.csv", "--profile", "p.toml"]));
    assert!(told.contains("p.toml: the profile: ") && told.contains("fieldz"), "{told}");
}
