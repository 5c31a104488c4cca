//! Another city is other data: a made-up town on the other side of the world, with its own kinds of units, form of
//! codes, language and time zone, is served without a line of code of its own.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use diaban_core::geo::{LonLat, Mercator, TileId};
use diaban_core::map::{DecodedLayer, Value as Tag, decode};
use serde_json::{Value, json};

use crate::harness::{Server, feature};

const CITY: &str = r#"
id = "puerto"
name = { vi = "Cảng Bạc", en = "Puerto Plata & Sons" }
language = "en"
time_zone = "America/Montevideo"
calendar = "none"

[page]
name = "Puerto"
title = { vi = "Puerto · Bản đồ", en = "Puerto <map> & \"reports\"" }
tagline = { vi = "Phản ánh của cảng", en = "Reports of the port" }

[map]
center = [-56.165, -34.895]
zoom = 13.5
overview_zoom = 12
bounds = [-57, -36, -55, -34]

[areas]
approximate = false

[unit]
one = { vi = "quận", en = "area" }
many = { vi = "quận, thị trấn", en = "areas" }
all = { vi = "quận, thị trấn", en = "districts and towns" }
code = "A99"

[[unit.kind]]
code = "quan"
name = { vi = "Quận", en = "District" }
prefix = "near"

[[unit.kind]]
code = "thi_tran"
name = { vi = "Thị trấn", en = "Town" }
"#;
const CATEGORIES: &str = r#"
[[group]]
code = "street"
name = { vi = "Đường phố", en = "Street" }

[[category]]
code = "hole"
group = "street"
name = { vi = "Hố", en = "Hole" }
icon = "pothole"
place = "required"
precision = "exact"
target_days = 3

[[category]]
code = "brawl"
group = "street"
name = { vi = "Ẩu đả", en = "Brawl" }
icon = "disorder"
place = "required"
precision = "exact"
target_days = 1

[[category]]
code = "lamp"
group = "street"
name = { vi = "Đèn", en = "Lamp" }
icon = "light"
place = "required"
precision = "exact"
target_days = 3
"#;
const BODIES: &str = r#"
[ward_office]
name = { vi = "Văn phòng {name}", en = "Office of {name}" }

[[ward_body]]
id = "watch"
name = { vi = "Đội tuần {unit}", en = "{unit} Watch" }

[[body]]
id = "port"
name = { vi = "Cảng vụ", en = "Port authority" }
"#;
const ROUTING: &str = r#"
without_ward = "port"

[[rule]]
category = "brawl"
body = "watch"

[[rule]]
category = "lamp"
wards = ["2024-01-01.B03"]
body = "port"
"#;
const CALENDAR: &str = "weekend = [\"sunday\"]\nfrom_year = 2024\nto_year = 2026\nholiday = []\n";

/// Generation, code, kind, name, and the square: its column and row of a hundredth of a degree, and its width.
const UNITS: [(&str, &str, &str, &str, [i32; 3]); 6] = [
    ("2010-01-01", "A01", "quan", "Norte", [0, 0, 2]),
    ("2010-01-01", "A02", "thi_tran", "Sur", [2, 0, 2]),
    ("2024-01-01", "A01", "quan", "Norte", [0, 0, 2]),
    ("2024-01-01", "B02", "quan", "Este", [2, 0, 1]),
    ("2024-01-01", "B03", "quan", "Oeste", [3, 0, 1]),
    ("2024-01-01", "B04", "thi_tran", "Faro", [4, 0, 1]),
];
const SUCCESSORS: &str = "from_generation,from_code,to_generation,to_code,part,main\n\
    2010-01-01,A01,2024-01-01,A01,0,1\n\
    2010-01-01,A02,2024-01-01,B02,1,1\n\
    2010-01-01,A02,2024-01-01,B03,1,0\n";

/// South and west edge of the town.
const CORNER: (f64, f64) = (-56.19, -34.9);

fn at(column: f64, row: f64) -> (f64, f64) {
    (CORNER.0 + column / 100.0, CORNER.1 + row / 100.0)
}

/// The middle of a unit in force.
fn middle(code: &str) -> (f64, f64) {
    let (.., [column, row, width]) =
        UNITS.iter().find(|u| u.0 == "2024-01-01" && u.1 == code).copied().unwrap();
    at(f64::from(column) + f64::from(width) / 2.0, f64::from(row) + 0.5)
}

fn boundaries(generation: &str) -> Value {
    let of = UNITS.iter().filter(|u| u.0 == generation).map(|(_, code, kind, name, [column, row, width])| {
        let [(w, s), (e, n)] = [(*column, *row), (column + width, row + 1)];
        let ring: Vec<_> = [(w, s), (e, s), (e, n), (w, n), (w, s)]
            .map(|(x, y)| at(f64::from(x), f64::from(y)))
            .iter()
            .map(|(lon, lat)| json!([lon, lat]))
            .collect();
        json!({
            "type": "Feature",
            "properties": { "code": code, "kind": kind, "name": name },
            "geometry": { "type": "Polygon", "coordinates": [ring] },
        })
    });
    json!({ "type": "FeatureCollection", "features": of.collect::<Vec<_>>() })
}

/// Writes the town's pack: `data/`, and of `tiles/` the layers that it has something for.
fn write_pack(folder: &Path) {
    let write = |file: &str, text: &str| {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("data/city.toml", CITY);
    write("data/categories.toml", CATEGORIES);
    write("data/bodies.toml", BODIES);
    write("data/routing.toml", ROUTING);
    write("data/calendars/none.toml", CALENDAR);
    write("data/areas/successors.csv", SUCCESSORS);
    let mut units = "generation,code,name,kind,district,province_former,lon,lat,area_km2\n".to_owned();
    for (generation, code, kind, name, [column, row, _]) in UNITS {
        let (lon, lat) = at(f64::from(column) + 0.5, f64::from(row) + 0.5);
        writeln!(units, "{generation},{code},{name},{kind},,Plata,{lon},{lat},").unwrap();
    }
    write("data/areas/units.csv", &units);
    for generation in ["2010-01-01", "2024-01-01"] {
        write(&format!("data/areas/{generation}/boundaries.geojson"), &boundaries(generation).to_string());
    }
    for layer in ["incidents", "wards"] {
        let file = format!("tiles/layers/{layer}.toml");
        let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap();
        write(&file, &own);
    }
}

fn started() -> (Server, tempfile::TempDir) {
    let pack = tempfile::tempdir().unwrap();
    write_pack(pack.path());
    let data = Some(pack.path().to_owned());
    (Server::start_set(|config| config.data = data), pack)
}

fn tile(server: &Server, layer: &str, (lon, lat): (f64, f64), zoom: u8) -> Vec<DecodedLayer> {
    let id = TileId::holding(Mercator::from_lonlat(LonLat::new(lon, lat).unwrap()), zoom).unwrap();
    let answer = server.get(&format!("/tiles/{layer}/{}/{}/{}.mvt", id.z(), id.x(), id.y()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    decode(&answer.body).unwrap()
}

#[test]
fn its_units_own_places_and_have_codes_of_their_form() {
    let (server, _pack) = started();
    let locate = |(lon, lat): (f64, f64), more: &str| {
        let answer = server.get(&format!("/locate?lon={lon}&lat={lat}{more}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let found = locate(middle("B03"), "&category=lamp");
    assert_eq!(found["ward"]["id"], "2024-01-01.B03");
    assert_eq!(found["ward"]["name"], "District Oeste");
    assert_eq!((&found["ward"]["approximate"], &found["body"]["id"]), (&json!(false), &json!("port")));
    assert_eq!(locate(middle("B04"), "")["ward"]["name"], "Faro", "a kind without a prefix");
    let before = locate(middle("B03"), "&at=2020-06-01");
    assert_eq!((&before["ward"]["code"], &before["ward"]["name"]), (&json!("A02"), &json!("Sur")));
    // Without a sea a place off the coast belongs to nobody.
    let (lon, lat) = at(2.5, -0.5);
    let outside = server.get(&format!("/locate?lon={lon}&lat={lat}"));
    outside.problem(422);
    assert_eq!(outside.json()["nearest"]["code"], "B02");

    let mut codes = Vec::new();
    let mut next = Some("/collections/wards/items?limit=2".to_owned());
    while let Some(page) = next {
        let page = server.get(&page).json();
        let code = |f: &Value| f["properties"]["code"].as_str().unwrap().to_owned();
        codes.extend(page["features"].as_array().unwrap().iter().map(code));
        let links = page["links"].as_array().unwrap().iter();
        let link = links.filter(|l| l["rel"] == "next").find_map(|l| l["href"].as_str());
        next = link.map(|href| href.strip_prefix("https://map.test").unwrap().to_owned());
        assert!(codes.len() <= UNITS.len(), "pages never end: {codes:?}");
    }
    assert_eq!(codes, ["A01", "B02", "B03", "B04"]);
    assert_eq!(server.get("/collections/wards").json()["title"], "Quận, thị trấn / Districts and towns");
    let wrong = server.get("/collections/reports/items?ward=99999");
    assert_eq!(wrong.problem(400), ["ward"]);
    assert!(wrong.text().contains("a code like B04"), "{}", wrong.text());
    let former = server.get("/collections/reports/items?ward=A02");
    assert!(former.text().contains("2010-01-01.A02"), "{}", former.text());
}

#[test]
fn its_reports_reach_their_ward_and_are_on_its_map() {
    let (server, _pack) = started();
    let hole = server.report("hole", Some(middle("B03")));
    assert_eq!(hole["properties"]["ward"], "B03");
    assert_eq!(hole["properties"]["ward_name"], "District Oeste");
    assert_eq!(hole["properties"]["body"], "ward:2024-01-01.B03");
    assert_eq!(hole["properties"]["body_name"], "Office of District Oeste");
    assert_eq!(server.report("lamp", Some(middle("B03")))["properties"]["body"], "port");
    let brawl = server.report("brawl", Some(middle("B03")));
    assert_eq!(brawl["properties"]["body"], "watch:2024-01-01.B03");
    assert_eq!(brawl["properties"]["body_name"], "Oeste District Watch");
    server.report("hole", Some(middle("A01")));
    let here = server.post("/collections/reports/items", &feature("hole", Some((106.7, 10.77))), &[]);
    assert_eq!(here.problem(422), ["geometry.coordinates"], "{}", here.text());
    server.until("the list counts them", || server.matched("") == 4);
    assert_eq!((server.matched("ward=B03"), server.matched("ward=A01")), (3, 1));
    assert_eq!((server.matched("body=watch:B03"), server.matched("body=ward:B03,port")), (1, 2));
    assert_eq!(server.get("/feeds/wards/B03.atom").status, 200);

    // All in one tile of the town, which one cluster or several show.
    let shown = tile(&server, "incidents", middle("B03"), 15);
    let count = |f: &diaban_core::map::DecodedFeature| match f.tags.get("point_count") {
        Some(Tag::Number(n)) => *n as u64,
        _ => 1,
    };
    assert_eq!(shown[0].features.iter().map(count).sum::<u64>(), 3);
    let wards = tile(&server, "wards", middle("B03"), 10);
    let areas = wards.iter().find(|l| l.name == "wards").unwrap();
    let mut ids: Vec<u64> = areas.features.iter().map(|f| f.id).collect();
    ids.sort_unstable();
    let number = |code: &str| u64::from_str_radix(code, 36).unwrap();
    assert_eq!(ids, ["A01", "B02", "B03", "B04"].map(number));
    let (lon, lat) = middle("B03");
    assert_eq!(server.get(&format!("/static/{lon},{lat},13/300x200.png")).status, 200);
}

#[test]
fn its_maps_and_page_begin_there_and_speak_its_words() {
    let (server, _pack) = started();
    let tilejson = server.get("/tiles/incidents.json").json();
    assert_eq!(tilejson["center"], json!([-56.165, -34.895, 12]));
    let style = server.get("/styles/light.json").json();
    assert_eq!(style["center"], json!([-56.165, -34.895]));
    let layers = style["layers"].as_array().unwrap();
    let names = layers.iter().find(|l| l["id"] == "ward-names").unwrap();
    let short = names["layout"]["text-field"].to_string();
    assert!(short.contains(r#""District ""#) && !short.contains("Town"), "{short}");

    let page = server.get("/?f=html").text();
    assert!(page.contains("<html lang=\"en\">"));
    assert!(page.contains("<title>Puerto &lt;map&gt; &amp; &quot;reports&quot;</title>"));
    assert!(page.contains("<h1>Puerto</h1>") && page.contains("placeholder=\"-56.16500\""));
    assert!(!page.contains("{{") && !page.contains("}}}}"), "every place is filled");
    let (_, facts) = page.split_once("id=\"city\">").unwrap();
    let facts: Value = serde_json::from_str(facts.split_once("</script>").unwrap().0).unwrap();
    assert_eq!(facts["page"]["title"]["en"], "Puerto <map> & \"reports\"");
    assert_eq!(facts["name"], json!({ "vi": "Cảng Bạc", "en": "Puerto Plata & Sons" }));
    assert_eq!((&facts["language"], &facts["time_zone"]), (&json!("en"), &json!("America/Montevideo")));
    assert_eq!(facts["unit"]["one"], json!({ "vi": "quận", "en": "area" }));
    let map = json!({ "center": [-56.165, -34.895], "zoom": 13.5, "bounds": [-57.0, -36.0, -55.0, -34.0] });
    assert_eq!(facts["map"], map);
    // Its own language where nobody asks for one.
    assert_eq!(server.get("/categories").json()["groups"][0]["label"], "Street");
    assert_eq!(server.get("/categories?lang=vi").json()["groups"][0]["label"], "Đường phố");
}

#[test]
fn its_pack_is_checked_like_ours() {
    let pack = tempfile::tempdir().unwrap();
    write_pack(pack.path());
    let check = || {
        let output = Command::new(env!("CARGO_BIN_EXE_diaban"))
            .args(["check", "--data"])
            .arg(pack.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(check(), (true, String::new()));
    let file = pack.path().join("data/areas/units.csv");
    let units = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, units.replace(",B04,", ",BO4,")).unwrap();
    let (fine, said) = check();
    assert!(!fine && said.contains("data/areas/units.csv") && said.contains("A99"), "{said}");
}
