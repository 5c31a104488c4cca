//! How precisely a report is shown is decided when it comes: what a category says later closes it and never opens it.
//! And what was erased stays so, whatever backup comes back. Every public output is searched for what it must not hold.

mod canaries;
mod erased;

pub(crate) use canaries::{Search, outputs};

use std::fmt::Write as _;
use std::path::Path;

use diaban::clock::{Clock as _, SystemClock};
use diaban_core::domain::{Instant, Precision};
use serde_json::Value;

use crate::harness::{CENTRE, NOW, Server};
use crate::moving::url;
use crate::storage::execute;
use crate::test_database::{is_postgres, store_url};

const ITEMS: &str = "/collections/reports/items";

/// A copy of the pack in which categories have another precision.
pub(crate) fn pack(folder: &Path, change: impl Fn(&str, Precision) -> Precision) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = folder.join("city");
    copy_folder(&root.join("data"), &to.join("data"));
    copy_folder(&root.join("tiles"), &to.join("tiles"));
    let file = to.join("data/categories.toml");
    let (mut code, mut text, mut placeless) = (String::new(), String::new(), false);
    for line in std::fs::read_to_string(&file).unwrap().lines() {
        let value =
            |name: &str| line.strip_prefix(name).map(|rest| rest.trim_matches([' ', '=', '"']).to_owned());
        if let Some(found) = value("code = ") {
            code = found;
        }
        // A category without places is hidden, always.
        if let Some(found) = value("place = ") {
            placeless = found == "none";
        }
        let change = |code: &str, was| if placeless { was } else { change(code, was) };
        match value("precision = ").and_then(|name| Precision::from_name(&name)) {
            Some(was) => writeln!(text, "precision = \"{}\"", change(&code, was).name()).unwrap(),
            None => writeln!(text, "{line}").unwrap(),
        }
    }
    std::fs::write(file, text).unwrap();
    to
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn start(store: &str, data: Option<&Path>) -> Server {
    let server = Server::start_set(|config| {
        store.clone_into(&mut config.store);
        config.data = data.map(Path::to_path_buf);
    });
    // Commands have the clock of the system: nothing that they record lies ahead.
    let later = |t: Instant| Instant::from_ms(t.ms() + 7 * 3_600_000);
    server.clock.set(later(SystemClock.now().max(Instant::parse(NOW).unwrap())));
    server
}

#[test]
fn what_an_earlier_release_blurred_is_closed_and_never_opened() {
    if is_postgres() {
        return;
    }
    let moved = |by: isize| {
        move |_: &str, was: Precision| match was {
            Precision::Exact | Precision::Hidden => was,
            blurred => Precision::ALL[(blurred as usize).saturating_add_signed(by)],
        }
    };
    // By 20 m, 150 m and the ward.
    let blurred = ["power_fault", "illegal_building", "disease_risk"];
    for (by, closes) in [(1, true), (-1, false)] {
        let folder = tempfile::tempdir().unwrap();
        let start = |data: Option<&Path>| {
            Server::start_set(|config| {
                config.store = url(folder.path(), "city.db");
                config.data = data.map(Path::to_path_buf);
            })
        };
        let server = start(None);
        let sent = blurred.map(|code| server.report(code, Some(CENTRE))["id"].as_u64().unwrap());
        let places = |server: &Server| {
            sent.map(|id| server.get(&format!("{ITEMS}/{id}")).json()["geometry"]["coordinates"].clone())
        };
        let before = places(&server);
        drop(server);
        execute(&folder.path().join("city.db"), &["UPDATE report_public SET precision = NULL"]);
        let after = places(&start(Some(&pack(folder.path(), moved(by)))));
        for (code, (before, after)) in blurred.iter().zip(before.iter().zip(&after)) {
            assert_eq!(before != after, closes, "{code}: {before} {after}");
        }
        // Where all is hidden now nothing is left, and what was shown by 150 m is shown by the ward.
        assert_eq!((after[2].is_null(), after[1] == before[2]), (closes, closes));
    }
}

#[test]
fn the_order_tells_no_moment_after_a_category_became_stricter() {
    let folder = tempfile::tempdir().unwrap();
    let address = store_url(folder.path());
    let server = Server::start_set(|config| address.clone_into(&mut config.store));
    let mut ids = Vec::new();
    for i in 0..40 {
        server.clock.set(Instant::from_ms(Instant::parse(NOW).unwrap().ms() + i * 600));
        ids.push(
            server.report(if i % 2 == 0 { "pothole" } else { "road_sign" }, Some(CENTRE))["id"]
                .as_u64()
                .unwrap(),
        );
    }
    drop(server);
    let data = pack(folder.path(), |code, was| if code == "pothole" { Precision::Grid20m } else { was });
    let server = start(&address, Some(&data));
    server.until("all are on the map", || server.matched("") == 40);
    let of = |path: &str, list: &str, id: &dyn Fn(&Value) -> Option<u64>| -> Vec<u64> {
        server.get(path).json()[list].as_array().unwrap().iter().filter_map(id).collect()
    };
    let holes: Vec<u64> = ids.iter().copied().step_by(2).collect();
    let mut by_id = holes.clone();
    by_id.sort_unstable();
    let (up, down) = (by_id.clone(), by_id.iter().rev().copied().collect::<Vec<_>>());
    let feature = |f: &Value| f["id"].as_u64();
    let item = |f: &Value| f["_diaban"]["report"].as_u64();
    for (path, list, id) in [
        (format!("{ITEMS}?limit=100&sortby=due"), "features", &feature as &dyn Fn(&Value) -> Option<u64>),
        (format!("{ITEMS}?limit=100&sortby=-created"), "features", &feature),
        (format!("{ITEMS}?limit=100&sortby=updated"), "features", &feature),
        ("/feeds/reports.json?limit=100".to_owned(), "items", &item),
    ] {
        let all = of(&path, list, id);
        assert_eq!(all.len(), 40, "{path}");
        let order: Vec<u64> = all.iter().copied().filter(|id| holes.contains(id)).collect();
        assert!(order == up || order == down, "{path}: the order is that of the ids: {order:?}");
        // They stand together: none between two whose moments are public.
        let first = all.iter().position(|id| holes.contains(id)).unwrap();
        assert!(all[first..first + 20].iter().all(|id| holes.contains(id)), "{path}: {all:?}");
    }
}
