//! Files in VN-2000 and other systems: named, named by the user, told by their fit to the wards, refused.

use geo::{CoordsIter, Distance, Geodesic, Geometry, Point};
use proptest::prelude::*;

use super::{HERE, PARKING, city, document, feature, import, reasons, refused};
use crate::import::*;
use diaban_core::area::Generation;
use diaban_core::geo::Crs;

fn crs(code: u32) -> Crs {
    Crs::of_code(code).unwrap()
}

/// Places spread over the city with the ward that each lies in.
fn places(areas: &Generation) -> Vec<(f64, f64, String)> {
    let at = areas.units().iter().map(|u| (u.label.lon(), u.label.lat(), u.name.clone()));
    // Beside the label too: near the borders of small wards.
    let beside = areas.units().iter().filter_map(|u| {
        let first = u.shape.coords_iter().next()?;
        let p = diaban_core::geo::LonLat::new(
            u.label.lon() * 0.05 + first.x * 0.95,
            u.label.lat() * 0.05 + first.y * 0.95,
        );
        let p = p.ok()?;
        let owner = areas.owner(p)?;
        Some((p.lon(), p.lat(), areas.units()[usize::from(owner)].name.clone()))
    });
    at.chain(beside).collect()
}

fn metres_off(read: &Read, places: &[(f64, f64, String)]) -> f64 {
    let off = read.features.iter().map(|f| {
        let (lon, lat, _) = &places[f.source_id.parse::<usize>().unwrap()];
        let Some(Geometry::Point(p)) = &f.geometry else { panic!() };
        Geodesic.distance(*p, Point::new(*lon, *lat))
    });
    off.fold(0.0, f64::max)
}

#[test]
fn files_in_the_citys_systems_are_converted_wherever_they_name_them() {
    let places = places(&city().1);
    for code in [9210, 5899, 3405, 4756, 32648, 3857] {
        let system = crs(code);
        let point = |i: usize, inside: &str| {
            let (x, y) = system.of_wgs84(places[i].0, places[i].1).unwrap();
            format!(
                r#"{{"type":"Feature","id":{i},"properties":{{}},"geometry":{{"type":"Point"{inside},"coordinates":[{x},{y}]}}}}"#
            )
        };
        let member =
            format!(r#","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::{code}"}}}}"#);
        let all = |inside: &str| (0..places.len()).map(|i| point(i, inside)).collect::<Vec<_>>();
        let before = document(&all(""), &member);
        // After the features.
        let after = format!(r#"{{"type":"FeatureCollection","features":[{}]{member}}}"#, all("").join(","));
        let inside = document(&all(&member), "");
        let lines = all(&member).join("\n");
        let told = document(&all(""), "");
        for (text, profile) in [
            (before, PARKING.to_owned()),
            (after, PARKING.to_owned()),
            (inside, PARKING.to_owned()),
            (lines, PARKING.to_owned()),
            (told, format!("crs = 'EPSG:{code}'\n{PARKING}")),
        ] {
            let read = import(text, "facilities", &profile).unwrap();
            assert_eq!(read.features.len(), places.len(), "{code}: {:?}", reasons(&read));
            // A step of the seventh decimal.
            assert!(metres_off(&read, &places) < 0.012, "{code}: {}", metres_off(&read, &places));
            let said = read.findings.notes.join("\n");
            assert!(said.contains(&format!("{} rows converted from EPSG:{code}", places.len())), "{said}");
        }
    }
    let swapped: String =
        places.iter().enumerate().fold("id,X,Y\n".to_owned(), |text, (i, (lon, lat, _))| {
            let (east, north) = crs(9210).of_wgs84(*lon, *lat).unwrap();
            text + &format!("{i},{north},{east}\n")
        });
    let read = import(swapped, "facilities", &format!("crs = '9210'\n{PARKING}")).unwrap();
    assert!(read.features.len() == places.len() && metres_off(&read, &places) < 0.012);
    assert!(read.findings.notes[0].contains("the first number of each position is the north one"));
}

#[test]
fn rows_may_name_different_systems_and_an_unknown_one_costs_its_row() {
    let (x, y) = crs(9210).of_wgs84(106.7, 10.78).unwrap();
    let named = |code: &str, x: f64, y: f64| {
        format!(
            r#"{{"type":"Point","crs":{{"type":"name","properties":{{"name":"{code}"}}}},"coordinates":[{x},{y}]}}"#
        )
    };
    let rows = [
        feature(0, HERE),
        feature(1, &named("EPSG:9210", x, y)),
        feature(2, &named("EPSG:2056", x, y)),
        feature(3, &named("CRS84", 106.7, 10.78)),
        feature(4, &named("EPSG:3405", 106.7, 10.78)),
    ];
    let read = import(document(&rows, ""), "facilities", PARKING).unwrap();
    let here = (0..5).map(|_| (106.7, 10.78, String::new())).collect::<Vec<_>>();
    assert!(read.features.len() == 3 && metres_off(&read, &here) < 0.012);
    let said = reasons(&read);
    assert!(said[0].contains("EPSG:2056, which is not known here"), "{said:?}");
    assert!(said[1].contains("106.7,10.78 lies outside EPSG:3405"), "{said:?}");
}

#[test]
fn without_a_name_the_fit_to_the_wards_decides_or_the_file_is_refused() {
    let places = places(&city().1);
    let table = |system: Crs, north_first: bool, named: bool| {
        places.iter().enumerate().fold("id,x,y,phuong\n".to_owned(), |text, (i, (lon, lat, ward))| {
            let (x, y) = system.of_wgs84(*lon, *lat).unwrap();
            let (x, y) = if north_first { (y, x) } else { (x, y) };
            text + &format!("{i},{x},{y},{}\n", if named { ward } else { "" })
        })
    };
    for code in [9210, 3405] {
        for north_first in [false, true] {
            // Where rows name their wards, 200 m are seen.
            let read = import(table(crs(code), north_first, true), "facilities", PARKING);
            let said = refused_or_told(&read);
            assert!(said.contains(&format!("EPSG:{code}")) && said.contains(" % "), "{said}");
            if let Ok(read) = &read {
                assert!(metres_off(read, &places) < 0.012, "{code} {}", metres_off(read, &places));
            }
            // Without them nobody can tell.
            let said = refused(table(crs(code), north_first, false), "facilities", PARKING);
            assert!(said.contains("no clear margin") && said.contains("--crs"), "{said}");
            let decided = format!("crs = 'EPSG:{code}'\n{PARKING}");
            let read = import(table(crs(code), north_first, false), "facilities", &decided).unwrap();
            assert!(read.features.len() == places.len() && metres_off(&read, &places) < 0.012);
        }
    }
    // Degrees are those of WGS 84.
    let read = import(table(crs(4326), false, false), "facilities", PARKING).unwrap();
    assert!(read.features.len() == places.len() && metres_off(&read, &places) < 0.012);
    assert!(refused("id,x,y\n1,2,3\n", "facilities", "crs = 'EPSG:2056'").contains("known are EPSG:4326"));
}

fn refused_or_told(read: &Result<Read, ImportError>) -> String {
    match read {
        Ok(read) => read.findings.notes.join("\n"),
        Err(e) => e.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_place_of_any_system_comes_in_where_it_is(at in 0..1_000_usize, which in 0..6_usize) {
        let places = places(&city().1);
        let (lon, lat, _) = &places[at % places.len()];
        let system = crs([9210, 5899, 3405, 4756, 9212, 3857][which]);
        let (x, y) = system.of_wgs84(*lon, *lat).unwrap();
        let wkt = format!("id,wkt\n0,POINT({x} {y})\n");
        let read = import(wkt, "facilities", &format!("crs = '{}'\n{PARKING}", system.code)).unwrap();
        prop_assert!(metres_off(&read, &[(*lon, *lat, String::new())]) < 0.012);
    }
}
