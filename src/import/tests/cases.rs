//! Small tables of the kinds that people bring, each with what it must become.

use geo::{Geometry, Point};
use proptest::prelude::*;

use super::*;
use diaban_core::domain::feature::{Membership, NewFeature, Valid};
use diaban_core::domain::field::Value;
use diaban_core::domain::{CodeBook, Feature, Instant};
use diaban_core::format::feature::content_hash;
use diaban_core::format::list::csv;

macro_rules! case {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/", $name)).as_slice()
    };
}

fn value(read: &Read, collection_id: &str, source_id: &str, name: &str) -> String {
    let f = read.features.iter().find(|f| f.source_id == source_id).unwrap();
    match &f.values[collection(collection_id).position(name).unwrap()] {
        Value::Text(t) => t.clone(),
        other => format!("{other:?}"),
    }
}

/// What became of a file of reports: those taken, those refused, and what was found.
fn judged(bytes: &[u8], profile: &str) -> (Vec<Incoming>, Vec<Rejected>, Findings) {
    let profile = Profile::parse(profile).unwrap();
    let input = ReportInput {
        format: None,
        profile: &profile,
        zone: city().0.time_zone(),
        areas: &city().1,
        now: Instant::parse("2026-12-31T00:00:00Z").unwrap(),
        batch: 10,
    };
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    let read = read_reports(bytes, input, &mut |batch| {
        taken.extend(batch.taken);
        refused.extend(batch.rejected);
        true
    });
    (taken, refused, read.unwrap().findings)
}

#[test]
fn the_listed_tables_come_in_whole() {
    let clinics = "id = 'Mã'\nset = { kind = 'clinic' }\n[fields]\nname_vi = 'Tên (đầy đủ, có dấu)'\n\
        phone = 'Điện thoại (bàn, di động, nóng)'\n";
    let decomposed: String = unicode_normalization::UnicodeNormalization::nfd(clinics).collect();
    for (bytes, profile, accepted) in [
        (case!("b24-commas-in-header.csv"), clinics, 45),
        (case!("b24-commas-in-header.csv"), &*decomposed, 45),
        (case!("b25-sep-line.csv"), "", 35),
        (case!("b26-decimal-comma.csv"), "", 50),
        (case!("b33-column-twice.csv"), "", 30),
    ] {
        let read = import(bytes, "facilities", profile).unwrap();
        assert_eq!((read.features.len(), read.rejected.len()), (accepted, 0), "{:?}", reasons(&read));
        assert!(read.features.iter().all(|f| f.wards.len() == 1));
    }
    let read = import(case!("b24-commas-in-header.csv"), "facilities", clinics).unwrap();
    assert_eq!(value(&read, "facilities", "PK002", "phone"), "028 0000 6984");
    let read = import(case!("b33-column-twice.csv"), "facilities", "").unwrap();
    assert!(read.findings.notes[0].contains("\"Ghi chú\" is there twice"), "{:?}", read.findings.notes);
    let read = import(case!("b17-open-quote.csv"), "facilities", "").unwrap();
    assert_eq!((read.rows, read.features.len()), (60, 59), "{:?}", reasons(&read));
    assert_eq!(reasons(&read), ["15 -: the quote that opens in name_vi is not closed"]);
}

#[test]
fn times_without_an_offset_are_the_citys_and_never_cut() {
    let read = import(case!("b38-local-closures.csv"), "traffic", "").unwrap();
    for (id, from, to) in [
        ("cam-0", "2026-12-31T11:00:00.000Z", "2026-12-31T19:00:00.000Z"),
        ("cam-1", "2026-12-31T11:00:00.000Z", "2026-12-31T19:00:00.000Z"),
        ("cam-2", "2026-12-31T11:00:00.000Z", "2026-12-31T16:30:00.000Z"),
        ("cam-3", "2026-12-31T11:00:00.000Z", "2026-12-31T19:00:00.000Z"),
        ("cam-4", "2026-12-30T17:00:00.000Z", "2027-01-01T17:00:00.000Z"),
        ("cam-5", "2026-11-29T22:00:00.000Z", "2026-11-30T02:00:00.000Z"),
        ("cam-6", "2026-11-29T22:00:00.000Z", "2026-12-05T15:00:00.000Z"),
    ] {
        let is = (value(&read, "traffic", id, "valid_from"), value(&read, "traffic", id, "valid_to"));
        assert_eq!(is, (from.to_owned(), to.to_owned()), "{id}");
    }
    let refused = reasons(&read);
    assert!(
        refused.len() == 1 && refused[0].starts_with("9 cam-7: valid_from is “31/12/2026 18:00”, no time")
    );
    assert!(refused[0].contains("times.formats"), "{refused:?}");
    let read =
        import(case!("b38-local-closures.csv"), "traffic", "times.formats = ['%d/%m/%Y %H:%M']").unwrap();
    assert_eq!(value(&read, "traffic", "cam-7", "valid_to"), "2026-12-31T19:00:00.000Z");
    // A zone of the profile, counts and days of spreadsheets, the hour that comes twice, one day.
    let of = |times: &str, from: &str, to: &str| {
        let text = format!(
            "id,kind,valid_from,valid_to,wkt\n1,closure,{from},{to},\"LINESTRING(106.7 10.77,106.71 10.77)\"\n"
        );
        let read = import(text, "traffic", times).unwrap();
        match read.rejected.first() {
            Some(r) => r.reason.clone(),
            None => ["valid_from", "valid_to"]
                .map(|n| value(&read, "traffic", "1", n)[5..16].to_owned())
                .join(" "),
        }
    };
    let berlin = "times.zone = 'Europe/Berlin'";
    assert_eq!(of(berlin, "2026-10-25 02:50", "2026-10-25 02:10"), "10-25T00:50 10-25T01:10");
    assert_eq!(of("times.formats = ['epoch_s']", "1798714800", "1798743600"), "12-31T11:00 12-31T19:00");
    assert_eq!(
        of("times.formats = ['epoch_ms']", "1798714800000", "1798743600000"),
        "12-31T11:00 12-31T19:00"
    );
    assert_eq!(of("times.formats = ['excel']", "46387.75", "46388.0833333333"), "12-31T11:00 12-31T19:00");
    assert_eq!(of("", "2026-12-31 18:00", "2026-12-31"), "12-31T11:00 12-31T16:59");
    assert!(of("", "1798714800", "").contains("epoch_s"));
    assert!(of("", "46387.75", "").contains("excel"));
    assert!(of("", "2026-12-31 18:00", "2026-12-31 17:00").contains("valid_to must be after valid_from"));
}

#[test]
fn an_hour_that_comes_twice_is_the_one_that_fits_and_what_cannot_be_is_left_out() {
    let profile = std::str::from_utf8(case!("b31-dst.toml")).unwrap();
    let (taken, refused, findings) = judged(case!("b31-dst.csv"), profile);
    assert_eq!((taken.len(), refused), (24, Vec::new()));
    let times = |id: &str| {
        let r = taken.iter().find(|r| r.source_id == id).unwrap();
        (r.created.to_string()[11..16].to_owned(), r.since.to_string()[11..16].to_owned())
    };
    for (id, opened, closed) in [
        ("DST0", "05:50", "06:10"),
        ("DST1", "05:05", "05:55"),
        ("DST2", "04:40", "05:20"),
        ("DST3", "05:30", "07:10"),
    ] {
        assert_eq!(times(id), (opened.to_owned(), closed.to_owned()), "{id}");
    }
    assert!(findings.counts.unfit.is_empty());
    let text = "id,created_at,closed_at,updated_at,observed_at,accuracy_m,state,lon,lat\n\
        1,2026-03-01 10:00,2026-02-28 10:00,,,,,106.7,10.78\n\
        2,2026-03-01 10:00,2026-03-01,,,,,106.7,10.78\n\
        3,2026-03-01 10:00,,2126-03-01 10:00,2026-03-02,12 m,,106.7,10.78\n\
        4,2026-03-01 10:00,soon,,,,resolved,106.7,10.78\n\
        5,2026-03-01 10:00,soon,,,,,106.7,10.78\n\
        6,,2026-03-01 10:00,,,,,106.7,10.78\n\
        7,2126-03-01 10:00,,,,,,106.7,10.78\n\
        8,2026-03-01 10:00,2026-03-02 10:00,,,\"12,5\",,106.7,10.78\n";
    let (taken, refused, findings) = judged(text.as_bytes(), "id = 'id'");
    let ids: Vec<&str> = taken.iter().map(|r| &*r.source_id).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "8"], "{refused:?}");
    let states: Vec<&str> = taken.iter().map(|r| r.state.name()).collect();
    assert_eq!(states, ["resolved", "resolved", "received", "resolved", "resolved"]);
    assert!(taken[..4].iter().all(|r| r.since == r.created && r.observed.is_none()));
    assert_eq!(taken[4].accuracy_m, Some(12.5));
    let lines = findings.counts.lines().join("\n");
    for word in [
        "2 values of closed_at left out, the first in row 2: closed_at lies before created_at",
        "1 values of updated_at left out, the first in row 4: updated_at lies in the future",
        "1 values of observed_at left out, the first in row 4: observed_at lies after created_at",
        "1 values of accuracy_m left out",
        "2 rows give no time for their state",
    ] {
        assert!(lines.contains(word), "{word}: {lines}");
    }
    for (rejected, word) in
        refused.iter().zip(["no state says", "created_at is missing", "lies in the future"])
    {
        assert!(rejected.reason.contains(word), "{rejected:?}");
    }
}

#[test]
fn a_place_may_begin_late_and_stand_in_one_cell() {
    let (taken, refused, findings) = judged(case!("b29-first-rows-empty.csv"), "id = 'id'");
    assert_eq!(taken.len() + refused.len(), 70);
    assert_eq!(taken.iter().filter(|r| r.place.is_some()).count(), 67);
    assert!(findings.notes[0].contains("\"Vị trí\", by what it holds"), "{:?}", findings.notes);
    // Beyond the rows that are looked at first, too.
    let empty = (0..1_200).map(|i| format!("{i},2026-03-01,\n")).collect::<Vec<_>>().concat();
    let text = format!("id,created_at,Tọa độ\n{empty}x,2026-03-01,\"10.78, 106.7\"\n");
    let (taken, _, _) = judged(text.as_bytes(), "id = 'id'");
    assert_eq!((taken.len(), taken[1_200].place), (1_201, Some((106.7, 10.78))));
    for place in [
        "\"10.780, 106.700\"",
        "\"10°46'48\"\"N 106°42'0\"\"E\"",
        "SRID=4326;POINT(106.7 10.78)",
        "0101000020E6100000CDCCCCCCCCAC5A408FC2F5285C8F2540",
        "\"{\"\"type\"\":\"\"Point\"\",\"\"coordinates\"\":[106.7,10.78]}\"",
    ] {
        let text = format!("id,Chỗ\n1,\n2,{place}\n3,Ngã tư\n4,SRID=3405;POINT(1 2)\n");
        let read = import(text, "facilities", PARKING).unwrap();
        let Some(Geometry::Point(p)) = read.features[0].geometry else { panic!("{place}") };
        assert_eq!((p.x(), p.y()), (106.7, 10.78), "{place}");
        let said = reasons(&read);
        assert_eq!(said[0], "2 1: has no place");
        assert!(
            said[1].contains("Chỗ is “Ngã tư”, no place; a place is written as")
                && said[2].contains("EPSG:3405")
        );
    }
    for (lon, lat) in [("106,7", "10,78"), ("106°42'E", "10°46'48\"\"N"), ("\"106°42'0\"\"Đ\"", "10.78")]
    {
        let text = format!("id;Kinh độ;Vĩ độ\n1;\"{}\";\"{lat}\"\n", lon.trim_matches('"'));
        let read = import(text, "facilities", PARKING).unwrap();
        assert_eq!(read.features.len(), 1, "{lon}: {:?}", reasons(&read));
    }
}

#[test]
fn a_value_that_does_not_fit_never_costs_the_row() {
    let text = format!(
        "id;kind;rank;capacity;name_vi;phone;lon;lat\n\
         1;hospital;9;1.000;{};028;106,7;10,78\n2;hospital;2;1.234.000;B;;106,7;10,78\n3;hospitl;1;1;C;;106,7;10,78\n",
        "dài ".repeat(200)
    );
    let read = import(text, "facilities", "id = 'id'").unwrap();
    assert_eq!(reasons(&read), ["4 3: kind has no value “hospitl”; did you mean hospital?"]);
    let lines = read.findings.counts.lines().join("\n");
    for word in [
        "1 values of rank left out, the first in row 2: rank must be",
        "capacity could be 1000 or 1.000",
        "of name_vi",
    ] {
        assert!(lines.contains(word), "{word}: {lines}");
    }
    assert_eq!(value(&read, "facilities", "1", "capacity"), "Null");
    assert_eq!(value(&read, "facilities", "1", "phone"), "028");
}

/// A table that this service wrote is known by its header.
#[test]
fn our_own_table_gives_back_what_was_in_it() {
    let head = "id,kind,name_vi,phone,wards,source,source_id,revision,created_at,updated_at,geometry";
    let row = |id: &str, name: &str| {
        format!(
            "7,bank,{name},'+84 28,2025-07-01.1,s,{id},1,2026-01-01T00:00:00.000Z,2026-01-01T00:00:00.000Z,POINT(106.7 10.78)"
        )
    };
    let text = format!("{head}\r\n{}\r\n{}\r\n", row("'-0", "''=a"), row("'@x", "\"'t, was\""));
    let read = import(text, "facilities", "").unwrap();
    let ids: Vec<&str> = read.features.iter().map(|f| &*f.source_id).collect();
    assert_eq!(ids, ["-0", "@x"], "{:?}", reasons(&read));
    assert_eq!(value(&read, "facilities", "-0", "phone"), "+84 28");
    assert_eq!(
        (&*value(&read, "facilities", "-0", "name_vi"), &*value(&read, "facilities", "@x", "name_vi")),
        ("'=a", "'t, was")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever a feature holds, the table that it goes out in brings it back.
    #[test]
    fn what_goes_out_as_a_table_comes_back_the_same(
        texts in prop::collection::vec(("[-+=@'a0 ,;\"\\\\\n]{1,8}|NULL|\\\\N|\\PC{1,8}", "[-+=@'a0 ,;\"\\\\]{1,8}"), 1..8),
    ) {
        let facilities = collection("facilities");
        let mut ids = std::collections::BTreeSet::new();
        let features: Vec<NewFeature> = texts
            .iter()
            .filter_map(|(name, id)| {
                let id = id.trim().to_owned();
                if id.is_empty() || !ids.insert(id.clone()) {
                    return None;
                }
                let texts = [("kind", "bank"), ("name_vi", name), ("phone", &id)];
                let values = texts.into_iter().map(|(k, v)| (k.to_owned(), Value::Text(v.replace(['\u{a0}', '\u{2007}', '\u{202f}'], " "))));
                let values = facilities.read(&values.collect()).ok()?;
                let geometry = Some(Geometry::Point(Point::new(106.7, 10.78)));
                let wards = vec!["2025-07-01.26740".to_owned()];
                Some(NewFeature { source_id: id, geometry, values, wards, membership: Membership::Met })
            })
            .collect();
        prop_assume!(!features.is_empty());
        let book = CodeBook { categories: vec![], wards: vec![], active: "2025-07-01".into(), edition: 0, bodies: vec![], ward_bodies: vec![], clocks: None };
        let schema = diaban_core::format::feature::schema(facilities);
        let (mut encoder, mut table) = ((csv::FORMAT.encoder)(), Vec::new());
        encoder.begin(&schema, &mut table);
        for f in &features {
            let stored = Feature {
                seq: 1,
                id: 7,
                source: "s".into(),
                source_id: f.source_id.clone(),
                revision: 1,
                created: Instant::from_ms(0),
                updated: Instant::from_ms(1),
                geometry: f.geometry.clone(),
                values: f.values.clone(),
                valid: Valid::ALWAYS,
                wards: vec![],
            };
            encoder.row(&schema, &diaban_core::format::feature::row(&stored, &book), &mut table);
        }
        let shown = String::from_utf8_lossy(&table).into_owned();
        let read = import(table, "facilities", "").unwrap();
        prop_assert!(read.rejected.is_empty(), "{:?} {}", reasons(&read), shown);
        prop_assert!(read.findings.counts.unfit.is_empty(), "{:?} {}", read.findings.counts, shown);
        for (was, is) in features.iter().zip(&read.features) {
            prop_assert_eq!((&was.source_id, &was.values), (&is.source_id, &is.values), "{}", shown);
            prop_assert_eq!(content_hash(facilities, was), content_hash(facilities, is));
        }
    }
}
