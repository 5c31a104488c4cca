//! Where a place belongs, and how sure that is.

use crate::harness::{CENTRE, Server};

#[test]
fn a_place_has_one_ward_a_runner_up_and_a_distance() {
    let server = Server::start();
    let (lon, lat) = CENTRE;
    let answer = server.get(&format!("/locate?lon={lon}&lat={lat}&category=burst_pipe"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    assert_eq!(found["ward"]["generation"], "2025-07-01");
    assert_eq!(found["body"]["id"], "water");
    assert_ne!(found["runner_up"]["code"], found["ward"]["code"]);
    let border = found["border_m"].as_f64().unwrap();
    let certain = |accuracy: f64| {
        server.get(&format!("/locate?lon={lon}&lat={lat}&accuracy_m={accuracy}")).json()["certain"] == true
    };
    assert!(certain((border - 1.0).max(0.0)) && !certain(border + 1.0));
    let before = server.get(&format!("/locate?lon={lon}&lat={lat}&at=2025-06-30")).json();
    assert_eq!(before["ward"]["generation"], "2025-01-01");
}

#[test]
fn a_place_outside_says_why_and_a_swap_is_recognised() {
    let server = Server::start();
    let outside = server.get("/locate?lon=105.85&lat=21.02");
    outside.problem(422);
    assert_eq!(outside.json()["reason"], "far_away");
    assert!(outside.json()["distance_m"].as_f64().unwrap() > 1_000_000.0);
    let swapped = server.get("/locate?lon=10.7725&lat=106.69833");
    assert_eq!(swapped.problem(400), ["lat"]);
    assert!(swapped.text().contains("swapped"));
    assert_eq!(server.get("/locate?lon=x").problem(400), ["lon", "lat"]);
    assert_eq!(server.get("/locate?lon=NaN&lat=10").problem(400), ["lon"]);
    assert_eq!(server.get("/locate?lon=106.7&lat=10.7&category=x&acuracy_m=3").problem(400).len(), 2);
}
