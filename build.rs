//! The page is built by npm, never here: without it the build stops and says what to run.

use std::path::Path;

fn main() {
    for folder in ["web/dist", "data", "tiles"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    assert!(Path::new("web/dist/index.html").exists(), "web/dist holds no page: run `make web` first");
}
