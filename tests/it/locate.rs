//! Where a place belongs, and how sure that is.

use serde_json::json;

use crate::harness::{CENTRE, Server, feature};

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
    // Certain beyond 0.7 radii of 95%.
    assert!(certain((border - 1.0).max(0.0) / 0.7) && !certain((border + 1.0) / 0.7));
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

#[test]
fn an_accuracy_means_what_its_confidence_says() {
    let server = Server::start();
    let (lon, lat) = CENTRE;
    let at = |query: &str| server.get(&format!("/locate?lon={lon}&lat={lat}{query}"));
    let unsaid = at("").json();
    assert_eq!((&unsaid["accuracy_m"], &unsaid["accuracy_confidence"]), (&json!(10.0), &json!(0.95)));
    assert!(unsaid["probability"].is_null() && unsaid["runner_up_probability"].is_null());
    // As far as the border: by 68% that is more uncertain than by 95%, and 1.6214 times as many metres of 95%.
    let border = unsaid["border_m"].as_f64().unwrap();
    let by_95 = at(&format!("&accuracy_m={border}")).json();
    let by_68 = at(&format!("&accuracy_m={border}&accuracy_confidence=0.68")).json();
    let wider = at(&format!("&accuracy_m={}", border * 1.6214)).json();
    let share = |found: &serde_json::Value, name: &str| found[name].as_f64().unwrap();
    assert_eq!((&by_95["certain"], &by_68["certain"]), (&json!(true), &json!(false)));
    assert_eq!((&by_68["accuracy_m"], &by_68["accuracy_confidence"]), (&json!(border), &json!(0.68)));
    for name in ["probability", "runner_up_probability"] {
        assert!((share(&by_68, name) - share(&wider, name)).abs() < 0.003, "{by_68} {wider}");
    }
    assert!(share(&by_68, "probability") < share(&by_95, "probability"), "{by_68} {by_95}");
    assert!(share(&by_68, "runner_up_probability") > 0.0);
    assert_eq!(at("&accuracy_m=0").json()["probability"], 1.0);
    for (query, fields) in [
        ("&accuracy_m=-1", &["accuracy_m"][..]),
        ("&accuracy_m=x&accuracy_confidence=y", &["accuracy_m", "accuracy_confidence"]),
        ("&accuracy_m=5&accuracy_confidence=68", &["accuracy_confidence"]),
        ("&accuracy_m=5&accuracy_confidence=1", &["accuracy_confidence"]),
        ("&accuracy_m=5&accuracy_confidence=NaN", &["accuracy_confidence"]),
        ("&accuracy_confidence=0.68", &["accuracy_confidence"]),
    ] {
        assert_eq!(at(query).problem(400), fields, "{query}");
    }
}

#[test]
fn a_place_beside_the_city_is_answered_and_taken_within_its_accuracy() {
    let server = Server::start();
    let items = "/collections/reports/items";
    let ask = |lon: f64, more: &str| server.get(&format!("/locate?lon={lon}&lat={}{more}", CENTRE.1));
    // To the western border, then westwards in steps of about 5 m.
    let (mut inside, mut border) = (CENTRE.0, 106.2);
    for _ in 0..30 {
        let middle = f64::midpoint(inside, border);
        *(if ask(middle, "").status == 200 { &mut inside } else { &mut border }) = middle;
    }
    let steps = (1..50).map(|i| border - f64::from(i) * 5e-5);
    let (outside, refused) = steps
        .map(|lon| (lon, ask(lon, "")))
        .filter(|(_, answer)| answer.status == 422)
        .map(|(lon, answer)| (lon, answer.json()))
        .find(|(_, body)| body["distance_m"].as_f64().is_some_and(|m| (6.0..30.0).contains(&m)))
        .expect("a place some metres outside");
    assert_eq!(refused["reason"], "outside_city");
    let distance = refused["distance_m"].as_f64().unwrap();
    let found = ask(outside, &format!("&accuracy_m={}", distance + 1.0));
    assert_eq!(found.status, 200, "{}", found.text());
    let found = found.json();
    assert_eq!(found["ward"]["id"], refused["nearest"]["id"]);
    assert_eq!((&found["certain"], &found["outside_m"]), (&json!(false), &json!(distance)));
    assert!(found["offshore_m"].is_null() && found["border_m"] == 0.0, "{found}");
    assert!(found["probability"].as_f64().is_some_and(|p| p > 0.0 && p < 0.5), "{found}");
    assert_eq!(ask(outside, &format!("&accuracy_m={}", distance - 1.0)).json(), refused);
    assert!(ask(inside, "&accuracy_m=30").json()["outside_m"].is_null());
    // A report is taken where the answer names a ward, and refused as before where it does not.
    let post = |accuracy: serde_json::Value, confidence: serde_json::Value| {
        let mut body = feature("pothole", Some((outside, CENTRE.1)));
        body["properties"]["accuracy_m"] = accuracy;
        body["properties"]["accuracy_confidence"] = confidence;
        server.post(items, &body, &[])
    };
    let nothing = json!(null);
    let radius = json!(distance + 1.0);
    let made = post(radius.clone(), nothing.clone());
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["properties"]["ward"], refused["nearest"]["code"], "{}", made.text());
    assert_eq!(made.json()["properties"]["border_m"], 0.0);
    // 68% within so many metres is 95% within 1.62 times as many.
    assert_eq!(post(json!(distance / 1.5), json!(0.68)).status, 201);
    // What a device says wrongly of itself is left out.
    for (accuracy, confidence) in
        [(nothing.clone(), nothing.clone()), (json!(distance - 1.0), nothing), (radius, json!("68%"))]
    {
        let answer = post(accuracy, confidence);
        assert_eq!(answer.problem(422), ["geometry.coordinates"]);
        assert_eq!(answer.json()["reason"], "outside_city");
    }
}
