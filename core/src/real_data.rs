//! Where tests find the real data that is not part of the repository.

use std::io::Write;
use std::path::PathBuf;

/// The folder of real data, from `DIABAN_SHARED` or beside the crate. `None` leaves `test` out, and
/// writes its name where `make test` counts them; `DIABAN_REAL_DATA=required` makes that a failure.
pub fn folder(test: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("DIABAN_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    if shared.join("data").is_dir() {
        return Some(shared.join("data"));
    }
    assert!(
        std::env::var_os("DIABAN_REAL_DATA").is_none_or(|v| v != "required"),
        "{test} needs real data, but {} has none",
        shared.display()
    );
    if let Some(list) = std::env::var_os("DIABAN_LEFT_OUT") {
        let mut list = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(list)
            .expect("the list can be written");
        writeln!(list, "{test}").expect("the list can be written");
    }
    None
}
