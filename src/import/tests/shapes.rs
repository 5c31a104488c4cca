//! Shapes and places: what is none, what lies elsewhere, what is made of a circle or of wards.

use geo::{Distance, Geodesic, Geometry, Point};

use super::*;
use diaban_core::domain::feature::Membership;

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
