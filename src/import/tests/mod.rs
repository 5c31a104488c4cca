//! Each format and each fault on files of a few lines, over the embedded wards.

mod areas;
mod cases;
mod documents;
mod osm;
mod real;
mod systems;

use std::io::Write;
use std::sync::OnceLock;

use geo::{Distance, Geodesic, Geometry, Point};
use proptest::prelude::*;

use super::*;
use diaban_core::area::{Generation, read_units};
use diaban_core::domain::Collection;
use diaban_core::domain::feature::Membership;
use diaban_core::format::feature::content_hash;
use diaban_core::pack::Pack;

pub(super) fn city() -> &'static (Pack, Generation) {
    static CITY: OnceLock<(Pack, Generation)> = OnceLock::new();
    CITY.get_or_init(|| {
        let pack = crate::city_files::embedded().unwrap();
        let units = read_units(pack.areas.area_file("2025-07-01").unwrap(), &pack.city.units).unwrap();
        let areas = Generation::build("2025-07-01", true, units, None).unwrap();
        (pack, areas)
    })
}

pub(super) fn collection(id: &str) -> &'static Collection {
    city().0.collection(id).unwrap()
}

pub(super) fn import(bytes: impl Into<Vec<u8>>, id: &str, profile: &str) -> Result<Read, ImportError> {
    import_as(bytes, id, profile, Outside::Reject)
}

fn import_as(
    bytes: impl Into<Vec<u8>>,
    id: &str,
    profile: &str,
    outside: Outside,
) -> Result<Read, ImportError> {
    let (pack, areas) = city();
    let profile = Profile::parse(profile).unwrap();
    let (collection, osm) = (collection(id), pack.osm(id));
    let zone = pack.time_zone();
    read(bytes.into(), Input { format: None, collection, profile: &profile, osm, zone, areas, outside })
}

pub(super) const PARKING: &str = "set = { kind = 'parking' }";

pub(super) fn refused(bytes: impl Into<Vec<u8>>, id: &str, profile: &str) -> String {
    import(bytes, id, profile).expect_err("the file must be refused").to_string()
}

/// The reasons of the rejected rows, `row id: reason`.
pub(super) fn reasons(read: &Read) -> Vec<String> {
    let text = |r: &Rejected| format!("{} {}: {}", r.row, r.source_id.as_deref().unwrap_or("-"), r.reason);
    read.rejected.iter().map(text).collect()
}

/// The table of rejected rows.
fn table(rejected: &[Rejected]) -> String {
    let mut out = Vec::new();
    let mut table = RejectedTable::new(&mut out).unwrap();
    rejected.iter().for_each(|r| table.write(r).unwrap());
    table.finish().unwrap();
    String::from_utf8(out).unwrap()
}

pub(super) fn feature(id: u32, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","id":{id},"properties":{{}},"geometry":{geometry}}}"#)
}

pub(super) fn document(features: &[String], more: &str) -> String {
    format!(r#"{{"type":"FeatureCollection"{more},"features":[{}]}}"#, features.join(","))
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut w = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    w.write_all(bytes).unwrap();
    w.finish().unwrap()
}

pub(super) const HERE: &str = r#"{"type":"Point","coordinates":[106.7,10.78]}"#;

#[test]
fn a_table_is_read_whatever_its_head_looks_like() {
    let plain = "ID,LON,Lat,Name_VI,capacity\n1,106.7,10.78,Bãi xe,30\n";
    let semicolons = format!("\u{feff}{}", plain.replace(',', ";").replace('\n', "\r\n"));
    // What spreadsheets call Unicode text.
    let tabs = format!("\u{feff}{}", plain.replace(',', "\t"));
    let wide: Vec<u8> = tabs.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in
        [plain.as_bytes().to_vec(), semicolons.into_bytes(), gzip(plain.as_bytes()), gzip(&wide), wide]
    {
        let read = import(bytes, "facilities", PARKING).unwrap();
        assert_eq!(
            (read.findings.format, read.features.len(), &*read.findings.ids),
            (Format::Csv, 1, "the column \"ID\"")
        );
        let f = &read.features[0];
        assert_eq!((&*f.source_id, f.wards.len()), ("1", 1));
        assert!(f.wards[0].starts_with("2025-07-01."));
    }
    let wkt = "id,box\n7,\"POINT(106.7 10.78)\"\n8,\"POINT((\"\n9,\n";
    let read = import(wkt, "facilities", PARKING).unwrap();
    assert_eq!(read.features.len(), 1);
    let reasons = reasons(&read);
    assert!(reasons[0].contains("3 8: box is no WKT") && reasons[1] == "4 9: has no place", "{reasons:?}");
}

#[test]
fn rows_that_are_wrong_name_row_id_and_reason() {
    let text = "id,lon,lat,kind,rank,name_vi\n\
        a,106.7,10.78,hospital,1,A\n\
        b,106.7,10.78,hospitl,9,B\n\
        a,106.7,10.78,hospital,1,C\n\
        d,106.7.0,10.78,hospital,1,D\n\
        e,106.7,10.78,,1,E\n\
        f,106.7\n\
        g,10.78,106.7,hospital,1,G\n\
        h,105.85,21.03,hospital,1,H\n\
        ,106.7,10.78,hospital,1,I\n";
    let read = import(text, "facilities", "id = 'id'").unwrap();
    assert_eq!(read.features.len(), 1);
    let reasons = reasons(&read);
    let expected = [
        "3 b: kind has no value “hospitl”; did you mean hospital?",
        "4 a: has the same source id as row 2",
        "5 d: lon is “106.7.0”, no number and no degrees",
        "6 e: kind is missing",
        "7 -: has 2 cells, the header has 6",
        "8 g: has latitude before longitude: 10.78,106.7, which exchanged lies in ",
        "9 h: outside the city by ",
        "10 -: id is missing",
    ];
    for (said, expected) in reasons.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said} / {expected}");
    }
    assert_eq!(reasons.len(), expected.len());
    let table = table(&read.rejected);
    assert!(table.starts_with("row,source_id,reason\r\n3,b,kind has"), "{table}");
    let guarded = [Rejected { row: 1, source_id: Some("=cmd()".into()), reason: "x".into() }];
    assert!(self::table(&guarded).contains("1,'=cmd(),x"));
}

#[test]
fn profiles_map_translate_fill_and_leave_out() {
    let profile = "id = 'Mã'\n\
        [fields]\nname_vi = 'Tên'\naddress = '{Số} {Đường}'\nkind = 'Nhóm'\n\
        [values.kind]\n'Y TẾ' = 'clinic'\n'*' = 'other'\n\
        [only]\n'Trạng thái' = ['mở']\n";
    let decomposed = "Bệnh viện".chars().flat_map(|c| {
        unicode_normalization::UnicodeNormalization::nfd(std::iter::once(c)).collect::<Vec<_>>()
    });
    let decomposed: String = decomposed.collect();
    let text = format!(
        "Mã\tTên\tSố\tĐường\tNhóm\tTrạng thái\tlng\tlat\n\
         1\t{decomposed}\u{a0}A\t12\tNguyễn Huệ\ty tế\tMở\t106.7\t10.78\n\
         2\tB\t\t\tgì đó\tmở\t106.7\t10.78\n\
         3\tC\t\t\ty tế\tđóng\t106.7\t10.78\n"
    );
    let read = import(text, "facilities", profile).unwrap();
    assert_eq!(
        (read.features.len(), read.left_out, read.findings.counts.decomposed, read.findings.counts.no_break),
        (2, 1, 1, 1)
    );
    let value = |i: usize, name: &str| {
        let f = &read.features[i];
        format!("{:?}", f.values[collection("facilities").position(name).unwrap()])
    };
    assert_eq!(value(0, "name_vi"), "Text(\"Bệnh viện A\")");
    assert_eq!(value(0, "address"), "Text(\"12 Nguyễn Huệ\")");
    assert_eq!((&*value(0, "kind"), &*value(1, "kind")), ("Text(\"clinic\")", "Text(\"other\")"));
    assert_eq!(value(1, "address"), "Null");
    assert!(refused("id,lon\n", "facilities", "set = { knd = 'x' }").contains("did you mean kind?"));
    assert!(refused("id,lon\n", "facilities", "collection = 'traffic'").contains("made for traffic"));
    assert!(refused("id,lon\n", "facilities", "needs_place = true").contains("for reports only"));
    let missing = import(
        "name,lon,lat\nx,106.7,10.78\n",
        "facilities",
        "set = {kind='bank'}\nfields = {name_vi = 'nam'}",
    );
    assert_eq!(missing.unwrap().findings.missing, ["nam (did you mean name?)"]);
    assert!(
        refused("a,lon,lat\nx,106.7,10.78\n", "facilities", "id = 'key'")
            .contains("no row has the column \"key\"")
    );
}

#[test]
fn texts_one_after_the_other_are_read_and_a_bad_one_costs_itself() {
    let one = feature(1, HERE);
    for (text, bad) in [
        (format!("{one}\n{{\"type\":\n{}\n", feature(2, HERE)), 2),
        (format!("\u{1e}{one}\n\u{1e}{{\"type\":\n\u{1e}{}\n", feature(2, HERE)), 2),
    ] {
        let read = import(text, "facilities", PARKING).unwrap();
        assert_eq!(
            (read.findings.format, read.features.len(), read.rejected.len()),
            (Format::GeoJsonSeq, 2, 1)
        );
        assert_eq!(read.rejected[0].row, bad);
    }
    let pretty = serde_json::from_str::<serde_json::Value>(&document(&[one], "")).unwrap();
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    assert_eq!(import(pretty, "facilities", PARKING).unwrap().findings.format, Format::GeoJson);
}

#[test]
fn shapes_that_are_none_say_what_they_lack() {
    let shapes = [
        (r#"{"type":"LineString","coordinates":[[106.7,10.78],[106.7,10.78]]}"#, "is a line without length"),
        (
            r#"{"type":"LineString","coordinates":[[106.7,10.78],[106.7]]}"#,
            "has a position with fewer than two numbers",
        ),
        (
            r#"{"type":"Point","coordinates":[106.7,null]}"#,
            "geometry has a position with fewer than two numbers",
        ),
        (r#"{"type":"MultiLineString","coordinates":[]}"#, "has no place"),
        (r#"{"type":"GeometryCollection","geometries":[]}"#, "has no place"),
        ("null", "has no place"),
        (
            r#"{"type":"Polygon","coordinates":[[[106.7,10.7],[106.8,10.7],[106.8,10.8],[106.7,10.8]]]}"#,
            "geometry ring 0 is not closed: it starts at 106.7,10.7",
        ),
        (r#"{"type":"Polygon","coordinates":[]}"#, "has no place"),
        (r#"{"type":"Circle","coordinates":[106.7,10.78]}"#, "geometry is of type “Circle”, none of Point"),
    ];
    let features: Vec<String> = shapes.iter().zip(1..).map(|((g, _), i)| feature(i, g)).collect();
    let read = import(document(&features, ""), "traffic", "set = { kind = 'road' }").unwrap();
    for (said, (_, expected)) in reasons(&read).iter().zip(shapes) {
        assert!(said.contains(expected), "{said} / {expected}");
    }
    assert_eq!(read.rejected.len(), shapes.len());
    let bow = r#"{"type":"Polygon","coordinates":[[[106.6,10.7],[106.7,10.8],[106.7,10.7],[106.6,10.8],[106.6,10.7]]]}"#;
    let alert =
        "set = { severity = 'minor', headline_vi = 'x', onset = '2026-01-01', expires = '2026-01-02' }";
    let read = import(document(&[feature(1, bow)], ""), "alerts", alert).unwrap();
    assert!(reasons(&read)[0].contains("is no valid area"), "{:?}", reasons(&read));
    let repeats =
        r#"{"type":"LineString","coordinates":[[106.7,10.78],[106.70000001,10.78],[106.71,10.78,5]]}"#;
    let read = import(document(&[feature(1, repeats)], ""), "traffic", "set = { kind = 'road' }").unwrap();
    assert_eq!(
        (read.features.len(), read.findings.counts.repeated, read.findings.counts.with_repeated),
        (1, 1, 1)
    );
}

#[test]
fn a_file_in_other_coordinates_is_refused_and_says_in_which() {
    let of = |numbers: &str| {
        let features: Vec<String> =
            (1..4).map(|i| feature(i, &format!(r#"{{"type":"Point","coordinates":[{numbers}]}}"#))).collect();
        document(&features, "")
    };
    let said = |numbers: &str| refused(of(numbers), "facilities", PARKING);
    assert!(said("690366.7,1188117.3").contains("3 of 3 features have numbers like 690366.7,1188117.3"));
    assert!(said("690366.7,1188117.3").contains("looks like EPSG:32648 (WGS 84 / UTM zone 48N"));
    assert!(said("603863.2,1192107.0").contains("looks like EPSG:9210 (VN-2000 / TM-3 105-45)"));
    assert!(said("11877767.0,1207033.0").contains("looks like EPSG:3857 (WGS 84 / Pseudo-Mercator)"));
    assert!(said("2264982.5,3897957.0").contains("in feet"), "{}", said("2264982.5,3897957.0"));
    assert!(said("9e9,9e9").contains("in no projection known here"));
    assert!(said("10.78,106.7").contains("3 of 3 features have latitude before longitude: the first begins with 10.78,106.7, which exchanged lies in "));
    assert!(
        import(of("10.78,106.7"), "facilities", "swap_axes = true\nset = { kind = 'bank' }")
            .unwrap()
            .features
            .len()
            == 3
    );
    assert!(
        refused(of("106.7,10.78"), "facilities", "swap_axes = true\nset = { kind = 'bank' }")
            .contains("latitude before longitude")
    );
    let crs = r#","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3405"}}"#;
    let text = document(&[feature(1, HERE)], crs);
    assert!(
        refused(text, "facilities", PARKING)
            .contains("should be in EPSG:3405 (VN-2000 / UTM zone 48N), but 1 of 1")
    );
}

#[test]
fn files_that_are_not_read_say_what_to_do() {
    for (bytes, word) in [
        (&b"PK\x03\x04rest"[..], "unpack it"),
        (b"\0\0\x27\x0a\0\0", "shapefile, which is not a format that is read; convert it with: ogr2ogr"),
        (b"SQLite format 3\0", "GeoPackage"),
        (b"\xff\xfea\0b", "UTF-16"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"<?xml version='1.0'?><service_requests><request>", "ask its server for .json"),
        (b"", "empty"),
        (b"{\"a\":1,\"b\":2}", "JSON but not GeoJSON: it has no \"type\", its members are a, b"),
        (b"{\"type\":\"FeatureCollection\",\"features\":[NaN]}", "not JSON"),
        (b"{\"type\":\"FeatureCollection\",\"features\":{}}", "not GeoJSON"),
        (b"{\"type\":\"FeatureCollection\"}", "no features"),
        (
            b"id,lon,lat,Name_VI,name_vi\n1,106.7,10.78,a,b\n",
            "the column \"name_vi\" is there twice and would be read",
        ),
        (b"id,lon,lat,LAT\n1,106.7,10.78,3\n", "the column \"LAT\" is there twice"),
    ] {
        let said = refused(bytes, "facilities", PARKING);
        assert!(said.contains(word), "{said} / {word}");
    }
    let packed = gzip(document(&[feature(1, HERE)], "").as_bytes());
    assert!(refused(&packed[..packed.len() - 9], "facilities", PARKING).contains("gzip data is truncated"));
    assert!(refused(gzip(&vec![b' '; 257 << 20]), "facilities", PARKING).contains("larger than 256 MiB"));
}

#[test]
fn what_is_too_deep_or_too_much_costs_a_row_not_the_stack() {
    let deep =
        format!("{}{}", r#"{"type":"GeometryCollection","geometries":["#.repeat(10_000), "]}".repeat(10_000));
    let line = format!(
        r#"{{"type":"LineString","coordinates":[{}[106.7,10.78]]}}"#,
        "[106.7,10.78],".repeat(MAX_VERTICES)
    );
    let text = document(&[feature(1, &deep), feature(2, &line), feature(3, HERE)], "");
    let read = import(text, "facilities", PARKING).unwrap();
    let said = reasons(&read);
    assert_eq!(read.features.len(), 1);
    let many = format!("more than {MAX_VERTICES} vertices");
    assert!(said[0].contains("recursion limit") && said[1].contains(&many), "{said:?}");
    let wkt = format!("id,wkt\n1,\"{}\"\n", "GEOMETRYCOLLECTION(".repeat(100_000));
    let read = import(wkt, "facilities", PARKING).unwrap();
    assert!(reasons(&read)[0].contains("wkt is nested too deeply"), "{:?}", reasons(&read));
}

#[test]
fn a_file_of_too_many_rows_is_refused_rather_than_cut() {
    let text = format!("id\n{}", "1\n".repeat(MAX_ROWS + 1));
    assert!(refused(text, "facilities", PARKING).contains("more than 1000000 rows"));
}

#[test]
fn circles_become_areas_and_named_wards_lend_their_shape() {
    let profile = "id = 'id'\nset = { severity = 'severe', headline_vi = 'Mưa', onset = '2026-01-01', expires = '2026-01-02' }";
    let areas = &city().1;
    let (a, b) = (&areas.units()[3], &areas.units()[90]);
    let text = format!(
        "id;circle;wards;lon;lat;radius_m\n1;10.78,106.7 5;;;;\n2;;{},2025-07-01.{};;;\n3;10.78,106.7 0;;;;\n\
         4;;99999;;;\n5;;;106.7;10.78;2500\n6;nonsense;;;;\n",
        b.code, a.code
    );
    let read = import(text, "alerts", profile).unwrap();
    let ids: Vec<&str> = read.features.iter().map(|f| &*f.source_id).collect();
    assert_eq!(ids, ["1", "2", "5"], "{:?}", reasons(&read));
    for (f, radius) in [(&read.features[0], 5_000.0), (&read.features[2], 2_500.0)] {
        let Some(Geometry::Polygon(p)) = &f.geometry else { panic!("{f:?}") };
        assert_eq!(p.exterior().0.len(), 65);
        assert!(f.wards.len() > 1);
        for side in p.exterior().lines() {
            for at in [side.start, (side.start + side.end) / 2.0] {
                let metres = Geodesic.distance(Point::new(106.7, 10.78), Point(at));
                assert!((metres / radius - 1.0).abs() < 0.005, "{metres}");
            }
        }
    }
    let named = &read.features[1];
    assert_eq!(named.wards, [format!("2025-07-01.{}", a.code), format!("2025-07-01.{}", b.code)]);
    assert_eq!(read.features[0].membership, Membership::Met);
    assert_eq!(named.membership, Membership::Lent);
    let Some(Geometry::MultiPolygon(shape)) = &named.geometry else { panic!() };
    assert_eq!(shape.0.len(), a.shape.0.len() + b.shape.0.len());
    let reasons = reasons(&read);
    assert!(
        reasons[0].contains("radius of 0 m") && reasons[1].contains("“99999”, which is no ward"),
        "{reasons:?}"
    );
}

#[test]
fn places_outside_are_kept_on_request_and_the_edge_is_the_citys() {
    let text = "id,lon,lat\n1,105.85,21.03\n";
    let kept = import_as(text, "facilities", PARKING, Outside::Keep).unwrap();
    assert_eq!((kept.features.len(), kept.features[0].wards.len(), kept.findings.counts.outside), (1, 0, 1));
    // Just beyond the westernmost vertex of the city.
    let unit =
        city().1.units().iter().min_by(|a, b| a.bounds().min().x.total_cmp(&b.bounds().min().x)).unwrap();
    let west = unit.shape.0.iter().flat_map(|p| &p.exterior().0).min_by(|a, b| a.x.total_cmp(&b.x)).unwrap();
    let at = |metres: f64| format!("id,lon,lat\n1,{},{}\n", west.x - metres / 109_500.0, west.y);
    assert_eq!(import(at(400.0), "facilities", PARKING).unwrap().findings.counts.outside, 1);
    assert!(
        reasons(&import(at(700.0), "facilities", PARKING).unwrap())[0].contains("outside the city by 0.7 km")
    );
}

#[test]
fn content_is_told_by_its_hash_and_rows_without_ids_by_theirs() {
    let of = |name: &str, lon: &str| {
        let text = format!("name_vi,lon,lat\n{name},{lon},10.78\n{name},{lon},10.78\n");
        let read = import(text, "facilities", PARKING).unwrap();
        assert!(read.findings.ids_are_hashes && reasons(&read)[0].ends_with("is the same as row 2"));
        content_hash(collection("facilities"), &read.features[0])
    };
    assert_eq!(of("A", "106.7"), of("A", "106.70000001"));
    assert_ne!(of("A", "106.7"), of("B", "106.7"));
    assert_ne!(of("A", "106.7"), of("A", "106.7000002"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_bytes_break_the_readers(
        begin in prop::sample::select(vec!["", "{", "{\"type\":\"Feature\",", "\u{1e}{", "id,lon,lat\n", "id,wkt\n1,", "<", "\u{1f}\u{8b}"]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = import([begin.as_bytes(), &rest].concat(), "facilities", PARKING);
    }

    #[test]
    fn no_wkt_breaks_the_reader(text in "(POINT|POLYGON|MULTIPOLYGON|LINESTRING|GEOMETRYCOLLECTION)[ ZM(),0-9.eE-]{0,60}") {
        let _ = import(format!("id,wkt\n1,\"{text}\"\n"), "traffic", "set = { kind = 'road' }");
    }
}

/// The reports of a file.
fn reports(text: &str, profile: &str) -> Result<Vec<Incoming>, ImportError> {
    let profile = Profile::parse(profile).unwrap();
    let input = ReportInput {
        format: None,
        profile: &profile,
        zone: &jiff::tz::TimeZone::UTC,
        areas: &city().1,
        now: diaban_core::domain::Instant::parse("2026-01-01T00:00:00Z").unwrap(),
        batch: 10,
    };
    let mut reports = Vec::new();
    read_reports(text.as_bytes(), input, &mut |batch| {
        assert!(batch.rejected.is_empty(), "{:?}", batch.rejected);
        reports.extend(batch.taken);
        true
    })?;
    Ok(reports)
}

#[test]
fn the_guard_of_our_own_tables_comes_off_when_asked() {
    let title = |profile: &str, title: &str| {
        let table = format!("id,created_at,title\n1,2025-01-01,{title}\n");
        reports(&table, profile).unwrap().remove(0).title.unwrap()
    };
    assert_eq!(title("guarded = true", "'=1+1"), "=1+1");
    assert_eq!(title("guarded = true", "'t was so"), "'t was so");
    assert_eq!(title("", "'=1+1"), "'=1+1");
    let fault = reports("id\n1\n", "fields = { titel = 'x' }").unwrap_err().to_string();
    assert!(fault.contains("reports has no property \"titel\"; did you mean title?"), "{fault}");
}

#[test]
fn places_are_read_from_the_columns_of_tables_and_of_objects() {
    let place = |text: &str, profile: &str| reports(text, profile).unwrap().remove(0).place;
    let here = Some((106.7, 10.78));
    assert_eq!(place("created_at,Kinh độ,VI_DO\n2025-01-01,106.7,10.78\n", ""), here);
    assert_eq!(place("created_at,a,x,y\n2025-01-01,POINT(106.7 10.78),1,2\n", "wkt = 'A'"), here);
    let object =
        r#"[{"created_at":"2025-01-01","LNG":106.7,"lat":"10.78","p":"SRID=4326;POINT(106.7 10.78)"}]"#;
    assert_eq!(place(object, ""), here);
    assert_eq!(place(object, "wkt = 'p'"), here);
    assert_eq!(place(r#"[{"created_at":"2025-01-01","lat":null}]"#, ""), None);
    for (text, profile, fault) in [
        (
            "created_at,lng,lat\n2025-01-01,1,2\n",
            "lon = 'lngg'",
            "no row has the column \"lngg\" (did you mean lng?)",
        ),
        ("created_at\n", "wkt = 'shape'", "no row has the column \"shape\""),
    ] {
        assert_eq!(reports(text, profile).unwrap_err().to_string(), fault);
    }
}

/// A file of features may be a list of objects too, and one of objects without a place says so.
#[test]
fn a_list_of_objects_is_read_as_a_table_is() {
    let list = r#"[{"id":"a","lon":106.7,"lat":10.78},{"id":"b","lon":106.7},{"id":"c"}]"#;
    let read = import(list, "facilities", PARKING).unwrap();
    assert_eq!((read.findings.format, read.features.len()), (Format::Records, 1));
    assert_eq!(reasons(&read), ["2 b: has a longitude and no latitude", "3 c: has no place"]);
    assert!(read.findings.unread.is_empty(), "{:?}", read.findings.unread);
}

/// What is stored is known again by these: a release that changes them takes every row for a new one.
#[test]
fn ids_that_are_hashes_of_the_content_stay_for_ever() {
    let ids = |text: &str, profile: &str| -> Vec<String> {
        let read = import(text, "facilities", profile).unwrap();
        assert!(read.rejected.is_empty(), "{:?}", reasons(&read));
        read.features.into_iter().map(|f| f.source_id).collect()
    };
    let ids_of = |text: &str, profile: &str| -> Vec<String> {
        reports(text, profile).unwrap().into_iter().map(|r| r.source_id).collect()
    };
    let table = "name_vi,lon,lat\nA,106.7,10.78\n";
    assert_eq!(ids(table, PARKING), ["hae6936cee45ed13e5f12490c49d8e4a5"]);
    let swapped = "swap_axes = true\nset = { kind = 'parking' }";
    assert_eq!(ids("name_vi,lon,lat\nA,10.78,106.7\n", swapped), ["hc79cd294613fb12156eceff9ff2cd338"]);
    assert_eq!(ids("name_vi,box\nA,POINT(106.7 10.78)\n", PARKING), ["hae6936cee45ed13e5f12490c49d8e4a5"]);
    let shape = format!(
        r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"lat":1,"a":{{"b":[1,2]}}}},"geometry":{HERE}}}]}}"#
    );
    assert_eq!(ids(&shape, PARKING), ["hb4b0187fc0bc21ccbcb1028e6d7bd0fe"]);
    let report = "created_at,title,lon,lat\n2025-01-02,'=A,106.7,10.78\n2025-01-02,B,,\n";
    assert_eq!(
        ids_of(report, "guarded = true"),
        ["h6fb85852dae55a41ed55fb6a8b500367", "h071bac241918e87fbb8929b345abc841"]
    );
    let records = r#"[{"created_at":"2025-01-02","LAT":"10.78","LONG":106.7},{"created_at":"2025-01-03","x":10.78,"y":106.7}]"#;
    assert_eq!(
        ids_of(records, ""),
        ["hd8902ce53645b3d4b2d2761f6f5fa02c", "h2150606558817ca2262916803da8f466"]
    );
    assert_eq!(
        ids_of(r#"[{"created_at":"2025-01-03","x":10.78,"y":106.7}]"#, "swap_axes = true"),
        ["h2150606558817ca2262916803da8f466"]
    );
}
