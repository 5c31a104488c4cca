//! Tables of reports: the guard of our own tables, and the columns of places.

use super::*;

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
