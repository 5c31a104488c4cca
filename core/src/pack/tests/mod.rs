//! The repository's pack is sound, and a broken one says where.

mod boundaries;

use std::fs;
use std::path::Path;

use super::testing::{Folder, pack, root};
use super::*;
use crate::domain::{BodyId, Instant, PlaceRule, Precision, WardId, deadline};

/// A copy of the repository's `data/` with one file changed, read as a folder.
fn broken(file: &str, change: impl Fn(String) -> String) -> String {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("data"), &folder.path().join("data"));
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "the change must hit something in {file}");
    fs::write(&path, changed).unwrap();
    Pack::read(&Folder(folder.path().to_owned())).map_or_else(|e| e.to_string(), |_| "no error".to_owned())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_category_has_one_body_in_every_ward_and_without_one() {
    let pack = pack();
    for category in &pack.categories {
        for unit in pack.areas.units() {
            let assigned = pack.routing.body_for(category, Some(&unit.id));
            match assigned.body.ward() {
                Some(ward) => assert_eq!(ward, unit.id),
                None => assert!(pack.bodies.get(&assigned.body).is_some()),
            }
        }
        let nowhere = pack.routing.body_for(category, None);
        assert!(pack.bodies.get(&nowhere.body).is_some(), "{}: {nowhere:?}", category.code);
    }
}

#[test]
fn what_concerns_people_is_blurred_and_what_concerns_things_is_exact() {
    let pack = pack();
    let precision = |code: &str| pack.categories.by_code(code).unwrap().precision;
    assert_eq!(precision("pothole"), Precision::Exact);
    assert_eq!(precision("crime_tip"), Precision::Hidden);
    for code in ["noise", "mobile_karaoke", "illegal_building", "food_safety", "public_disorder"] {
        assert!(precision(code) >= Precision::Grid150m, "{code}");
    }
    for category in &pack.categories {
        let placeless = category.place == PlaceRule::None;
        assert_eq!(placeless, &*category.group == "public_administration", "{}", category.code);
    }
}

#[test]
fn emergencies_name_the_numbers_to_call() {
    let pack = pack();
    let numbers = [
        ("traffic_accident", "115"),
        ("public_disorder", "113"),
        ("crime_tip", "113"),
        ("fire_hazard", "114"),
        ("manhole", "112"),
        ("drainage", "112"),
        ("subsidence", "112"),
    ];
    for (code, number) in numbers {
        let stop = pack.categories.by_code(code).unwrap().stop.as_ref().unwrap();
        for text in [&stop.vi, &stop.en] {
            assert!(text.contains(number), "{code}: {text}");
        }
    }
}

#[test]
fn noise_goes_to_the_police_of_the_ward_and_is_named_as_people_write_it() {
    let pack = pack();
    let ward = WardId::new("2025-07-01", "26740");
    let kind = pack.city.units.kind("phuong").unwrap();
    for code in ["noise", "mobile_karaoke", "public_disorder"] {
        let assigned = pack.routing.body_for(pack.categories.by_code(code).unwrap(), Some(&ward));
        assert_eq!(assigned.body.as_str(), "ward_police:2025-07-01.26740", "{code}");
    }
    let named = |id: &BodyId| {
        let name = pack.bodies.name_in(id, "Phường Sài Gòn", kind).unwrap();
        (name.vi, name.en)
    };
    let is = |vi: &str, en: &str| (vi.to_owned(), en.to_owned());
    assert_eq!(
        named(&BodyId::ward_office(&ward)),
        is("UBND phường Sài Gòn", "Sài Gòn Ward People's Committee")
    );
    let police = BodyId::of_ward("ward_police", &ward);
    assert_eq!(named(&police), is("Công an phường Sài Gòn", "Sài Gòn Ward Police"));
}

#[test]
fn the_shipped_days_off_move_the_deadlines() {
    let pack = pack();
    let due = |created: &str, days| {
        deadline::due(Instant::parse(created).unwrap(), days, &pack.calendar).to_string()
    };
    // Tết 2026, the Monday after Hùng Kings' Day, and Tết 2027 (new year on 6 February).
    assert_eq!(due("2026-02-13T09:00:00+07:00", 1), "2026-02-23T10:00:00.000Z");
    assert_eq!(due("2026-04-24T09:00:00+07:00", 1), "2026-04-28T10:00:00.000Z");
    assert_eq!(due("2027-02-04T09:00:00+07:00", 1), "2027-02-11T10:00:00.000Z");
    // The Saturday worked for Friday 2 January 2026.
    assert_eq!(due("2026-01-09T09:00:00+07:00", 1), "2026-01-10T10:00:00.000Z");
}

#[test]
fn both_generations_are_there_with_facts_boundaries_and_successors() {
    let areas = pack().areas;
    assert_eq!(areas.generations().collect::<Vec<_>>(), ["2025-01-01", "2025-07-01"]);
    let count = |g: &str, k: Option<&str>| {
        let units = areas.units().iter().filter(|u| &*u.id.generation == g);
        units.filter(|u| k.is_none_or(|k| u.kind.code == k)).count()
    };
    assert_eq!(count("2025-01-01", None), 441);
    assert_eq!(count("2025-07-01", Some("phuong")), 113);
    assert_eq!(count("2025-07-01", Some("xa")), 54);
    assert_eq!(count("2025-07-01", Some("dac_khu")), 1);
    // The same code, another unit.
    let name = |g: &str| &*areas.unit(&WardId::new(g, "26740")).unwrap().name;
    assert_eq!((name("2025-01-01"), name("2025-07-01")), ("Phường Bến Nghé", "Phường Sài Gòn"));
    // 394 former units went whole, 47 in 98 parts.
    assert_eq!(areas.successors().iter().filter(|s| !s.part).count(), 394);
    assert_eq!(areas.successors().iter().filter(|s| s.part).count(), 98);
    let split = areas.successors().iter().find(|s| s.part).unwrap();
    let table = super::Successors::new(areas.successors().to_vec());
    let of: Vec<_> = table.of(&split.from).collect();
    assert!(of.len() > 1 && of[0].main && of[1..].iter().all(|s| !s.main));
    let now = |ward: &WardId| table.standing_for(ward, |w| &*w.generation == "2025-07-01");
    assert!(table.predecessors(&split.to, "2025-01-01").contains(&split.from));
    assert_eq!(now(&split.from), of.iter().map(|s| s.to.clone()).collect::<Vec<_>>());
    for stays in [&split.to, &WardId::new("2025-01-01", "99999"), &WardId::new("1976-07-02", "26740")] {
        assert_eq!(now(stays), std::slice::from_ref(stays));
    }
}

type Ring = Vec<(i64, i64)>;

/// Code and rings of each feature in units of 1e-5 degree, and the parsed document.
fn rings(bytes: &[u8]) -> (Vec<(String, Vec<Ring>)>, serde_json::Value) {
    let document: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let ring = |ring: &serde_json::Value| -> Ring {
        let point = |p: &serde_json::Value| {
            let units = |v: &serde_json::Value| {
                let e5 = v.as_f64().unwrap() * 1e5;
                assert!((e5 - e5.round()).abs() < 1e-3, "five decimals");
                e5.round() as i64
            };
            (units(&p[0]), units(&p[1]))
        };
        ring.as_array().unwrap().iter().map(point).collect()
    };
    let mut features = Vec::new();
    for feature in document["features"].as_array().unwrap() {
        let coordinates = &feature["geometry"]["coordinates"];
        let polygons = match feature["geometry"]["type"].as_str().unwrap() {
            "Polygon" => vec![coordinates],
            _ => coordinates.as_array().unwrap().iter().collect(),
        };
        let mut all = Vec::new();
        for polygon in polygons {
            for (i, r) in polygon.as_array().unwrap().iter().map(ring).enumerate() {
                assert_eq!(r.first(), r.last(), "closed");
                let twice: i64 = r.windows(2).map(|w| w[0].0 * w[1].1 - w[1].0 * w[0].1).sum();
                assert_eq!(twice > 0, i == 0, "exterior counter-clockwise, holes clockwise");
                all.push(r);
            }
        }
        let code = feature["properties"]["code"].as_str().unwrap_or_default().to_owned();
        features.push((code, all));
    }
    (features, document)
}

#[test]
fn the_boundaries_are_closed_oriented_and_share_their_borders() {
    let areas = pack().areas;
    for generation in ["2025-01-01", "2025-07-01"] {
        let (features, document) = rings(areas.area_file(generation).unwrap());
        assert!(document["notice"].as_str().unwrap().contains("Approximate"));
        for feature in document["features"].as_array().unwrap() {
            let id = WardId::new(generation, feature["properties"]["code"].as_str().unwrap());
            let unit = areas.unit(&id).unwrap();
            assert_eq!(feature["properties"]["name"], unit.name.as_str());
            assert_eq!(feature["properties"]["kind"], unit.kind.code);
            assert_eq!(feature["properties"]["approximate"], true);
        }
        let units = areas.units().iter().filter(|u| &*u.id.generation == generation).count();
        assert_eq!(features.len(), units);
        // A coverage whose borders are shared: each directed edge stands there once, and where an
        // edge has no partner in the other direction it is on the outline. Outlines are closed too,
        // so at every vertex as many of them come in as go out.
        let mut edges = std::collections::HashSet::new();
        for ring in features.iter().flat_map(|(_, rings)| rings) {
            for w in ring.windows(2) {
                assert!(edges.insert((w[0], w[1])), "{generation}: {w:?} twice");
            }
        }
        let outline: Vec<_> = edges.iter().filter(|(a, b)| !edges.contains(&(*b, *a))).collect();
        assert!(outline.len() < 1000, "{generation}: {} edges without a neighbour", outline.len());
        let mut balance = std::collections::HashMap::new();
        for (a, b) in outline {
            *balance.entry(a).or_insert(0) += 1;
            *balance.entry(b).or_insert(0) -= 1;
        }
        assert!(balance.values().all(|n| *n == 0));
    }
}

#[test]
fn the_sea_is_coarse_and_lies_off_the_coast() {
    let areas = pack().areas;
    let (features, _) = rings(areas.sea().unwrap());
    let rings = &features[0].1;
    assert!(rings.iter().map(|r| r.len() - 1).sum::<usize>() <= 60);
    let inside = |lon: f64, lat: f64| {
        let (x, y) = (lon * 1e5, lat * 1e5);
        let crossings = rings.iter().flat_map(|r| r.windows(2)).filter(|w| {
            let [(x0, y0), (x1, y1)] = [w[0], w[1]].map(|(x, y)| (x as f64, y as f64));
            (y0 > y) != (y1 > y) && x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
        });
        crossings.count() % 2 == 1
    };
    let sea = [("Vũng Tàu", 107.09, 10.31), ("Cần Giờ", 106.9, 10.35), ("Hồ Tràm", 107.4, 10.44)];
    for (name, lon, lat) in sea.into_iter().chain([("Côn Đảo", 106.65, 8.65)]) {
        assert!(inside(lon, lat), "off {name}");
    }
    let land = [("Gò Công Đông", 106.74, 10.31), ("La Gi", 107.77, 10.67), ("Nhơn Trạch", 106.93, 10.68)];
    for (name, lon, lat) in land {
        assert!(!inside(lon, lat), "{name} is another province's");
    }
}

#[test]
fn a_broken_pack_names_file_and_key() {
    let swap = |file: &str, from: &str, to: &str| broken(file, |t| t.replacen(from, to, 1));
    let cases = [
        (swap("data/categories.toml", "icon =", "ikon ="), "data/categories.toml", "ikon"),
        (swap("data/categories.toml", "\"grid_20m\"", "\"grid_25m\""), "data/categories.toml", "grid_25m"),
        (
            swap("data/categories.toml", "code = \"subsidence\"", "code = \"pothole\""),
            "data/categories.toml",
            "pothole",
        ),
        (swap("data/bodies.toml", "\"power\"", "\"water\""), "data/bodies.toml", "water"),
        (swap("data/bodies.toml", "\"ward_police\"", "\"ward\""), "data/bodies.toml", "`ward`"),
        (swap("data/bodies.toml", "Công an {unit}", "Công an"), "data/bodies.toml", "ward_police"),
        (swap("data/routing.toml", "\"ward_police\"\n", "\"ward_pol\"\n"), "data/routing.toml", "ward_pol"),
        (swap("data/routing.toml", "\"road_sign\"", "\"road_sing\""), "data/routing.toml", "road_sing"),
        (swap("data/routing.toml", "body = \"power\"", "body = \"pover\""), "data/routing.toml", "pover"),
        (swap("data/routing.toml", "01.26732\"]", "01.26733\"]"), "data/routing.toml", "26733"),
        (swap("data/routing.toml", "01.26732\"]", "\"]"), "data/routing.toml", "rule 7, wards"),
        (swap("data/clocks.toml", "\"received\"]", "\"resolved\"]"), "data/clocks.toml", "resolved"),
        (swap("data/clocks.toml", "minutes = 5", "minutes = 0"), "data/clocks.toml", "acknowledge"),
        (swap("data/clocks.toml", "hours = 1 }", "hours = 9999 }"), "data/clocks.toml", "competence"),
        (swap("data/clocks.toml", "\"answer\"", "\"reply\""), "data/clocks.toml", "answer"),
        (swap("data/clocks.toml", "\"forward\"", "\"acknowledge\""), "data/clocks.toml", "a code of its own"),
        (swap("data/clocks.toml", "07:30-11:30", "07:30-13:30"), "data/clocks.toml", "13:00-17:00"),
        (
            swap(
                "data/clocks.toml",
                "hours = 1 }",
                "hours = 1 }\nrule = [{ group = \"x\", limit = { days = 1 } }]",
            ),
            "data/clocks.toml",
            "group `x`",
        ),
        (swap("data/calendars/vn.toml", "2026-02-16", "2026-02-30"), "data/calendars/vn.toml", "2026-02-30"),
        (swap("data/city.toml", "Ho_Chi_Minh", "Sai_Gon"), "data/city.toml", "time_zone"),
        (
            swap("data/city.toml", "calendar = \"vn\"", "calendar = \"la\""),
            "data/calendars/la.toml",
            "missing",
        ),
        (swap("data/city.toml", "[106.695, 10.777]", "[10.777, 106.695]"), "data/city.toml", "map.center"),
        (swap("data/city.toml", "[106.695, 10.777]", "[2.3, 48.9]"), "data/city.toml", "outside map.bounds"),
        (swap("data/city.toml", "\"99999\"", "\"99-99\""), "data/city.toml", "unit.code"),
        (swap("data/city.toml", "\"99999\"", "\"A99\""), "data/areas/units.csv", "must have the form A99"),
        (swap("data/city.toml", "code = \"xa\"", "code = \"phuong\""), "data/city.toml", "phuong"),
        (swap("data/city.toml", "weight = 0.3", "weight = 0"), "data/city.toml", "weight"),
        (swap("data/city.toml", "\"sea.geojson\"", "\"see.geojson\""), "data/areas/see.geojson", "missing"),
        (swap("data/areas/units.csv", ",phuong,", ",quarter,"), "data/areas/units.csv", "kind"),
        (
            swap("data/areas/successors.csv", "2025-07-01,25747", "2025-07-01,1"),
            "data/areas/successors.csv",
            "2025-07-01.1",
        ),
    ];
    for (error, file, key) in cases {
        assert!(error.starts_with(file) && error.contains(key), "{file}, {key}: {error}");
    }
}

#[test]
fn the_256th_category_is_refused() {
    let error = broken("data/categories.toml", |mut text| {
        let more = (0..256).map(|i| {
            format!(
                "[[category]]\ncode = \"c{i}\"\ngroup = \"other\"\nname = {{ vi = \"x\", en = \"x\" }}\n\
                 icon = \"x\"\nplace = \"required\"\nprecision = \"exact\"\ntarget_days = 1\n"
            )
        });
        text.extend(more);
        text
    });
    assert!(error.starts_with("data/categories.toml") && error.contains("at most 255"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Pack::read(&Folder(folder.path().to_owned())).unwrap_err().to_string();
    assert_eq!(error, "data/city.toml: the file is missing");
}

#[test]
fn a_city_without_clocks_promises_an_answer_only() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("data"), &folder.path().join("data"));
    fs::remove_file(folder.path().join("data/clocks.toml")).unwrap();
    let city = Pack::read(&Folder(folder.path().to_owned())).unwrap();
    let codes = |pack: &Pack| pack.clocks.list.iter().map(|c| c.code.to_string()).collect::<Vec<_>>();
    assert_eq!(codes(&city), ["answer"]);
    assert_eq!(codes(&pack()), ["acknowledge", "forward", "competence", "answer"]);
    assert_eq!(city.clocks.list[0].states, pack().clocks.list[3].states);
}
