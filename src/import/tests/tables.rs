//! Tables and lists of objects: heads, rows that are wrong, and what a profile makes of columns.

use super::*;

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

/// The table of rejected rows.
fn table(rejected: &[Rejected]) -> String {
    let mut out = Vec::new();
    let mut table = RejectedTable::new(&mut out).unwrap();
    rejected.iter().for_each(|r| table.write(r).unwrap());
    table.finish().unwrap();
    String::from_utf8(out).unwrap()
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

/// A file of features may be a list of objects too, and one of objects without a place says so.
#[test]
fn a_list_of_objects_is_read_as_a_table_is() {
    let list = r#"[{"id":"a","lon":106.7,"lat":10.78},{"id":"b","lon":106.7},{"id":"c"}]"#;
    let read = import(list, "facilities", PARKING).unwrap();
    assert_eq!((read.findings.format, read.features.len()), (Format::Records, 1));
    assert_eq!(reasons(&read), ["2 b: has a longitude and no latitude", "3 c: has no place"]);
    assert!(read.findings.unread.is_empty(), "{:?}", read.findings.unread);
}
