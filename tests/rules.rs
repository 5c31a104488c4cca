//! The house rules that a machine can check: who may import whom, where SQL and HTTP live, that
//! every file says what it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the bottom to the top. A room imports only what stands lower; rooms of one line
/// never import each other.
const STOREYS: &[&[&str]] = &[
    &["geo"],
    &["domain"],
    &["query"],
    &["area", "clock", "format"],
    &["pack"],
    &["import"],
    &["store", "map", "basemap"],
    &["action", "raster"],
    &["jobs", "http", "demo"],
    &["config"],
    &["app"],
    &["cli"],
];

/// What tests share and no program has.
const FOR_TESTS: [&str; 1] = ["real_data"];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(found.len() > 20, "the sources were not found");
    found.sort();
    found
        .into_iter()
        .map(|p| (p.strip_prefix(&root).unwrap().to_path_buf(), fs::read_to_string(&p).unwrap()))
        .collect()
}

/// The room of a file: its first folder, or its own name.
fn room(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its comments.
fn code(text: &str) -> String {
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_go_one_way() {
    let storey: BTreeMap<&str, usize> =
        STOREYS.iter().enumerate().flat_map(|(i, rooms)| rooms.iter().map(move |r| (*r, i))).collect();
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let here = room(&path);
        if ["lib", "main"].contains(&here.as_str()) || FOR_TESTS.contains(&here.as_str()) {
            continue;
        }
        let Some(own) = storey.get(here.as_str()) else {
            faults.push(format!("{}: room {here} has no storey in tests/rules.rs", path.display()));
            continue;
        };
        for (i, _) in code(&text).match_indices("crate::") {
            let name: String =
                code(&text)[i + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if name == here || FOR_TESTS.contains(&name.as_str()) {
                continue;
            }
            match storey.get(name.as_str()) {
                Some(other) if other < own => {}
                Some(_) => faults.push(format!("{}: {here} imports {name}", path.display())),
                None => faults.push(format!("{}: {here} imports {name}, which is no room", path.display())),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A crate that belongs to some rooms only.
fn only_in(needle: &str, rooms: &[&str]) {
    let strangers: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| !rooms.contains(&room(path).as_str()) && code(text).contains(needle))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(strangers.is_empty(), "{needle} belongs to {rooms:?}, not to {strangers:?}");
}

#[test]
fn sql_lives_in_store_only() {
    only_in("sqlx::", &["store"]);
}

#[test]
fn axum_lives_in_http_only() {
    only_in("axum::", &["http"]);
}

#[test]
fn pixels_live_in_raster_only() {
    only_in("tiny_skia::", &["raster"]);
}

#[test]
fn the_core_has_no_serde_and_no_io() {
    for wanted in ["geo", "domain", "query"] {
        for (path, text) in sources().into_iter().filter(|(p, _)| room(p).as_str() == wanted) {
            for needle in ["serde", "std::fs", "std::net", "tokio", "std::env"] {
                assert!(!code(&text).contains(needle), "{} uses {needle}", path.display());
            }
        }
    }
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a module doc: {silent:?}");
}
