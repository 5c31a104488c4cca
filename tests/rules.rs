//! The house rules that a machine can check: who may import whom, where SQL and HTTP live, that
//! every file says what it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of each crate from the bottom to the top. A room imports only what stands lower; rooms of one
/// line never import each other. Between the crates cargo itself keeps the direction.
const CORE: &[&[&str]] =
    &[&["geo"], &["domain"], &["query"], &["area", "format"], &["pack"], &["map"], &["raster"]];
const SERVICE: &[&[&str]] = &[
    &["city_files", "clock", "memory", "part"],
    &["import"],
    &["store", "basemap"],
    &["action"],
    &["jobs", "http", "demo"],
    &["config"],
    &["app"],
    &["cli"],
];

/// What tests share and no program has.
const FOR_TESTS: [&str; 1] = ["real_data"];

/// The sources of a crate, by their path in its `src`.
fn sources_of(crate_folder: &str) -> Vec<(PathBuf, String)> {
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(crate_folder).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    assert!(found.len() > 20, "the sources were not found");
    found.sort();
    found
        .into_iter()
        .map(|p| (p.strip_prefix(&root).unwrap().to_path_buf(), fs::read_to_string(&p).unwrap()))
        .collect()
}

/// The sources of both crates.
fn sources() -> Vec<(PathBuf, String)> {
    sources_of("core").into_iter().chain(sources_of("")).collect()
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

/// What is wrong with the imports of a crate.
fn wrong_imports(crate_folder: &str, storeys: &[&[&str]]) -> Vec<String> {
    let storey: BTreeMap<&str, usize> =
        storeys.iter().enumerate().flat_map(|(i, rooms)| rooms.iter().map(move |r| (*r, i))).collect();
    let mut faults = Vec::new();
    for (path, text) in sources_of(crate_folder) {
        let here = room(&path);
        if ["lib", "main"].contains(&here.as_str()) || FOR_TESTS.contains(&here.as_str()) {
            continue;
        }
        let Some(own) = storey.get(here.as_str()) else {
            faults.push(format!("{}: room {here} has no storey in tests/rules.rs", path.display()));
            continue;
        };
        let code = code(&text);
        for (i, _) in code.match_indices("crate::") {
            let name: String =
                code[i + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
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
    faults
}

#[test]
fn imports_go_one_way() {
    let faults: Vec<String> = [("core", CORE), ("", SERVICE)]
        .iter()
        .flat_map(|(folder, storeys)| wrong_imports(folder, storeys))
        .collect();
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
fn the_core_does_no_io() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("core/Cargo.toml")).unwrap();
    for needle in ["tokio", "sqlx", "axum", "hyper", "getrandom"] {
        assert!(!manifest.lines().any(|l| l.starts_with(needle)), "core depends on {needle}");
    }
    for (path, text) in sources_of("core") {
        let shown = path.display().to_string();
        if shown.contains("test") || shown.contains("real_data") {
            continue;
        }
        let code = code(text.split("#[cfg(test)]\nmod ").next().unwrap());
        let pure = matches!(room(&path).as_str(), "geo" | "domain" | "query");
        let serde: &[&str] = if pure { &["serde"] } else { &[] };
        for needle in ["std::fs", "std::net", "std::env", "std::process"].iter().chain(serde) {
            assert!(!code.contains(needle), "{shown} uses {needle}");
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
